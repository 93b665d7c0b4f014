/* SPDX-License-Identifier: Apache-2.0 */
/* One flow on its way from a record of a file into a batch: the values are noted first, because
 * which of them there are decides the shape of the batch. Values of addresses and texts are
 * borrowed until row_put. A value noted twice: the last one holds. */
#pragma once
#include "base/ip.h"
#include "model/batch.h"

enum {
	ROW_VALUES_MAX = 96,
	ROW_OWN_MAX = 16,
	/* Bytes of texts: a batch with more is emitted before it takes another row; the texts of
	   one row, which stand in a record of at most 64 KB, always fit above this. */
	ROWS_HEAP_FULL = 32 << 20,
};

struct row_value {
	enum field field;
	union {
		uint64_t num; /* integers, times, MAC addresses */
		struct ip ip;
		struct {
			const void *p; /* texts: bytes; lists: little-endian u32 */
			uint32_t n;    /* bytes, elements */
		} span;
	};
};

struct row {
	struct row_value v[ROW_VALUES_MAX];
	uint32_t n;
	enum shape shape;
	uint32_t own[ROW_OWN_MAX]; /* elements of lists that do not stand like this in the file */
	uint32_t n_own;
};

void row_begin(struct row *r);
void row_num(struct row *r, enum field f, uint64_t v);
/* Nothing if v is 0. */
void row_num_if(struct row *r, enum field f, uint64_t v);
void row_ip(struct row *r, enum field f, const struct ip *v);
void row_text(struct row *r, enum field f, const void *p, size_t n);
void row_list(struct row *r, enum field f, const uint8_t *le32, uint32_t n);
/* The same of big-endian numbers; at most ROW_OWN_MAX of all such lists, others are left out. */
void row_list_be(struct row *r, enum field f, const uint8_t *be32, uint32_t n);
/* The value of a number noted, 0 if there is none. */
uint64_t row_get(const struct row *r, enum field f);

/* Where rows go: a batch per shape, emitted when it is full of rows or texts. */
struct rows {
	struct batch *batch[SHAPE_MAX];
	void (*emit)(void *ctx, struct batch *b);
	void *ctx;
};
must_check enum err rows_init(struct rows *s, void (*emit)(void *ctx, struct batch *b), void *ctx);
/* Appends the row and sets its day; false if there is no memory for its texts: then the row is left
 * out. */
bool row_put(struct rows *s, const struct row *r);
/* Emits what there is. */
void rows_flush(struct rows *s);
void rows_fini(struct rows *s);
