/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/pool.h"

#include <stdlib.h>

enum { SLAB_BYTES = 256 * 1024 };

struct pool_free {
	struct pool_free *next;
};
struct pool_slab {
	struct pool_slab *next;
	_Alignas(16) uint8_t bytes[SLAB_BYTES];
};

void pool_init(struct pool *p, size_t max_bytes)
{
	*p = (struct pool){.max_bytes = max_bytes};
}

void pool_fini(struct pool *p)
{
	for (struct pool_slab *s = p->slabs, *next; s; s = next) {
		next = s->next;
		free(s);
	}
	*p = (struct pool){0};
}

static unsigned class_of(size_t n)
{
	size_t units = (n - 1) / POOL_SMALLEST;
	return units ? 64 - (unsigned)__builtin_clzll(units) : 0;
}

size_t pool_room(size_t n)
{
	return (size_t)POOL_SMALLEST << class_of(n);
}

void pool_give(struct pool *p, void *piece, size_t n)
{
	if (!piece)
		return;
	struct pool_free *f = piece;
	unsigned c = class_of(n);
	f->next = p->free[c];
	p->free[c] = f;
}

static void add_slab(struct pool *p, unsigned c)
{
	size_t size = (size_t)POOL_SMALLEST << c;
	struct pool_slab *s;
	if (p->bytes + SLAB_BYTES > p->max_bytes || !(s = malloc(sizeof(*s))))
		return;
	s->next = p->slabs;
	p->slabs = s;
	p->bytes += SLAB_BYTES;
	for (size_t at = SLAB_BYTES; at >= size; at -= size)
		pool_give(p, s->bytes + at - size, size);
}

void *pool_take(struct pool *p, size_t n)
{
	unsigned c = class_of(n);
	if (c >= POOL_CLASSES)
		return NULL;
	if (!p->free[c])
		add_slab(p, c);
	struct pool_free *f = p->free[c];
	if (f)
		p->free[c] = f->next;
	else
		p->refused++;
	return f;
}
