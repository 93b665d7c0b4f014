/* SPDX-License-Identifier: Apache-2.0 */
/* The templates in use: one for each combination of fields seen lately, at most LAYOUTS_MAX. At the
 * limit the one not used for longest is retired: it makes no more records, and lives until no
 * message that waits somewhere needs it and the collectors in sessions have been told (RFC 7011
 * 8.1). Ids are given out in turn, so that one comes again only after tens of thousands of others.
 */
#pragma once
#include "encode/layout.h"

#include <stddef.h>

enum {
	LAYOUTS_MAX = 768,
	LAYOUTS_RETIRED_MAX = 32768,
	LAYOUTS_OPTIONS_MAX = 8,
	LAYOUTS_BUCKETS = 1024
};

struct layouts {
	enum export_protocol protocol;
	struct layout *buckets[LAYOUTS_BUCKETS];
	struct layout *newest, *oldest;
	struct layout *retired; /* through next */
	struct layout *options[LAYOUTS_OPTIONS_MAX];
	size_t n, n_options, n_retired, max;
	uint16_t next_id;
	uint64_t seed;
};

/* max: 0 = LAYOUTS_MAX. */
void layouts_init(struct layouts *t, enum export_protocol p, size_t max);
void layouts_fini(struct layouts *t);
/* The one of a combination, found or made. NULL without memory, or when too many retired ones are
 * still waited for. A layout whose rows are being
 * gathered (first_row) is not retired for it; *ret_full: all of them are, try again later. */
struct layout *layouts_find(struct layouts *t, const struct layout_key *k, bool *ret_full);
/* Frees the retired ones that no message needs, but calls fn first for each. */
void layouts_bury(struct layouts *t, void (*fn)(void *ctx, const struct layout *l), void *ctx);
/* An options template, kept for good; NULL without memory, or beyond LAYOUTS_OPTIONS_MAX. */
struct layout *layouts_options(struct layouts *t, const struct wire_form *f, uint16_t n,
			       uint16_t n_scope);
