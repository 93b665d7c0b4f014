/* SPDX-License-Identifier: Apache-2.0 */
/* A column of texts in an open segment: a number of two bytes per row into a dictionary of the
 * segment, ClickHouse's LowCardinality(String). Countries, applications, users have few values, and
 * in a batch rows with the same text share one span, which is told by its place alone. A column
 * with more than TEXTCOL_KEYS_MAX texts becomes a plain one (length and bytes per row). */
#pragma once
#include "model/batch.h"
#include "spool/colbuf.h"

enum { TEXTCOL_KEYS_MAX = 4096, TEXTCOL_SLOTS = 4 * TEXTCOL_KEYS_MAX, TEXTCOL_NEAR = 256 };

struct textcol {
	bool plain; /* given up: the column's buffer holds lengths and bytes */
	uint32_t n; /* keys; 0 is the empty text */
	uint32_t off[TEXTCOL_KEYS_MAX], len[TEXTCOL_KEYS_MAX];
	struct colbuf bytes;          /* of the keys */
	uint16_t slot[TEXTCOL_SLOTS]; /* hash -> key + 1 */
	/* Spans of the batch at hand, by their place. */
	struct {
		uint64_t span; /* its eight bytes; 0 = the empty text */
		uint16_t key;
	} near[TEXTCOL_NEAR];
};

struct textcol *textcol_new(void);
void textcol_free(struct textcol *t);
/* An empty column. */
void textcol_begin(struct textcol *t);
/* Writes the numbers of n texts behind out->n; there is room. False:
 * too many texts, or no memory: the column must become a plain one. */
bool textcol_number(struct textcol *t, const struct batch *b, const struct span *s, uint32_t n,
		    const struct colbuf *out);
/* Turns the numbers in col into lengths and bytes; false = no memory, nothing has changed. */
bool textcol_make_plain(struct textcol *t, struct colbuf *col);
