/* SPDX-License-Identifier: Apache-2.0 */
/* Header blocks of HTTP/2 (RFC 7541), which each refer to those before: one table for each
 * direction of a connection, in memory of the pool. */
#pragma once
#include "base/rd.h"
#include "proto/pool.h"

#include <stdbool.h>

struct h2_headers;
/* NULL: no memory. */
struct h2_headers *h2_headers_new(struct pool *pool);
/* May be NULL. */
void h2_headers_free(struct h2_headers *h);

typedef void h2_header_fn(void *ctx, struct rd name, struct rd value);
/* A block, or the next part of one; last: its end. Shows its fields. False: a direction that cannot
 * be followed any more, now and later. */
bool h2_headers_read(struct h2_headers *h, unsigned dir, struct rd block, bool last,
		     h2_header_fn *show, void *ctx);
/* A block of this direction was missed. */
void h2_headers_lost(struct h2_headers *h, unsigned dir);
