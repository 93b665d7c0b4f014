/* SPDX-License-Identifier: Apache-2.0 */
#include "http/gzip.h"

#include <stdlib.h>
#include <zlib.h>

enum {
	GZ_LEVEL = 3, /* answers are made once and sent once: fast matters more */
	GZ_WINDOW = 15,
	GZ_WRAP_GZIP = 16, /* deflate: write a gzip header */
	GZ_WRAP_AUTO = 32, /* inflate: gzip or zlib */
	GZ_MEM = 8,
	GZ_PIECE = 64 << 10,
};

struct gz {
	z_stream z;
	bool inflate, done;
	uint8_t piece[GZ_PIECE];
};

struct gz *gz_deflate_new(void)
{
	struct gz *g = calloc(1, sizeof(*g));
	if (g && deflateInit2(&g->z, GZ_LEVEL, Z_DEFLATED, GZ_WINDOW + GZ_WRAP_GZIP, GZ_MEM,
			      Z_DEFAULT_STRATEGY) != Z_OK) {
		free(g);
		return NULL;
	}
	return g;
}

struct gz *gz_inflate_new(void)
{
	struct gz *g = calloc(1, sizeof(*g));
	if (g && inflateInit2(&g->z, GZ_WINDOW + GZ_WRAP_AUTO) != Z_OK) {
		free(g);
		return NULL;
	}
	if (g)
		g->inflate = true;
	return g;
}

void gz_free(struct gz *g)
{
	if (!g)
		return;
	if (g->inflate)
		inflateEnd(&g->z);
	else
		deflateEnd(&g->z);
	free(g);
}

bool gz_done(const struct gz *g)
{
	return g->done;
}

/* zlib counts in unsigned int: longer inputs go in slices. */
static uInt slice(size_t n)
{
	return (uInt)MIN_OF(n, (size_t)1 << 30);
}

enum err gz_deflate(struct gz *g, const void *p, size_t n, bool last, struct buf *out)
{
	const uint8_t *in = p;
	do {
		uInt take = slice(n);
		g->z.next_in = (Bytef *)(uintptr_t)in;
		g->z.avail_in = take;
		in += take;
		n -= take;
		int flush = last && n == 0 ? Z_FINISH : Z_SYNC_FLUSH;
		do {
			g->z.next_out = g->piece;
			g->z.avail_out = GZ_PIECE;
			if (deflate(&g->z, flush) == Z_STREAM_ERROR)
				return ERR_INTERNAL;
			buf_put(out, g->piece, GZ_PIECE - g->z.avail_out);
		} while (g->z.avail_out == 0);
	} while (n);
	g->done = last;
	return out->bad ? ERR_NOMEM : ERR_OK;
}

enum err gz_inflate(struct gz *g, const void *p, size_t n, gz_sink_fn *sink, void *ctx)
{
	const uint8_t *in = p;
	while (n || g->z.avail_in) {
		if (g->z.avail_in == 0) {
			g->z.next_in = (Bytef *)(uintptr_t)in;
			g->z.avail_in = slice(n);
			in += g->z.avail_in;
			n -= g->z.avail_in;
		}
		/* A gzip body may be several members one after another (RFC 1952 2.2). */
		if (g->done && inflateReset(&g->z) != Z_OK)
			return ERR_INTERNAL;
		g->done = false;
		int r = Z_OK;
		do {
			g->z.next_out = g->piece;
			g->z.avail_out = GZ_PIECE;
			r = inflate(&g->z, Z_NO_FLUSH);
			if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
				return ERR_MALFORMED;
			size_t got = GZ_PIECE - g->z.avail_out;
			if (got && !sink(ctx, g->piece, got))
				return ERR_LIMIT;
		} while (r == Z_OK && g->z.avail_out == 0);
		g->done = r == Z_STREAM_END;
	}
	return ERR_OK;
}
