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

static enum err ask(struct store *s, const void *question, const struct run_options *o,
		    struct arena *arena, struct buf *out, struct diag *d)
{
	struct interfaces_result r;
	enum err e = interfaces_run(s, question, o, arena, &r, d);
	if (!e)
		interfaces_json(out, question, &r);
	return e;
}

void route_interfaces(struct api_call *c)
{
	struct interfaces_query q;
	struct diag d = {0};
	enum err e = read_question(c, &q, &d);
	if (e)
		api_problem_of(c, e, &d, NULL);
	else
		api_ask(c, ask, &q);
}
