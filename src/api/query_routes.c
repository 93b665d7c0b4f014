/* SPDX-License-Identifier: Apache-2.0 */
/* series, top and flows: read the query, run it, answer in the format asked for. */
#include "api/api_priv.h"

#include "base/timefmt.h"
#include "query/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum format { FORMAT_JSON, FORMAT_CSV, FORMAT_NDJSON, FORMAT_MAX };
static const struct {
	const char *name, *type;
} formats[FORMAT_MAX] = {[FORMAT_JSON] = {"json", "application/json"},
			 [FORMAT_CSV] = {"csv", "text/csv; charset=utf-8; header=present"},
			 [FORMAT_NDJSON] = {"ndjson", "application/x-ndjson"}};

/* A query route under way; heap-allocated, because a stream outlives the handler. */
struct work {
	struct api_call call;
	struct arena arena;
	struct query q;
	struct store *store;
	struct running *running;
	enum format format;
	struct run_options run;
	/* a stream of flows */
	struct flows_stream *flows;
	struct buf out;
	bool header, done, first_sent;
};

static void work_free(void *ctx)
{
	struct work *w = ctx;
	flows_end(&w->flows, NULL);
	http_off_hangup(w->call.req);
	if (w->running)
		running_end(w->call.api, w->running);
	if (w->store)
		w->call.api->o.ops.close_store(w->store);
	buf_fini(&w->out);
	arena_fini(&w->arena);
	free(w);
}

static bool read_format(struct work *w)
{
	struct http_request *req = w->call.req;
	const char *name = http_param(req, "format");
	w->format = !name && http_accepts_type(req, "text/csv")               ? FORMAT_CSV
		    : !name && http_accepts_type(req, "application/x-ndjson") ? FORMAT_NDJSON
									      : FORMAT_JSON;
	for (enum format f = 0; name && f < FORMAT_MAX; f++)
		if (strcmp(formats[f].name, name) == 0) {
			w->format = f;
			return true;
		}
	if (name)
		api_problem(&w->call, 400, "format is json, csv or ndjson");
	return !name;
}

static bool read_query(struct work *w, enum query_kind kind)
{
	struct http_request *req = w->call.req;
	struct diag d = {0};
	const char *q = http_param(req, "q");
	bool get = http_method(req) != HTTP_POST;
	const char *text = get ? q : (const char *)http_body(req);
	size_t n = get ? (q ? strlen(q) : 0) : http_body_len(req);
	int64_t now = clock_wall_ms();
	query_init(&w->q, kind, now, &w->arena);
	enum err e = text && n ? query_from_json(&w->q, text, n, now, &d) : ERR_OK;
	if (!e)
		e = query_check(&w->q, &d);
	if (e)
		api_problem_of(&w->call, e, &d, w->q.filter_text);
	return e == ERR_OK;
}

/* Everything before the store is asked; NULL: the answer is made. */
static struct work *begin(struct api_call *c, enum query_kind kind)
{
	struct diag d = {0};
	struct work *w = calloc(1, sizeof(*w));
	if (!w) {
		api_problem(c, 503, "out of memory");
		return NULL;
	}
	w->call = *c;
	if (read_format(w) && read_query(w, kind))
		w->running = running_begin(&w->call);
	if (!w->running) {
		work_free(w);
		return NULL;
	}
	enum err e = c->api->o.ops.open_store(c->api->o.ops.ctx, &w->store, &d);
	if (e) {
		api_problem_of(c, e, &d, NULL);
		work_free(w);
		return NULL;
	}
	w->run = (struct run_options){.query_id = *w->running->id ? w->running->id : NULL,
				      .cancel = &w->running->cancel,
				      .timeout_ms = API_TIMEOUT_MS,
				      .only_used = w->format == FORMAT_CSV};
	return w;
}

static void name_file(struct work *w, const char *what)
{
	char value[80];
	if (w->format == FORMAT_JSON)
		return;
	snprintf(value, sizeof(value), "attachment; filename=\"weir-%s.%s\"", what,
		 formats[w->format].name);
	http_set_header(w->call.req, "Content-Disposition", value);
}

/* The answer of a query whose result is in out, or the problem. */
static void finish(struct work *w, const char *what, enum err e, const struct diag *d)
{
	if (e) {
		api_problem_of(&w->call, e, d, NULL);
	} else {
		name_file(w, what);
		http_set_header(w->call.req, "Cache-Control", "no-store");
		http_reply_buf(w->call.req, 200, formats[w->format].type, &w->out);
	}
	work_free(w);
}

