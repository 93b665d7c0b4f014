/* SPDX-License-Identifier: Apache-2.0 */
/* What interfaces carried, by the counters that devices report themselves (table if_counters): not
 * sampled, so exact, but without knowing who talked to whom. A rate is the growth of a counter
 * between two samples over the time between them; it belongs to the time of the second. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "query/run.h"

enum {
	INTERFACES_LIMIT = 1000,
	INTERFACES_LIMIT_MAX = 100000,
	INTERFACES_SERIES_MAX = 500, /* of those with series */
};

struct interfaces_query {
	int64_t from_ms, to_ms; /* with series: interfaces_check widens them to whole steps */
	struct ip exporter_ip;
	bool has_exporter;
	bool has_if_index;
	uint32_t if_index;
	uint32_t step_s; /* 0 = no series */
	bool series;     /* a step chosen if step_s is 0 */
	uint64_t limit;  /* 0 = INTERFACES_LIMIT */
};

/* Counters of one direction, over the range. Packets of kinds that the device does not count are
 * not among them. */
struct interface_sums {
	uint64_t octets, packets, discards, errors;
	double *bps; /* n_bins; negative = nothing is known of that bin. NULL without series */
};

struct interface_row {
	struct ip exporter_ip, agent_ip;
	uint32_t domain, if_index, if_type, direction, status;
	uint64_t speed;  /* bit/s; 0 = not told */
	int64_t last_ms; /* its last sample */
	uint64_t
	    known_ms; /* time between samples, over which sums were made; 0 = one sample only */
	struct interface_sums in, out;
	double in_max_bps, out_max_bps; /* greatest bin */
};

struct interfaces_result {
	struct interface_row *rows; /* the busiest first */
	size_t n, n_bins;
	uint64_t elapsed_ms, rows_read;
};

/* Defaults: the last hour, no series. */
void interfaces_init(struct interfaces_query *q, int64_t now_ms);
/* {"time":{"from","to"},"exporter_ip","if_index","series","step","limit"}; unknown keys are errors.
 */
must_check enum err interfaces_from_json(struct interfaces_query *q, const char *json, size_t n,
					 int64_t now_ms, struct diag *reterr);
must_check enum err interfaces_check(struct interfaces_query *q, struct diag *reterr);
/* Results live in the arena. */
must_check enum err interfaces_run(struct store *s, const struct interfaces_query *q,
				   const struct run_options *o, struct arena *arena,
				   struct interfaces_result *ret, struct diag *reterr);
/* "up", "down", or "disabled" by the administrator. */
const char *interface_status(const struct interface_row *r);
/* One object, with the bins and their times. */
void interfaces_json(struct buf *out, const struct interfaces_query *q,
		     const struct interfaces_result *r);
/* One line per interface, without series. */
void interfaces_ndjson(struct buf *out, const struct interfaces_query *q,
		       const struct interfaces_result *r);
void interfaces_csv(struct buf *out, const struct interfaces_query *q,
		    const struct interfaces_result *r);
