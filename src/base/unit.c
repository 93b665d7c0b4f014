/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* Ascending: the formatter takes the last one that divides the value. */
static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {"w", 604800000},
};
static const struct unit sizes[] = {
    {"B", 1},           {"K", 1ull << 10}, {"KiB", 1ull << 10},
    {"KB", 1ull << 10}, {"M", 1ull << 20}, {"MiB", 1ull << 20},
    {"MB", 1ull << 20}, {"G", 1ull << 30}, {"GiB", 1ull << 30},
    {"GB", 1ull << 30}, {"T", 1ull << 40}, {"TiB", 1ull << 40},
    {"TB", 1ull << 40},
};

/* The leading digits; *ret_used counts them. */
static enum err digits(const char *s, size_t n, uint64_t *ret, size_t *ret_used)
{
	uint64_t v = 0;
	size_t i = 0;
	for (; i < n && s[i] >= '0' && s[i] <= '9'; i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v))
			return ERR_LIMIT;
	if (i == 0)
		return ERR_SYNTAX;
	*ret = v;
	*ret_used = i;
	return ERR_OK;
}

enum err unit_u64(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v;
	size_t used;
	enum err e = digits(s, n, &v, &used);
	if (e)
		return e;
	if (used != n)
		return ERR_SYNTAX;
	*ret = v;
	return ERR_OK;
}

static enum err with_unit(const char *s, size_t n, const struct unit *units, size_t n_units,
			  uint64_t bare, uint64_t *ret)
{
	uint64_t v, factor = 0;
	size_t used;
	enum err e = digits(s, n, &v, &used);
	if (e)
		return e;
	if (used == n)
		factor = bare;
	for (size_t i = 0; i < n_units && !factor; i++)
		if (strlen(units[i].name) == n - used &&
		    strncasecmp(units[i].name, s + used, n - used) == 0)
			factor = units[i].factor;
	if (!factor)
		return ERR_SYNTAX;
	if (__builtin_mul_overflow(v, factor, &v))
		return ERR_LIMIT;
	*ret = v;
	return ERR_OK;
}

enum err unit_duration(const char *s, size_t n, uint64_t *ret_ms)
{
	return with_unit(s, n, durations, ARRAY_LEN(durations), 1000, ret_ms);
}

enum err unit_size(const char *s, size_t n, uint64_t *ret_bytes)
{
	return with_unit(s, n, sizes, ARRAY_LEN(sizes), 1, ret_bytes);
}

static void format(uint64_t v, const struct unit *units, size_t n_units, char out[UNIT_TEXT_MAX])
{
	const struct unit *u = &units[0];
	for (size_t i = 1; i < n_units; i++)
		if (v && v % units[i].factor == 0)
			u = &units[i];
	snprintf(out, UNIT_TEXT_MAX, "%" PRIu64 "%s", v / u->factor, v ? u->name : "");
}

void unit_duration_format(uint64_t ms, char out[UNIT_TEXT_MAX])
{
	format(ms, durations, ARRAY_LEN(durations) - 1, out); /* 7d reads better than 1w */
}

void unit_size_format(uint64_t bytes, char out[UNIT_TEXT_MAX])
{
	format(bytes, sizes, ARRAY_LEN(sizes), out);
}
