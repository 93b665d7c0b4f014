/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for what flows carry along: pieces of a few sizes from slabs of one thread, given back and
 * taken again without the system's allocator. Bounded; never shrinks before pool_fini. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { POOL_SMALLEST = 64, POOL_CLASSES = 10 }; /* 64 bytes to 32 KiB */

struct pool_free;
struct pool_slab;
struct pool {
	struct pool_free *free[POOL_CLASSES]; /* by size: POOL_SMALLEST << class */
	struct pool_slab *slabs;
	size_t bytes, max_bytes; /* taken from the system, and the most that may be */
	uint64_t refused;        /* requests that found no room */
};

void pool_init(struct pool *p, size_t max_bytes);
void pool_fini(struct pool *p);
/* At least n bytes (n > 0), 16-byte aligned, not zeroed; NULL, counted: there is no room. */
void *pool_take(struct pool *p, size_t n);
/* n: what it was taken with, or anything of the same size class. NULL is nothing. */
void pool_give(struct pool *p, void *piece, size_t n);
/* How many bytes a piece taken with n really has. */
size_t pool_room(size_t n);
