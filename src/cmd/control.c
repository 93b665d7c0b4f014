/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/control.h"

#include "base/timefmt.h"
#include "cmd/folders.h"
#include "http/http.h"
#include "model/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct control {
	struct control_ops ops;
	struct http_server *server;
	int64_t started_ms;
	uint64_t started_ns;
	char path[CONTROL_PATH_MAX];
};

static bool is_ready(const struct control *c, struct diag *d)
{
	*d = (struct diag){0};
	return !c->ops.ready || c->ops.ready(c->ops.ctx, d);
}

static void healthz(struct control *c, struct http_request *req)
{
	struct diag d;
	if (is_ready(c, &d))
		http_reply_text(req, 200, "ok");
	else
		http_reply_text(req, 503, "%s", *d.msg ? d.msg : "not ready");
}

static void metrics(struct control *c, struct http_request *req)
{
	struct buf out = {0};
	struct diag d;
	if (c->ops.stats) {
		struct stats sum = {0};
		c->ops.stats(c->ops.ctx, &sum);
		stats_metrics(&out, &sum, c->ops.role);
	}
	buf_fmt(&out, "# TYPE weir_up gauge\nweir_up{role=\"%s\",version=\"%s\"} %d\n", c->ops.role,
		WEIR_VERSION, is_ready(c, &d));
	buf_fmt(&out,
		"# TYPE weir_start_time_seconds gauge\nweir_start_time_seconds{role=\"%s\"} %lld\n",
		c->ops.role, (long long)(c->started_ms / 1000));
	if (c->ops.metrics)
		c->ops.metrics(c->ops.ctx, &out);
	http_reply_buf(req, 200, "text/plain; version=0.0.4; charset=utf-8", &out);
	buf_fini(&out);
}

static void state(struct control *c, struct http_request *req)
{
	struct buf out = {0};
	struct diag d;
	bool ready = is_ready(c, &d);
	buf_fmt(&out,
		"{\"role\":\"%s\",\"version\":\"%s\",\"pid\":%d,\"started\":%lld,\"uptime_s\":%llu,"
		"\"ready\":%s",
		c->ops.role, WEIR_VERSION, (int)getpid(), (long long)c->started_ms,
		(unsigned long long)((clock_mono_ns() - c->started_ns) / 1000000000),
		ready ? "true" : "false");
	if (!ready) {
		buf_json_key(&out, "error");
		buf_json_str(&out, d.msg, strlen(d.msg));
	}
	buf_json_key(&out, "listen");
	if (c->ops.listen)
		c->ops.listen(c->ops.ctx, &out);
	else
		buf_str(&out, "[]");
	if (c->ops.stats) {
		struct stats sum = {0};
		c->ops.stats(c->ops.ctx, &sum);
		buf_json_key(&out, "stats");
		stats_json(&out, &sum);
	}
	if (c->ops.state)
		c->ops.state(c->ops.ctx, &out);
	buf_str(&out, "}\n");
	http_reply_buf(req, 200, "application/json", &out);
	buf_fini(&out);
}

static void reload(struct control *c, struct http_request *req)
{
	struct diag d = {0};
	struct buf out = {0};
	if (!c->ops.reload) {
		http_reply_text(req, 501, "%s cannot reload; restart it", c->ops.role);
		return;
	}
	enum err e = c->ops.reload(c->ops.ctx, &out, &d);
	if (e)
		http_reply_text(req, 422, "%s", *d.msg ? d.msg : err_text(e));
	else
		http_reply_buf(req, 200, "application/json", &out);
	buf_fini(&out);
}

static const struct route {
	enum http_method method;
	const char *path;
	void (*handle)(struct control *, struct http_request *);
} routes[] = {
    {HTTP_GET, "/healthz", healthz},
    {HTTP_GET, "/metrics", metrics},
    {HTTP_GET, "/state.json", state},
    {HTTP_POST, "/reload", reload},
};

static void handle(struct http_request *req, void *ctx)
{
	bool path_known = false;
	enum http_method method = http_method(req) == HTTP_HEAD ? HTTP_GET : http_method(req);
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (strcmp(routes[i].path, http_path(req)) != 0)
			continue;
		path_known = true;
		if (routes[i].method == method) {
			routes[i].handle(ctx, req);
			return;
		}
	}
	http_reply_text(req, path_known ? 405 : 404, "%s",
			path_known ? "method not allowed" : "not found");
}

enum err control_path(const char *dir, const char *role, char ret[CONTROL_PATH_MAX])
{
	int n = snprintf(ret, CONTROL_PATH_MAX, "%s/run/%s.sock", dir, role);
	return n < 0 || n >= CONTROL_PATH_MAX ? ERR_LIMIT : ERR_OK;
}

enum err control_start(const char *dir, const struct control_ops *ops, struct control **ret,
		       struct diag *reterr)
{
	struct control *c = calloc(1, sizeof(*c));
	if (!c)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	c->ops = *ops;
	c->started_ms = clock_wall_ms();
	c->started_ns = clock_mono_ns();
	enum err e = control_path(dir, ops->role, c->path);
	if (e)
		diag_set(reterr, e, 0, 0, "the path of dir is too long for sockets: %s", dir);
	else if ((e = folders_make(dir)))
		diag_set(reterr, e, 0, 0, "cannot make %s/run: %s", dir, err_text(e));
	else
		e = http_server_start(
		    &(struct http_opts){
			.unix_path = c->path, .mode = 0660, .handler = handle, .ctx = c},
		    &c->server, reterr);
	if (e) {
		free(c);
		return e;
	}
	*ret = c;
	return ERR_OK;
}

void control_stop(struct control **c)
{
	if (*c) {
		http_server_stop(&(*c)->server);
		unlink((*c)->path);
		free(*c);
	}
	*c = NULL;
}
