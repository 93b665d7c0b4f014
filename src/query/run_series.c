/* SPDX-License-Identifier: Apache-2.0 */
#include "query/names.h"
#include "query/run_priv.h"
#include "query/sample.h"

#include "base/timefmt.h"
#include "store/client.h"

#include <stdlib.h>
#include <string.h>

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

void series_statistics(struct series_line *line, size_t n, double *scratch)
{
	double sum = 0;
	if (n == 0)
		return;
	memcpy(scratch, line->values, n * sizeof(*scratch));
	qsort(scratch, n, sizeof(*scratch), by_number);
	for (size_t i = 0; i < n; i++)
		sum += line->values[i];
	line->min = scratch[0];
	line->max = scratch[n - 1];
	line->avg = sum / (double)n;
	/* Nearest rank: ceil(0.95 n), counted from 1. */
	line->p95 = scratch[(n * 95 + 99) / 100 - 1];
	line->last = line->values[n - 1];
}

static bool new_line(const struct query *q, struct series_result *ret, const struct cell *key,
		     struct series_line *line)
{
	*line = (struct series_line){.key = key,
				     .values = arena_alloc(q->arena, ret->n_bins * sizeof(double))};
	return line->values != NULL;
}

/* The cells of one line: values hold the plain counter until finish_line. */
static bool read_cells(const struct plan *p, struct rd *r, struct series_line *line, size_t n_bins)
{
	size_t n_cells = p->sample ? sample_slices(p->sample, p->q) : n_bins;
	uint64_t n = cell_read_varint(r);
	for (uint64_t i = 0; i < n && !r->bad; i++) {
		uint32_t bin = rd_le32(r);
		double v = (double)rd_le64(r);
		if (r->bad || bin >= n_cells)
			return false;
		if (p->sample) {
			line->total += sample_spread(p->sample, p->q, bin, v, line->values, n_bins);
			continue;
		}
		line->values[bin] += v;
		line->total += v;
	}
	return !r->bad;
}

static enum err read_series(const struct plan *p, struct reply *a, void *result,
			    bool *ret_ambiguous, struct diag *reterr)
{
	struct series_result *ret = result;
	const struct query *q = p->q;
	*ret_ambiguous = false;
	ret->n = 0;
	while (rd_left(&a->rd) && ret->n < q->limit) {
		struct series_line *line = &ret->lines[ret->n++];
		struct cell *key = run_keys(q, p->n_by, &a->rd);
		if (!key)
			return run_bad_answer(reterr);
		if (!new_line(q, ret, key, line))
			return run_no_memory(reterr);
		if (!read_cells(p, &a->rd, line, ret->n_bins))
			return run_bad_answer(reterr);
		line->scaled = rd_le32(&a->rd) > 1;
		ret->cost.scaled = line->scaled || ret->cost.scaled;
		if (p->n_by && run_is_ambiguous(q, key))
			*ret_ambiguous = true;
	}
	return a->rd.bad ? run_bad_answer(reterr) : ERR_OK;
}

static void finish_line(const struct query *q, struct series_line *line, size_t n_bins,
			double *scratch)
{
	const struct metric_info *m = &metric_table[q->metric];
	double factor = m->rate ? (double)m->factor / q->step_s : m->factor;
	for (size_t i = 0; i < n_bins; i++)
		line->values[i] *= factor;
	series_statistics(line, n_bins, scratch);
}

/* What is left of the total when the lines are taken away. No rest where groups count a flow twice:
 * those by either end, and flows by one end, whose reverse half is a flow of the other end.
 */
static void make_other(const struct query *q, struct series_result *ret,
		       const struct series_line *total)
{
	bool flows = metric_table[q->metric].counter == COUNTER_FLOWS;
	double sum = 0;
	for (size_t k = 0; k < q->n_by; k++)
		if (key_is_pseudo(q->by[k]) ||
		    (flows && field_swapped((enum field)q->by[k]) != (enum field)q->by[k]))
			return;
	for (size_t i = 0; i < ret->n_bins; i++) {
		double rest = total->values[i];
		for (size_t k = 0; k < ret->n; k++)
			rest -= ret->lines[k].values[i];
		ret->other.values[i] = rest > 0 ? rest : 0;
		sum += ret->other.values[i];
	}
	ret->other.total = sum;
	ret->other.scaled = total->scaled;
	ret->has_other = sum > 0;
}

static double order_value(const struct query *q, const struct series_line *l)
{
	const double v[LIMIT_BY_MAX] = {
	    [LIMIT_AVG] = l->avg, [LIMIT_MAX] = l->max, [LIMIT_LAST] = l->last};
	return v[q->limit_by];
}

/* Largest first; few lines, so insertion sort. */
static void sort_lines(const struct query *q, struct series_result *ret)
{
	for (size_t i = 1; i < ret->n; i++) {
		struct series_line l = ret->lines[i];
		size_t k = i;
		for (; k > 0 && order_value(q, &ret->lines[k - 1]) < order_value(q, &l); k--)
			ret->lines[k] = ret->lines[k - 1];
		ret->lines[k] = l;
	}
}

