/* SPDX-License-Identifier: Apache-2.0 */
#include "api/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum err json_in_read(const void *p, size_t n, struct arena *arena, struct json_in *ret,
		      struct diag *reterr)
{
	json_error_t why;
	json_t *root = json_loadb(p ? p : "", p ? n : 0, 0, &why);
	json_t *filter = json_object_get(root, "filter"), *pos = json_object_get(root, "pos");
	enum err e = ERR_OK;
	if (!root)
		e = diag_set(reterr, ERR_SYNTAX, 0, 0, "the body is not JSON: %.120s", why.text);
	else if (!json_is_string(filter))
		e = diag_set(reterr, ERR_TYPE, 0, 0, "\"filter\" must be text");
	else if (pos && (!json_is_integer(pos) || json_integer_value(pos) < 0))
		e = diag_set(reterr, ERR_TYPE, 0, 0, "\"pos\" must be a whole number, 0 or more");
	if (!e) {
		ret->filter =
		    arena_strndup(arena, json_string_value(filter), json_string_length(filter));
		ret->pos = pos ? (size_t)json_integer_value(pos) : SIZE_MAX;
		e = ret->filter ? ERR_OK : ERR_NOMEM;
	}
	json_decref(root);
	return e;
}

static void put_member(struct buf *out, json_t *root, const char *key)
{
	json_t *v = json_object_get(root, key);
	char *text = v ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	if (text)
		buf_str(out, text);
	free(text);
}

enum err json_state_read(const void *p, size_t n, struct json_state *ret)
{
	json_error_t why;
	json_t *root = json_loadb(p ? p : "", p ? n : 0, 0, &why);
	if (!json_is_object(root)) {
		json_decref(root);
		return ERR_MALFORMED;
	}
	ret->ready = json_is_true(json_object_get(root, "ready"));
	ret->pid = json_integer_value(json_object_get(root, "pid"));
	ret->uptime_s = json_integer_value(json_object_get(root, "uptime_s"));
	ret->lag_ms = json_integer_value(json_object_get(root, "lag_ms"));
	const char *error = json_string_value(json_object_get(root, "error"));
	buf_str(&ret->error, error ? error : "");
	put_member(&ret->listen, root, "listen");
	put_member(&ret->accounting, root, "accounting");
	put_member(&ret->exporters, root, "exporters");
	put_member(&ret->roles, root, "roles");
	json_decref(root);
	return ERR_OK;
}

void json_state_fini(struct json_state *s)
{
	buf_fini(&s->error);
	buf_fini(&s->listen);
	buf_fini(&s->accounting);
	buf_fini(&s->exporters);
	buf_fini(&s->roles);
}
