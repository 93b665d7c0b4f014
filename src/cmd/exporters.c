/* SPDX-License-Identifier: Apache-2.0 */
/* `weir exporters`: who exports what to this collector, asked of the collector itself, so it
 * answers also while the store is down. */
#include "cmd/exporters.h"
#include "cmd/command.h"
#include "cmd/control_client.h"
#include "cmd/exporter_interfaces.h"
#include "cmd/opts.h"
#include "cmd/query_cli.h"
#include "cmd/remote.h"
#include "cmd/setup.h"
#include "conf/conf.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { EXPORT_IPFIX = 10, EXPORT_SFLOW = 105 }; /* export_version in fields.def */

struct exporters_args {
	struct common_args common;
	struct remote_args remote;
	struct format_args format;
	bool interfaces;
	const char *time;
	uint64_t limit;
};

static const struct opt rows[] = {
    OPTS_COMMON(struct exporters_args),
    OPTS_REMOTE(struct exporters_args),
    OPTS_FORMAT(struct exporters_args),
    OPT(0, "interfaces", FLAG, NULL, struct exporters_args, interfaces,
	"what interfaces carried, by the counters that devices send (sFlow), the busiest first"),
    OPT('t', "time", STR, "RANGE", struct exporters_args, time,
	"with --interfaces: -1h (default), now-6h/now, 2026-01-01T12:00/PT1H"),
    OPT('n', "limit", U64, "N", struct exporters_args, limit,
	"with --interfaces: how many (default 1000)"),
};

/* What a column shows: a member of the exporter's object, or something made of several. */
enum show {
	SHOW_MEMBER,
	SHOW_VERSION,
	SHOW_SAMPLING,
	SHOW_LOST,
	SHOW_SEEN,
	SHOW_TIMEOUT,
	SHOW_TROUBLE
};

static const struct column {
	const char *title, *member;
	enum show show;
	bool right;
} columns[] = {
    {"exporter", "exporter_ip", SHOW_MEMBER, false},
    {"port", "port", SHOW_MEMBER, true},
    {"domain", "domain", SHOW_MEMBER, true},
    {"protocol", "version", SHOW_VERSION, false},
    {"records/s", "rate_rps", SHOW_MEMBER, true},
    {"1 min", "rate_1m_rps", SHOW_MEMBER, true},
    {"records", "records", SHOW_MEMBER, true},
    {"datagrams", "datagrams", SHOW_MEMBER, true},
    {"lost", "", SHOW_LOST, true},
    {"duplicates", "duplicates", SHOW_MEMBER, true},
    {"templates", "templates", SHOW_MEMBER, true},
    {"missing", "templates_missing", SHOW_MEMBER, true},
    {"sampling", "", SHOW_SAMPLING, false},
    {"skew ms", "clock_skew_ms", SHOW_MEMBER, true},
    {"lag ms", "lag_ms", SHOW_MEMBER, true},
    {"cut after", "active_timeout_ms", SHOW_TIMEOUT, true},
    {"last seen", "last_seen", SHOW_SEEN, true},
    {"trouble", "", SHOW_TROUBLE, false},
};

/* The columns of CSV: the members of the API, one to one; last the reasons of malformed. */
static const char *const csv_members[] = {
    "exporter_ip", "port",        "transport",    "domain",         "version",
#define ACCOUNT(name, kind, doc) #name,
#include "model/account.def"
#undef ACCOUNT
    "rate_rps",    "rate_1m_rps", "lost_percent", "lost_estimated", "sampling_source",
    "first_seen",  "last_seen",   "options_seen", "templates_seen",
};

static void value_text(const json_t *v, struct buf *out)
{
	if (json_is_string(v))
		buf_str(out, json_string_value(v));
	else if (json_is_integer(v))
		buf_dec_signed(out, json_integer_value(v));
	else if (json_is_real(v))
		buf_fmt(out, "%.1f", json_real_value(v));
	else if (json_is_boolean(v))
		buf_str(out, json_is_true(v) ? "1" : "0");
}

/* The text of a CSV cell; of an object of reasons, their sum. */
static void csv_text(json_t *v, struct buf *out)
{
	json_int_t sum = 0;
	const char *name;
	json_t *one;
	if (!json_is_object(v)) {
		value_text(v, out);
		return;
	}
	json_object_foreach(v, name, one) sum += json_integer_value(one);
	buf_dec_signed(out, sum);
}

static json_int_t number(const json_t *exporter, const char *member)
{
	return json_integer_value(json_object_get(exporter, member));
}

static void malformed_text(json_t *reasons, struct buf *out)
{
	const char *name;
	json_t *v;
	json_object_foreach(reasons, name, v) buf_fmt(
	    out, "%s%s %" JSON_INTEGER_FORMAT, out->n ? ", " : "", name, json_integer_value(v));
}

