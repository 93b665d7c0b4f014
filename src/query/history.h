/* SPDX-License-Identifier: Apache-2.0 */
/* Counters over time (tables self_counters and exporter_stats, store/books.h): what each grew by in
 * each step, and where each gauge stood at its end. Of the whole collector, or of one exporter. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "query/run.h"

enum { HISTORY_BINS_MAX = 2000, HISTORY_LINES_MAX = 256, HISTORY_NAME_MAX = 80 };

struct history_query {
	int64_t from_ms, to_ms; /* history_check widens them to whole steps */
	uint32_t step_s;        /* 0 = chosen by history_check */
	bool exporter;          /* of one; else of the collector */
	struct ip ip;
	bool has_domain, has_version; /* else all of that exporter together */
	uint32_t domain, version;
};

struct history_line {
	char name[HISTORY_NAME_MAX]; /* "records.decoded", "drop.no_template"; of an exporter
					"records", "malformed.set_length" */
	bool gauge;
	double *v; /* n_bins; a gauge that is not known: NAN */
};
struct history_result {
	struct history_line *lines; /* by name */
	size_t n, n_bins;
};

/* Defaults: the collector, the last hour. */
void history_init(struct history_query *q, int64_t now_ms);
/* One parameter by its name: from, to, step, exporter_ip, domain, version. */
must_check enum err history_set(struct history_query *q, const char *name, const char *value,
				int64_t now_ms, struct diag *reterr);
must_check enum err history_check(struct history_query *q, struct diag *reterr);
/* Results live in the arena. */
must_check enum err history_run(struct store *s, const struct history_query *q,
				const struct run_options *o, struct arena *arena,
				struct history_result *ret, struct diag *reterr);
/* {"from","to","step_ms","t":[...],"counters":{name:[...]},"gauges":{name:[...]}} */
void history_json(struct buf *out, const struct history_query *q, const struct history_result *r);
/* The statement by itself, for tests. */
void history_sql(const struct history_query *q, const char *database, struct buf *sql);
