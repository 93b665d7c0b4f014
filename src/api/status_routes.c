/* SPDX-License-Identifier: Apache-2.0 */
/* What does not need a query: fields, exporters, status, health. The roles are asked at their
 * control sockets, so this answers also while the store is down. */
#include "api/api_priv.h"
#include "api/json.h"
#include "base/ip.h"
#include "base/timefmt.h"
#include "model/field.h"
#include "query/query.h"
#include "query/store_info.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

enum { ROLE_NAME_MAX = 16 };

static void string(struct buf *b, const char *key, const char *value)
{
	buf_json_key(b, key);
	buf_json_str(b, value, strlen(value));
}

static void number(struct buf *b, const char *key, int64_t v)
{
	buf_json_key(b, key);
	buf_dec_signed(b, v);
}

static void boolean(struct buf *b, const char *key, bool v)
{
	buf_json_key(b, key);
	buf_str(b, v ? "true" : "false");
}

static void member(struct buf *b, const char *key, const struct buf *json, const char *otherwise)
{
	buf_json_key(b, key);
	if (json->n)
		buf_put(b, json->p, json->n);
	else
		buf_str(b, otherwise);
}

void route_fields(struct api_call *c)
{
	struct buf b = {0};
	buf_u8(&b, '[');
	for (int f = 0; f < FIELD_MAX; f++) {
		const struct field_info *i = &field_table[f];
		buf_str(&b, f ? ",{" : "{");
		string(&b, "name", i->name);
		string(&b, "kind", kind_name(i->kind));
		string(&b, "type", ctype_name(i->ctype));
		string(&b, "unit", unit_name(i->unit));
		string(&b, "agg", agg_name(i->agg));
		string(&b, "doc", i->doc);
		boolean(&b, "groupable", field_groupable((enum field)f));
		boolean(&b, "core", i->shape == SHAPE_CORE);
		buf_u8(&b, '}');
	}
	buf_u8(&b, ']');
	api_reply_json(c, &b);
}

void route_openapi(struct api_call *c)
{
	struct buf b = {0};
	api_openapi(&b);
	api_reply_json(c, &b);
}

/* A role's state; false: it does not answer, and why says how. */
static bool ask(struct api *a, const char *role, struct json_state *ret, struct diag *why)
{
	struct buf text = {0};
	enum err e = a->o.ops.ask_role(a->o.ops.ctx, role, "/state.json", &text, why);
	if (!e)
		e = json_state_read(text.p, text.n, ret);
	buf_fini(&text);
	return e == ERR_OK;
}

void route_exporters(struct api_call *c)
{
	struct json_state s = {0};
	struct diag d = {0};
	struct buf b = {0};
	if (ask(c->api, "collect", &s, &d)) {
		buf_put(&b, s.exporters.n ? s.exporters.p : (const uint8_t *)"[]",
			s.exporters.n ? s.exporters.n : 2);
		api_reply_json(c, &b);
	} else {
		api_problem(c, 503, "the collector does not answer");
	}
	json_state_fini(&s);
}

static void role_json(struct buf *b, const char *role, const struct json_state *s, bool answers)
{
	buf_u8(b, '{');
	string(b, "role", role);
	string(b, "state", !answers ? "down" : s->ready ? "running" : "starting");
	if (answers) {
		number(b, "pid", s->pid);
		number(b, "uptime_s", s->uptime_s);
	}
	if (s->error.n) {
		buf_json_key(b, "error");
		buf_json_str(b, s->error.p, s->error.n);
	}
	buf_u8(b, '}');
}

/* The supervisor's view, or, where no `weir up` runs, what each role says itself. */
static void roles_json(struct api *a, struct buf *b)
{
	struct json_state up = {0};
	struct diag d = {0};
	buf_json_key(b, "roles");
	if (ask(a, "up", &up, &d) && up.roles.n) {
		buf_put(b, up.roles.p, up.roles.n);
		json_state_fini(&up);
		return;
	}
	json_state_fini(&up);
	buf_u8(b, '[');
	for (const char *p = a->o.roles; *p;) {
		char name[ROLE_NAME_MAX] = "";
		size_t n = strcspn(p, " ");
		memcpy(name, p, MIN_OF(n, sizeof(name) - 1));
		struct json_state s = {0};
		bool answers = ask(a, name, &s, &d);
		if (p != a->o.roles)
			buf_u8(b, ',');
		role_json(b, name, &s, answers);
		json_state_fini(&s);
		p += n + (p[n] == ' ');
	}
	buf_u8(b, ']');
}

