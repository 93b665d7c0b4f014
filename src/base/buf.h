/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte buffer, for text and for wire formats that we write. Like rd, it remembers
 * failure: after a failed allocation or a passed limit `bad` stays set and appends do nothing;
 * check once at the end. All buf_* appenders are for the edges (JSON, SQL, wire messages), not for
 * the record path. */
#pragma once
#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *p; /* owned; NULL while empty. Not NUL-terminated unless buf_cstr was called */
	size_t n, cap;
	size_t max; /* appends beyond this set bad; 0 = no limit */
	bool bad;
};

void buf_fini(struct buf *b); /* frees; b is empty and usable again */
static inline void buf_reset(struct buf *b)
{
	b->n = 0;
	b->bad = false;
}
bool buf_reserve(struct buf *b, size_t n); /* room for n more bytes at b->p + b->n; false = bad */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_fmt(struct buf *b, const char *fmt, ...) fmt_like(2, 3);
void buf_u8(struct buf *b, uint8_t v);
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_be64(struct buf *b, uint64_t v);
void buf_le32(struct buf *b, uint32_t v);
void buf_le64(struct buf *b, uint64_t v);
void buf_varint(struct buf *b,
		uint64_t v);             /* LEB128, as ClickHouse's Native format writes lengths */
void buf_dec(struct buf *b, uint64_t v); /* decimal text */
void buf_dec_signed(struct buf *b, int64_t v);
/* The text so far, NUL-terminated; borrowed until the next append. "" if bad or empty. */
const char *buf_cstr(struct buf *b);

/* JSON text. Strings may hold any bytes: invalid UTF-8 becomes U+FFFD, controls are escaped. */
void buf_json_str(struct buf *b, const void *s, size_t n);
/* `"key":` with a comma before it when the last byte is not `{`, `[` or `,`. The key is ASCII. */
void buf_json_key(struct buf *b, const char *key);
/* A CSV cell (RFC 4180): quoted when it must be. */
void buf_csv_cell(struct buf *b, const void *s, size_t n);
