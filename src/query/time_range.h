/* SPDX-License-Identifier: Apache-2.0 */
/* Times and ranges as people write them. All in UTC; ranges are [from, to), ms since the epoch.
 *
 * A point:  now, now-6h, now+5m, -1h (= now-1h), RFC 3339 (date, date and time, with or without
 * zone), 2026/01/01.12:00[:00] as nfdump writes it, or ms since the epoch (10 digits and more). A
 * range:  POINT/POINT, POINT/DURATION and DURATION/POINT (ISO 8601: PT1H30M, P7D, P1W),
 *           2026/01/01.12:00-13:00 or ...-2026/01/02.01:00 (nfdump),
 *           one POINT: a relative one or one with a time of day runs to now, a bare date is that
 * whole day. Units of relative times: s m h d w, and y of 365 d. */
#pragma once
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* The last time that DateTime in the store can hold, in 2106. */
#define TIME_LAST_MS 4294967295000

must_check enum err time_point_parse(const char *s, size_t n, int64_t now_ms, int64_t *ret_ms,
				     struct diag *reterr);
/* ERR_SYNTAX also when the range is empty or backwards. */
must_check enum err time_range_parse(const char *s, size_t n, int64_t now_ms, int64_t *ret_from,
				     int64_t *ret_to, struct diag *reterr);
