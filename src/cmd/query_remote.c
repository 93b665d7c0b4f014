/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/query_remote.h"

#include "base/timefmt.h"
#include "cmd/remote.h"
#include "model/batch.h"
#include "model/record_in.h"
#include "query/names.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the query object of docs/api.md */

static void put_text(struct buf *b, const char *key, const char *s, size_t n)
{
	buf_json_key(b, key);
	buf_json_str(b, (const uint8_t *)s, n);
}

static void put_number(struct buf *b, const char *key, uint64_t v)
{
	buf_json_key(b, key);
	buf_dec(b, v);
}

static void put_bool(struct buf *b, const char *key, bool v)
{
	buf_json_key(b, key);
	buf_str(b, v ? "true" : "false");
}

static void put_fields(struct buf *b, const struct query *q)
{
	bool any = false;
	for (int f = 0; f < FIELD_MAX; f++) {
		if (!(q->fields[f / 64] >> (f % 64) & 1))
			continue;
		if (!any)
			buf_json_key(b, "fields");
		buf_fmt(b, "%s\"%s\"", any ? "," : "[", field_table[f].name);
		any = true;
	}
	buf_str(b, any ? "]" : "");
}

static void query_json(struct buf *b, const struct query *q)
{
	buf_fmt(b, "{\"time\":{\"from\":%lld,\"to\":%lld}", (long long)q->from_ms,
		(long long)q->to_ms);
	put_text(b, "filter", q->filter_text, strlen(q->filter_text));
	buf_json_key(b, "by");
	buf_u8(b, '[');
	for (size_t i = 0; i < q->n_by; i++)
		buf_fmt(b, "%s\"%s\"", i ? "," : "", key_name(q->by[i]));
	buf_u8(b, ']');
	put_text(b, "metric", metric_table[q->metric].name, strlen(metric_table[q->metric].name));
	if (q->limit)
		put_number(b, "limit", q->limit);
	if (q->kind == QUERY_SERIES) {
		put_text(b, "limit_by", limit_by_names[q->limit_by],
			 strlen(limit_by_names[q->limit_by]));
		put_number(b, "step", q->step_s);
	}
	if (q->kind == QUERY_FLOWS) {
		put_text(b, "order", field_table[q->order].name,
			 strlen(field_table[q->order].name));
		put_bool(b, "desc", q->desc);
		put_fields(b, q);
	}
	if (q->duplicates != DUPLICATES_BY_QUESTION)
		put_bool(b, "duplicates", q->duplicates == DUPLICATES_COUNTED);
	put_bool(b, "raw", q->raw);
	buf_u8(b, '}');
}

/* --- top and series */

static json_t *ask(struct remote *r, const char *path, const struct query *q, enum err *ret_err,
		   struct diag *reterr)
{
	struct buf body = {0}, out = {0};
	query_json(&body, q);
	enum err e = remote_fetch(r, path, &body, &out, reterr);
	json_t *o = e ? NULL : json_loadb((const char *)out.p, out.n, 0, NULL);
	if (!e && !json_is_object(o))
		e = diag_set(reterr, ERR_REMOTE, 0, 0, "the answer is not that of a Weir");
	buf_fini(&body);
	buf_fini(&out);
	*ret_err = e;
	return o;
}

static uint64_t count_of(const json_t *o, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(o, name));
}

static double number_of(const json_t *o, const char *name)
{
	return json_number_value(json_object_get(o, name));
}

static void read_text(struct cell *c, const json_t *v, struct arena *a)
{
	const char *s = json_string_value(v);
	size_t n = json_string_length(v);
	int64_t ms = 0;
	switch (c->type) {
	case CT_IP:
		c->present = ip_parse(s, n, &c->ip) == ERR_OK;
		break;
	case CT_MAC:
		c->present = mac_parse(s, n, &c->num) == ERR_OK;
		break;
	case CT_MS:
		c->present = rfc3339_parse(s, n, &ms) == ERR_OK;
		c->num = (uint64_t)ms;
		break;
	case CT_STR:
		c->bytes = (const uint8_t *)arena_strndup(a, s, n);
		c->len = (uint32_t)n;
		c->present = c->bytes != NULL;
		break;
	case CT_U8:
	case CT_U16:
	case CT_U32:
	case CT_U64:
	case CT_U32LIST:
	case CT_MAX:
		break;
	}
}

