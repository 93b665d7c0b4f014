/* SPDX-License-Identifier: Apache-2.0 */
#include "query/plan.h"

#include "filter/filter.h"
#include "model/native.h"
#include "query/plan_priv.h"
#include "store/rollup.h"

#include <string.h>

static const struct {
	const char *table;
	int rollup; /* enum rollup, -1 = raw */
} sources[SOURCE_MAX] = {
    [SOURCE_FLOWS] = {"flows", -1},
    [SOURCE_WIDE] = {"biflows", -1},
    [SOURCE_SERIES_30S] = {"series_30s", ROLLUP_SERIES_30S},
    [SOURCE_SERIES_5M] = {"series_5m", ROLLUP_SERIES_5M},
    [SOURCE_TALKERS] = {"talkers_1h", ROLLUP_TALKERS_1H},
};

/* A rollup is worth its edges when it covers at least so many bins. */
enum { ROLLUP_BINS_MIN = 10 };

const char *source_table(enum source s)
{
	return sources[s].table;
}

int source_rollup(enum source s)
{
	return sources[s].rollup;
}

static bool is_directional(unsigned key)
{
	return !key_is_pseudo(key) && field_swapped((enum field)key) != (enum field)key;
}

/* What the halves are for these keys. */
enum ends { ENDS_NONE, ENDS_SWAP, ENDS_EITHER };
static enum ends ends_of(const struct plan *p)
{
	enum ends e = ENDS_NONE;
	for (size_t i = 0; i < p->n_by; i++) {
		if (key_is_pseudo(p->by[i]))
			return ENDS_EITHER;
		if (is_directional(p->by[i]))
			e = ENDS_SWAP;
	}
	return e;
}

static bool filter_fits(const struct query *q, enum rollup r)
{
	struct field_set set = {0};
	filter_fields(q->filter, &set);
	for (int f = 0; f < FIELD_MAX; f++)
		if (field_set_has(&set, (enum field)f) && !rollup_has_dim(r, (enum field)f))
			return false;
	return true;
}

static bool keys_fit_series(const struct plan *p)
{
	for (size_t i = 0; i < p->n_by; i++)
		if (!rollup_has_dim(ROLLUP_SERIES_30S, key_field(p->by[i], false)) ||
		    !rollup_has_dim(ROLLUP_SERIES_30S, key_field(p->by[i], true)))
			return false;
	/* Sums of a bin do not say which of its flows have equal ends. */
	return ends_of(p) != ENDS_EITHER;
}

static bool keys_fit_talkers(const struct plan *p)
{
	size_t addresses = 0;
	for (size_t i = 0; i < p->n_by; i++) {
		unsigned k = p->by[i];
		if (k == F_src_ip || k == F_dst_ip || k == KEY_IP)
			addresses++;
		else if (key_is_pseudo(k) || !rollup_has_dim(ROLLUP_TALKERS_1H, (enum field)k))
			return false;
	}
	return addresses == 1;
}

/* The branches over one table for one part of the time. */
static void add_branches(struct plan *p, const struct branch *part)
{
	bool rollup = sources[part->source].rollup >= 0;
	bool talkers = part->source == SOURCE_TALKERS;
	struct branch b = *part;
	enum ends ends = ends_of(p);
	b.half = ends == ENDS_SWAP && !talkers ? HALF_FORWARD : HALF_BOTH;
	p->branch[p->n++] = b;
	if (ends == ENDS_NONE || talkers)
		return;
	b.other_end = true;
	if (ends == ENDS_SWAP) {
		b.half = HALF_REVERSE;
		if (!rollup)
			b.source = SOURCE_WIDE;
	} else {
		b.unless_equal = true;
	}
	p->branch[p->n++] = b;
}

static int64_t ceil_to(int64_t v, int64_t unit)
{
	return (v + unit - 1) / unit * unit;
}

