/* SPDX-License-Identifier: Apache-2.0 */
/* The timer wheel: every flow stands in the slot of the time when it has to be looked at. A flow
 * that got packets since is put on again; one that is due is given out at most a slot (134 ms)
 * late, whatever the packet rate, in the order they were put on. Lists run through struct flow, so
 * nothing is allocated. */
#pragma once
#include "meter/cache.h"

enum {
	WHEEL_SHIFT = 27,   /* ns of a slot: 2^27, 134 ms */
	WHEEL_SLOTS = 4096, /* 9 minutes; later times are looked at then and put on again */
};

struct wheel {
	uint64_t at, to;            /* slots before `at` are empty; up to `to` may be given out */
	uint32_t slot[WHEEL_SLOTS]; /* first flow, or FLOW_NONE */
	uint32_t last[WHEEL_SLOTS]; /* where there is a first one */
};

/* now_ns: no flow is due before. */
void wheel_init(struct wheel *w, uint64_t now_ns);
void wheel_put(struct wheel *w, struct cache *t, uint32_t i, uint64_t due_ns);
void wheel_remove(struct wheel *w, struct cache *t, uint32_t i);
/* It is now_ns, not less than before: wheel_next may give out what is due. */
void wheel_turn(struct wheel *w, uint64_t now_ns);
/* A flow whose slot is over, taken from the wheel; FLOW_NONE: no more. */
uint32_t wheel_next(struct wheel *w, struct cache *t);