static void version_text(const json_t *x, struct buf *out)
{
	json_int_t version = number(x, "version");
	const char *transport = json_string_value(json_object_get(x, "transport"));
	if (version == EXPORT_IPFIX)
		buf_str(out, "IPFIX");
	else if (version == EXPORT_SFLOW)
		buf_str(out, "sFlow");
	else
		buf_fmt(out, "NetFlow v%" JSON_INTEGER_FORMAT, version);
	if (transport && strcmp(transport, "udp") != 0)
		buf_fmt(out, "/%s", transport);
}

static void sampling_text(const json_t *x, struct buf *out)
{
	json_int_t rate = number(x, "sampling_rate");
	const char *source = json_string_value(json_object_get(x, "sampling_source"));
	if (rate == 0)
		buf_str(out, "unknown");
	else
		buf_fmt(out, "1:%" JSON_INTEGER_FORMAT " %s", rate,
			source && *source ? source : "");
}

/* "~120 (0.4 %, 4 datagrams)": estimated where the exporter counts datagrams. */
static void lost_text(const json_t *x, struct buf *out)
{
	json_int_t records = number(x, "lost_records"), datagrams = number(x, "lost_datagrams");
	if (json_is_true(json_object_get(x, "lost_estimated")) && records)
		buf_u8(out, '~');
	buf_dec_signed(out, records);
	if (records)
		buf_fmt(out, " (%.2f %%", json_number_value(json_object_get(x, "lost_percent")));
	if (datagrams)
		buf_fmt(out, "%s%" JSON_INTEGER_FORMAT " datagrams", records ? ", " : " (",
			datagrams);
	if (records || datagrams)
		buf_u8(out, ')');
}

/* What nobody should overlook: only what is not zero. */
static void trouble_text(const json_t *x, struct buf *out)
{
	static const char *const members[] = {"given_up", "held_sets", "repeated", "restarts"};
	malformed_text(json_object_get(x, "malformed"), out);
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (number(x, members[i]))
			buf_fmt(out, "%s%s %" JSON_INTEGER_FORMAT, out->n ? ", " : "", members[i],
				number(x, members[i]));
}

static void cell_text(const struct column *c, const json_t *x, json_int_t now, struct buf *out)
{
	json_t *v = json_object_get(x, c->member);
	switch (c->show) {
	case SHOW_MEMBER:
		value_text(v, out);
		break;
	case SHOW_VERSION:
		version_text(x, out);
		break;
	case SHOW_SAMPLING:
		sampling_text(x, out);
		break;
	case SHOW_LOST:
		lost_text(x, out);
		break;
	case SHOW_SEEN:
		buf_fmt(out, "%" JSON_INTEGER_FORMAT " s ago",
			(now - json_integer_value(v)) / 1000);
		break;
	case SHOW_TIMEOUT:
		if (json_integer_value(v))
			buf_fmt(out, "%.0f s", (double)json_integer_value(v) / 1000);
		break;
	case SHOW_TROUBLE:
		trouble_text(x, out);
		break;
	}
}

static void print_table(const json_t *list, json_int_t now)
{
	struct table t = {.n_cols = ARRAY_LEN(columns)};
	size_t i;
	const json_t *x;
	for (size_t c = 0; c < ARRAY_LEN(columns); c++) {
		t.right[c] = columns[c].right;
		table_cell_text(&t, columns[c].title);
	}
	json_array_foreach(list, i, x) for (size_t c = 0; c < ARRAY_LEN(columns); c++)
	{
		struct buf text = {0};
		cell_text(&columns[c], x, now, &text);
		table_cell(&t, &text);
		buf_fini(&text);
	}
	table_print(&t, stdout);
	table_fini(&t);
}

static void print_csv(const json_t *list)
{
	struct buf out = {0};
	size_t i;
	const json_t *x;
	for (size_t c = 0; c < ARRAY_LEN(csv_members); c++)
		buf_fmt(&out, "%s%s", c ? "," : "", csv_members[c]);
	buf_str(&out, ",reasons\r\n");
	json_array_foreach(list, i, x)
	{
		struct buf cell = {0};
		for (size_t c = 0; c < ARRAY_LEN(csv_members); c++) {
			buf_reset(&cell);
			csv_text(json_object_get(x, csv_members[c]), &cell);
			buf_csv_cell(&out, cell.p, cell.n);
			buf_u8(&out, ',');
		}
		buf_reset(&cell);
		malformed_text(json_object_get(x, "malformed"), &cell);
		buf_csv_cell(&out, cell.p, cell.n);
		buf_str(&out, "\r\n");
		buf_fini(&cell);
	}
	fwrite(out.p, 1, out.n, stdout);
	buf_fini(&out);
}

