/* SPDX-License-Identifier: Apache-2.0 */
#include "query/run.h"

#include "base/timefmt.h"
#include "query/plan.h"
#include "store/client.h"
#include "store/talkers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One statement's answer. */
struct reply {
	struct buf data;
	struct rd rd;
};

static enum err fetch(struct store *s, const char *sql, const struct run_options *o,
		      const char *suffix, struct reply *ret, struct run_cost *cost,
		      struct diag *reterr)
{
	char id[128] = "";
	if (o->query_id)
		snprintf(id, sizeof(id), "%s%s", o->query_id, suffix);
	struct store_query q = {.sql = sql,
				.format = "RowBinary",
				.query_id = o->query_id ? id : NULL,
				.timeout_ms = o->timeout_ms,
				.cancel = o->cancel};
	struct store_summary sum;
	ret->data = (struct buf){.max = RUN_RESULT_MAX};
	enum err e = store_fetch(s, &q, &ret->data, &sum, reterr);
	cost->rows_read += sum.rows_read;
	ret->rd = rd_of(ret->data.p, ret->data.n);
	return e;
}

static enum err bad_answer(struct diag *reterr)
{
	return diag_set(reterr, ERR_MALFORMED, 0, 0,
			"the store's answer ends in the middle of a row");
}

static enum err no_memory(struct diag *reterr)
{
	return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
}

/* Keys and their presence; NULL if the row ends early or there is no memory. */
static struct cell *read_keys(const struct query *q, size_t n, struct rd *r)
{
	struct cell *key = arena_alloc(q->arena, (n + 1) * sizeof(*key));
	if (!key)
		return NULL;
	for (size_t i = 0; i < n; i++)
		key[i] = cell_read(r, key_ctype(q->by[i]), q->arena);
	unsigned present = rd_u8(r);
	for (size_t i = 0; i < n; i++)
		key[i].present = present >> i & 1;
	return r->bad ? NULL : key;
}

static double rate_of(const struct query *q, uint64_t bytes, uint64_t packets, uint64_t flows,
		      double seconds)
{
	const struct metric_info *m = &metric_table[q->metric];
	const uint64_t counters[] = {
	    [COUNTER_BYTES] = bytes, [COUNTER_PACKETS] = packets, [COUNTER_FLOWS] = flows};
	double v = (double)counters[m->counter] * m->factor;
	return m->rate ? v / seconds : v;
}

/* An address without presence may be absent, or really be ::. */
static bool is_ambiguous(const struct query *q, const struct cell *key)
{
	static const struct ip zero;
	for (size_t i = 0; i < q->n_by; i++)
		if (key[i].type == CT_IP && ip_equal(&key[i].ip, &zero))
			return true;
	return false;
}

static bool read_top_row(const struct query *q, size_t n_by, struct rd *r, struct top_row *row,
			 struct top_result *ret)
{
	double seconds = (double)(q->to_ms - q->from_ms) / 1000;
	row->key = read_keys(q, n_by, r);
	row->bytes = rd_le64(r);
	row->packets = rd_le64(r);
	row->flows = rd_le64(r);
	row->value = rate_of(q, row->bytes, row->packets, row->flows, seconds);
	ret->groups = rd_le64(r);
	struct top_row *t = &ret->total;
	t->bytes = rd_le64(r);
	t->packets = rd_le64(r);
	t->flows = rd_le64(r);
	t->value = rate_of(q, t->bytes, t->packets, t->flows, seconds);
	ret->cost.scaled = t->scaled = rd_le32(r) > 1;
	row->scaled = rd_le32(r) > 1;
	return row->key && !r->bad;
}

static enum err read_top(const struct plan *p, struct reply *a, struct top_result *ret,
			 bool *ret_ambiguous, struct diag *reterr)
{
	const struct query *q = p->q;
	size_t limit = p->n_by ? q->limit : 1;
	*ret_ambiguous = false;
	ret->n = 0;
	ret->rows = arena_alloc(q->arena, (limit + 1) * sizeof(*ret->rows));
	if (!ret->rows)
		return no_memory(reterr);
	while (rd_left(&a->rd) && ret->n < limit) {
		struct top_row *row = &ret->rows[ret->n++];
		if (!read_top_row(q, p->n_by, &a->rd, row, ret))
			return bad_answer(reterr);
		if (p->n_by && is_ambiguous(q, row->key))
			*ret_ambiguous = true;
	}
	return ERR_OK;
}

/* Runs a plan of groups; a second time with presence if an absent address may be among the best. */
static enum err fetch_top(struct store *s, struct plan *p, const struct run_options *o,
			  const char *suffix, struct top_result *ret, struct diag *reterr)
{
	bool again = true;
	enum err e = ERR_OK;
	while (!e && again) {
		struct buf sql = {0};
		struct reply a = {0};
		bool ambiguous = false;
		plan_top_sql(p, &sql);
		e = sql.bad ? no_memory(reterr)
			    : fetch(s, buf_cstr(&sql), o, suffix, &a, &ret->cost, reterr);
		if (!e)
			e = read_top(p, &a, ret, &ambiguous, reterr);
		again = ambiguous && !p->address_presence;
		p->address_presence = true;
		buf_fini(&a.data);
		buf_fini(&sql);
	}
	ret->cost.source = plan_source(p);
	return e;
}

