/* SPDX-License-Identifier: Apache-2.0 */
/* Which tables answer a query, and the SQL for it. A query is answered by branches, each one table
 * (or rollup) over one part of the time and one half of the flows; their groups are added up. Pure:
 * text in, text out.
 *
 * Halves (data-model.md, "Biflows"): grouped by an end of the flow (src_ip, in_if, tos...) the
 * reverse half of a biflow counts too, with its ends swapped: a second branch over biflows.
 * Grouped by either end (ip, port...) both halves count at each end, once if the ends are equal.
 * Else both halves count in their one group.
 *
 * Time: `top` takes records by t_last; whole bins in the middle of the range come from a rollup,
 * its edges from raw flows, so that the numbers are the same. A series spreads records over bins of
 * 30 s, in the rollup or here, by the same arithmetic (store/rollup.h). */
#pragma once
#include "base/buf.h"
#include "query/query.h"

enum source {
	SOURCE_FLOWS,
	SOURCE_WIDE,
	SOURCE_SERIES_30S,
	SOURCE_SERIES_5M,
	SOURCE_TALKERS,
	SOURCE_MAX
};
enum half { HALF_FORWARD, HALF_REVERSE, HALF_BOTH, HALF_MAX };

struct branch {
	enum source source;
	enum half half;
	bool other_end; /* keys at their other end: the swapped half, or the destination of a pseudo
			   key */
	bool unless_equal; /* only where the two ends differ */
	int64_t from_ms, to_ms;
	int64_t hole_from_ms,
	    hole_to_ms; /* raw edges around a rollup: this part is left out; equal = no hole */
};

/* A part of the flows that stands for all (sample.h): of every `every` slices of five minutes from
 * from_ms on the first one. */
struct sample {
	int64_t from_ms; /* a multiple of SAMPLE_SLICE_MS */
	uint32_t every;
};

enum { SAMPLE_SLICE_MS = 300000 };
enum { PLAN_BRANCHES_MAX = 6, SURVEY_BUCKETS = 65536, SURVEY_SAMPLE = 64 };

/* Buckets of groups (survey.h). */
struct buckets {
	const uint16_t *v;
	size_t n;
};

/* Which of the two columns of their addresses (model/native.h) the groups are made of. Keys of four
 * bytes are put into groups in a third less time than those of sixteen, so where there are such
 * keys, groups of IPv4 are made by themselves (IP4) and all others (REST) as IPv6. */
enum plan_keys { KEYS_WHOLE, KEYS_IP4, KEYS_REST };

struct plan {
	const struct query *q;
	const char *database;
	unsigned by[QUERY_BY_MAX]; /* the keys of the query, or none for its total */
	size_t n_by;
	struct branch branch[PLAN_BRANCHES_MAX];
	size_t n;
	bool split;          /* groups in two parts: KEYS_IP4 and KEYS_REST */
	enum plan_keys keys; /* of which the SQL is being written */
	/* Set by the caller between plan_make and the SQL: */
	bool presence; /* tell absent keys from 0, which costs a column and a wider key. Without
			  it both are in the group 0, marked as present, for keys that are rarely
			  0: plan_presence_can_wait */
	bool totals;   /* top: the sums of all groups in every row */
	bool count;    /* top: their number in every row */
	const struct buckets *only;  /* the groups of these buckets; NULL = all */
	const struct sample *sample; /* these flows only; NULL = all */
};

/* Hours that talkers_1h has all of (store/talkers.h); equal = none. */
struct plan_hours {
	int64_t from_ms, to_ms;
};
/* Whether talkers_1h could answer: then the hours are worth asking for. */
bool plan_wants_hours(const struct query *q);
/* Plans the groups (total false), or the one group of everything, which may have a coarser table.
 */
void plan_make(struct plan *p, const struct query *q, const char *database, bool total,
	       struct plan_hours hours);
/* The table named as `source` of the answer: the coarsest one that took part. */
const char *plan_source(const struct plan *p);

/* Whether groups by f are made without its presence first: if none of the best is 0, it does not
 * matter, else they are made again with it. */
bool plan_presence_can_wait(enum field f);

/* Whether raw flows alone answer it. */
bool plan_is_raw(const struct plan *p);

/* Whether all groups together are everything that matches, each record once. */
bool plan_totals_add_up(const struct plan *p);

/* Columns of the rows, in RowBinary: key 0.., present (UInt8, bit i = key i), then
 *
 * top: bytes, packets, flows, number of groups (0 without count), and bytes, packets, flows of all
 * groups (0 without totals; a biflow counts as one flow here), all UInt64; rate (UInt32: the
 * largest sampling rate; 1 without totals); rate of this row (UInt32). Best first, limit rows.
 *
 * series: an array of (bin UInt32, value of the metric's counter UInt64); rate. Best first, limit
 * rows. With a sample the bins are its slices, and have the records that ended in them. */
void plan_top_sql(const struct plan *p, struct buf *sql);
void plan_series_sql(const struct plan *p, struct buf *sql);
/* The survey (survey.h), one row: number of groups, about; bytes, packets, flows of all (0 without
 * totals), all UInt64; rate (UInt32); an array of (sum of the metric's counter UInt64, bucket
 * UInt16), largest first. */
void plan_survey_sql(const struct plan *p, struct buf *sql);

/* The condition of a list of flows: range and filter. */
void plan_flows_where(const struct query *q, struct buf *sql);