/* This machine's addresses that an exporter elsewhere could send to. */
static void addresses_json(struct buf *b)
{
	struct ifaddrs *list = NULL;
	const char *comma = "";
	buf_json_key(b, "host_addresses");
	buf_u8(b, '[');
	if (getifaddrs(&list) != 0)
		list = NULL;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		char text[IP_TEXT_MAX];
		struct ip ip;
		if (!i->ifa_addr || (i->ifa_flags & IFF_LOOPBACK) || !(i->ifa_flags & IFF_UP) ||
		    ip_from_sockaddr(i->ifa_addr, &ip, NULL) != ERR_OK)
			continue;
		/* fe80::/10 means nothing to another machine. */
		if (ip.b[0] == 0xfe && (ip.b[1] & 0xc0) == 0x80)
			continue;
		ip_format(&ip, text);
		buf_fmt(b, "%s\"%s\"", comma, text);
		comma = ",";
	}
	if (list)
		freeifaddrs(list);
	buf_u8(b, ']');
}

static void store_json(struct api *a, struct buf *b)
{
	struct store *s;
	struct store_info i = {0};
	struct diag d = {0};
	enum err e = a->o.ops.open_store(a->o.ops.ctx, &s, &d);
	if (!e) {
		e = store_info_get(s, &i, &d);
		a->o.ops.close_store(s);
	}
	buf_json_key(b, "store");
	buf_u8(b, '{');
	number(b, "bytes_on_disk", (int64_t)i.bytes_on_disk);
	number(b, "rows", (int64_t)i.rows);
	number(b, "oldest", i.oldest_ms);
	number(b, "newest", i.newest_ms);
	number(b, "free_bytes", (int64_t)i.free_bytes);
	if (e)
		string(b, "error", d.msg[0] ? d.msg : err_text(e));
	buf_u8(b, '}');
}

void route_status(struct api_call *c)
{
	struct json_state collect = {0};
	struct diag d = {0};
	struct buf b = {0};
	bool answers = ask(c->api, "collect", &collect, &d);
	buf_u8(&b, '{');
	string(&b, "version", WEIR_VERSION);
	number(&b, "now", clock_wall_ms());
	roles_json(c->api, &b);
	member(&b, "listen", &collect.listen, "[]");
	addresses_json(&b);
	member(&b, "accounting", &collect.accounting, "null");
	store_json(c->api, &b);
	if (answers)
		number(&b, "lag_ms", collect.lag_ms);
	else
		buf_str(&b, ",\"lag_ms\":null");
	buf_u8(&b, '}');
	json_state_fini(&collect);
	api_reply_json(c, &b);
}

void route_healthz(struct api_call *c)
{
	http_reply_text(c->req, 200, "ok");
}

void route_readyz(struct api_call *c)
{
	struct store *s = NULL;
	struct store_info i;
	struct diag d = {0};
	enum err e = c->api->o.ops.open_store(c->api->o.ops.ctx, &s, &d);
	if (!e) {
		e = store_info_get(s, &i, &d);
		c->api->o.ops.close_store(s);
	}
	if (e)
		http_reply_text(c->req, 503, "the store: %s", d.msg[0] ? d.msg : err_text(e));
	else
		http_reply_text(c->req, 200, "ok");
}

void route_version(struct api_call *c)
{
	http_reply_text(c->req, 200, "%s", WEIR_VERSION);
}

/* One scrape for all: the other roles answer on Unix sockets only. */
void route_metrics(struct api_call *c)
{
	static const char *const roles[] = {"up", "collect", "store", "probe"};
	struct buf b = {0};
	struct diag d = {0};
	api_metrics(c->api, &b);
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		struct buf text = {0};
		if (c->api->o.ops.ask_role(c->api->o.ops.ctx, roles[i], "/metrics", &text, &d) ==
		    ERR_OK)
			buf_put(&b, text.p, text.n);
		buf_fini(&text);
	}
	http_reply_buf(c->req, 200, "text/plain; version=0.0.4; charset=utf-8", &b);
	buf_fini(&b);
}
