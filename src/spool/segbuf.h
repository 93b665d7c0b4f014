/* SPDX-License-Identifier: Apache-2.0 */
/* An open segment in memory: rows of one shape and one day as the columns of a ClickHouse Native
 * block, each already in its encoding (texts as in textcol.h, lists as offsets and elements).
 * Columns that no row has used are not there; one that comes late gets zeros for the earlier rows.
 * Owned by the receive thread until its commit, then by the flusher, then used again. */
#pragma once
#include "model/batch.h"
#include "model/native.h"
#include "spool/colbuf.h"
#include "spool/textcol.h"

enum { SEGBUF_WORDS = (NATIVE_MAX + 63) / 64 };

struct segbuf {
	enum shape shape;
	int32_t day;
	uint32_t rows;
	size_t bytes; /* of all columns */
	uint64_t used[SEGBUF_WORDS];
	struct colbuf col[NATIVE_MAX];     /* of a U32LIST: its offsets */
	struct colbuf elements[FIELD_MAX]; /* of a U32LIST */
	struct textcol *text[FIELD_MAX];   /* of a STR that some segment has used */
};

struct segbuf *segbuf_new(void);
void segbuf_free(struct segbuf *s);
/* Makes it an empty segment of (shape, day); the memory stays. */
void segbuf_begin(struct segbuf *s, enum shape shape, int32_t day);
/* Appends rows from..from+n-1, all of the day of the segment. false = no memory, nothing appended.
 */
bool segbuf_append(struct segbuf *s, const struct batch *b, uint32_t from, uint32_t n);
static inline bool segbuf_uses(const struct segbuf *s, unsigned column)
{
	return s->used[column / 64] >> (column % 64) & 1;
}
