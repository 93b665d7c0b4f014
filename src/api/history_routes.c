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

static enum err ask(struct store *s, const void *question, const struct run_options *o,
		    struct arena *arena, struct buf *out, struct diag *d)
{
	struct history_result r;
	enum err e = history_run(s, question, o, arena, &r, d);
	if (!e)
		history_json(out, question, &r);
	return e;
}

void route_accounting(struct api_call *c)
{
	struct history_query q;
	struct diag d = {0};
	enum err e = read_question(c, &q, &d);
	if (e)
		api_problem_of(c, e, &d, NULL);
	else
		api_ask(c, ask, &q);
}
