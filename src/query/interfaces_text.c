/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about interfaces out of JSON, answers as JSON, NDJSON and CSV. */
#include "query/interfaces.h"

#include "query/time_range.h"

#include <jansson.h>
#include <string.h>

/* --- the question */

enum { JSON_MAX = 64 * 1024 };

static enum err wrong(const char *key, const char *want, struct diag *reterr)
{
	return diag_set(reterr, ERR_TYPE, 0, 0, "\"%s\" must be %s", key, want);
}

static enum err get_number(const json_t *v, const char *key, uint64_t max, uint64_t *ret,
			   struct diag *reterr)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    (uint64_t)json_integer_value(v) > max)
		return wrong(key, "a whole number, 0 or more", reterr);
	*ret = (uint64_t)json_integer_value(v);
	return ERR_OK;
}

static enum err get_point(const json_t *v, int64_t now_ms, int64_t *ret, struct diag *reterr)
{
	if (!v)
		return ERR_OK;
	if (json_is_number(v)) {
		*ret = (int64_t)json_number_value(v);
		return ERR_OK;
	}
	if (!json_is_string(v))
		return wrong("time", "{\"from\": ..., \"to\": ...}", reterr);
	return time_point_parse(json_string_value(v), json_string_length(v), now_ms, ret, reterr);
}

static enum err get_time(struct interfaces_query *q, const json_t *v, int64_t now_ms,
			 struct diag *reterr)
{
	if (!json_is_object(v))
		return wrong("time", "{\"from\": ..., \"to\": ...}", reterr);
	enum err e = get_point(json_object_get(v, "to"), now_ms, &q->to_ms, reterr);
	return e ? e : get_point(json_object_get(v, "from"), now_ms, &q->from_ms, reterr);
}

static enum err get_exporter(struct interfaces_query *q, const json_t *v, struct diag *reterr)
{
	if (!json_is_string(v) ||
	    ip_parse(json_string_value(v), json_string_length(v), &q->exporter_ip) != ERR_OK)
		return wrong("exporter_ip", "an address", reterr);
	q->has_exporter = true;
	return ERR_OK;
}

static enum err set_key(struct interfaces_query *q, const char *key, const json_t *v,
			int64_t now_ms, struct diag *reterr)
{
	uint64_t n = 0;
	enum err e = ERR_OK;
	if (strcmp(key, "time") == 0)
		return get_time(q, v, now_ms, reterr);
	if (strcmp(key, "exporter_ip") == 0)
		return get_exporter(q, v, reterr);
	if (strcmp(key, "limit") == 0)
		return get_number(v, key, INTERFACES_LIMIT_MAX, &q->limit, reterr);
	if (strcmp(key, "series") == 0) {
		q->series = json_is_true(v);
		return json_is_boolean(v) ? ERR_OK : wrong(key, "true or false", reterr);
	}
	if (strcmp(key, "if_index") == 0) {
		e = get_number(v, key, UINT32_MAX, &n, reterr);
		q->has_if_index = true;
		q->if_index = (uint32_t)n;
		return e;
	}
	if (strcmp(key, "step") == 0) {
		e = get_number(v, key, UINT32_MAX / 1000, &n, reterr);
		q->step_s = (uint32_t)n;
		return e;
	}
	return diag_set(reterr, ERR_UNKNOWN, 0, 0, "unknown key \"%.60s\"", key);
}

enum err interfaces_from_json(struct interfaces_query *q, const char *json, size_t n,
			      int64_t now_ms, struct diag *reterr)
{
	json_error_t why;
	json_t *root = n <= JSON_MAX ? json_loadb(json, n, JSON_REJECT_DUPLICATES, &why) : NULL;
	enum err e = ERR_OK;
	if (!json_is_object(root))
		e = diag_set(reterr, ERR_SYNTAX, 0, 0, "not a JSON object");
	for (void *i = json_object_iter(root); i && !e; i = json_object_iter_next(root, i))
		if (!json_is_null(json_object_iter_value(i)))
			e = set_key(q, json_object_iter_key(i), json_object_iter_value(i), now_ms,
				    reterr);
	json_decref(root);
	return e;
}

/* --- the answer: the numbers of a row by name, once for JSON and CSV */

enum { UP = 3 }; /* both bits of status */

struct member {
	const char *name;
	double v;
	bool known;
};

enum { MEMBERS = 18 };

static size_t members_of(const struct interface_row *r, struct member m[MEMBERS])
{
	bool known = r->known_ms > 0, speed = r->speed > 0;
	double ms = known ? (double)r->known_ms : 1, line = speed ? (double)r->speed / 100 : 1;
	double in = (double)r->in.octets * 8000 / ms, out = (double)r->out.octets * 8000 / ms;
	const struct member all[] = {
	    {"speed", (double)r->speed, speed},
	    {"in_bps", in, known},
	    {"out_bps", out, known},
	    {"in_max_bps", r->in_max_bps, known},
	    {"out_max_bps", r->out_max_bps, known},
	    {"in_percent", in / line, known && speed},
	    {"out_percent", out / line, known && speed},
	    {"in_pps", (double)r->in.packets * 1000 / ms, known},
	    {"out_pps", (double)r->out.packets * 1000 / ms, known},
	    {"in_octets", (double)r->in.octets, known},
	    {"out_octets", (double)r->out.octets, known},
	    {"in_packets", (double)r->in.packets, known},
	    {"out_packets", (double)r->out.packets, known},
	    {"in_discards", (double)r->in.discards, known},
	    {"out_discards", (double)r->out.discards, known},
	    {"in_errors", (double)r->in.errors, known},
	    {"out_errors", (double)r->out.errors, known},
	    {"known_ms", (double)r->known_ms, true},
	};
	memcpy(m, all, sizeof(all));
	return sizeof(all) / sizeof(all[0]);
}

