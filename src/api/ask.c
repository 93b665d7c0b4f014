/* SPDX-License-Identifier: Apache-2.0 */
/* Routes with a question of their own: the store is asked, the answer is JSON, and the asking ends
 * when the client goes. */
#include "api/api_priv.h"

static enum err ask_store(struct api_call *c, struct running *running, api_ask_fn *ask,
			  const void *question, struct buf *out, struct diag *d)
{
	const struct api_ops *ops = &c->api->o.ops;
	struct store *store;
	struct arena arena = {0};
	const struct run_options o = {.query_id = *running->id ? running->id : NULL,
				      .cancel = &running->cancel,
				      .timeout_ms = API_TIMEOUT_MS};
	enum err e = ops->open_store(ops->ctx, &store, d);
	if (e)
		return e;
	e = ask(store, question, &o, &arena, out, d);
	ops->close_store(store);
	arena_fini(&arena);
	return e;
}

void api_ask(struct api_call *c, api_ask_fn *ask, const void *question)
{
	struct buf out = {0};
	struct diag d = {0};
	struct running *running = running_begin(c);
	if (!running)
		return;
	enum err e = ask_store(c, running, ask, question, &out, &d);
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
