/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/literal.h"

#include "base/timefmt.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static enum literal hex_number(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;
	if (n == 0)
		return LITERAL_NOT;
	for (size_t i = 0; i < n; i++) {
		char c = (char)(s[i] | 32);
		unsigned d = is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
		if (!is_digit(c) && (c < 'a' || c > 'f'))
			return LITERAL_NOT;
		if (v >> 60)
			return LITERAL_BIG;
		v = v << 4 | d;
	}
	*ret = v;
	return LITERAL_OK;
}

struct suffix {
	const char *text;
	uint64_t factor;
};

/* Returns the factor of the suffix, 0 if it is none. Case matters only where it must (see
 * literal_number). */
static uint64_t find_suffix(const struct suffix *rows, size_t n_rows, const char *s, size_t n)
{
	for (size_t i = 0; i < n_rows; i++)
		if (strlen(rows[i].text) == n && strncasecmp(rows[i].text, s, n) == 0)
			return rows[i].factor;
	return 0;
}

/* (whole + frac / scale) * factor / div, if that is a whole number. */
static enum literal scale_number(uint64_t whole, uint64_t frac, uint64_t scale, uint64_t factor,
				 uint64_t div, uint64_t *ret)
{
	uint64_t a, b, sum;
	if (__builtin_mul_overflow(whole, factor, &a) || __builtin_mul_overflow(frac, factor, &b))
		return LITERAL_BIG;
	if (b % scale)
		return LITERAL_FRACTION;
	if (__builtin_add_overflow(a, b / scale, &sum))
		return LITERAL_BIG;
	if (sum % div)
		return LITERAL_FRACTION;
	*ret = sum / div;
	return LITERAL_OK;
}

static enum literal read_digits(const char *s, size_t n, size_t *i, uint64_t *ret)
{
	uint64_t v = 0;
	while (*i < n && is_digit(s[*i])) {
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s[*i] - '0'), &v))
			return LITERAL_BIG;
		(*i)++;
	}
	*ret = v;
	return LITERAL_OK;
}

enum literal literal_number(const char *s, size_t n, enum duration_unit unit, uint64_t *ret)
{
	static const struct suffix thousands[] = {{"", 1},
						  {"k", 1000},
						  {"m", 1000000},
						  {"g", 1000000000},
						  {"t", 1000000000000},
						  {"ki", 1024},
						  {"mi", (uint64_t)1 << 20},
						  {"gi", (uint64_t)1 << 30},
						  {"ti", (uint64_t)1 << 40}};
	static const struct suffix times[] = {{"us", 1},         {"ms", 1000},
					      {"s", 1000000},    {"min", 60000000},
					      {"h", 3600000000}, {"d", 86400000000}};
	if (n > 2 && s[0] == '0' && (s[1] | 32) == 'x')
		return hex_number(s + 2, n - 2, ret);
	size_t i = 0;
	uint64_t whole, frac = 0, scale = 1;
	if (n == 0 || !is_digit(s[0]))
		return LITERAL_NOT;
	enum literal l = read_digits(s, n, &i, &whole);
	if (l == LITERAL_OK && i + 1 < n && s[i] == '.' && is_digit(s[i + 1])) {
		size_t start = ++i;
		l = read_digits(s, n, &i, &frac);
		for (size_t d = start; d < i && d < start + 19; d++)
			scale *= 10;
	}
	if (l)
		return l;
	if (unit == DURATION_US && n - i == 1 && s[i] == 'm')
		return LITERAL_AMBIGUOUS;
	uint64_t factor = find_suffix(thousands, ARRAY_LEN(thousands), s + i, n - i), div = 1;
	if (!factor && unit != DURATION_NONE) {
		factor = find_suffix(times, ARRAY_LEN(times), s + i, n - i);
		div = unit == DURATION_MS ? 1000 : 1;
	}
	return factor ? scale_number(whole, frac, scale, factor, div, ret) : LITERAL_NOT;
}

