/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a checked query on the store and reads the answer into structs. Results live in the arena of
 * the query. */
#pragma once
#include "query/cell.h"
#include "query/query.h"
#include "query/survey.h"

#include <stdatomic.h>

struct store;

/* How a query is run. */
struct run_options {
	const char
	    *query_id; /* its statements are called ID, ID-total and ID-survey; NULL = not named */
	const atomic_bool *cancel; /* NULL = cannot be cancelled */
	uint32_t timeout_ms;       /* 0 = no limit here */
	bool only_used;            /* flows: only columns that some flow of the result has */
	struct survey_limits survey;
	uint64_t coarse_rows; /* flows that a coarse answer reads, about; 0 = COARSE_ROWS */
};

enum { RUN_RESULT_MAX = 512 << 20 }; /* bytes of an answer of the store that are read */

struct run_cost {
	const char *source; /* the coarsest table that took part; static */
	bool coarse;        /* from a sample of the flows (sample.h) ... */
	double share;       /* ... of so much of the time asked for */
	bool scaled;        /* some counters were multiplied by a sampling rate */
	uint64_t elapsed_ms, rows_read;
};

struct key_name;

struct top_row {
	const struct cell *key;       /* n_by of them */
	const struct key_name *names; /* of the keys (names.h); NULL = none is known */
	uint64_t bytes, packets, flows;
	double value; /* of the metric */
	bool scaled;  /* its counters were multiplied by a sampling rate */
};
struct top_result {
	struct run_cost cost;
	struct top_row *rows;
	size_t n;
	struct top_row total; /* of everything that matches; no keys */
	uint64_t groups;
	bool groups_estimated; /* survey.h */
};

struct series_line {
	const struct cell *key;       /* NULL for total and other */
	const struct key_name *names; /* as in top_row */
	double *values;               /* n_bins: the metric in each bin */
	double min, max, avg, p95, last;
	double total; /* bytes, packets or flows over the whole range */
	bool scaled;  /* some of it was multiplied by a sampling rate */
};
struct series_result {
	struct run_cost cost;
	size_t n_bins;
	struct series_line *lines;
	size_t n; /* without `by` one line, without keys */
	struct series_line other;
	bool has_other; /* groups were left out, and what they had is known */
};

must_check enum err run_top(struct store *s, const struct query *q, const struct run_options *o,
			    struct top_result *ret, struct diag *reterr);
must_check enum err run_series(struct store *s, const struct query *q, const struct run_options *o,
			       struct series_result *ret, struct diag *reterr);

/* min, max, avg, p95 (nearest rank: the smallest value that at least 95 % are not above) and last
 * of n values. scratch has room for n. */
void series_statistics(struct series_line *line, size_t n, double *scratch);
