/* SPDX-License-Identifier: Apache-2.0 */
/* Which columns the tables of raw flows have. They begin with a few that views and every question
 * need; each other one is added when a segment first brings it. An empty column is not free: it is
 * written, and written again at every merge (measured: 20 columns that no exporter fills cost half
 * as much again as a merge of the others). Queries read the Merge tables over them, which have
 * every column: one that no table has reads as absent. */
#pragma once
#include "base/err.h"
#include "model/native.h"

#include <stdint.h>

struct store;

enum { COLUMN_WORDS = (NATIVE_MAX + 63) / 64 };
struct columns {
	uint64_t has[SHAPE_MAX][COLUMN_WORDS];
	bool views_complete; /* the Merge tables know every column of fields.def */
};

static inline bool columns_has(const struct columns *c, enum shape s, unsigned column)
{
	return c->has[s][column / 64] >> (column % 64) & 1;
}

/* Asks the store. */
must_check enum err columns_read(struct store *s, struct columns *ret, struct diag *reterr);
/* Adds a column to the table of the shape, and to c. */
must_check enum err columns_add(struct store *s, struct columns *c, enum shape shape,
				unsigned column, struct diag *reterr);
/* Adds those of a segment ("t_first,t_last,...") that its table lacks. */
must_check enum err columns_add_named(struct store *s, struct columns *c, enum shape shape,
				      const char *names, struct diag *reterr);
