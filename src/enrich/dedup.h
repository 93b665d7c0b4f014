/* SPDX-License-Identifier: Apache-2.0 */
/* The same flow reported by several exporters: every report is kept, and all but those of one
 * exporter are marked (field `duplicate` = 1), so that questions can count the flow once.
 *
 * A table shared by all receive threads remembers for each flow (addresses, ports, protocol) which
 * exporter has it and until what time that exporter's reports cover it. A report of another
 * exporter that begins before then, give or take `window`, is a duplicate; one that begins later
 * takes the flow over (the path changed, or another flow has the same addresses and ports). An
 * exporter that is preferred takes the flow over at once; what the other said before stays counted.
 * Reports of one exporter are never each other's duplicates.
 *
 * The table has a fixed size: a bucket that is full forgets what ended longest ago, and a flow that
 * was forgotten is not marked. Relaxed loads and stores only; two threads that see the same flow in
 * the same instant may both count it, never both mark it. */
#pragma once
#include "base/err.h"
#include "base/ip.h"

#include <stdint.h>

struct batch;

enum {
	DEDUP_EXPORTERS_MAX = 4095, /* those beyond take no part; nothing of theirs is marked */
	DEDUP_PREFER_MAX = 256,
	DEDUP_WINDOW_MAX_MS = 3600 * 1000,
};

struct dedup_opts {
	uint64_t flows;     /* remembered at once, 8 bytes each; rounded up to a power of two */
	uint64_t window_ms; /* how far the clocks of exporters, and their views of a flow, differ */
	const struct ip *prefer; /* exporters, the best first; copied */
	size_t n_prefer;
};

struct dedup;
struct dedup_thread; /* what one thread knows of the exporters */

must_check enum err dedup_new(const struct dedup_opts *o, struct dedup **ret);
/* Another reference. NULL is fine, here and below. */
struct dedup *dedup_get(struct dedup *d);
/* Gives one back; the last one after the threads' views. */
void dedup_free(struct dedup **d);
/* d: borrowed; NULL = nothing is marked. */
must_check enum err dedup_thread_new(struct dedup *d, struct dedup_thread **ret);
/* Another one from now on; what was marked stays counted. */
void dedup_thread_use(struct dedup_thread *t, struct dedup *d);
void dedup_thread_free(struct dedup_thread **t);

/* Marks the rows of a batch whose days are set (t_first and t_last are there); returns how many. */
uint32_t dedup_mark(struct dedup_thread *t, struct batch *b);
/* Rows of this exporter and domain that this thread has marked. */
uint64_t dedup_marked(const struct dedup_thread *t, const struct ip *exporter, uint32_t domain);

/* Parses "192.0.2.1 192.0.2.2" into out[max]. */
must_check enum err dedup_prefer_parse(const char *text, struct ip *out, size_t max, size_t *ret_n,
				       struct diag *reterr);
