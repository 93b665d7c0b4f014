/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/query_cli.h"

#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/private_store.h"
#include "cmd/setup.h"
#include "conf/conf.h"
#include "query/names.h"
#include "query/time_range.h"
#include "store/client.h"

#include <string.h>
#include <unistd.h>

/* nfdump's names of statistics (-s, -A) and of sort keys (-O). */
static const struct {
	const char *theirs, *ours;
} names[] = {
    {"srcip", "src_ip"},
    {"dstip", "dst_ip"},
    {"srcport", "src_port"},
    {"dstport", "dst_port"},
    {"srcas", "src_as"},
    {"dstas", "dst_as"},
    {"prevas", "prev_as"},
    {"nextas", "next_as"},
    {"inif", "in_if"},
    {"outif", "out_if"},
    {"srcmask", "src_mask"},
    {"dstmask", "dst_mask"},
    {"srcvlan", "vlan"},
    {"dstvlan", "out_vlan"},
    {"srcmac", "src_mac"},
    {"dstmac", "dst_mac"},
    {"insrcmac", "src_mac"},
    {"indstmac", "dst_mac"},
    {"outsrcmac", "out_src_mac"},
    {"outdstmac", "out_dst_mac"},
    {"srctos", "tos"},
    {"dsttos", "rev_tos"},
    {"router", "exporter_ip"},
    {"flags", "tcp_flags"},
    {"nexthop", "next_hop"},
    {"bgpnexthop", "bgp_next_hop"},
    {"dir", "direction"},
    {"fwdstat", "forwarding_status"},
    {"srcgeo", "src_country"},
    {"dstgeo", "dst_country"},
    {"engine-type", "engine_type"},
    {"engine", "engine_id"},
    {"nsrcip", "post_nat_src_ip"},
    {"ndstip", "post_nat_dst_ip"},
    {"nsrcport", "post_nat_src_port"},
    {"ndstport", "post_nat_dst_port"},
    {"nat", "nat_event"},
    {"event", "firewall_event"},
    {"user", "user_name"},
    {"domain", "observation_domain"},
    {"tstart", "t_first"},
    {"tend", "t_last"},
    {"trecv", "t_recv"},
};
/* What nfdump calls `record`: the connection. */
static const char record_keys[] = "proto,src_ip,src_port,dst_ip,dst_port";

static const struct {
	const char *name;
	enum cli_format format;
} formats[] = {{"line", CLI_LINE}, {"long", CLI_LONG},     {"extended", CLI_EXTENDED},
	       {"json", CLI_JSON}, {"ndjson", CLI_NDJSON}, {"csv", CLI_CSV},
	       {"pipe", CLI_CSV}};

const char *cli_field_name(const char *word, size_t n, size_t *ret_n)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i].theirs) == n && memcmp(names[i].theirs, word, n) == 0) {
			*ret_n = strlen(names[i].ours);
			return names[i].ours;
		}
	*ret_n = n;
	return word;
}

/* FIELD[,FIELD...][/METRIC] */
static enum err set_by(struct query *q, const char *text, struct diag *d)
{
	size_t len = strcspn(text, "/");
	const char *metric = text[len] ? text + len + 1 : NULL;
	enum err e = ERR_OK;
	if (len == 6 && memcmp(text, "record", 6) == 0) {
		text = record_keys;
		len = sizeof(record_keys) - 1;
	}
	for (size_t at = 0; at < len && !e;) {
		size_t n = strcspn(text + at, ",/"), name_n;
		n = MIN_OF(n, len - at);
		const char *name = cli_field_name(text + at, n, &name_n);
		e = query_add_by(q, name, name_n, d);
		at += n + 1;
	}
	if (!e && metric)
		e = query_set_metric(q, metric, strlen(metric), d);
	return e;
}