static void read_list(struct cell *c, const json_t *v, struct arena *a)
{
	size_t n = json_array_size(v);
	uint32_t *p = arena_alloc(a, (n + 1) * sizeof(*p));
	for (size_t i = 0; p && i < n; i++)
		p[i] = (uint32_t)json_integer_value(json_array_get(v, i));
	c->bytes = (const uint8_t *)p;
	c->len = (uint32_t)(n * sizeof(*p));
	c->present = p != NULL;
}

static struct cell *read_key(const struct query *q, const json_t *key)
{
	struct cell *cells = arena_alloc(q->arena, (q->n_by + 1) * sizeof(*cells));
	for (size_t i = 0; cells && i < q->n_by; i++) {
		const json_t *v = json_object_get(key, key_name(q->by[i]));
		cells[i] = (struct cell){.type = key_ctype(q->by[i])};
		if (json_is_integer(v)) {
			cells[i].num = (uint64_t)json_integer_value(v);
			cells[i].present = true;
		} else if (json_is_string(v)) {
			read_text(&cells[i], v, q->arena);
		} else if (json_is_array(v)) {
			read_list(&cells[i], v, q->arena);
		}
	}
	return cells;
}

static const char *copy_text(const struct query *q, const json_t *v)
{
	const char *copy = arena_strndup(q->arena, json_is_string(v) ? json_string_value(v) : "",
					 json_string_length(v));
	return copy ? copy : "";
}

/* What the keys are called; NULL if the answer does not say. */
static const struct key_name *read_names(const struct query *q, const json_t *names)
{
	if (!json_is_object(names))
		return NULL;
	struct key_name *n = arena_alloc(q->arena, (q->n_by + 1) * sizeof(*n));
	for (size_t i = 0; n && i < q->n_by; i++) {
		const json_t *o = json_object_get(names, key_name(q->by[i]));
		n[i] =
		    (struct key_name){.text = o ? copy_text(q, json_object_get(o, "name")) : NULL,
				      .text2 = copy_text(q, json_object_get(o, "description")),
				      .number = count_of(o, "speed")};
	}
	return n;
}

static void read_cost(const struct query *q, const json_t *o, struct run_cost *ret)
{
	*ret = (struct run_cost){.source = copy_text(q, json_object_get(o, "source")),
				 .scaled = json_is_true(json_object_get(o, "scaled")),
				 .elapsed_ms = count_of(o, "elapsed_ms"),
				 .rows_read = count_of(o, "rows_read")};
}

static void read_range(struct query *q, const json_t *o)
{
	q->from_ms = json_integer_value(json_object_get(o, "from"));
	q->to_ms = json_integer_value(json_object_get(o, "to"));
	if (q->kind == QUERY_SERIES)
		q->step_s = (uint32_t)(count_of(o, "step_ms") / 1000);
}

static struct top_row read_row(const struct query *q, const json_t *o)
{
	return (struct top_row){.key = read_key(q, json_object_get(o, "key")),
				.names = read_names(q, json_object_get(o, "names")),
				.bytes = count_of(o, "bytes"),
				.packets = count_of(o, "packets"),
				.flows = count_of(o, "flows"),
				.value = number_of(o, "value"),
				.scaled = json_is_true(json_object_get(o, "scaled"))};
}

enum err remote_top(struct remote *r, struct query *q, struct top_result *ret, struct diag *reterr)
{
	enum err e;
	json_t *o = ask(r, "/api/v1/top", q, &e, reterr);
	const json_t *rows = json_object_get(o, "rows");
	*ret = (struct top_result){.n = json_array_size(rows)};
	ret->rows = arena_alloc(q->arena, (ret->n + 1) * sizeof(*ret->rows));
	if (!e && !ret->rows)
		e = diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	if (!e) {
		for (size_t i = 0; i < ret->n; i++)
			ret->rows[i] = read_row(q, json_array_get(rows, i));
		ret->total = read_row(q, json_object_get(o, "total"));
		ret->groups = count_of(o, "groups");
		ret->groups_estimated = json_is_true(json_object_get(o, "groups_estimated"));
		read_cost(q, o, &ret->cost);
		read_range(q, o);
	}
	json_decref(o);
	return e;
}