/* The whole bins of a series rollup in [from, to), if they are worth their edges. */
static bool series_middle(const struct query *q, enum source s, struct branch *ret)
{
	int64_t bin_ms = (int64_t)rollup_table[sources[s].rollup].bin_s * 1000;
	*ret = (struct branch){.source = s,
			       .from_ms = ceil_to(q->from_ms, bin_ms),
			       .to_ms = q->to_ms / bin_ms * bin_ms};
	return ret->to_ms - ret->from_ms >= ROLLUP_BINS_MIN * bin_ms;
}

static bool talkers_fit(const struct plan *p)
{
	return keys_fit_talkers(p) && filter_fits(p->q, ROLLUP_TALKERS_1H);
}

static bool choose_middle(const struct plan *p, struct plan_hours hours, struct branch *ret)
{
	if (keys_fit_series(p) && filter_fits(p->q, ROLLUP_SERIES_5M))
		return series_middle(p->q, SOURCE_SERIES_5M, ret) ||
		       series_middle(p->q, SOURCE_SERIES_30S, ret);
	if (!talkers_fit(p) || hours.from_ms >= hours.to_ms)
		return false;
	*ret = (struct branch){
	    .source = SOURCE_TALKERS, .from_ms = hours.from_ms, .to_ms = hours.to_ms};
	return true;
}

bool plan_wants_hours(const struct query *q)
{
	struct plan p = {.q = q, .n_by = q->n_by};
	memcpy(p.by, q->by, sizeof(p.by));
	return q->kind == QUERY_TOP && q->to_ms - q->from_ms >= (int64_t)TALKERS_BIN_S * 1000 &&
	       talkers_fit(&p);
}

/* Whole bins in the middle of [from, to) from a rollup, the rest from raw flows. */
static void plan_top(struct plan *p, struct plan_hours hours)
{
	const struct query *q = p->q;
	struct branch middle;
	struct branch raw = {.source = SOURCE_FLOWS, .from_ms = q->from_ms, .to_ms = q->to_ms};
	if (choose_middle(p, hours, &middle)) {
		add_branches(p, &middle);
		raw.hole_from_ms = middle.from_ms;
		raw.hole_to_ms = middle.to_ms;
	}
	if (raw.hole_from_ms != raw.from_ms || raw.hole_to_ms != raw.to_ms)
		add_branches(p, &raw);
}

static void plan_series(struct plan *p)
{
	const struct query *q = p->q;
	struct branch b = {.source = SOURCE_FLOWS, .from_ms = q->from_ms, .to_ms = q->to_ms};
	if (keys_fit_series(p) && filter_fits(q, ROLLUP_SERIES_30S))
		b.source = q->step_s % rollup_table[ROLLUP_SERIES_5M].bin_s == 0
			       ? SOURCE_SERIES_5M
			       : SOURCE_SERIES_30S;
	add_branches(p, &b);
}

/* talkers_1h has addresses in one column, and its groups are added to those of the edges. */
static bool has_split_keys(const struct plan *p)
{
	bool found = false;
	for (size_t i = 0; i < p->n_by; i++)
		found = found || native_split(key_field(p->by[i], false));
	for (size_t i = 0; i < p->n; i++)
		found = found && sources[p->branch[i].source].rollup < 0;
	return found;
}

void plan_make(struct plan *p, const struct query *q, const char *database, bool total,
	       struct plan_hours hours)
{
	*p = (struct plan){.q = q, .database = database};
	if (!total) {
		memcpy(p->by, q->by, sizeof(p->by));
		p->n_by = q->n_by;
	}
	if (q->kind == QUERY_SERIES)
		plan_series(p);
	else
		plan_top(p, hours);
	p->split = q->kind == QUERY_TOP && has_split_keys(p);
}

bool plan_is_raw(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (sources[p->branch[i].source].rollup >= 0)
			return false;
	return true;
}

bool plan_totals_add_up(const struct plan *p)
{
	return ends_of(p) != ENDS_EITHER;
}

const char *plan_source(const struct plan *p)
{
	enum source s = SOURCE_FLOWS;
	for (size_t i = 0; i < p->n; i++)
		if (sources[p->branch[i].source].rollup >= 0)
			s = p->branch[i].source;
	return sources[s].table;
}
