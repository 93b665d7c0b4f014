/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/slots.h"

#include <string.h>

uint32_t slots_take(struct slots *s)
{
	uint32_t slot = s->free;
	if (!slot)
		return ++s->top; /* never used: zero */
	memcpy(&s->free, slots_at(s, slot), sizeof(s->free));
	memset(slots_at(s, slot), 0, s->size);
	return slot;
}

void slots_give(struct slots *s, uint32_t slot)
{
	if (!slot)
		return;
	memcpy(slots_at(s, slot), &s->free, sizeof(s->free));
	s->free = slot;
}