void route_series(struct api_call *c)
{
	static void (*const render[FORMAT_MAX])(struct buf *, const struct query *,
						const struct series_result *) = {
	    [FORMAT_JSON] = render_series_json,
	    [FORMAT_CSV] = render_series_csv,
	    [FORMAT_NDJSON] = render_series_ndjson};
	struct series_result r;
	struct diag d = {0};
	struct work *w = begin(c, QUERY_SERIES);
	if (!w)
		return;
	enum err e = run_series(w->store, &w->q, &w->run, &r, &d);
	if (!e)
		render[w->format](&w->out, &w->q, &r);
	finish(w, "series", e, &d);
}

void route_top(struct api_call *c)
{
	static void (*const render[FORMAT_MAX])(struct buf *, const struct query *,
						const struct top_result *) = {
	    [FORMAT_JSON] = render_top_json,
	    [FORMAT_CSV] = render_top_csv,
	    [FORMAT_NDJSON] = render_top_ndjson};
	struct top_result r;
	struct diag d = {0};
	struct work *w = begin(c, QUERY_TOP);
	if (!w)
		return;
	enum err e = run_top(w->store, &w->q, &w->run, &r, &d);
	if (!e)
		render[w->format](&w->out, &w->q, &r);
	finish(w, "top", e, &d);
}

/* --- flows */
static bool add_json(void *arg, const struct batch *b)
{
	struct work *w = arg;
	size_t before = w->out.n;
	bool first = w->out.p[before - 1] == '[';
	if (!first)
		buf_u8(&w->out, ',');
	render_flows_ndjson(&w->out, b);
	for (size_t i = before; i < w->out.n; i++)
		if (w->out.p[i] == '\n')
			w->out.p[i] = ',';
	w->out.n -= !w->out.bad;
	return !w->out.bad;
}

static void flows_json(struct work *w)
{
	struct diag d = {0};
	struct run_cost cost = {0};
	uint64_t total = 0;
	enum err e = ERR_OK;
	if (w->q.limit > API_FLOWS_JSON_MAX)
		e = diag_set(&d, ERR_LIMIT, 0, 0,
			     "limit may be at most %d in JSON; csv and ndjson are streamed",
			     API_FLOWS_JSON_MAX);
	buf_str(&w->out, "{\"rows\":[");
	if (!e)
		e = run_flows(w->store, &w->q, &w->run, add_json, w, &cost, &d);
	if (!e)
		e = run_flows_count(w->store, &w->q, &w->run, &total, &cost, &d);
	buf_fmt(&w->out, "],\"total\":%llu,\"offset\":%llu,\"elapsed_ms\":%llu,\"rows_read\":%llu}",
		(unsigned long long)total, (unsigned long long)w->q.offset,
		(unsigned long long)cost.elapsed_ms, (unsigned long long)cost.rows_read);
	finish(w, "flows", e, &d);
}

static bool add_text(void *arg, const struct batch *b)
{
	struct work *w = arg;
	if (w->format == FORMAT_NDJSON) {
		render_flows_ndjson(&w->out, b);
		return !w->out.bad;
	}
	if (!w->header)
		render_flows_csv_header(&w->out, b);
	w->header = true;
	render_flows_csv(&w->out, b);
	return !w->out.bad;
}

/* Steps until there is something to send. An error inside a started stream breaks the connection,
 * so that the client sees that it has not all. */
static enum http_more next_flows(void *ctx, const uint8_t **ret_p, size_t *ret_n)
{
	struct work *w = ctx;
	struct diag d = {0};
	/* The first piece was made before the status was known. */
	if (w->first_sent)
		buf_reset(&w->out);
	w->first_sent = true;
	while (!w->done && w->out.n == 0)
		if (flows_step(w->flows, &w->done, &d) || w->out.bad)
			return HTTP_ABORT;
	*ret_p = w->out.p;
	*ret_n = w->out.n;
	return w->out.n ? HTTP_MORE : HTTP_END;
}

static void flows_stream(struct work *w)
{
	struct diag d = {0};
	enum err e = flows_begin(w->store, &w->q, &w->run, add_text, w, &w->flows, &d);
	/* The first piece before the status is sent: most errors show here. */
	while (!e && !w->done && w->out.n == 0)
		e = flows_step(w->flows, &w->done, &d);
	if (e || w->done) {
		finish(w, "flows", e, &d);
		return;
	}
	name_file(w, "flows");
	http_set_header(w->call.req, "Cache-Control", "no-store");
	http_reply_stream(w->call.req, 200, formats[w->format].type,
			  (struct http_stream){.next = next_flows, .free = work_free, .ctx = w});
}

void route_flows(struct api_call *c)
{
	struct work *w = begin(c, QUERY_FLOWS);
	if (!w)
		return;
	if (w->format == FORMAT_JSON)
		flows_json(w);
	else
		flows_stream(w);
}