enum literal literal_time(const char *s, size_t n, int64_t *ret_ms)
{
	enum { TIME_TEXT_MAX = 48, DIGITS_OF_MS = 11 };
	static const int64_t year_2200 = 7258118400000;
	static const struct {
		size_t len;
		const char *rest;
	} cut[] = {{4, "-01-01T00:00:00"},
		   {7, "-01T00:00:00"},
		   {10, "T00:00:00"},
		   {13, ":00:00"},
		   {16, ":00"}};
	char text[TIME_TEXT_MAX];
	uint64_t num;
	int64_t ms;
	if (n >= DIGITS_OF_MS && literal_number(s, n, DURATION_NONE, &num) == LITERAL_OK) {
		ms = (int64_t)MIN_OF(num, (uint64_t)INT64_MAX);
	} else {
		if (n >= 30 || n < 4)
			return LITERAL_NOT;
		memcpy(text, s, n);
		for (size_t i = 0; i < n && i < 10; i++)
			if (text[i] == '/')
				text[i] = '-';
		if (n > 10 && (text[10] == '.' || text[10] == ' ' || text[10] == 't'))
			text[10] = 'T';
		for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
			if (n != cut[i].len)
				continue;
			size_t rest = strlen(cut[i].rest);
			memcpy(text + n, cut[i].rest, rest);
			n += rest;
			break;
		}
		if (rfc3339_parse(text, n, &ms))
			return LITERAL_NOT;
	}
	if (ms < 0 || ms >= year_2200)
		return LITERAL_BIG;
	*ret_ms = ms;
	return LITERAL_OK;
}

struct range range_of_net(const struct ip *a, unsigned bits)
{
	struct key k = key_ip(a);
	uint64_t hi_host = bits >= 64 ? 0 : UINT64_MAX >> bits;
	uint64_t lo_host = bits <= 64 ? UINT64_MAX : bits == 128 ? 0 : UINT64_MAX >> (bits - 64);
	return (struct range){{k.hi & ~hi_host, k.lo & ~lo_host}, {k.hi | hi_host, k.lo | lo_host}};
}

int net_of_range(const struct range *r)
{
	uint64_t hi = r->lo.hi ^ r->hi.hi, lo = r->lo.lo ^ r->hi.lo;
	int bits = hi ? __builtin_clzll(hi) : lo ? 64 + __builtin_clzll(lo) : 128;
	struct ip a = key_to_ip(r->lo);
	struct range whole = range_of_net(&a, (unsigned)bits);
	return key_cmp(whole.lo, r->lo) == 0 && key_cmp(whole.hi, r->hi) == 0 ? bits : -1;
}

/* "172.16" as 172.16.0.0; *ret_bits = 8 per part given. */
static bool partial_ip4(const char *s, size_t n, struct ip *ret, uint8_t *ret_bits)
{
	char text[IP_TEXT_MAX];
	unsigned parts = 1;
	if (n && s[n - 1] == '.')
		n--;
	if (n == 0 || n > 15)
		return false;
	for (size_t i = 0; i < n; i++)
		parts += s[i] == '.';
	if (parts > 4)
		return false;
	int len = snprintf(text, sizeof(text), "%.*s%s", (int)n, s, &".0.0.0"[(parts - 1) * 2]);
	*ret_bits = (uint8_t)(96 + parts * 8);
	return ip_parse(text, (size_t)len, ret) == ERR_OK;
}

enum literal literal_net(const char *s, size_t n, bool partial, struct range *ret)
{
	struct ip a, b;
	uint8_t bits;
	if (ip_parse_net(s, n, &a, &bits) == ERR_OK) {
		*ret = range_of_net(&a, bits);
		return LITERAL_OK;
	}
	const char *dash = memchr(s, '-', n);
	size_t left = dash ? (size_t)(dash - s) : n;
	if (dash && ip_parse(s, left, &a) == ERR_OK &&
	    ip_parse(dash + 1, n - left - 1, &b) == ERR_OK) {
		*ret = (struct range){key_ip(&a), key_ip(&b)};
		return key_cmp(ret->lo, ret->hi) <= 0 ? LITERAL_OK : LITERAL_NOT;
	}
	const char *slash = memchr(s, '/', n);
	left = slash ? (size_t)(slash - s) : n;
	if ((!slash && !partial) || !partial_ip4(s, left, &a, &bits))
		return LITERAL_NOT;
	uint64_t len;
	if (slash) {
		if (literal_number(slash + 1, n - left - 1, DURATION_NONE, &len) != LITERAL_OK ||
		    len > 32)
			return LITERAL_NOT;
		bits = (uint8_t)(96 + len);
	}
	*ret = range_of_net(&a, bits);
	return LITERAL_OK;
}