/* Whole numbers without a point; rates with what is worth reading. */
static void put_number(struct buf *out, double v)
{
	if (v < 1e15 && v == (double)(int64_t)v)
		buf_dec_signed(out, (int64_t)v);
	else
		buf_fmt(out, "%.2f", v);
}

static void put_ip(struct buf *out, const char *key, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	buf_json_key(out, key);
	buf_json_str(out, text, ip_format(ip, text));
}

static void put_bins(struct buf *out, const char *key, const double *v, size_t n)
{
	buf_json_key(out, key);
	buf_u8(out, '[');
	for (size_t i = 0; i < n; i++) {
		buf_str(out, i ? "," : "");
		if (v[i] < 0)
			buf_str(out, "null");
		else
			buf_fmt(out, "%.0f", v[i]);
	}
	buf_u8(out, ']');
}

const char *interface_status(const struct interface_row *r)
{
	return (r->status & UP) == UP ? "up" : r->status & 1 ? "down" : "disabled";
}

static void put_row(struct buf *out, const struct interface_row *r, size_t n_bins)
{
	struct member m[MEMBERS];
	size_t n = members_of(r, m);
	buf_u8(out, '{');
	put_ip(out, "exporter_ip", &r->exporter_ip);
	put_ip(out, "agent_ip", &r->agent_ip);
	buf_fmt(out,
		",\"domain\":%u,\"if_index\":%u,\"if_type\":%u,\"status\":\"%s\",\"last_seen\":"
		"%lld",
		r->domain, r->if_index, r->if_type, interface_status(r), (long long)r->last_ms);
	for (size_t i = 0; i < n; i++) {
		buf_json_key(out, m[i].name);
		if (m[i].known)
			put_number(out, m[i].v);
		else
			buf_str(out, "null");
	}
	if (n_bins) {
		put_bins(out, "in", r->in.bps, n_bins);
		put_bins(out, "out", r->out.bps, n_bins);
	}
	buf_u8(out, '}');
}

void interfaces_json(struct buf *out, const struct interfaces_query *q,
		     const struct interfaces_result *r)
{
	int64_t step_ms = (int64_t)q->step_s * 1000;
	buf_fmt(out, "{\"from\":%lld,\"to\":%lld,\"step_ms\":%lld,\"unit\":\"bit/s\",\"t\":[",
		(long long)q->from_ms, (long long)q->to_ms, (long long)step_ms);
	for (size_t i = 0; i < r->n_bins; i++)
		buf_fmt(out, "%s%lld", i ? "," : "",
			(long long)(q->from_ms + (int64_t)i * step_ms));
	buf_str(out, "],\"interfaces\":[");
	for (size_t i = 0; i < r->n; i++) {
		buf_str(out, i ? "," : "");
		put_row(out, &r->rows[i], r->n_bins);
	}
	buf_fmt(out, "],\"elapsed_ms\":%llu,\"rows_read\":%llu}", (unsigned long long)r->elapsed_ms,
		(unsigned long long)r->rows_read);
}

void interfaces_ndjson(struct buf *out, const struct interfaces_query *q unused_arg,
		       const struct interfaces_result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		put_row(out, &r->rows[i], 0);
		buf_u8(out, '\n');
	}
}

void interfaces_csv(struct buf *out, const struct interfaces_query *q unused_arg,
		    const struct interfaces_result *r)
{
	struct member m[MEMBERS];
	static const struct interface_row none;
	size_t n = members_of(&none, m);
	buf_str(out, "exporter_ip,agent_ip,domain,if_index,if_type,status,last_seen");
	for (size_t i = 0; i < n; i++)
		buf_fmt(out, ",%s", m[i].name);
	buf_str(out, "\r\n");
	for (size_t k = 0; k < r->n; k++) {
		const struct interface_row *row = &r->rows[k];
		char exporter[IP_TEXT_MAX], agent[IP_TEXT_MAX];
		ip_format(&row->exporter_ip, exporter);
		ip_format(&row->agent_ip, agent);
		buf_fmt(out, "%s,%s,%u,%u,%u,%s,%lld", exporter, agent, row->domain, row->if_index,
			row->if_type, interface_status(row), (long long)row->last_ms);
		members_of(row, m);
		for (size_t i = 0; i < n; i++) {
			buf_u8(out, ',');
			if (m[i].known)
				put_number(out, m[i].v);
		}
		buf_str(out, "\r\n");
	}
}
