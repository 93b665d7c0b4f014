/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one column of an open segment. Whole pages of its own that grow by moving page
 * tables (mremap), never by copying, and are kept for the next segment: in a steady load nothing is
 * allocated and no page is faulted in. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct colbuf {
	uint8_t *p;
	size_t n, cap;
};

/* Makes room for n more bytes behind c->n; false = no memory, nothing changed. */
bool colbuf_grow(struct colbuf *c, size_t n);
static inline bool colbuf_room(struct colbuf *c, size_t n)
{
	return c->cap - c->n >= n || colbuf_grow(c, n);
}
/* Empties it; gives back what is far more than was used, so that one burst does not stay resident.
 */
void colbuf_reset(struct colbuf *c);
void colbuf_fini(struct colbuf *c);
