/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/web/h2_headers.h"

#include <nghttp2/nghttp2.h>
#include <stddef.h>

enum {
	TABLE_MAX = 16384,  /* of the dynamic table; peers may agree on more than 4096 */
	BLOCK_FIELDS = 128, /* of one block; one with more is no sound one */
	HEAD = 16,          /* before each piece of memory: how long it is */
};

struct h2_headers {
	struct pool *pool;
	nghttp2_mem mem;
	nghttp2_hd_inflater *inflater[2]; /* NULL: not begun, or lost */
	bool lost[2];
};

static void *take(size_t n, void *pool)
{
	uint8_t *p = pool_take(pool, n + HEAD);
	if (!p)
		return NULL;
	memcpy(p, &n, sizeof(n));
	return p + HEAD;
}

static size_t size_of(const void *p)
{
	size_t n;
	memcpy(&n, (const uint8_t *)p - HEAD, sizeof(n));
	return n;
}

static void give(void *p, void *pool)
{
	if (p)
		pool_give(pool, (uint8_t *)p - HEAD, size_of(p) + HEAD);
}

static void *take_zeroed(size_t n, size_t size, void *pool)
{
	size_t bytes;
	void *p = __builtin_mul_overflow(n, size, &bytes) ? NULL : take(bytes, pool);
	return p ? memset(p, 0, bytes) : NULL;
}

static void *take_again(void *p, size_t n, void *pool)
{
	void *bigger = take(n, pool);
	if (!bigger || !p)
		return bigger;
	memcpy(bigger, p, n < size_of(p) ? n : size_of(p));
	give(p, pool);
	return bigger;
}

struct h2_headers *h2_headers_new(struct pool *pool)
{
	struct h2_headers *h = pool_take(pool, sizeof(*h));
	if (h)
		*h = (struct h2_headers){.pool = pool,
					 .mem = {pool, take, give, take_zeroed, take_again}};
	return h;
}

void h2_headers_free(struct h2_headers *h)
{
	if (!h)
		return;
	for (unsigned dir = 0; dir < 2; dir++)
		h2_headers_lost(h, dir);
	pool_give(h->pool, h, sizeof(*h));
}

void h2_headers_lost(struct h2_headers *h, unsigned dir)
{
	if (h->inflater[dir])
		nghttp2_hd_inflate_del(h->inflater[dir]);
	h->inflater[dir] = NULL;
	h->lost[dir] = true;
}

static bool begin(struct h2_headers *h, unsigned dir)
{
	if (h->lost[dir])
		return false;
	if (h->inflater[dir])
		return true;
	return nghttp2_hd_inflate_new2(&h->inflater[dir], &h->mem) == 0 &&
	       nghttp2_hd_inflate_change_table_size(h->inflater[dir], TABLE_MAX) == 0;
}

/* True: the whole of the part was read. */
static bool inflate(nghttp2_hd_inflater *inflater, struct rd block, bool last, h2_header_fn *show,
		    void *ctx)
{
	for (int i = 0; i < BLOCK_FIELDS; i++) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t n =
		    nghttp2_hd_inflate_hd2(inflater, &nv, &flags, block.p, rd_left(&block), last);
		if (n < 0)
			return false;
		rd_skip(&block, (size_t)n);
		if (flags & NGHTTP2_HD_INFLATE_EMIT) {
			show(ctx, rd_of(nv.name, nv.namelen), rd_of(nv.value, nv.valuelen));
			continue;
		}
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			return nghttp2_hd_inflate_end_headers(inflater) == 0;
		if (rd_left(&block) == 0)
			return !last;
	}
	return false;
}

bool h2_headers_read(struct h2_headers *h, unsigned dir, struct rd block, bool last,
		     h2_header_fn *show, void *ctx)
{
	if (begin(h, dir) && inflate(h->inflater[dir], block, last, show, ctx))
		return true;
	h2_headers_lost(h, dir);
	return false;
}
