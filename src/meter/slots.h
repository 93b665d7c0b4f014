/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of one size for what only some flows need, by number. Room for one a flow is reserved at
 * once and taken page by page as they come, so nothing is ever moved and asking cannot fail; those
 * given back are used again first. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct slots {
	uint8_t *mem; /* of a mapping that the owner keeps: zero, and room for all that are taken */
	size_t size;  /* of a piece, >= 4 */
	uint32_t top, free;
};

/* A piece, all zero: its number, > 0. */
uint32_t slots_take(struct slots *s);
/* 0 is nothing. */
void slots_give(struct slots *s, uint32_t slot);
static inline void *slots_at(const struct slots *s, uint32_t slot)
{
	return s->mem + (size_t)(slot - 1) * s->size;
}
