/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of a connection that wait for their answers, of protocols where an answer is known by
 * what was asked or by its number; where the order is all there is, proto/exchange.h does. Notes
 * app_requests, app_answers, app_errors and app_rt_*_us. Answers come in the order of the requests
 * (key 0), or name theirs (a message id, the hash of a tag).
 *
 * A response time runs from the packet that ended the request to the one that began the answer.
 * At most ASKED_OPEN requests are remembered; those beyond are counted and have no time. */
#pragma once
#include "proto/notes.h"

enum { ASKED_OPEN = 24, ASKED_NONE = 0xff };

struct asked {
	struct {
		uint64_t t_ns;
		uint32_t key;
		uint8_t kind;
	} open[ASKED_OPEN]; /* oldest first */
	uint8_t n;
	uint16_t beyond; /* requests behind the last of open[] */
};

static inline void asked_ask(struct asked *x, struct notes *notes, uint64_t t_ns, uint32_t key,
			     uint8_t kind)
{
	notes_num_add(notes, F_app_requests, 1);
	if (x->n == ASKED_OPEN || x->beyond) {
		x->beyond = (uint16_t)(x->beyond + (x->beyond < UINT16_MAX));
		return;
	}
	x->open[x->n].t_ns = t_ns;
	x->open[x->n].key = key;
	x->open[x->n++].kind = kind;
}

/* The place of the request that the answer with this key is for; ASKED_OPEN if none waits. */
static inline unsigned asked_find(const struct asked *x, uint32_t key)
{
	for (unsigned i = 0; i < x->n; i++)
		if (x->open[i].key == key)
			return i;
	return ASKED_OPEN;
}

/* What is asked first of those that wait; ASKED_NONE if nothing is known of it. */
static inline uint8_t asked_next(const struct asked *x)
{
	return x->n ? x->open[0].kind : (uint8_t)ASKED_NONE;
}

/* An answer began at t_ns: its request waits no more. Returns the kind of the request,
 * ASKED_NONE if it is not known. */
static inline uint8_t asked_answer(struct asked *x, struct notes *notes, uint64_t t_ns,
				   uint32_t key, bool failed)
{
	if (failed)
		notes_num_add(notes, F_app_errors, 1);
	unsigned i = asked_find(x, key);
	if (i == ASKED_OPEN) {
		x->beyond = (uint16_t)(x->beyond - (x->beyond > 0));
		return ASKED_NONE;
	}
	uint8_t kind = x->open[i].kind;
	uint64_t us = t_ns > x->open[i].t_ns ? (t_ns - x->open[i].t_ns) / 1000 : 0;
	notes_num_once(notes, F_app_rt_us, us);
	notes_num_min(notes, F_app_rt_min_us, us);
	notes_num_max(notes, F_app_rt_max_us, us);
	notes_num_add(notes, F_app_rt_sum_us, us);
	notes_num_add(notes, F_app_answers, 1);
	x->n--;
	memmove(&x->open[i], &x->open[i + 1], (x->n - i) * sizeof(x->open[0]));
	return kind;
}

/* The oldest request has no answer that can be timed (a wait for events, an answer that was lost).
 */
static inline void asked_forget(struct asked *x)
{
	x->n = (uint8_t)(x->n - (x->n > 0));
	memmove(&x->open[0], &x->open[1], x->n * sizeof(x->open[0]));
}

/* Bytes were lost: nobody knows any more which answer is whose. */
static inline void asked_lost(struct asked *x)
{
	x->n = 0;
	x->beyond = 0;
}
