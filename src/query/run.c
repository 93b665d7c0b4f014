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

static bool read_top_row(const struct query *q, size_t n_by, struct rd *r, struct top_row *row,
			 struct top_result *ret)
{
	row->key = read_keys(q, n_by, r);
	row->bytes = rd_le64(r);
	row->packets = rd_le64(r);
	row->flows = rd_le64(r);
	ret->groups = rd_le64(r);
	ret->cost.scaled = rd_le32(r) > 1 || ret->cost.scaled;
	row->value = rate_of(q, row->bytes, row->packets, row->flows,
			     (double)(q->to_ms - q->from_ms) / 1000);
	return row->key && !r->bad;
}

static enum err read_top(const struct query *q, struct reply *a, struct top_result *ret,
			 struct diag *reterr)
{
	ret->rows = arena_alloc(q->arena, (q->limit + 1) * sizeof(*ret->rows));
	if (!ret->rows)
		return no_memory(reterr);
	while (rd_left(&a->rd) && ret->n < q->limit)
		if (!read_top_row(q, q->n_by, &a->rd, &ret->rows[ret->n++], ret))
			return bad_answer(reterr);
	return ERR_OK;
}

static enum err read_top_total(const struct query *q, struct reply *a, struct top_result *ret,
			       struct diag *reterr)
{
	struct top_result whole = {0};
	if (rd_left(&a->rd) && !read_top_row(q, 0, &a->rd, &ret->total, &whole))
		return bad_answer(reterr);
	ret->cost.scaled = whole.cost.scaled;
	return ERR_OK;
}

enum err run_top(struct store *s, const struct query *q, const struct run_options *o,
		 struct top_result *ret, struct diag *reterr)
{
	uint64_t start = clock_mono_ns();
	struct plan p;
	struct plan_hours hours = {0};
	struct buf sql = {0};
	struct reply a = {0};
	memset(ret, 0, sizeof(*ret));
	plan_make(&p, q, store_database(s), true, (struct plan_hours){0});
	plan_top_sql(&p, &sql);
	enum err e = sql.bad ? no_memory(reterr)
			     : fetch(s, buf_cstr(&sql), o, "-total", &a, &ret->cost, reterr);
	if (!e)
		e = read_top_total(q, &a, ret, reterr);
	buf_fini(&a.data);
	buf_reset(&sql);
	if (!e && plan_wants_hours(q))
		e = talkers_ready(s, q->from_ms, q->to_ms, &hours.from_ms, &hours.to_ms, reterr);
	if (!e) {
		plan_make(&p, q, store_database(s), false, hours);
		plan_top_sql(&p, &sql);
		e = sql.bad ? no_memory(reterr)
			    : fetch(s, buf_cstr(&sql), o, "", &a, &ret->cost, reterr);
		if (!e)
			e = read_top(q, &a, ret, reterr);
		buf_fini(&a.data);
	}
	buf_fini(&sql);
	ret->cost.source = plan_source(&p);
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

static bool same_keys(const struct cell *a, const struct cell *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i].present != b[i].present || a[i].num != b[i].num ||
		    !ip_equal(&a[i].ip, &b[i].ip) || a[i].len != b[i].len ||
		    (a[i].len && memcmp(a[i].bytes, b[i].bytes, a[i].len) != 0))
			return false;
	}
	return true;
}

static bool new_line(const struct query *q, struct series_result *ret, const struct cell *key,
		     struct series_line *line)
{
	*line = (struct series_line){.key = key,
				     .values = arena_alloc(q->arena, ret->n_bins * sizeof(double))};
	return line->values != NULL;
}

static struct series_line *line_of(const struct query *q, struct series_result *ret,
				   const struct cell *key)
{
	for (size_t i = ret->n; i-- > 0;)
		if (same_keys(ret->lines[i].key, key, q->n_by))
			return &ret->lines[i];
	if (ret->n == q->limit || !new_line(q, ret, key, &ret->lines[ret->n]))
		return NULL;
	return &ret->lines[ret->n++];
}

/* Adds a cell to a line: values hold the plain counter until finish_line. */
static enum err read_cells(const struct query *q, size_t n_by, struct reply *a,
			   struct series_result *ret, struct series_line *only, struct diag *reterr)
{
	while (rd_left(&a->rd)) {
		struct cell *key = read_keys(q, n_by, &a->rd);
		uint32_t bin = rd_le32(&a->rd);
		double v = (double)rd_le64(&a->rd);
		ret->cost.scaled = rd_le32(&a->rd) > 1 || ret->cost.scaled;
		if (!key || a->rd.bad || bin >= ret->n_bins)
			return bad_answer(reterr);
		struct series_line *line = only ? only : line_of(q, ret, key);
		if (!line)
			return no_memory(reterr);
		line->values[bin] += v;
		line->total += v;
	}
	return ERR_OK;
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
			     bool total, struct series_result *ret, struct series_line *only,
			     struct diag *reterr)
{
	struct plan p;
	struct buf sql = {0};
	struct reply a = {0};
	plan_make(&p, q, store_database(s), total, (struct plan_hours){0});
	plan_series_sql(&p, &sql);
	enum err e =
	    sql.bad ? no_memory(reterr)
		    : fetch(s, buf_cstr(&sql), o, total ? "-total" : "", &a, &ret->cost, reterr);
	if (!e)
		e = read_cells(q, total ? 0 : q->n_by, &a, ret, only, reterr);
	buf_fini(&a.data);
	buf_fini(&sql);
	ret->cost.source = plan_source(&p);
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
	enum err e = fetch_series(s, q, o, true, ret, &total, reterr);
	if (!e && q->n_by)
		e = fetch_series(s, q, o, false, ret, NULL, reterr);
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
