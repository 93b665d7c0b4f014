/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/asked.h"

void asked_ask(struct asked *x, struct dissect_ctx *c, uint32_t key, uint8_t kind)
{
	notes_num_add(c->notes, F_app_requests, 1);
	if (x->n == ASKED_OPEN || x->beyond) {
		x->beyond = (uint16_t)(x->beyond + (x->beyond < UINT16_MAX));
		return;
	}
	x->open[x->n].t_ns = c->t_ns;
	x->open[x->n].key = key;
	x->open[x->n++].kind = kind;
}

unsigned asked_find(const struct asked *x, uint32_t key)
{
	for (unsigned i = 0; i < x->n; i++)
		if (x->open[i].key == key)
			return i;
	return ASKED_OPEN;
}

uint8_t asked_next(const struct asked *x)
{
	return x->n ? x->open[0].kind : (uint8_t)ASKED_NONE;
}

static void note_time(struct notes *n, uint64_t us)
{
	notes_num_once(n, F_app_rt_us, us);
	notes_num_min(n, F_app_rt_min_us, us);
	notes_num_max(n, F_app_rt_max_us, us);
	notes_num_add(n, F_app_rt_sum_us, us);
	notes_num_add(n, F_app_answers, 1);
}

uint8_t asked_answer(struct asked *x, struct dissect_ctx *c, uint32_t key, bool failed)
{
	if (failed)
		asked_failed(c);
	unsigned i = asked_find(x, key);
	if (i == ASKED_OPEN) {
		x->beyond = (uint16_t)(x->beyond - (x->beyond > 0));
		return ASKED_NONE;
	}
	uint8_t kind = x->open[i].kind;
	uint64_t asked_ns = x->open[i].t_ns;
	note_time(c->notes, c->first_ns > asked_ns ? (c->first_ns - asked_ns) / 1000 : 0);
	x->n--;
	memmove(&x->open[i], &x->open[i + 1], (x->n - i) * sizeof(x->open[0]));
	return kind;
}

void asked_failed(struct dissect_ctx *c)
{
	notes_num_add(c->notes, F_app_errors, 1);
}

void asked_lost(struct asked *x)
{
	x->n = 0;
	x->beyond = 0;
}