/* A line of a series; false if there is no memory for its values. */
static bool read_line(const struct query *q, const json_t *o, size_t bins, struct series_line *ret)
{
	const json_t *values = json_object_get(o, "values");
	*ret = (struct series_line){.key = read_key(q, json_object_get(o, "key")),
				    .names = read_names(q, json_object_get(o, "names")),
				    .min = number_of(o, "min"),
				    .max = number_of(o, "max"),
				    .avg = number_of(o, "avg"),
				    .p95 = number_of(o, "p95"),
				    .last = number_of(o, "last"),
				    .total = number_of(o, "total"),
				    .scaled = json_is_true(json_object_get(o, "scaled"))};
	ret->values = arena_alloc(q->arena, (bins + 1) * sizeof(double));
	for (size_t i = 0; ret->values && i < bins; i++)
		ret->values[i] = json_number_value(json_array_get(values, i));
	return ret->values && ret->key;
}

enum err remote_series(struct remote *r, struct query *q, struct series_result *ret,
		       struct diag *reterr)
{
	enum err e;
	json_t *o = ask(r, "/api/v1/series", q, &e, reterr);
	const json_t *lines = json_object_get(o, "series"), *other = json_object_get(o, "other");
	*ret = (struct series_result){.n_bins = json_array_size(json_object_get(o, "t")),
				      .n = json_array_size(lines),
				      .has_other = json_is_object(other)};
	ret->lines = arena_alloc(q->arena, (ret->n + 1) * sizeof(*ret->lines));
	bool good = ret->lines != NULL;
	for (size_t i = 0; !e && good && i < ret->n; i++)
		good = read_line(q, json_array_get(lines, i), ret->n_bins, &ret->lines[i]);
	if (!e && good && ret->has_other)
		good = read_line(q, other, ret->n_bins, &ret->other);
	if (!e && !good)
		e = diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	if (!e) {
		read_cost(q, o, &ret->cost);
		read_range(q, o);
	}
	json_decref(o);
	return e;
}

/* --- flows */

struct lines {
	struct batch *batch;
	struct buf rest; /* of a line that has not come to its end */
	bool (*each)(void *arg, const struct batch *b);
	void *arg;
	struct diag why;
	enum err err;
};

static bool hand_on(struct lines *l)
{
	bool more = l->batch->n == 0 || l->each(l->arg, l->batch);
	batch_reset(l->batch);
	return more;
}

static bool take_lines(void *arg, const uint8_t *p, size_t n)
{
	struct lines *l = arg;
	buf_put(&l->rest, p, n);
	size_t done = 0;
	const uint8_t *nl;
	while (!l->err && done < l->rest.n &&
	       (nl = memchr(l->rest.p + done, '\n', l->rest.n - done)) != NULL) {
		size_t len = (size_t)(nl - l->rest.p) - done;
		if (batch_room(l->batch) == 0 && !hand_on(l))
			return false;
		if (len)
			l->err = record_from_json(l->batch, (const char *)l->rest.p + done, len,
						  &l->why);
		done += len + 1;
	}
	memmove(l->rest.p, l->rest.p + done, l->rest.n - done);
	l->rest.n -= done;
	if (l->rest.bad)
		l->err = ERR_NOMEM;
	return !l->err;
}

enum err remote_flows(struct remote *r, const struct query *q,
		      bool (*each)(void *arg, const struct batch *b), void *arg,
		      struct diag *reterr)
{
	struct buf body = {0};
	struct lines l = {.batch = batch_new(SHAPE_WIDE), .each = each, .arg = arg};
	if (!l.batch)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	query_json(&body, q);
	enum err e =
	    remote_call(r, "/api/v1/flows", "application/x-ndjson", &body, take_lines, &l, reterr);
	if (l.err)
		e = diag_set(reterr, l.err, 0, 0, "%s", l.why.msg[0] ? l.why.msg : err_text(l.err));
	if (!e && !hand_on(&l))
		e = ERR_CANCELLED;
	batch_free(l.batch);
	buf_fini(&l.rest);
	buf_fini(&body);
	return e;
}

static bool pass_on(void *arg, const uint8_t *p, size_t n)
{
	uint64_t *lines = arg;
	for (size_t i = 0; i < n; i++)
		*lines += p[i] == '\n';
	return fwrite(p, 1, n, stdout) == n;
}

enum err remote_flows_csv(struct remote *r, const struct query *q, uint64_t *ret_lines,
			  struct diag *reterr)
{
	struct buf body = {0};
	uint64_t lines = 0;
	query_json(&body, q);
	enum err e = remote_call(r, "/api/v1/flows", "text/csv", &body, pass_on, &lines, reterr);
	buf_fini(&body);
	*ret_lines = lines ? lines - 1 : 0;
	return e;
}
