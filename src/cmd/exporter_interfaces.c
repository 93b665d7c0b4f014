/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/exporter_interfaces.h"

#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/query_cli.h"
#include "query/interfaces.h"
#include "query/time_range.h"
#include "store/client.h"

#include <string.h>
#include <unistd.h>

static const char *const titles[] = {"exporter",  "interface", "status",   "speed",  "in bit/s",
				     "out bit/s", "in %",      "out %",    "in max", "out max",
				     "in pkt/s",  "out pkt/s", "discards", "errors"};

static void number(struct table *t, const struct query_cli *c, double v, bool known)
{
	struct buf b = {0};
	if (known)
		cli_number(&b, c, v, false);
	else
		buf_u8(&b, '-');
	table_cell(t, &b);
	buf_fini(&b);
}

static void percent(struct table *t, double v, bool known)
{
	struct buf b = {0};
	if (known)
		buf_fmt(&b, "%.1f", v);
	else
		buf_u8(&b, '-');
	table_cell(t, &b);
	buf_fini(&b);
}

static void text(struct table *t, const char *s)
{
	table_cell_text(t, s);
}

static void add_row(struct table *t, const struct query_cli *c, const struct interface_row *r)
{
	char ip[IP_TEXT_MAX], index[16];
	bool known = r->known_ms > 0;
	double ms = known ? (double)r->known_ms : 1;
	double in = (double)r->in.octets * 8000 / ms, out = (double)r->out.octets * 8000 / ms;
	double line = r->speed ? (double)r->speed / 100 : 1;
	ip_format(&r->exporter_ip, ip);
	snprintf(index, sizeof(index), "%u", r->if_index);
	text(t, ip);
	text(t, index);
	text(t, interface_status(r));
	number(t, c, (double)r->speed, r->speed > 0);
	number(t, c, in, known);
	number(t, c, out, known);
	percent(t, in / line, known && r->speed);
	percent(t, out / line, known && r->speed);
	number(t, c, r->in_max_bps, known);
	number(t, c, r->out_max_bps, known);
	number(t, c, (double)r->in.packets * 1000 / ms, known);
	number(t, c, (double)r->out.packets * 1000 / ms, known);
	number(t, c, (double)(r->in.discards + r->out.discards), known);
	number(t, c, (double)(r->in.errors + r->out.errors), known);
}

static void print_table(const struct query_cli *c, const struct interfaces_result *r)
{
	struct table t = {.n_cols = ARRAY_LEN(titles)};
	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		t.right[i] = i == 1 || i > 2;
		text(&t, titles[i]);
	}
	for (size_t i = 0; i < r->n; i++)
		add_row(&t, c, &r->rows[i]);
	table_print(&t, stdout);
	table_fini(&t);
}

static void print(const struct query_cli *c, const struct interfaces_args *a,
		  const struct interfaces_query *q, const struct interfaces_result *r)
{
	struct buf out = {0};
	if (a->format.json) {
		interfaces_json(&out, q, r);
		buf_u8(&out, '\n');
	} else if (a->format.ndjson) {
		interfaces_ndjson(&out, q, r);
	} else if (a->format.csv) {
		interfaces_csv(&out, q, r);
	} else {
		print_table(c, r);
	}
	fwrite(out.p, 1, out.n, stdout);
	buf_fini(&out);
}

static enum err question(const struct interfaces_args *a, struct interfaces_query *q,
			 struct diag *d)
{
	int64_t now = clock_wall_ms();
	enum err e = ERR_OK;
	interfaces_init(q, now);
	q->limit = a->limit;
	if (a->time)
		e = time_range_parse(a->time, strlen(a->time), now, &q->from_ms, &q->to_ms, d);
	if (!e && a->exporter) {
		q->has_exporter = true;
		e = ip_parse(a->exporter, strlen(a->exporter), &q->exporter_ip);
		if (e)
			diag_set(d, e, 0, 0, "\"%.60s\" is not an address", a->exporter);
	}
	return e ? e : interfaces_check(q, d);
}

static int ask(struct query_cli *c, const struct interfaces_args *a,
	       const struct interfaces_query *q)
{
	struct store_conf where;
	struct interfaces_result r;
	struct diag d = {0};
	const struct run_options o = {.timeout_ms = CLI_TIMEOUT_MS};
	enum err e = store_place_fill(c->conf, STORE_READER, &c->place, &where, &d);
	if (!e)
		e = store_open(&where, &c->store, &d);
	if (!e)
		e = interfaces_run(c->store, q, &o, &c->arena, &r, &d);
	if (e)
		return query_cli_error(c, e, &d);
	print(c, a, q, &r);
	if (r.n == 0)
		fputs("weir exporters: no device has sent interface counters in this time\n",
		      stderr);
	return r.n ? EXIT_DONE : EXIT_FAILED;
}

int exporter_interfaces(const struct conf *conf, const struct interfaces_args *a)
{
	struct query_cli c = {
	    .command = "exporters", .conf = conf, .terminal = isatty(STDOUT_FILENO) == 1};
	struct interfaces_query q;
	struct diag d = {0};
	if (question(a, &q, &d)) {
		fprintf(stderr, "weir exporters: %s\n", d.msg);
		return EXIT_USAGE;
	}
	int status = ask(&c, a, &q);
	store_close(c.store);
	store_place_fini(&c.place);
	arena_fini(&c.arena);
	return status;
}
