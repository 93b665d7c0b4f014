/* SPDX-License-Identifier: Apache-2.0 */
/* `weir top -s FIELD[,FIELD...][/METRIC] [FILTER]`: top-N statistics. */
#include "cmd/top.h"

#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/query_cli.h"
#include "cmd/query_remote.h"
#include "query/render.h"

#include <string.h>

static const struct opt rows[] = {
    OPTS_QUERY(struct query_args),
    OPT('s', "stat", STR, "FIELD[,..][/METRIC]", struct query_args, by,
	"what to make groups of (src_ip, dst_port, ip, port, as, if, ...), ordered by bps, pps, "
	"fps, bytes, packets or "
	"flows; nfdump's names work"),
    OPT('A', "aggregate", STR, "FIELD[,..]", struct query_args, aggregate, "the same as -s"),
    OPT('m', "metric", STR, "METRIC", struct query_args, metric, "order by this"),
};

static void number_cell(struct table *t, const struct query_cli *c, double v, bool estimated)
{
	struct buf b = {0};
	cli_number(&b, c, v, estimated);
	table_cell(t, &b);
	buf_fini(&b);
}

static double metric_of(const struct query *q, const struct top_row *r, enum metric m)
{
	const struct metric_info *i = &metric_table[m];
	const uint64_t counters[] = {
	    [COUNTER_BYTES] = r->bytes, [COUNTER_PACKETS] = r->packets, [COUNTER_FLOWS] = r->flows};
	double v = (double)counters[i->counter] * i->factor;
	return i->rate ? v * 1000 / (double)(q->to_ms - q->from_ms) : v;
}

/* After the keys: the counters, the share of the metric asked for, and the two rates. */
static const struct {
	const char *title;
	enum metric metric;
} columns[] = {{"bytes", METRIC_BYTES},
	       {"packets", METRIC_PACKETS},
	       {"flows", METRIC_FLOWS},
	       {"bit/s", METRIC_BPS},
	       {"packet/s", METRIC_PPS}};

static void add_row(struct table *t, const struct query_cli *c, const struct top_row *r,
		    const struct top_row *total)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		number_cell(t, c, metric_of(&c->q, r, columns[i].metric),
			    r->scaled && columns[i].metric != METRIC_FLOWS);
	double whole = total->value;
	struct buf b = {0};
	buf_fmt(&b, "%.1f", whole > 0 ? r->value * 100 / whole : 0.);
	table_cell(t, &b);
	buf_fini(&b);
}

static void print_table(const struct query_cli *c, const struct top_result *r)
{
	const struct query *q = &c->q;
	struct table t = {.n_cols = q->n_by + ARRAY_LEN(columns) + 1};
	for (size_t i = 0; i < q->n_by && !c->quiet; i++)
		table_cell_text(&t, key_name(q->by[i]));
	for (size_t i = 0; i < ARRAY_LEN(columns) && !c->quiet; i++)
		table_cell_text(&t, columns[i].title);
	if (!c->quiet)
		table_cell_text(&t, "%");
	for (size_t i = q->n_by; i < t.n_cols; i++)
		t.right[i] = true;
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < q->n_by; k++) {
			struct buf b = {0};
			cell_text(&b, &r->rows[i].key[k]);
			if (!r->rows[i].key[k].present)
				buf_u8(&b, '-');
			cli_name(&b, q, r->rows[i].names, k, r->rows[i].value);
			table_cell(&t, &b);
			buf_fini(&b);
		}
		add_row(&t, c, &r->rows[i], &r->total);
	}
	table_print(&t, stdout);
	table_fini(&t);
}

static void print_summary(const struct query_cli *c, const struct top_result *r)
{
	char from[RFC3339_MAX], to[RFC3339_MAX];
	struct buf b = {0};
	rfc3339_format(c->q.from_ms, from);
	rfc3339_format(c->q.to_ms, to);
	buf_fmt(&b, "total: ");
	cli_number(&b, c, (double)r->total.flows, false);
	buf_str(&b, " flows, ");
	cli_number(&b, c, (double)r->total.packets, r->cost.scaled);
	buf_str(&b, " packets, ");
	cli_number(&b, c, (double)r->total.bytes, r->cost.scaled);
	buf_fmt(&b, " bytes in %s%llu groups", r->groups_estimated ? "about " : "",
		(unsigned long long)r->groups);
	if (r->cost.scaled)
		buf_str(&b, "; ~ = estimated from samples");
	buf_fmt(&b, "\nfrom %s to %s, answered by %s in %llu ms\n", from, to, r->cost.source,
		(unsigned long long)r->cost.elapsed_ms);
	fputs(buf_cstr(&b), stdout);
	buf_fini(&b);
}

static void print(const struct query_cli *c, const struct top_result *r)
{
	struct buf out = {0};
	switch (c->format) {
	case CLI_JSON:
		render_top_json(&out, &c->q, r);
		buf_u8(&out, '\n');
		break;
	case CLI_NDJSON:
		render_top_ndjson(&out, &c->q, r);
		break;
	case CLI_CSV:
		render_top_csv(&out, &c->q, r);
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

int top_run(const char *command, const struct query_args *a, const struct operands *filter,
	    const char *by)
{
	struct query_cli c;
	struct top_result r;
	struct diag d = {0};
	int status = query_cli_init(&c, command, QUERY_TOP, a, filter, by);
	if (status < 0) {
		struct run_options o = {.timeout_ms = CLI_TIMEOUT_MS};
		enum err e = c.remote ? remote_top(c.remote, &c.q, &r, &d)
				      : run_top(c.store, &c.q, &o, &r, &d);
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

int cmd_top(int argc, char **argv)
{
	struct query_args a = {.metric = NULL};
	struct operands filter;
	int status;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &a, 0, -1, &filter, &status) == OPTS_EXIT)
		return status;
	const char *by = a.by ? a.by : a.aggregate;
	if (!by)
		return opts_usage(
		    "top",
		    "say what to make groups of: -s src_ip, -s dst_port/packets, -s src_ip,dst_ip");
	/* nfdump orders by bytes when the statistic names nothing. */
	if (!a.metric && !strchr(by, '/'))
		a.metric = "bytes";
	return top_run("top", &a, &filter, by);
}
