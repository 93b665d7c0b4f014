/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/remote.h"

#include "conf/conf.h"
#include "net/http_client.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALL_MS = 300000, ANSWER_MAX = 512 << 20, PROBLEM_MAX = 64 << 10, HEADERS_MAX = 3 };

struct remote {
	struct http_client *http;
	struct buf url, authorization;
};

enum err remote_open(const struct remote_args *a, struct remote **ret, struct diag *reterr)
{
	struct remote *r = calloc(1, sizeof(*r));
	struct buf token = {0};
	size_t n = strlen(a->api);
	enum err e = r ? http_client_new(&r->http) : ERR_NOMEM;
	if (e) {
		free(r);
		return diag_set(reterr, e, 0, 0, "%s", err_text(e));
	}
	while (n && a->api[n - 1] == '/')
		n--;
	buf_fmt(&r->url, "%s%.*s", strstr(a->api, "://") ? "" : "http://", (int)n, a->api);
	if (a->token_file && (e = conf_read_secret(a->token_file, &token)) != ERR_OK)
		diag_set(reterr, e, 0, 0, "%s: %s", a->token_file, err_text(e));
	if (a->token_file)
		buf_fmt(&r->authorization, "Authorization: Bearer %s", buf_cstr(&token));
	buf_fini(&token);
	if (e)
		remote_close(&r);
	else
		*ret = r;
	return e;
}

void remote_close(struct remote **pr)
{
	struct remote *r = *pr;
	*pr = NULL;
	if (!r)
		return;
	http_client_free(r->http);
	buf_fini(&r->url);
	buf_fini(&r->authorization);
	free(r);
}

struct answer {
	remote_data_fn *on_data;
	void *arg;
	struct buf problem;
};

static bool take(void *arg, int status, const uint8_t *p, size_t n)
{
	struct answer *a = arg;
	if (status / 100 == 2)
		return a->on_data(a->arg, p, n);
	buf_put(&a->problem, p, MIN_OF(n, PROBLEM_MAX - MIN_OF(a->problem.n, (size_t)PROBLEM_MAX)));
	return true;
}

/* The words of application/problem+json. */
static enum err refused(const struct remote *r, int status, const struct buf *problem,
			struct diag *reterr)
{
	json_t *o = json_loadb((const char *)problem->p, problem->n, 0, NULL);
	const char *detail = json_string_value(json_object_get(o, "detail"));
	enum err e =
	    diag_set(reterr, ERR_REMOTE, 0, 0, "%s answers %d%s%.150s", (const char *)r->url.p,
		     status, detail ? ": " : "", detail ? detail : "");
	json_decref(o);
	return e;
}

enum err remote_call(struct remote *r, const char *path, const char *accept, const struct buf *body,
		     remote_data_fn *on_data, void *arg, struct diag *reterr)
{
	struct buf url = {0}, accepts = {0};
	struct answer a = {.on_data = on_data, .arg = arg};
	const char *headers[HEADERS_MAX];
	size_t n = 0;
	int status = 0;
	buf_fmt(&url, "%s%s", buf_cstr(&r->url), path);
	buf_fmt(&accepts, "Accept: %s", accept);
	headers[n++] = buf_cstr(&accepts);
	if (r->authorization.n)
		headers[n++] = buf_cstr(&r->authorization);
	if (body)
		headers[n++] = "Content-Type: application/json";
	const struct http_call call = {.method = body ? "POST" : "GET",
				       .url = buf_cstr(&url),
				       .headers = headers,
				       .n_headers = n,
				       .body = body ? body->p : NULL,
				       .body_len = body ? body->n : 0,
				       .total_ms = CALL_MS,
				       .on_body = take,
				       .arg = &a};
	enum err e = http_client_do(r->http, &call, &status, reterr);
	if (!e && status / 100 != 2)
		e = refused(r, status, &a.problem, reterr);
	buf_fini(&a.problem);
	buf_fini(&url);
	buf_fini(&accepts);
	return e;
}

static bool append(void *arg, const uint8_t *p, size_t n)
{
	struct buf *out = arg;
	buf_put(out, p, n);
	return !out->bad;
}

enum err remote_fetch(struct remote *r, const char *path, const struct buf *body, struct buf *out,
		      struct diag *reterr)
{
	out->max = ANSWER_MAX;
	return remote_call(r, path, "application/json", body, append, out, reterr);
}
