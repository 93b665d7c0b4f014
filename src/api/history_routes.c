/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of the collector, or of an exporter, over time. */
#include "api/api_priv.h"
#include "base/timefmt.h"
#include "query/history.h"

static enum err read_question(struct api_call *c, struct history_query *q, struct diag *d)
{
	int64_t now = clock_wall_ms();
	enum err e = ERR_OK;
	history_init(q, now);
	for (size_t i = 0; i < http_param_count(c->req) && !e; i++) {
		const struct http_pair *p = http_param_at(c->req, i);
		e = history_set(q, p->name, p->value, now, d);
	}
	return e ? e : history_check(q, d);
}

static enum err answer(struct api_call *c, const struct history_query *q, struct running *running,
		       struct buf *out, struct diag *d)
{
	struct store *store;
	struct arena arena = {0};
	struct history_result r;
	const struct run_options o = {.query_id = *running->id ? running->id : NULL,
				      .cancel = &running->cancel,
				      .timeout_ms = API_TIMEOUT_MS};
	enum err e = c->api->o.ops.open_store(c->api->o.ops.ctx, &store, d);
	if (e)
		return e;
	e = history_run(store, q, &o, &arena, &r, d);
	if (!e)
		history_json(out, q, &r);
	c->api->o.ops.close_store(store);
	arena_fini(&arena);
	return e;
}

void route_accounting(struct api_call *c)
{
	struct history_query q;
	struct buf out = {0};
	struct diag d = {0};
	enum err e = read_question(c, &q, &d);
	if (e) {
		api_problem_of(c, e, &d, NULL);
		return;
	}
	struct running *running = running_begin(c);
	if (!running)
		return;
	e = answer(c, &q, running, &out, &d);
	http_off_hangup(c->req);
	running_end(c->api, running);
	if (e) {
		api_problem_of(c, e, &d, NULL);
		buf_fini(&out);
	} else {
		http_set_header(c->req, "Cache-Control", "no-store");
		api_reply_json(c, &out);
	}
}
