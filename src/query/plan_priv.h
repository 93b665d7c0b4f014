/* SPDX-License-Identifier: Apache-2.0 */
/* Between plan.c and plan_*.c only: the parts of the SQL that statements share. */
#pragma once
#include "query/plan.h"
#include "store/rollup.h"

/* A record in its last bin may begin so much earlier: what a series must read beyond its range. */
enum { LATE_MS = SPREAD_BINS_MAX * SERIES_BIN_S * 1000 };

const char *source_table(enum source s);
/* enum rollup, or -1 for raw flows. */
int source_rollup(enum source s);

/* What a counter of a record or of a row of a rollup is called, by t_last. */
const char *plan_counter(const struct plan *p, const struct branch *b, enum counter c);
/* What it is multiplied by: "" or " * greatest(sampling_rate, 1)". */
const char *plan_scale(const struct plan *p);
/* Whether groups tell kp, the presence of their keys, from column kp; else it is the same for all.
 */
bool plan_presence_differs(const struct plan *p);
/* "k0, k1, kp": names of the keys, kp only where it differs; "0" without any. */
void plan_key_names(const struct plan *p, struct buf *sql);
/* "k0, k1, toUInt8(3)": the first columns of every answer. */
void plan_key_columns(const struct plan *p, struct buf *sql);
/* "src_ip AS k0, ..., <bits> AS kp": the keys in a branch. */
void plan_branch_keys(const struct plan *p, const struct branch *b, struct buf *sql);
/* " FROM ... WHERE ...": records of the branch in its time, with late_ms more at its end, which the
 * filter takes and whose groups are in the buckets asked for. */
void plan_branch_from(const struct plan *p, const struct branch *b, int64_t late_ms,
		      struct buf *sql);
/* All branches, with UNION ALL between them. */
void plan_branches(const struct plan *p, struct buf *sql,
		   void (*one)(const struct plan *, const struct branch *, struct buf *));
/* The bucket of a group (query/survey.h): a hash of its keys without their presence. */
void plan_key_hash(const struct plan *p, struct buf *sql);