static enum err fetch_lines(struct store *s, struct plan *p, const struct run_options *o,
			    const char *suffix, struct series_result *ret, struct diag *reterr)
{
	static const struct run_answer lines = {plan_series_sql, read_series};
	return run_plan(s, p, o, suffix, &lines, ret, &ret->cost, reterr);
}

/* What the last line is chosen by, in the counter of the metric, rounded down. */
static uint64_t least_of(const struct query *q, const struct series_result *ret)
{
	double v = ret->n ? ret->lines[ret->n - 1].total : 0;
	const double *values = ret->n ? ret->lines[ret->n - 1].values : NULL;
	if (values && q->limit_by == LIMIT_LAST)
		v = values[ret->n_bins - 1];
	if (values && q->limit_by == LIMIT_MAX) {
		v = 0;
		for (size_t i = 0; i < ret->n_bins; i++)
			v = values[i] > v ? values[i] : v;
	}
	return (uint64_t)v;
}

/* As for a top: lines of the largest buckets, until no other can hold one that is wanted. */
static enum err fetch_best(struct store *s, struct plan *p, const struct run_options *o,
			   struct series_result *ret, struct diag *reterr)
{
	struct survey *v = NULL;
	bool all = false, more;
	enum err e = run_survey(s, p, o, &v, &ret->cost, reterr);
	if (!e && !survey_first(v, p->q))
		e = fetch_lines(s, p, o, "", ret, reterr);
	else if (!e) {
		do {
			const struct buckets only = {.v = v->bucket, .n = v->chosen};
			p->only = all ? NULL : &only;
			e = fetch_lines(s, p, o, "", ret, reterr);
			p->only = NULL;
			more =
			    !e && !all && survey_again(v, p->q, ret->n, least_of(p->q, ret), &all);
		} while (more);
	}
	free(v);
	return e;
}

static enum err fetch_series(struct store *s, const struct query *q, const struct run_options *o,
			     const struct sample *sample, bool total, struct series_result *ret,
			     struct diag *reterr)
{
	struct plan p;
	plan_make(&p, q, store_database(s), total, (struct plan_hours){0});
	p.sample = plan_is_raw(&p) ? sample : NULL;
	ret->cost.source = plan_source(&p);
	ret->cost.coarse = p.sample != NULL;
	ret->cost.share = p.sample ? sample_share(p.sample, q) : 1;
	return !p.sample && survey_is_worth(&p, &o->survey, 0)
		   ? fetch_best(s, &p, o, ret, reterr)
		   : fetch_lines(s, &p, o, total ? "-total" : "", ret, reterr);
}

/* The line of everything; zeros when nothing matches. */
static enum err total_line(struct store *s, const struct query *q, const struct run_options *o,
			   const struct sample *sample, struct series_result *ret,
			   struct series_line *line, struct diag *reterr)
{
	enum err e = fetch_series(s, q, o, sample, true, ret, reterr);
	if (!e && ret->n)
		*line = ret->lines[0];
	ret->n = 0;
	return e;
}

static void name_lines(struct store *s, const struct query *q, const struct run_options *o,
		       struct series_result *r)
{
	const struct cell *keys[QUERY_SERIES_GROUPS_MAX + 1];
	const struct key_name *names[QUERY_SERIES_GROUPS_MAX + 1] = {0};
	size_t n = names_wanted(q) ? r->n : 0;
	for (size_t i = 0; i < n; i++)
		keys[i] = r->lines[i].key;
	names_find(s, q, o, keys, n, names);
	for (size_t i = 0; i < n; i++)
		r->lines[i].names = names[i];
}

enum err run_series(struct store *s, const struct query *q, const struct run_options *o,
		    struct series_result *ret, struct diag *reterr)
{
	uint64_t start = clock_mono_ns();
	struct series_line total;
	memset(ret, 0, sizeof(*ret));
	ret->n_bins = (size_t)((q->to_ms - q->from_ms) / 1000 / q->step_s);
	ret->lines = arena_alloc(q->arena, (q->limit + 1) * sizeof(*ret->lines));
	double *scratch = arena_alloc(q->arena, ret->n_bins * sizeof(*scratch));
	if (!ret->lines || !scratch || !new_line(q, ret, NULL, &total) ||
	    !new_line(q, ret, NULL, &ret->other))
		return run_no_memory(reterr);
	enum err e = ERR_OK;
	struct sample slices;
	bool sampled = false;
	if (q->coarse)
		e = sample_choose(s, q, o, &slices, &sampled, &ret->cost, reterr);
	const struct sample *sample = sampled ? &slices : NULL;
	if (!e)
		e = total_line(s, q, o, sample, ret, &total, reterr);
	if (!e && q->n_by)
		e = fetch_series(s, q, o, sample, false, ret, reterr);
	if (e)
		return e;
	if (q->n_by) {
		make_other(q, ret, &total);
		finish_line(q, &ret->other, ret->n_bins, scratch);
	} else {
		ret->lines[ret->n++] = total;
	}
	for (size_t i = 0; i < ret->n; i++)
		finish_line(q, &ret->lines[i], ret->n_bins, scratch);
	sort_lines(q, ret);
	name_lines(s, q, o, ret);
	ret->cost.elapsed_ms = (clock_mono_ns() - start) / 1000000u;
	return ERR_OK;
}
