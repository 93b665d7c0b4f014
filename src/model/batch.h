/* SPDX-License-Identifier: Apache-2.0 */
/* The column batch: the unit of work from the decoder to the spool. A structure of arrays, one
 * array per field of its shape, at most BATCH_ROWS rows so that the hot columns stay in cache.
 * Filled by a decoder straight from the wire, extended by enrichment, appended to a segment by the
 * spool, then reset and used again.
 *
 * Invariants: rows 0..n-1 are valid. A column f is allocated for every field of the shape; its rows
 * are meaningful only if batch_has(b, f); a field is absent in a row when its presence bit there is
 * 0, and its value is then 0. A producer that writes k rows calls batch_open_rows first, which
 * zeroes the presence words of those rows and the columns that are already in use, so that it need
 * write only what the record carries. Owned by one thread. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "model/field.h"

enum { BATCH_ROWS = 2048, BATCH_FIELD_WORDS = (FIELD_MAX + 63) / 64 };

/* A string (len bytes) or a list (len elements) in the heap of its batch. */
struct span {
	uint32_t off, len;
};

struct batch {
	enum shape shape;
	uint32_t n;           /* rows */
	void *col[FIELD_MAX]; /* BATCH_ROWS values each; NULL if the shape has no such field */
	uint64_t
	    *present[PRESENT_WORDS]; /* BATCH_ROWS words each; NULL if the shape has no such word */
	int32_t *day;                /* days since the epoch: the partition (batch_set_days) */
	uint64_t has_[BATCH_FIELD_WORDS]; /* columns that some row has written */
	struct buf heap;                  /* bytes of strings and lists */
	void *mem_;
};

/* A batch of a shape with all its columns, or NULL. */
struct batch *batch_new(enum shape shape);
void batch_free(struct batch *b);
/* Empties it: n = 0, no columns in use, heap kept for reuse. */
void batch_reset(struct batch *b);
static inline uint32_t batch_room(const struct batch *b)
{
	return BATCH_ROWS - b->n;
}

/* Makes rows n..n+k-1 ready to be written (k <= batch_room): presence zero, columns in use zero.
 * Does not change n. */
void batch_open_rows(struct batch *b, uint32_t k);
/* The same for a producer that writes presence words and the columns of `written` (a bit per enum
 * field) in all k rows itself: brings those columns into use and zeroes only the others. */
void batch_open_rows_written(struct batch *b, uint32_t k,
			     const uint64_t written[BATCH_FIELD_WORDS]);
/* Row n for a producer that has written, since batch_reset, no row that it did not keep: columns in
 * use are zero behind the rows already. */
void batch_open_next(struct batch *b);
/* Declares that f is going to be written in the open rows; zeroes the older rows if the column was
 * not in use. */
void batch_use(struct batch *b, enum field f);
static inline bool batch_has(const struct batch *b, enum field f)
{
	return b->has_[f / 64] >> (f % 64) & 1;
}

static inline bool batch_present(const struct batch *b, enum field f, uint32_t row)
{
	unsigned bit = field_table[f].present_bit;
	return b->present[bit / 64] && (b->present[bit / 64][row] >> (bit % 64) & 1);
}

static inline void batch_set_present(struct batch *b, enum field f, uint32_t row)
{
	unsigned bit = field_table[f].present_bit;
	b->present[bit / 64][row] |= (uint64_t)1 << (bit % 64);
}

/* Typed columns; the caller knows the ctype of the field (fields.def). */
static inline uint8_t *batch_u8(const struct batch *b, enum field f)
{
	return b->col[f];
}
static inline uint16_t *batch_u16(const struct batch *b, enum field f)
{
	return b->col[f];
}
static inline uint32_t *batch_u32(const struct batch *b, enum field f)
{
	return b->col[f];
}
static inline uint64_t *batch_u64(const struct batch *b, enum field f)
{
	return b->col[f];
} /* also MAC */
static inline int64_t *batch_ms(const struct batch *b, enum field f)
{
	return b->col[f];
}
static inline struct ip *batch_ip(const struct batch *b, enum field f)
{
	return b->col[f];
}
static inline struct span *batch_span(const struct batch *b, enum field f)
{
	return b->col[f];
} /* STR, U32LIST */

/* Copies n bytes into the heap and writes the span of a STR column; false if the heap is full. */
bool batch_put_str(struct batch *b, enum field f, uint32_t row, const void *p, size_t n);
/* Appends v to the U32LIST of a row whose list was the last thing put into the heap, or is empty.
 */
bool batch_push_u32(struct batch *b, enum field f, uint32_t row, uint32_t v);
/* The bytes of a STR span, borrowed until the batch is written again. */
static inline const uint8_t *batch_bytes(const struct batch *b, struct span s)
{
	return b->heap.p + s.off;
}
/* Element i of a U32LIST span. */
uint32_t batch_list_at(const struct batch *b, struct span s, uint32_t i);

/* Convenience for tests, imports and the filter: sets an integer field (U8..U64, MS, MAC) and its
 * presence. */
void batch_set_num(struct batch *b, enum field f, uint32_t row, uint64_t v);
void batch_set_ip(struct batch *b, enum field f, uint32_t row, const struct ip *v);
/* The value of an integer field as u64 (MS as its two's complement). */
uint64_t batch_get_num(const struct batch *b, enum field f, uint32_t row);

/* Fills day[] for rows from..n-1 by the rule of data-model.md: the date of t_last if it lies within
 * [t_recv - 7 d, t_recv + 1 h], else the date of t_recv and time_suspect = 1. A row without t_last
 * takes t_recv for t_first and t_last without being suspect. import: t_last always decides. */
void batch_set_days(struct batch *b, uint32_t from, bool import);

/* Appends row `row` of src (same or narrower shape) to dst; dst must have room. For rare paths
 * only. */
must_check enum err batch_copy_row(struct batch *dst, const struct batch *src, uint32_t row);