/* FIELD[:a|:d], nfdump's way to say the direction. */
static enum err set_order(struct query *q, const char *text, struct diag *d)
{
	size_t len = strcspn(text, ":"), n;
	const char *name = cli_field_name(text, len, &n);
	if (text[len] && strcmp(text + len, ":a") != 0 && strcmp(text + len, ":d") != 0)
		return diag_set(d, ERR_SYNTAX, 0, 0, "'%.40s': only :a and :d may follow the field",
				text);
	q->desc = strcmp(text + len, ":a") != 0;
	return query_set_order(q, name, n, d);
}

static enum err set_fields(struct query *q, const char *text, struct diag *d)
{
	enum err e = ERR_OK;
	for (size_t at = 0; text[at] && !e;) {
		size_t n = strcspn(text + at, ","), name_n;
		const char *name = cli_field_name(text + at, n, &name_n);
		e = query_add_field(q, name, name_n, d);
		at += n + (text[at + n] == ',');
	}
	return e;
}

static enum err set_filter(struct query *q, const struct operands *words, struct diag *d)
{
	struct buf text = {0};
	for (int i = 0; i < words->n; i++) {
		if (i)
			buf_u8(&text, ' ');
		buf_str(&text, words->v[i]);
	}
	q->filter_text = arena_strndup(q->arena, buf_cstr(&text), text.n);
	buf_fini(&text);
	return q->filter_text ? ERR_OK : diag_set(d, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
}

static enum err set_query(struct query *q, const struct query_args *a,
			  const struct operands *filter, const char *by, struct diag *d)
{
	int64_t now = clock_wall_ms();
	enum err e =
	    a->time ? time_range_parse(a->time, strlen(a->time), now, &q->from_ms, &q->to_ms, d)
		    : ERR_OK;
	if (!e && by)
		e = set_by(q, by, d);
	if (!e && a->metric)
		e = query_set_metric(q, a->metric, strlen(a->metric), d);
	if (!e && a->limit_by)
		e = query_set_limit_by(q, a->limit_by, strlen(a->limit_by), d);
	if (!e && a->order)
		e = set_order(q, a->order, d);
	if (!e && a->fields)
		e = set_fields(q, a->fields, d);
	if (!e && a->step_ms / 1000 > UINT32_MAX)
		e = diag_set(d, ERR_LIMIT, 0, 0, "the step is too long");
	if (!e)
		e = set_filter(q, filter, d);
	q->step_s = (uint32_t)(a->step_ms / 1000);
	q->limit = a->limit;
	q->raw = a->raw;
	q->duplicates = a->duplicates ? DUPLICATES_COUNTED : DUPLICATES_BY_QUESTION;
	return e ? e : query_check(q, d);
}

static enum err set_format(struct query_cli *c, const struct query_args *a, struct diag *d)
{
	c->format = a->format.json     ? CLI_JSON
		    : a->format.ndjson ? CLI_NDJSON
		    : a->format.csv    ? CLI_CSV
				       : CLI_TABLE;
	if (!a->output)
		return ERR_OK;
	if (strncmp(a->output, "fmt:", 4) == 0) {
		c->format = CLI_FMT;
		return ERR_OK;
	}
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].name, a->output) == 0) {
			c->format = formats[i].format;
			return ERR_OK;
		}
	return diag_set(
	    d, ERR_UNKNOWN, 0, 0,
	    "there is no output format '%.40s': line, long, extended, csv, json, ndjson, fmt:...",
	    a->output);
}

/* The files as the store, and where no time is asked for, theirs. */
static enum err read_files(struct query_cli *c, enum query_kind kind, const struct query_args *a,
			   const struct operands *filter, const char *by, struct diag *d)
{
	struct private_store files = {0};
	enum err e = private_store_open(c->command, c->conf, a->file, a->files, &files, d);
	if (files.conf) {
		conf_put(&c->conf);
		c->conf = files.conf;
	}
	if (e)
		return e;
	query_init(&c->q, kind, clock_wall_ms(), &c->arena);
	if (files.from_ms < files.to_ms) {
		c->q.from_ms = files.from_ms;
		c->q.to_ms = files.to_ms;
	}
	return set_query(&c->q, a, filter, by, d);
}

