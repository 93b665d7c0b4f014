/* SPDX-License-Identifier: Apache-2.0 */
/* Times as text: RFC 3339 in UTC with milliseconds. */
#pragma once
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { RFC3339_MAX = 28, MS_PER_DAY = 86400000 };

/* "2026-01-01T12:00:00.000Z" for ms since the epoch (year 0000 to 9999), NUL-terminated; returns
 * its length. */
size_t rfc3339_format(int64_t ms, char out[RFC3339_MAX]);
/* Parses date, date T time, optional fraction, Z or an offset (none = UTC). */
must_check enum err rfc3339_parse(const char *s, size_t n, int64_t *ret_ms);
/* Days since the epoch of ms, rounded down also before 1970. */
static inline int32_t day_of_ms(int64_t ms)
{
	int64_t d = ms / MS_PER_DAY;
	return (int32_t)(ms % MS_PER_DAY < 0 ? d - 1 : d);
}
/* Days since the epoch of a civil date (proleptic Gregorian). */
int64_t days_from_civil(int64_t y, unsigned m, unsigned d);
/* The wall clock, ms since the epoch. */
int64_t clock_wall_ms(void);
/* A clock that never jumps, ns. */
uint64_t clock_mono_ns(void);
