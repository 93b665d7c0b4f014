/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation for things that die together: a configuration, a request, a batch's strings.
 * arena_reset keeps the first chunk, so a steady load allocates nothing. Not thread-safe. */
#pragma once
#include <stddef.h>

struct arena_chunk;
struct arena {
	struct arena_chunk *first, *last;
	size_t used; /* bytes handed out since the last reset */
	size_t max;  /* arena_alloc returns NULL beyond this; 0 = no limit */
};

void arena_fini(struct arena *a);
void arena_reset(struct arena *a);
/* n zeroed bytes, 16-byte aligned, or NULL. Lives until reset or fini. */
void *arena_alloc(struct arena *a, size_t n);
/* A NUL-terminated copy of n bytes, or NULL. */
char *arena_strndup(struct arena *a, const char *s, size_t n);