static enum err open_store(struct query_cli *c, struct diag *d)
{
	struct store_conf where;
	enum err e = store_place_fill(c->conf, STORE_READER, &c->place, &where, d);
	return e ? e : store_open(&where, &c->store, d);
}

int query_cli_init(struct query_cli *c, const char *command, enum query_kind kind,
		   const struct query_args *a, const struct operands *filter, const char *by)
{
	struct diag d = {0};
	*c = (struct query_cli){
	    .command = command, .quiet = a->quiet, .terminal = isatty(STDOUT_FILENO) == 1};
	query_init(&c->q, kind, clock_wall_ms(), &c->arena);
	enum err e = set_format(c, a, &d);
	if (!e)
		e = set_query(&c->q, a, filter, by, &d);
	if (e) {
		query_cli_error(c, e, &d);
		return EXIT_USAGE;
	}
	if (a->remote.api) {
		e = a->file || a->files
			? diag_set(&d, ERR_UNSUPPORTED, 0, 0, "--api goes without -r and -R")
			: remote_open(&a->remote, &c->remote, &d);
		return e ? query_cli_error(c, e, &d) : -1;
	}
	if (setup_conf(&a->common, &c->conf))
		return EXIT_USAGE;
	if (a->file || a->files)
		e = read_files(c, kind, a, filter, by, &d);
	if (!e)
		e = open_store(c, &d);
	return e ? query_cli_error(c, e, &d) : -1;
}

void query_cli_fini(struct query_cli *c)
{
	store_close(c->store);
	remote_close(&c->remote);
	store_place_fini(&c->place);
	conf_put(&c->conf);
	arena_fini(&c->arena);
}

/* The line of the filter that is wrong, and a caret under the place. */
static void show_place(const struct query_cli *c, const struct diag *d)
{
	const char *line = c->q.filter_text;
	for (uint32_t i = 1; line && i < d->line; i++) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line || !d->col)
		return;
	int n = (int)strcspn(line, "\n");
	uint32_t end = d->end_col > d->col ? d->end_col : d->col + 1;
	fprintf(stderr, "  %.*s\n  %*s", n, line, (int)d->col - 1, "");
	for (uint32_t i = d->col; i < end && i <= (uint32_t)n + 1; i++)
		fputc('^', stderr);
	fputc('\n', stderr);
}

int query_cli_error(const struct query_cli *c, enum err e, const struct diag *d)
{
	if (d->line)
		fprintf(stderr, "weir %s: line %u, column %u: %s\n", c->command, d->line, d->col,
			d->msg);
	else
		fprintf(stderr, "weir %s: %s\n", c->command, d->msg[0] ? d->msg : err_text(e));
	if (d->line)
		show_place(c, d);
	if (e == ERR_REFUSED && c->store)
		fprintf(stderr, "is `weir up` running?\n");
	return EXIT_FAILED;
}

void cli_number(struct buf *out, const struct query_cli *c, double v, bool estimated)
{
	static const char *const units[] = {"", " k", " M", " G", " T", " P", " E"};
	size_t u = 0;
	if (estimated)
		buf_u8(out, '~');
	if (!c->terminal) {
		buf_fmt(out, "%.0f", v);
		return;
	}
	while (v >= 999.95 && u + 1 < ARRAY_LEN(units)) {
		v /= 1000;
		u++;
	}
	buf_fmt(out, u ? "%.1f%s" : "%.0f%s", v, units[u]);
}

void cli_name(struct buf *out, const struct query *q, const struct key_name *called, size_t k,
	      double value)
{
	if (!called || !called[k].text || !*called[k].text)
		return;
	double percent = names_percent(q, called, k, value);
	buf_fmt(out, " (%s", called[k].text);
	if (percent >= 0)
		buf_fmt(out, ", %.1f %%", percent);
	buf_u8(out, ')');
}
