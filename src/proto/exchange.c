/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/exchange.h"

#include "base/attr.h"

void exchange_ask(struct exchange *x, struct dissect_ctx *c)
{
	notes_num_add(c->notes, F_app_requests, 1);
	if (x->n == EXCHANGE_WAITING)
		exchange_drop(x);
	x->asked_ns[(x->first + x->n++) % EXCHANGE_WAITING] = c->t_ns;
}

void exchange_drop(struct exchange *x)
{
	if (x->n == 0)
		return;
	x->first = (uint8_t)((x->first + 1) % EXCHANGE_WAITING);
	x->n--;
}

void exchange_answer(struct exchange *x, struct dissect_ctx *c)
{
	if (x->n == 0)
		return;
	uint64_t asked_ns = x->asked_ns[x->first];
	uint64_t us = c->first_ns > asked_ns ? (c->first_ns - asked_ns) / 1000 : 0;
	exchange_drop(x);
	notes_num_once(c->notes, F_app_rt_us, us);
	notes_num_min(c->notes, F_app_rt_min_us, us);
	notes_num_max(c->notes, F_app_rt_max_us, us);
	notes_num_add(c->notes, F_app_rt_sum_us, us);
	notes_num_add(c->notes, F_app_answers, 1);
}

void exchange_failed(struct dissect_ctx *c)
{
	notes_num_add(c->notes, F_app_errors, 1);
}
