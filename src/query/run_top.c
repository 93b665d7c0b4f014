/* SPDX-License-Identifier: Apache-2.0 */
#include "query/names.h"
#include "query/run_priv.h"
#include "query/sample.h"

#include "base/timefmt.h"
#include "store/client.h"
#include "store/talkers.h"

#include <stdlib.h>
#include <string.h>

static double rate_of(const struct query *q, uint64_t bytes, uint64_t packets, uint64_t flows,
		      double seconds)
{
	const struct metric_info *m = &metric_table[q->metric];
	const uint64_t counters[] = {
	    [COUNTER_BYTES] = bytes, [COUNTER_PACKETS] = packets, [COUNTER_FLOWS] = flows};
	double v = (double)counters[m->counter] * m->factor;
	return m->rate ? v / seconds : v;
}

/* What was found in a part of the flows, for all. */
static uint64_t rd_counter(struct rd *r, double weight)
{
	uint64_t v = rd_le64(r);
	return weight > 1 ? (uint64_t)((double)v * weight + 0.5) : v;
}

static bool read_top_row(const struct plan *p, struct rd *r, struct top_row *row,
			 struct top_result *ret)
{
	const struct query *q = p->q;
	double weight = p->sample ? 1 / sample_share(p->sample, q) : 1;
	double seconds = (double)(q->to_ms - q->from_ms) / 1000;
	row->key = run_keys(q, p->n_by, r);
	row->bytes = rd_counter(r, weight);
	row->packets = rd_counter(r, weight);
	row->flows = rd_counter(r, weight);
	row->value = rate_of(q, row->bytes, row->packets, row->flows, seconds);
	ret->groups = rd_le64(r);
	struct top_row *t = &ret->total;
	t->bytes = rd_counter(r, weight);
	t->packets = rd_counter(r, weight);
	t->flows = rd_counter(r, weight);
	t->value = rate_of(q, t->bytes, t->packets, t->flows, seconds);
	ret->cost.scaled = t->scaled = rd_le32(r) > 1;
	row->scaled = rd_le32(r) > 1;
	return row->key && !r->bad;
}

static enum err read_top(const struct plan *p, struct reply *a, void *result, bool *ret_ambiguous,
			 struct diag *reterr)
{
	struct top_result *ret = result;
	const struct query *q = p->q;
	size_t limit = p->n_by ? q->limit : 1;
	*ret_ambiguous = false;
	ret->n = 0;
	ret->rows = arena_alloc(q->arena, (limit + 1) * sizeof(*ret->rows));
	if (!ret->rows)
		return run_no_memory(reterr);
	while (rd_left(&a->rd) && ret->n < limit) {
		struct top_row *row = &ret->rows[ret->n++];
		if (!read_top_row(p, &a->rd, row, ret))
			return run_bad_answer(reterr);
		if (p->n_by && run_is_ambiguous(q, row->key))
			*ret_ambiguous = true;
	}
	return ERR_OK;
}

static enum err fetch_top(struct store *s, struct plan *p, const struct run_options *o,
			  const char *suffix, struct top_result *ret, struct diag *reterr)
{
	static const struct run_answer top = {plan_top_sql, read_top};
	return run_plan(s, p, o, suffix, &top, ret, &ret->cost, reterr);
}

/* The total of everything: with the groups where it must be read from the same flows, else by
 * itself from a coarser table. */
static enum err fetch_total(struct store *s, const struct query *q, const struct run_options *o,
			    const struct sample *sample, struct plan *groups,
			    struct top_result *ret, struct diag *reterr)
{
	struct plan p;
	plan_make(&p, q, store_database(s), true, (struct plan_hours){0});
	p.sample = plan_is_raw(&p) ? sample : NULL;
	groups->totals = plan_totals_add_up(groups) && strcmp(plan_source(&p), "flows") == 0 &&
			 strcmp(plan_source(groups), "flows") == 0;
	p.totals = true;
	return groups->totals ? ERR_OK : fetch_top(s, &p, o, "-total", ret, reterr);
}

