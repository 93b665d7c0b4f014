/* SPDX-License-Identifier: Apache-2.0 */
/* One value out of a RowBinary result, by the type of its field, and as text. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/rd.h"
#include "model/field.h"

struct cell {
	enum ctype type;
	bool present;
	uint64_t num; /* U8..U64, MAC; MS as two's complement */
	struct ip ip;
	const uint8_t *bytes; /* STR: bytes; U32LIST: little-endian numbers */
	uint32_t len;         /* of bytes */
};

/* Reads a value; its bytes are borrowed from r, or copied into the arena if there is one. r->bad if
 * it ends early. */
struct cell cell_read(struct rd *r, enum ctype type, struct arena *arena);
/* LEB128; at most 10 bytes. */
uint64_t cell_read_varint(struct rd *r);
/* JSON: null if absent. */
void cell_json(struct buf *out, const struct cell *v);
/* Plain text, as in CSV and tables: nothing if absent, lists with spaces. */
void cell_text(struct buf *out, const struct cell *v);
