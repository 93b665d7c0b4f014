/* SPDX-License-Identifier: Apache-2.0 */
/* What interfaces carried, by the counters of the devices. */
#include "api/api_priv.h"
#include "base/timefmt.h"
#include "query/interfaces.h"

#include <string.h>

static enum err read_question(struct api_call *c, struct interfaces_query *q, struct diag *d)
{
	bool get = http_method(c->req) != HTTP_POST;
	const char *param = http_param(c->req, "q");
	const char *text = get ? param : (const char *)http_body(c->req);
	size_t n = get ? (param ? strlen(param) : 0) : http_body_len(c->req);
	int64_t now = clock_wall_ms();
	interfaces_init(q, now);
	enum err e = text && n ? interfaces_from_json(q, text, n, now, d) : ERR_OK;
	return e ? e : interfaces_check(q, d);
}

static enum err answer(struct api_call *c, const struct interfaces_query *q,
		       struct running *running, struct buf *out, struct diag *d)
{
	struct store *store;
	struct arena arena = {0};
	struct interfaces_result r;
	const struct run_options o = {.query_id = *running->id ? running->id : NULL,
				      .cancel = &running->cancel,
				      .timeout_ms = API_TIMEOUT_MS};
	enum err e = c->api->o.ops.open_store(c->api->o.ops.ctx, &store, d);
	if (e)
		return e;
	e = interfaces_run(store, q, &o, &arena, &r, d);
	if (!e)
		interfaces_json(out, q, &r);
	c->api->o.ops.close_store(store);
	arena_fini(&arena);
	return e;
}

void route_interfaces(struct api_call *c)
{
	struct interfaces_query q;
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
