/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/role_state.h"

#include "cmd/control_client.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err get_json(const char *dir, const char *role, json_t **ret)
{
	struct buf text = {0};
	int status = 0;
	enum err e = control_call(dir, role, "GET", "/state.json", &text, &status, NULL);
	if (!e && (status != 200 || text.n == 0))
		e = ERR_REMOTE;
	json_t *doc =
	    e ? NULL : json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (!e && !json_is_object(doc)) {
		json_decref(doc);
		e = ERR_REMOTE;
	}
	buf_fini(&text);
	if (!e)
		*ret = doc;
	return e;
}

static uint64_t number(const json_t *object, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(object, name));
	return v > 0 ? (uint64_t)v : 0;
}

static void text(const json_t *object, const char *name, char *out, size_t max)
{
	const char *s = json_string_value(json_object_get(object, name));
	snprintf(out, max, "%s", s ? s : "");
}

static uint64_t sum_of(json_t *group)
{
	uint64_t sum = 0;
	const char *name;
	json_t *v;
	json_object_foreach(group, name, v) sum += number(group, name);
	return sum;
}

static void read_stats(const json_t *stats, struct role_state *s)
{
	static const char *const loss[] = {"reject", "drop", "discard"};
	const json_t *datagrams = json_object_get(stats, "datagrams"),
		     *records = json_object_get(stats, "records");
	s->received = number(datagrams, "received");
	s->kernel_drops = number(datagrams, "kernel_drops");
	s->decoded = number(records, "decoded");
	s->stored = number(records, "stored");
	s->waiting = number(records, "waiting");
	s->lag_ms = number(json_object_get(stats, "loader"), "lag_ms");
	for (size_t i = 0; i < sizeof(loss) / sizeof(loss[0]); i++)
		s->drops += sum_of(json_object_get(stats, loss[i]));
}

static void read_listen(const json_t *listen, struct role_state *s)
{
	size_t i;
	json_t *at;
	char *dump = json_dumps(listen, JSON_COMPACT);
	buf_str(&s->listen, json_is_array(listen) && dump ? dump : "[]");
	free(dump);
	json_array_foreach(listen, i, at)
	{
		uint64_t port = number(at, "port");
		if (s->http_port || port == 0 || port > UINT16_MAX)
			continue;
		text(at, "address", s->http_address, sizeof(s->http_address));
		s->http_port = (uint16_t)port;
	}
}

/* "countries 1010880 of 2026-06-17", and what is wrong with it. */
static void source_text(const json_t *source, struct buf *out, struct buf *errors)
{
	enum { DATE = 10 };
	const char *kind = json_string_value(json_object_get(source, "kind"));
	const char *made = json_string_value(json_object_get(source, "made"));
	const char *state = json_string_value(json_object_get(source, "state"));
	const char *error = json_string_value(json_object_get(source, "error"));
	if (!kind || !state)
		return;
	buf_fmt(out, "%s%s ", out->n ? ", " : "enrichment: ", kind);
	if (strcmp(state, "loaded") == 0)
		buf_dec(out, number(source, "entries"));
	else
		buf_str(out, state);
	if (made)
		buf_fmt(out, " of %.*s", DATE, made);
	if (error && *error)
		buf_fmt(errors, "enrichment: %s: %s\n", kind, error);
}

static void read_enrich(const json_t *doc, struct role_state *s)
{
	size_t i;
	json_t *at, *enrich = json_object_get(doc, "enrich"), *snmp = json_object_get(doc, "snmp");
	struct buf errors = {0};
	char *dump = json_is_object(enrich) ? json_dumps(enrich, JSON_COMPACT) : NULL;
	if (dump)
		buf_str(&s->enrich, dump);
	free(dump);
	json_array_foreach(json_object_get(enrich, "sources"), i, at)
	    source_text(at, &s->enrich_text, &errors);
	if (s->enrich_text.n)
		buf_fmt(&s->enrich_text, ", names %llu\n",
			(unsigned long long)number(json_object_get(doc, "names"), "kept"));
	if (errors.n)
		buf_put(&s->enrich_text, errors.p, errors.n);
	if (snmp)
		buf_fmt(&s->enrich_text, "snmp: %llu of %llu exporters answer, %llu interfaces\n",
			(unsigned long long)number(snmp, "answering"),
			(unsigned long long)number(snmp, "devices"),
			(unsigned long long)number(snmp, "interfaces"));
	buf_fini(&errors);
}

static void read_probe(const json_t *doc, struct role_state *s)
{
	json_t *all = json_object_get(doc, "accounting");
	json_t *packets = json_object_get(all, "packets"), *flows = json_object_get(all, "flows");
	char *dump = json_dumps(all, JSON_COMPACT);
	buf_str(&s->probe, dump ? dump : "{}");
	free(dump);
	buf_fmt(&s->probe_text,
		"packets received %llu, metered %llu, not metered %llu, lost in the kernel %llu\n",
		(unsigned long long)number(packets, "received"),
		(unsigned long long)number(packets, "metered"),
		(unsigned long long)sum_of(json_object_get(packets, "unmetered")),
		(unsigned long long)sum_of(json_object_get(packets, "kernel_drops")));
	buf_fmt(&s->probe_text,
		"flows begun %llu, now %llu; records made %llu, sent %llu, dropped %llu\n",
		(unsigned long long)number(flows, "begun"),
		(unsigned long long)number(flows, "live"),
		(unsigned long long)number(flows, "exported"),
		(unsigned long long)number(flows, "sent"),
		(unsigned long long)sum_of(json_object_get(flows, "dropped")));
}

enum err role_state_get(const char *dir, const char *role, struct role_state *ret)
{
	json_t *doc;
	enum err e = get_json(dir, role, &doc);
	if (e)
		return e;
	*ret = (struct role_state){.ready = json_is_true(json_object_get(doc, "ready")),
				   .pid = (int)number(doc, "pid"),
				   .uptime_s = number(doc, "uptime_s")};
	text(doc, "version", ret->version, sizeof(ret->version));
	text(doc, "error", ret->error, sizeof(ret->error));
	read_stats(json_object_get(doc, "stats"), ret);
	read_listen(json_object_get(doc, "listen"), ret);
	read_enrich(doc, ret);
	if (strcmp(role, "probe") == 0)
		read_probe(doc, ret);
	json_decref(doc);
	return ERR_OK;
}

void role_state_fini(struct role_state *s)
{
	buf_fini(&s->listen);
	buf_fini(&s->enrich);
	buf_fini(&s->enrich_text);
	buf_fini(&s->probe);
	buf_fini(&s->probe_text);
}

enum err role_state_of_up(const char *dir, struct up_entry ret[UP_ENTRIES_MAX], size_t *ret_n)
{
	json_t *doc, *at;
	size_t i, n = 0;
	enum err e = get_json(dir, "up", &doc);
	if (e)
		return e;
	json_array_foreach(json_object_get(doc, "roles"), i, at)
	{
		if (n == UP_ENTRIES_MAX)
			break;
		struct up_entry *u = &ret[n++];
		*u = (struct up_entry){.pid = (int)number(at, "pid"),
				       .restarts = number(at, "restarts")};
		text(at, "role", u->role, sizeof(u->role));
		text(at, "state", u->state, sizeof(u->state));
		text(at, "error", u->error, sizeof(u->error));
	}
	json_decref(doc);
	*ret_n = n;
	return ERR_OK;
}
