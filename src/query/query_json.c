/* SPDX-License-Identifier: Apache-2.0 */
/* The query object out of JSON (docs/api.md): one row per key. Unknown keys are errors, so that a
 * typo is not a silently different question. */
#include "query/query.h"

#include "query/time_range.h"

#include <jansson.h>
#include <string.h>

enum { JSON_MAX = 1 << 20 };

typedef enum err set_fn(struct query *q, json_t *v, int64_t now_ms, struct diag *reterr);

static enum err wrong_type(const char *key, const char *want, struct diag *reterr)
{
	return diag_set(reterr, ERR_TYPE, 0, 0, "\"%s\" must be %s", key, want);
}

static enum err get_count(json_t *v, const char *key, uint64_t *ret, struct diag *reterr)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return wrong_type(key, "a whole number, 0 or more", reterr);
	*ret = (uint64_t)json_integer_value(v);
	return ERR_OK;
}

static enum err get_bool(json_t *v, const char *key, bool *ret, struct diag *reterr)
{
	if (!json_is_boolean(v))
		return wrong_type(key, "true or false", reterr);
	*ret = json_is_true(v);
	return ERR_OK;
}

static enum err get_point(json_t *v, const char *key, int64_t now_ms, int64_t *ret,
			  struct diag *reterr)
{
	if (!v)
		return ERR_OK;
	if (json_is_number(v)) {
		double ms = json_number_value(v);
		if (ms < 0 || ms > (double)TIME_LAST_MS)
			return diag_set(reterr, ERR_LIMIT, 0, 0,
					"\"%s\" must lie between 1970 and 2106", key);
		*ret = (int64_t)ms;
		return ERR_OK;
	}
	if (!json_is_string(v))
		return wrong_type(key, "a time as text, or ms since 1970", reterr);
	return time_point_parse(json_string_value(v), json_string_length(v), now_ms, ret, reterr);
}

static enum err set_time(struct query *q, json_t *v, int64_t now_ms, struct diag *reterr)
{
	if (!json_is_object(v))
		return wrong_type("time", "{\"from\": ..., \"to\": ...}", reterr);
	for (void *i = json_object_iter(v); i; i = json_object_iter_next(v, i)) {
		const char *key = json_object_iter_key(i);
		if (strcmp(key, "from") != 0 && strcmp(key, "to") != 0)
			return diag_set(reterr, ERR_UNKNOWN, 0, 0, "unknown key \"time.%.60s\"",
					key);
	}
	enum err e = get_point(json_object_get(v, "to"), "time.to", now_ms, &q->to_ms, reterr);
	return e ? e
		 : get_point(json_object_get(v, "from"), "time.from", now_ms, &q->from_ms, reterr);
}

static enum err set_filter(struct query *q, json_t *v, int64_t now_ms unused_arg,
			   struct diag *reterr)
{
	if (!json_is_string(v))
		return wrong_type("filter", "text", reterr);
	q->filter_text = arena_strndup(q->arena, json_string_value(v), json_string_length(v));
	return q->filter_text ? ERR_OK
			      : diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
}

typedef enum err name_fn(struct query *q, const char *name, size_t n, struct diag *reterr);

static enum err each_name(struct query *q, json_t *v, const char *key, name_fn *fn,
			  struct diag *reterr)
{
	if (!json_is_array(v))
		return wrong_type(key, "a list of field names", reterr);
	for (size_t i = 0; i < json_array_size(v); i++) {
		json_t *name = json_array_get(v, i);
		if (!json_is_string(name))
			return wrong_type(key, "a list of field names", reterr);
		enum err e = fn(q, json_string_value(name), json_string_length(name), reterr);
		if (e)
			return e;
	}
	return ERR_OK;
}

static enum err set_by(struct query *q, json_t *v, int64_t now_ms unused_arg, struct diag *reterr)
{
	q->n_by = 0;
	return each_name(q, v, "by", query_add_by, reterr);
}

static enum err set_fields(struct query *q, json_t *v, int64_t now_ms unused_arg,
			   struct diag *reterr)
{
	memset(q->fields, 0, sizeof(q->fields));
	return each_name(q, v, "fields", query_add_field, reterr);
}

static enum err set_metric(struct query *q, json_t *v, int64_t now_ms unused_arg,
			   struct diag *reterr)
{
	if (!json_is_string(v))
		return wrong_type("metric", "text", reterr);
	return query_set_metric(q, json_string_value(v), json_string_length(v), reterr);
}

