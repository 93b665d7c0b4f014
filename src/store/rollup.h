/* SPDX-License-Identifier: Apache-2.0 */
/* The rollups and the materialized views that fill them, as SQL text (data-model.md, "Time").
 *
 * series_30s and series_5m: bytes, packets and rev_* of a record spread over its bins from t_first
 * to t_last; in the bin of t_last also flows, rev_flows and end_* (the same counters unspread).
 *
 * talkers_1h, per address and hour of t_last: out_* is what it sent and in_* what was sent to it
 * (the reverse half of a biflow counts with its ends swapped), flows the records it was an end of,
 * self_* what it sent to itself, which is in out_* and in in_*. A view that writes a row or two per
 * record would cost more than the record itself (measured: 4 CPU s per million on top of 1.2), so
 * the loader fills it when an hour is over and notes that in talkers_hours; only what comes later
 * than that goes through views. An hour that is not in talkers_hours must be read from raw flows.
 *
 * present_0 of a rollup has the bits of its dimensions only, so that the SQL of a filter holds
 * there unchanged; in talkers_1h the bit of src_ip stands for the address. */
#pragma once
#include "store/schema.h"

enum { SERIES_BIN_S = 30, SPREAD_BINS_MAX = 64, TALKERS_BIN_S = 3600 };

enum rollup { ROLLUP_SERIES_30S, ROLLUP_SERIES_5M, ROLLUP_TALKERS_1H, ROLLUP_MAX };
struct rollup_info {
	const char *name;
	uint32_t bin_s;
	const enum field *dims; /* to filter and group by; talkers: besides the address */
	size_t n_dims;
};
extern const struct rollup_info rollup_table[ROLLUP_MAX];
void rollup_create(struct buf *sql, const struct schema_target *t, enum rollup r);
/* View number i of 7: what fills a rollup must be made after it and after its source. */
void rollup_view(struct buf *sql, const struct schema_target *t, unsigned i);
void rollup_hours_create(struct buf *sql, const struct schema_target *t);
/* Statement i of rolling up the hour that begins at hour_s; the last one notes it, number
 * ROLLUP_HOUR_NOTE. False: no more. */
enum { ROLLUP_HOUR_NOTE = 2 * SHAPE_MAX };
bool rollup_hour_statement(struct buf *sql, const struct schema_target *t, int64_t hour_s,
			   unsigned i);
/* Statement i of giving the tables of version 1 the dimension `duplicate`; false: no more. Drops
 * the views, which rollup_view makes again. */
/* DROP VIEW of the i-th materialized view; false when there are no more. */
bool rollup_drop_view(struct buf *sql, const struct schema_target *t, unsigned i);
bool rollup_add_duplicate(struct buf *sql, const struct schema_target *t, unsigned i);
bool rollup_has_dim(enum rollup r, enum field f);

/* SQL expressions shared by the views and by queries on raw flows, so that both compute the same.
 */
/* The 30 s bin (its number since the epoch, UInt32) of a time column. */
void rollup_bin_expr(struct buf *sql, const char *column);
/* The number of bins (UInt8) that a record is spread over, from its first and last bin. */
void rollup_spread_expr(struct buf *sql, const char *first, const char *last);
