/* SPDX-License-Identifier: Apache-2.0 */
/* The query object: one struct behind chart, table, list, export and the command line
 * (docs/api.md). Made from JSON (query_from_json) or by the CLI (query_init and the setters), then
 * checked once (query_check). */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "model/field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct filter;

/* What groups are made of: an enum field, or one of these, which mean either end of the flow. */
enum { KEY_IP = FIELD_MAX, KEY_PORT, KEY_AS, KEY_IF, KEY_MAX };

enum query_kind { QUERY_SERIES, QUERY_TOP, QUERY_FLOWS };
enum counter { COUNTER_BYTES, COUNTER_PACKETS, COUNTER_FLOWS };
enum metric {
	METRIC_BPS,
	METRIC_PPS,
	METRIC_FPS,
	METRIC_BYTES,
	METRIC_PACKETS,
	METRIC_FLOWS,
	METRIC_MAX
};
/* Flows that another exporter has reported too (field `duplicate`), in sums. BY_QUESTION: left out,
 * unless the question is about what exporters or interfaces saw, or about duplicates: it names one
 * of these fields in its filter or its groups. Lists always have them. */
enum duplicates { DUPLICATES_BY_QUESTION, DUPLICATES_COUNTED, DUPLICATES_LEFT_OUT };
enum limit_by { LIMIT_AVG, LIMIT_MAX, LIMIT_LAST, LIMIT_BY_MAX };

struct metric_info {
	const char *name, *unit;
	enum counter counter;
	unsigned factor; /* bytes to bits */
	bool rate;       /* per second */
};
extern const struct metric_info metric_table[METRIC_MAX];
extern const char *const limit_by_names[LIMIT_BY_MAX];

enum {
	QUERY_BY_MAX = 8,
	QUERY_SERIES_GROUPS_MAX = 500, /* lines of a series */
	QUERY_TOP_ROWS_MAX = 100000,
	QUERY_FLOWS_ROWS_MAX = 100000000,
	QUERY_BINS_MAX = 10000,
	QUERY_BINS_AUTO = 400, /* at most so many when the step is chosen */
	QUERY_STEP_UNIT_S = 30,
};

struct query {
	enum query_kind kind;
	int64_t from_ms, to_ms;      /* series: query_check widens them to whole steps */
	const char *filter_text;     /* in the arena */
	const struct filter *filter; /* in the arena; never NULL after query_check */
	unsigned by[QUERY_BY_MAX];
	size_t n_by;
	enum metric metric;
	uint64_t limit; /* 0 = the default of the kind */
	enum limit_by limit_by;
	uint32_t step_s;  /* 0 = chosen by query_check */
	enum field order; /* flows */
	bool desc;
	uint64_t offset;
	bool raw;    /* counters as exported */
	bool coarse; /* top, series: a quick answer will do (sample.h) */
	enum duplicates duplicates;
	uint64_t fields[(FIELD_MAX + 63) /
			64]; /* flows: the columns wanted; all zero = all that are present */
	struct arena *arena; /* borrowed */
};

/* Defaults: the last hour. */
void query_init(struct query *q, enum query_kind kind, int64_t now_ms, struct arena *arena);
/* Reads the JSON of docs/api.md over the defaults. Unknown keys are errors. Does not call
 * query_check. */
must_check enum err query_from_json(struct query *q, const char *json, size_t n, int64_t now_ms,
				    struct diag *reterr);
/* Parses the filter, checks limits, chooses the step, aligns the range of a series. An error in the
 * filter has line and column in reterr, others have not. */
must_check enum err query_check(struct query *q, struct diag *reterr);

/* Whether the sums of a checked query count duplicates. */
bool query_counts_duplicates(const struct query *q);

/* Setters by name, for JSON and the CLI. */
must_check enum err query_add_by(struct query *q, const char *name, size_t n, struct diag *reterr);
must_check enum err query_set_metric(struct query *q, const char *name, size_t n,
				     struct diag *reterr);
must_check enum err query_set_limit_by(struct query *q, const char *name, size_t n,
				       struct diag *reterr);
must_check enum err query_set_order(struct query *q, const char *name, size_t n,
				    struct diag *reterr);
must_check enum err query_add_field(struct query *q, const char *name, size_t n,
				    struct diag *reterr);

/* Keys. */
const char *key_name(unsigned key);
enum ctype key_ctype(unsigned key);
bool key_is_pseudo(unsigned key);
/* For a pseudo key the field of its source or destination end; for others the field itself. */
enum field key_field(unsigned key, bool dst);
/* The field that has this one's meaning in the reverse half (src_ip: dst_ip, tos: rev_tos), or the
 * field itself. */
enum field field_swapped(enum field f);
/* Whether groups can be made of it: all but times, counters and durations. */
bool field_groupable(enum field f);
