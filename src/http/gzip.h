/* SPDX-License-Identifier: Apache-2.0 */
/* gzip and zlib streams (RFC 1952, 1950) both ways. gzip.c is the only user of zlib. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct gz;

/* NULL when out of memory. */
struct gz *gz_deflate_new(void);
struct gz *gz_inflate_new(void); /* takes gzip and zlib */
void gz_free(struct gz *z);      /* NULL is allowed */

/* Appends the compressed form of n bytes to out, flushed so that the receiver can read all of it;
 * last ends the stream. ERR_NOMEM (out is bad) or ERR_INTERNAL. */
must_check enum err gz_deflate(struct gz *z, const void *p, size_t n, bool last, struct buf *out);
/* Gives the expanded bytes to sink in pieces; a false from sink stops with ERR_LIMIT.
 * ERR_MALFORMED: not gzip. */
typedef bool gz_sink_fn(void *ctx, const uint8_t *p, size_t n);
must_check enum err gz_inflate(struct gz *z, const void *p, size_t n, gz_sink_fn *sink, void *ctx);
/* Whether the stream is complete. */
bool gz_done(const struct gz *z);
