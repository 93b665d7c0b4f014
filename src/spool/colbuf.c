/* SPDX-License-Identifier: Apache-2.0 */
#include "spool/colbuf.h"

#include <sys/mman.h>

enum { FIRST = 64 * 1024, HUGE = 2 * 1024 * 1024, KEEP_TIMES = 4 };

bool colbuf_grow(struct colbuf *c, size_t n)
{
	if (n > SIZE_MAX / 4 || c->n > SIZE_MAX / 4)
		return false;
	size_t cap = c->cap ? c->cap : FIRST;
	while (cap - c->n < n)
		cap *= 2;
	void *p = c->p
		      ? mremap(c->p, c->cap, cap, MREMAP_MAYMOVE)
		      : mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return false;
	/* Advice only: small pages do as well, more slowly. */
	if (cap >= HUGE)
		(void)madvise(p, cap, MADV_HUGEPAGE);
	c->p = p;
	c->cap = cap;
	return true;
}

void colbuf_reset(struct colbuf *c)
{
	size_t want = c->cap;
	while (want > FIRST && want / KEEP_TIMES > c->n)
		want /= 2;
	if (want < c->cap) {
		void *p = mremap(c->p, c->cap, want, 0);
		if (p != MAP_FAILED)
			c->cap = want;
	}
	c->n = 0;
}

void colbuf_fini(struct colbuf *c)
{
	if (c->p)
		munmap(c->p, c->cap);
	*c = (struct colbuf){0};
}
