/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/wheel.h"

/* timer_prev of the first flow of a slot, timer_next of the last: the slot, marked. */
#define EDGE 0x80000000u

void wheel_init(struct wheel *w, uint64_t now_ns)
{
	w->at = w->to = now_ns >> WHEEL_SHIFT;
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		w->slot[i] = FLOW_NONE;
}

void wheel_put(struct wheel *w, struct cache *t, uint32_t i, uint64_t due_ns)
{
	uint64_t slot = due_ns >> WHEEL_SHIFT;
	if (slot <= w->to)
		slot = w->to + 1;
	if (slot >= w->at + WHEEL_SLOTS)
		slot = w->at + WHEEL_SLOTS - 1;
	uint32_t s = (uint32_t)(slot % WHEEL_SLOTS), last = w->last[s];
	t->flow[i].timer_next = EDGE | s;
	if (w->slot[s] == FLOW_NONE) {
		w->slot[s] = i;
		t->flow[i].timer_prev = EDGE | s;
	} else {
		t->flow[last].timer_next = i;
		t->flow[i].timer_prev = last;
	}
	w->last[s] = i;
}

void wheel_remove(struct wheel *w, struct cache *t, uint32_t i)
{
	uint32_t next = t->flow[i].timer_next, prev = t->flow[i].timer_prev;
	if (next & EDGE)
		w->last[next & ~EDGE] = prev;
	else
		t->flow[next].timer_prev = prev;
	if (prev & EDGE)
		w->slot[prev & ~EDGE] = next & EDGE ? FLOW_NONE : next;
	else
		t->flow[prev].timer_next = next;
}

void wheel_turn(struct wheel *w, uint64_t now_ns)
{
	w->to = now_ns >> WHEEL_SHIFT;
	/* However long it was, every slot is looked at once. */
	if (w->to > w->at + WHEEL_SLOTS)
		w->at = w->to - WHEEL_SLOTS;
}

uint32_t wheel_next(struct wheel *w, struct cache *t)
{
	while (w->at < w->to) {
		uint32_t i = w->slot[w->at % WHEEL_SLOTS];
		if (i != FLOW_NONE) {
			wheel_remove(w, t, i);
			return i;
		}
		w->at++;
	}
	return FLOW_NONE;
}
