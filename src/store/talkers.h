/* SPDX-License-Identifier: Apache-2.0 */
/* Fills talkers_1h (rollup.h) for hours that are over. Done by the loader between inserts: it is
 * the only one that inserts flows, so nothing can come between the sums of an hour and the note
 * that it is rolled up. Not on a cluster, where several loaders may insert; queries then read raw
 * flows. */
#pragma once
#include "base/err.h"

#include <stdint.h>

struct store;

/* An hour is over when it ended so long ago; what still comes goes through the views for late
 * flows. */
enum { TALKERS_GRACE_S = 600, TALKERS_HOURS_AT_ONCE = 4 };

/* Rolls up at most max hours, the oldest first; *ret_hours how many. */
must_check enum err talkers_roll(struct store *s, int64_t now_ms, unsigned max, unsigned *ret_hours,
				 struct diag *reterr);

/* Hours [*ret_from_ms, *ret_to_ms) that are all rolled up: the longest run within [from_ms, to_ms).
 * Equal: none, or the flows themselves are read as fast. */
must_check enum err talkers_ready(struct store *s, int64_t from_ms, int64_t to_ms,
				  int64_t *ret_from_ms, int64_t *ret_to_ms, struct diag *reterr);