static void take_survey(const struct query *q, struct plan *p, const struct survey *v,
			struct top_result *whole)
{
	double seconds = (double)(q->to_ms - q->from_ms) / 1000;
	if (!p->totals)
		return;
	whole->total =
	    (struct top_row){.bytes = v->bytes,
			     .packets = v->packets,
			     .flows = v->flows,
			     .value = rate_of(q, v->bytes, v->packets, v->flows, seconds),
			     .scaled = v->rate > 1};
	whole->cost.scaled = v->rate > 1;
	p->totals = false;
}

/* Groups of the largest buckets, until no other can hold one of the best. */
static enum err fetch_best(struct store *s, struct plan *p, const struct run_options *o,
			   struct survey *v, struct top_result *ret, struct diag *reterr)
{
	const struct query *q = p->q;
	bool all = false;
	enum err e;
	do {
		const struct buckets only = {.v = v->bucket, .n = v->chosen};
		p->only = all ? NULL : &only;
		e = fetch_top(s, p, o, "", ret, reterr);
		p->only = NULL;
		if (e || all)
			return e;
		const struct top_row *last = ret->n ? &ret->rows[ret->n - 1] : &ret->total;
		const uint64_t least[] = {[COUNTER_BYTES] = last->bytes,
					  [COUNTER_PACKETS] = last->packets,
					  [COUNTER_FLOWS] = last->flows};
		if (!survey_again(v, q, ret->n, least[metric_table[q->metric].counter], &all))
			return ERR_OK;
	} while (true);
}

static enum err fetch_groups(struct store *s, struct plan *p, const struct run_options *o,
			     struct top_result *whole, struct top_result *ret, struct diag *reterr)
{
	struct survey *v = NULL;
	enum err e = ERR_OK;
	if (!p->sample && survey_is_worth(p, &o->survey, whole->total.flows)) {
		e = run_survey(s, p, o, &v, &ret->cost, reterr);
		if (!e)
			take_survey(p->q, p, v, whole);
	}
	if (!e && v && survey_first(v, p->q)) {
		e = fetch_best(s, p, o, v, ret, reterr);
		ret->groups = v->groups;
		ret->groups_estimated = true;
	} else if (!e) {
		p->count = true;
		e = fetch_top(s, p, o, "", ret, reterr);
		ret->groups_estimated = p->sample != NULL;
	}
	free(v);
	return e;
}

static void name_rows(struct store *s, const struct query *q, const struct run_options *o,
		      struct top_result *r)
{
	const struct cell *keys[NAMES_ROWS_MAX];
	const struct key_name *names[NAMES_ROWS_MAX] = {0};
	size_t n = names_wanted(q) ? MIN_OF(r->n, (size_t)NAMES_ROWS_MAX) : 0;
	for (size_t i = 0; i < n; i++)
		keys[i] = r->rows[i].key;
	names_find(s, q, o, keys, n, names);
	for (size_t i = 0; i < n; i++)
		r->rows[i].names = names[i];
}

enum err run_top(struct store *s, const struct query *q, const struct run_options *o,
		 struct top_result *ret, struct diag *reterr)
{
	uint64_t start = clock_mono_ns();
	struct plan p;
	struct plan_hours hours = {0};
	struct top_result whole = {0};
	struct sample sample;
	bool sampled = false;
	enum err e = ERR_OK;
	memset(ret, 0, sizeof(*ret));
	if (plan_wants_hours(q))
		e = talkers_ready(s, q->from_ms, q->to_ms, &hours.from_ms, &hours.to_ms, reterr);
	if (!e && q->coarse)
		e = sample_choose(s, q, o, &sample, &sampled, &ret->cost, reterr);
	plan_make(&p, q, store_database(s), false, hours);
	if (sampled && plan_is_raw(&p))
		p.sample = &sample;
	if (!e)
		e = fetch_total(s, q, o, p.sample, &p, &whole, reterr);
	if (!e)
		e = fetch_groups(s, &p, o, &whole, ret, reterr);
	if (!p.totals) {
		ret->total = whole.total;
		ret->cost.scaled = whole.cost.scaled;
		ret->cost.rows_read += whole.cost.rows_read;
	}
	ret->cost.source = plan_source(&p);
	ret->cost.coarse = p.sample != NULL;
	ret->cost.share = p.sample ? sample_share(p.sample, q) : 1;
	if (!e)
		name_rows(s, q, o, ret);
	ret->cost.elapsed_ms = (clock_mono_ns() - start) / 1000000u;
	return e;
}