static void print_ndjson(const json_t *list)
{
	size_t i;
	const json_t *x;
	json_array_foreach(list, i, x)
	{
		json_dumpf(x, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
		putchar('\n');
	}
}

static void print(const struct exporters_args *a, const json_t *state)
{
	const json_t *list = json_object_get(state, "exporters");
	if (a->format.json) {
		json_dumpf(list, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
		putchar('\n');
	} else if (a->format.ndjson) {
		print_ndjson(list);
	} else if (a->format.csv) {
		print_csv(list);
	} else {
		print_table(list, number(state, "now"));
		balance_print(json_object_get(state, "accounting"));
	}
}

/* Leaves only the exporters at this address in the list. */
static void select_address(json_t *state, const char *address)
{
	json_t *list = json_object_get(state, "exporters");
	struct ip want, have;
	bool literal = ip_parse(address, strlen(address), &want) == ERR_OK;
	for (size_t i = json_array_size(list); i-- > 0;) {
		const char *ip =
		    json_string_value(json_object_get(json_array_get(list, i), "exporter_ip"));
		if (!literal || !ip || ip_parse(ip, strlen(ip), &have) || !ip_equal(&want, &have))
			json_array_remove(list, i);
	}
}

/* What the collector says of itself; NULL if it does not answer. */
static json_t *ask_collector(const char *dir, struct diag *d)
{
	struct buf text = {0};
	int status = 0;
	enum err e = control_call(dir, "collect", "GET", "/state.json", &text, &status, d);
	json_t *state =
	    e || status != 200 ? NULL : json_loadb((const char *)text.p, text.n, 0, NULL);
	buf_fini(&text);
	return state;
}

static json_t *fetch_json(struct remote *r, const char *path, struct diag *d)
{
	struct buf text = {0};
	enum err e = remote_fetch(r, path, NULL, &text, d);
	json_t *o = e ? NULL : json_loadb((const char *)text.p, text.n, 0, NULL);
	buf_fini(&text);
	return o;
}

/* The same of another Weir: two answers of its API put together. */
static json_t *ask_remote(const struct remote_args *a, struct diag *d)
{
	struct remote *r;
	if (remote_open(a, &r, d))
		return NULL;
	json_t *list = fetch_json(r, "/api/v1/exporters", d);
	json_t *state = list ? fetch_json(r, "/api/v1/status", d) : NULL;
	remote_close(&r);
	if (json_object_set_new(state, "exporters", list) != 0) {
		json_decref(state);
		return NULL;
	}
	return state;
}

static int ask(const struct exporters_args *a, const char *dir, const char *address)
{
	struct diag d = {0};
	json_t *state = a->remote.api ? ask_remote(&a->remote, &d) : ask_collector(dir, &d);
	if (!json_is_array(json_object_get(state, "exporters"))) {
		if (a->remote.api)
			fprintf(stderr, "weir exporters: %s\n", d.msg);
		else
			fprintf(stderr, "weir exporters: no collector answers below %s%s%s\n", dir,
				*d.msg ? ": " : "", d.msg);
		json_decref(state);
		return EXIT_FAILED;
	}
	if (address)
		select_address(state, address);
	size_t n = json_array_size(json_object_get(state, "exporters"));
	if (address && !a->format.json && !a->format.ndjson && !a->format.csv)
		exporter_details(json_object_get(state, "exporters"));
	else
		print(a, state);
	json_decref(state);
	if (n == 0 && address)
		fprintf(stderr,
			"weir exporters: nothing has arrived from %s since the collector "
			"started\n",
			address);
	else if (n == 0)
		fputs("weir exporters: nobody exports now: nothing has arrived, or the sessions "
		      "have ended\n",
		      stderr);
	return n ? EXIT_DONE : EXIT_FAILED;
}

int cmd_exporters(int argc, char **argv)
{
	struct exporters_args a = {0};
	struct operands o;
	const struct conf *c;
	int status;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &a, 0, 1, &o, &status) == OPTS_EXIT)
		return status;
	if (a.remote.api && a.interfaces)
		return opts_usage("exporters", "--interfaces goes without --api");
	if (a.remote.api)
		return ask(&a, "", o.n ? o.v[0] : NULL);
	if (setup_conf(&a.common, &c))
		return EXIT_USAGE;
	const struct interfaces_args asked = {
	    .format = a.format, .time = a.time, .exporter = o.n ? o.v[0] : NULL, .limit = a.limit};
	status =
	    a.interfaces ? exporter_interfaces(c, &asked) : ask(&a, c->dir, o.n ? o.v[0] : NULL);
	conf_put(&c);
	return status;
}
