/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_MIN = 16 * 1024, ALIGN = 16 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t cap, used;
	alignas(ALIGN) uint8_t data[];
};

void arena_fini(struct arena *a)
{
	for (struct arena_chunk *c = a->first, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	a->first = a->last = NULL;
	a->used = 0;
}

void arena_reset(struct arena *a)
{
	if (!a->first)
		return;
	struct arena_chunk *keep = a->first;
	for (struct arena_chunk *c = keep->next, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	keep->next = NULL;
	keep->used = 0;
	a->last = keep;
	a->used = 0;
}

void *arena_alloc(struct arena *a, size_t n)
{
	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (a->max && (n > a->max || a->used > a->max - n))
		return NULL;
	struct arena_chunk *c = a->last;
	if (!c || c->cap - c->used < n) {
		size_t cap = n > CHUNK_MIN ? n : CHUNK_MIN;
		c = malloc(sizeof(*c) + cap);
		if (!c)
			return NULL;
		*c = (struct arena_chunk){.cap = cap};
		if (a->last)
			a->last->next = c;
		else
			a->first = c;
		a->last = c;
	}
	void *p = c->data + c->used;
	c->used += n;
	a->used += n;
	return memset(p, 0, n);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);
	return p ? memcpy(p, s, n) : NULL;
}
