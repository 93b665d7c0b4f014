/* SPDX-License-Identifier: Apache-2.0 */
/* `weir flows [FILTER]`: the list of flows, newest first. */
#include "cmd/query_cli.h"

#include "cmd/command.h"
#include "cmd/flow_line.h"
#include "cmd/query_remote.h"
#include "cmd/top.h"
#include "model/batch.h"
#include "query/render.h"

#include <string.h>

static const struct opt rows[] = {
    OPTS_QUERY(struct query_args),
    OPT('O', "order", STR, "FIELD[:a|:d]", struct query_args, order,
	"sort by this field, largest first (:a smallest first)"),
    OPT('A', "aggregate", STR, "FIELD[,..]", struct query_args, aggregate,
	"put flows together by these fields, as `weir top -s`"),
    OPT(0, "fields", STR, "FIELD[,..]", struct query_args, fields,
	"print only these fields (json, ndjson, csv)"),
};

struct printer {
	const struct query_cli *c;
	const char *fmt; /* of a text format */
	struct buf out;
	uint64_t n;
	bool write_failed;
};

static void put_json(struct printer *p, const struct batch *b)
{
	struct buf lines = {0};
	render_flows_ndjson(&lines, b);
	for (size_t i = 0; i < lines.n; i++)
		if (lines.p[i] == '\n')
			lines.p[i] = ',';
	if (lines.n)
		buf_str(&p->out, p->n ? "," : "[");
	buf_put(&p->out, lines.p, lines.n ? lines.n - 1 : 0);
	buf_fini(&lines);
}

static void put_text(struct printer *p, const struct batch *b)
{
	if (!p->n && !p->c->quiet)
		flow_line_header(&p->out, p->fmt);
	for (uint32_t i = 0; i < b->n; i++)
		flow_line_put(&p->out, p->fmt, b, i);
}

static bool put(void *arg, const struct batch *b)
{
	struct printer *p = arg;
	switch (p->c->format) {
	case CLI_JSON:
		put_json(p, b);
		break;
	case CLI_NDJSON:
		render_flows_ndjson(&p->out, b);
		break;
	case CLI_CSV:
		if (!p->n)
			render_flows_csv_header(&p->out, b);
		render_flows_csv(&p->out, b);
		break;
	case CLI_TABLE:
	case CLI_LINE:
	case CLI_LONG:
	case CLI_EXTENDED:
	case CLI_FMT:
		put_text(p, b);
		break;
	}
	p->n += b->n;
	p->write_failed = fwrite(p->out.p, 1, p->out.n, stdout) != p->out.n;
	buf_reset(&p->out);
	return !p->write_failed;
}

static const char *template_of(enum cli_format f, const char *output)
{
	switch (f) {
	case CLI_FMT:
		return output + 4;
	case CLI_LONG:
		return flow_line_long;
	case CLI_EXTENDED:
		return flow_line_extended;
	case CLI_TABLE:
	case CLI_LINE:
	case CLI_JSON:
	case CLI_NDJSON:
	case CLI_CSV:
		return flow_line_line;
	}
	return flow_line_line;
}

static int list(struct query_cli *c, const char *output)
{
	struct diag d = {0};
	struct run_cost cost;
	struct run_options o = {.timeout_ms = CLI_TIMEOUT_MS, .only_used = c->format == CLI_CSV};
	struct printer p = {.c = c, .fmt = template_of(c->format, output)};
	enum err e = flow_line_check(p.fmt, &d);
	if (e) {
		query_cli_error(c, e, &d);
		return EXIT_USAGE;
	}
	if (c->format < CLI_JSON)
		flow_line_fields(p.fmt, c->q.fields);
	if (!c->remote)
		e = run_flows(c->store, &c->q, &o, put, &p, &cost, &d);
	else if (c->format == CLI_CSV)
		e = remote_flows_csv(c->remote, &c->q, &p.n, &d);
	else
		e = remote_flows(c->remote, &c->q, put, &p, &d);
	buf_fini(&p.out);
	if (p.write_failed)
		return EXIT_FAILED;
	if (e)
		return query_cli_error(c, e, &d);
	if (c->format == CLI_JSON)
		puts(p.n ? "]" : "[]");
	return p.n ? EXIT_DONE : EXIT_FAILED;
}

int cmd_flows(int argc, char **argv)
{
	struct query_args a = {.metric = NULL};
	struct operands filter;
	struct query_cli c;
	int status;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &a, 0, -1, &filter, &status) == OPTS_EXIT)
		return status;
	if (a.aggregate) {
		a.metric = a.order && strcspn(a.order, ":") != strlen(a.order) ? NULL : a.order;
		a.metric = a.metric ? a.metric : "bytes";
		a.order = NULL;
		return top_run("flows", &a, &filter, a.aggregate);
	}
	status = query_cli_init(&c, "flows", QUERY_FLOWS, &a, &filter, NULL);
	if (status < 0)
		status = list(&c, a.output);
	query_cli_fini(&c);
	return status;
}