static enum err set_limit_by(struct query *q, json_t *v, int64_t now_ms unused_arg,
			     struct diag *reterr)
{
	if (!json_is_string(v))
		return wrong_type("limit_by", "text", reterr);
	return query_set_limit_by(q, json_string_value(v), json_string_length(v), reterr);
}

static enum err set_order(struct query *q, json_t *v, int64_t now_ms unused_arg,
			  struct diag *reterr)
{
	if (!json_is_string(v))
		return wrong_type("order", "a field name", reterr);
	return query_set_order(q, json_string_value(v), json_string_length(v), reterr);
}

static enum err set_limit(struct query *q, json_t *v, int64_t now_ms unused_arg,
			  struct diag *reterr)
{
	return get_count(v, "limit", &q->limit, reterr);
}

static enum err set_offset(struct query *q, json_t *v, int64_t now_ms unused_arg,
			   struct diag *reterr)
{
	return get_count(v, "offset", &q->offset, reterr);
}

static enum err set_step(struct query *q, json_t *v, int64_t now_ms unused_arg, struct diag *reterr)
{
	uint64_t step;
	enum err e = get_count(v, "step", &step, reterr);
	if (!e && step > UINT32_MAX)
		e = diag_set(reterr, ERR_LIMIT, 0, 0, "step is too long");
	if (!e)
		q->step_s = (uint32_t)step;
	return e;
}

static enum err set_desc(struct query *q, json_t *v, int64_t now_ms unused_arg, struct diag *reterr)
{
	return get_bool(v, "desc", &q->desc, reterr);
}

static enum err set_raw(struct query *q, json_t *v, int64_t now_ms unused_arg, struct diag *reterr)
{
	return get_bool(v, "raw", &q->raw, reterr);
}

static enum err set_coarse(struct query *q, json_t *v, int64_t now_ms unused_arg,
			   struct diag *reterr)
{
	return get_bool(v, "coarse", &q->coarse, reterr);
}

static enum err set_duplicates(struct query *q, json_t *v, int64_t now_ms unused_arg,
			       struct diag *reterr)
{
	bool counted;
	enum err e = get_bool(v, "duplicates", &counted, reterr);
	if (!e)
		q->duplicates = counted ? DUPLICATES_COUNTED : DUPLICATES_LEFT_OUT;
	return e;
}

static const struct {
	const char *key;
	set_fn *set;
} keys[] = {
    {"duplicates", set_duplicates}, {"time", set_time},
    {"filter", set_filter},         {"by", set_by},
    {"metric", set_metric},         {"limit", set_limit},
    {"limit_by", set_limit_by},     {"step", set_step},
    {"order", set_order},           {"desc", set_desc},
    {"offset", set_offset},         {"raw", set_raw},
    {"fields", set_fields},         {"coarse", set_coarse},
};

static set_fn *find_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strcmp(keys[i].key, name) == 0)
			return keys[i].set;
	return NULL;
}

static enum err set_all(struct query *q, json_t *root, int64_t now_ms, struct diag *reterr)
{
	for (void *i = json_object_iter(root); i; i = json_object_iter_next(root, i)) {
		const char *key = json_object_iter_key(i);
		set_fn *set = find_key(key);
		if (!set)
			return diag_set(reterr, ERR_UNKNOWN, 0, 0,
					"unknown key \"%.60s\" in the query", key);
		if (json_is_null(json_object_iter_value(i)))
			continue;
		enum err e = set(q, json_object_iter_value(i), now_ms, reterr);
		if (e)
			return e;
	}
	return ERR_OK;
}

enum err query_from_json(struct query *q, const char *json, size_t n, int64_t now_ms,
			 struct diag *reterr)
{
	json_error_t why;
	if (n > JSON_MAX)
		return diag_set(reterr, ERR_LIMIT, 0, 0, "the query is longer than %d bytes",
				JSON_MAX);
	json_t *root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return diag_set(reterr, ERR_SYNTAX, 0, 0,
				"the query is not JSON: line %d, column %d: %.120s", why.line,
				why.column, why.text);
	enum err e = json_is_object(root)
			 ? set_all(q, root, now_ms, reterr)
			 : diag_set(reterr, ERR_TYPE, 0, 0, "the query must be a JSON object");
	json_decref(root);
	return e;
}
