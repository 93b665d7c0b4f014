/* SPDX-License-Identifier: Apache-2.0 */
/* `weir series [-s FIELD] [-m METRIC] [FILTER]`: a time series, one line per top value. */
#include "cmd/query_cli.h"

#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/query_remote.h"
#include "query/render.h"

enum { SPARK_WIDTH = 40 };

static const struct opt rows[] = {
    OPTS_QUERY(struct query_args),
    OPT('s', "stat", STR, "FIELD[,..]", struct query_args, by,
	"one line for each of the top values of these"),
    OPT('m', "metric", STR, "METRIC", struct query_args, metric,
	"bps (default), pps, fps, bytes, packets or flows"),
    OPT(0, "step", DURATION, "TIME", struct query_args, step_ms,
	"length of a bin, a multiple of 30s"),
    OPT(0, "limit-by", STR, "WHAT", struct query_args, limit_by,
	"choose the top values by avg (default), max or last"),
};

/* The course of the values in a line of block characters, at most SPARK_WIDTH of them. */
static void spark(struct buf *out, const double *v, size_t n, double max)
{
	static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	size_t width = MIN_OF(n, (size_t)SPARK_WIDTH);
	for (size_t i = 0; i < width; i++) {
		double top = 0;
		for (size_t k = i * n / width; k < (i + 1) * n / width; k++)
			top = MAX_OF(top, v[k]);
		size_t level = max > 0 ? (size_t)(top / max * 8 + 0.5) : 0;
		buf_str(out, blocks[top > 0 && level == 0 ? 1 : MIN_OF(level, (size_t)8)]);
	}
}

static void line_cells(struct table *t, const struct query_cli *c, const struct series_result *r,
		       const struct series_line *l, double max)
{
	bool estimated = l->scaled && metric_table[c->q.metric].counter != COUNTER_FLOWS;
	const double numbers[] = {l->min, l->avg, l->p95, l->max, l->last, l->total};
	struct buf b = {0};
	spark(&b, l->values, r->n_bins, max);
	table_cell(t, &b);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		buf_reset(&b);
		cli_number(&b, c, numbers[i], estimated);
		table_cell(t, &b);
	}
	buf_fini(&b);
}

static void key_cells(struct table *t, const struct query *q, const struct series_line *l)
{
	for (size_t k = 0; k < q->n_by; k++) {
		struct buf b = {0};
		cell_text(&b, &l->key[k]);
		if (!l->key[k].present)
			buf_u8(&b, '-');
		cli_name(&b, q, l->names, k, l->avg);
		table_cell(t, &b);
		buf_fini(&b);
	}
}

static void print_table(const struct query_cli *c, const struct series_result *r)
{
	static const char *const titles[] = {"", "min", "avg", "p95", "max", "last", "total"};
	const struct query *q = &c->q;
	struct table t = {.n_cols = q->n_by + ARRAY_LEN(titles)};
	double max = 0;
	for (size_t i = 0; i < r->n; i++)
		max = MAX_OF(max, r->lines[i].max);
	for (size_t k = 0; k < q->n_by && !c->quiet; k++)
		table_cell_text(&t, key_name(q->by[k]));
	for (size_t i = 0; i < ARRAY_LEN(titles) && !c->quiet; i++)
		table_cell_text(&t, titles[i]);
	for (size_t i = q->n_by + 1; i < t.n_cols; i++)
		t.right[i] = true;
	for (size_t i = 0; i < r->n; i++) {
		key_cells(&t, q, &r->lines[i]);
		line_cells(&t, c, r, &r->lines[i], max);
	}
	if (r->has_other) {
		table_cell_text(&t, "other");
		for (size_t k = 1; k < q->n_by; k++)
			table_cell_text(&t, "");
		line_cells(&t, c, r, &r->other, max);
	}
	table_print(&t, stdout);
	table_fini(&t);
}

static void print_summary(const struct query_cli *c, const struct series_result *r)
{
	static const char *const totals[] = {"bytes", "packets", "flows"};
	char from[RFC3339_MAX], to[RFC3339_MAX];
	const struct metric_info *m = &metric_table[c->q.metric];
	rfc3339_format(c->q.from_ms, from);
	rfc3339_format(c->q.to_ms, to);
	printf("%s, total in %s%s\nfrom %s to %s in steps of %u s, answered by %s in %llu ms\n",
	       m->unit, totals[m->counter], r->cost.scaled ? "; ~ = estimated from samples" : "",
	       from, to, c->q.step_s, r->cost.source, (unsigned long long)r->cost.elapsed_ms);
}

static void print(const struct query_cli *c, const struct series_result *r)
{
	struct buf out = {0};
	switch (c->format) {
	case CLI_JSON:
		render_series_json(&out, &c->q, r);
		buf_u8(&out, '\n');
		break;
	case CLI_NDJSON:
		render_series_ndjson(&out, &c->q, r);
		break;
	case CLI_CSV:
		render_series_csv(&out, &c->q, r);
		break;
	case CLI_TABLE:
	case CLI_LINE:
	case CLI_LONG:
	case CLI_EXTENDED:
	case CLI_FMT:
		print_table(c, r);
		if (!c->quiet)
			print_summary(c, r);
		break;
	}
	fwrite(out.p, 1, out.n, stdout);
	buf_fini(&out);
}

int cmd_series(int argc, char **argv)
{
	struct query_args a = {.metric = NULL};
	struct operands filter;
	struct query_cli c;
	struct series_result r;
	struct diag d = {0};
	int status;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &a, 0, -1, &filter, &status) == OPTS_EXIT)
		return status;
	status = query_cli_init(&c, "series", QUERY_SERIES, &a, &filter, a.by);
	if (status < 0) {
		struct run_options o = {.timeout_ms = CLI_TIMEOUT_MS};
		enum err e = c.remote ? remote_series(c.remote, &c.q, &r, &d)
				      : run_series(c.store, &c.q, &o, &r, &d);
		if (e) {
			status = query_cli_error(&c, e, &d);
		} else {
			print(&c, &r);
			status = r.n ? EXIT_DONE : EXIT_FAILED;
		}
	}
	query_cli_fini(&c);
	return status;
}