/* The total of everything: with the groups where it must be read from the same flows, else by
 * itself from a coarser table. */
static enum err fetch_total(struct store *s, const struct query *q, const struct run_options *o,
			    struct plan *groups, struct top_result *ret, struct diag *reterr)
{
	struct plan p;
	plan_make(&p, q, store_database(s), true, (struct plan_hours){0});
	groups->totals = plan_totals_add_up(groups) && strcmp(plan_source(&p), "flows") == 0 &&
			 strcmp(plan_source(groups), "flows") == 0;
	p.totals = true;
	return groups->totals ? ERR_OK : fetch_top(s, &p, o, "-total", ret, reterr);
}

enum err run_top(struct store *s, const struct query *q, const struct run_options *o,
		 struct top_result *ret, struct diag *reterr)
{
	uint64_t start = clock_mono_ns();
	struct plan p;
	struct plan_hours hours = {0};
	struct top_result whole = {0};
	enum err e = ERR_OK;
	memset(ret, 0, sizeof(*ret));
	if (plan_wants_hours(q))
		e = talkers_ready(s, q->from_ms, q->to_ms, &hours.from_ms, &hours.to_ms, reterr);
	plan_make(&p, q, store_database(s), false, hours);
	if (!e)
		e = fetch_total(s, q, o, &p, &whole, reterr);
	if (!e)
		e = fetch_top(s, &p, o, "", ret, reterr);
	if (!p.totals) {
		ret->total = whole.total;
		ret->cost.scaled = whole.cost.scaled;
		ret->cost.rows_read += whole.cost.rows_read;
	}
	ret->cost.elapsed_ms = (clock_mono_ns() - start) / 1000000u;
	return e;
}

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
static bool read_cells(struct rd *r, struct series_line *line, size_t n_bins)
{
	uint64_t n = cell_read_varint(r);
	for (uint64_t i = 0; i < n && !r->bad; i++) {
		uint32_t bin = rd_le32(r);
		double v = (double)rd_le64(r);
		if (r->bad || bin >= n_bins)
			return false;
		line->values[bin] += v;
		line->total += v;
	}
	return !r->bad;
}

static enum err read_series(const struct plan *p, struct reply *a, struct series_result *ret,
			    bool *ret_ambiguous, struct diag *reterr)
{
	const struct query *q = p->q;
	*ret_ambiguous = false;
	ret->n = 0;
	while (rd_left(&a->rd) && ret->n < q->limit) {
		struct series_line *line = &ret->lines[ret->n++];
		struct cell *key = read_keys(q, p->n_by, &a->rd);
		if (!key)
			return bad_answer(reterr);
		if (!new_line(q, ret, key, line))
			return no_memory(reterr);
		if (!read_cells(&a->rd, line, ret->n_bins))
			return bad_answer(reterr);
		line->scaled = rd_le32(&a->rd) > 1;
		ret->cost.scaled = line->scaled || ret->cost.scaled;
		if (p->n_by && is_ambiguous(q, key))
			*ret_ambiguous = true;
	}
	return a->rd.bad ? bad_answer(reterr) : ERR_OK;
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

/* What is left of the total when the lines are taken away. Groups by either end count a flow twice:
 * no rest then. */
static void make_other(const struct query *q, struct series_result *ret,
		       const struct series_line *total)
{
	double sum = 0;
	for (size_t k = 0; k < q->n_by; k++)
		if (key_is_pseudo(q->by[k]))
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

static enum err fetch_series(struct store *s, const struct query *q, const struct run_options *o,
			     bool total, struct series_result *ret, struct diag *reterr)
{
	struct plan p;
	bool again = true;
	enum err e = ERR_OK;
	plan_make(&p, q, store_database(s), total, (struct plan_hours){0});
	while (!e && again) {
		struct buf sql = {0};
		struct reply a = {0};
		bool ambiguous = false;
		plan_series_sql(&p, &sql);
		e = sql.bad ? no_memory(reterr)
			    : fetch(s, buf_cstr(&sql), o, total ? "-total" : "", &a, &ret->cost,
				    reterr);
		if (!e)
			e = read_series(&p, &a, ret, &ambiguous, reterr);
		again = ambiguous && !p.address_presence;
		p.address_presence = true;
		buf_fini(&a.data);
		buf_fini(&sql);
	}
	ret->cost.source = plan_source(&p);
	return e;
}

/* The line of everything; zeros when nothing matches. */
static enum err total_line(struct store *s, const struct query *q, const struct run_options *o,
			   struct series_result *ret, struct series_line *line, struct diag *reterr)
{
	enum err e = fetch_series(s, q, o, true, ret, reterr);
	if (!e && ret->n)
		*line = ret->lines[0];
	ret->n = 0;
	return e;
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
		return no_memory(reterr);
	enum err e = total_line(s, q, o, ret, &total, reterr);
	if (!e && q->n_by)
		e = fetch_series(s, q, o, false, ret, reterr);
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
	ret->cost.elapsed_ms = (clock_mono_ns() - start) / 1000000u;
	return ERR_OK;
}
