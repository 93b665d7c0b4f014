/* SPDX-License-Identifier: Apache-2.0 */
#include "query/time_range.h"

#include "base/timefmt.h"

#include <stdbool.h>
#include <string.h>

enum { NUMBER_MAX = 1000000000 };

/* A part of the text. */
struct text {
	const char *p;
	size_t n;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes a decimal number off the front; false if there is none or it is too big. */
static bool take_number(struct text *t, int64_t *ret)
{
	int64_t v = 0;
	size_t i = 0;
	for (; i < t->n && is_digit(t->p[i]); i++) {
		v = v * 10 + (t->p[i] - '0');
		if (v > NUMBER_MAX)
			return false;
	}
	if (i == 0)
		return false;
	t->p += i;
	t->n -= i;
	*ret = v;
	return true;
}

static bool take_char(struct text *t, char c)
{
	if (t->n == 0 || *t->p != c)
		return false;
	t->p++;
	t->n--;
	return true;
}

static int64_t unit_ms(char c)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'s', 1000},
		     {'m', 60000},
		     {'h', 3600000},
		     {'d', MS_PER_DAY},
		     {'w', 7 * (int64_t)MS_PER_DAY},
		     {'y', 365 * (int64_t)MS_PER_DAY}};
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (units[i].unit == c)
			return units[i].ms;
	return 0;
}

/* [now][+-]N unit, "now"; *ret untouched if it is something else. */
static bool relative(struct text t, int64_t now_ms, int64_t *ret)
{
	bool named = t.n >= 3 && memcmp(t.p, "now", 3) == 0;
	if (named)
		t = (struct text){t.p + 3, t.n - 3};
	if (named && t.n == 0) {
		*ret = now_ms;
		return true;
	}
	int64_t sign = take_char(&t, '-') ? -1 : take_char(&t, '+') ? 1 : 0, v;
	if (!sign || !take_number(&t, &v) || t.n != 1 || !unit_ms(*t.p))
		return false;
	*ret = now_ms + sign * v * unit_ms(*t.p);
	return true;
}

static bool epoch_ms(struct text t, int64_t *ret)
{
	int64_t v = 0;
	if (t.n < 10 || t.n > 15)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (!is_digit(t.p[i]))
			return false;
		v = v * 10 + (t.p[i] - '0');
	}
	*ret = v;
	return true;
}

/* hh:mm[:ss] */
static bool take_clock(struct text *t, int64_t *ret_ms)
{
	int64_t h, m, s = 0;
	if (!take_number(t, &h) || !take_char(t, ':') || !take_number(t, &m))
		return false;
	if (take_char(t, ':') && !take_number(t, &s))
		return false;
	if (h > 24 || m > 59 || s > 60)
		return false;
	*ret_ms = (h * 3600 + m * 60 + s) * 1000;
	return true;
}

/* yyyy/MM/dd[.hh:mm[:ss]]; *ret_day is its midnight. */
static bool take_nfdump(struct text *t, int64_t *ret_day, int64_t *ret_ms, bool *ret_clock)
{
	int64_t y, mo, d, clock = 0;
	if (!take_number(t, &y) || !take_char(t, '/') || !take_number(t, &mo) ||
	    !take_char(t, '/') || !take_number(t, &d))
		return false;
	if (y < 1970 || y > 9999 || mo < 1 || mo > 12 || d < 1 || d > 31)
		return false;
	*ret_clock = take_char(t, '.');
	if (*ret_clock && !take_clock(t, &clock))
		return false;
	*ret_day = days_from_civil(y, (unsigned)mo, (unsigned)d) * MS_PER_DAY;
	*ret_ms = *ret_day + clock;
	return true;
}

static bool point(struct text t, int64_t now_ms, int64_t *ret)
{
	int64_t day;
	bool clock;
	struct text rest = t;
	if (relative(t, now_ms, ret) || epoch_ms(t, ret))
		return true;
	if (take_nfdump(&rest, &day, ret, &clock) && rest.n == 0)
		return true;
	return rfc3339_parse(t.p, t.n, ret) == ERR_OK;
}

/* ISO 8601 duration without months and years, which have no fixed length: P1DT2H, PT90S, P2W. */
static bool duration(struct text t, int64_t *ret)
{
	static const char date_units[] = "wd", time_units[] = "hms";
	int64_t total = 0;
	bool any = false, in_time = false;
	if (!take_char(&t, 'P'))
		return false;
	while (t.n) {
		int64_t v;
		if (!in_time && take_char(&t, 'T')) {
			in_time = true;
			continue;
		}
		if (!take_number(&t, &v) || t.n == 0)
			return false;
		char unit = (char)(*t.p | 0x20);
		if (!strchr(in_time ? time_units : date_units, unit))
			return false;
		total += v * unit_ms(unit);
		take_char(&t, *t.p);
		any = true;
	}
	*ret = total;
	return any;
}

/* A/B where A or B may be a duration. Slashes also stand inside nfdump's dates: every one is tried.
 */
static bool with_slash(struct text t, int64_t now_ms, int64_t *from, int64_t *to)
{
	for (size_t i = 0; i < t.n; i++) {
		struct text a = {t.p, i}, b = {t.p + i + 1, t.n - i - 1};
		int64_t len;
		if (t.p[i] != '/')
			continue;
		if (point(a, now_ms, from) && duration(b, &len)) {
			*to = *from + len;
			return true;
		}
		if (duration(a, &len) && point(b, now_ms, to)) {
			*from = *to - len;
			return true;
		}
		if (point(a, now_ms, from) && point(b, now_ms, to))
			return true;
	}
	return false;
}

/* yyyy/MM/dd.hh:mm-hh:mm, yyyy/MM/dd.hh:mm-yyyy/MM/dd.hh:mm, yyyy/MM/dd, yyyy/MM/dd-yyyy/MM/dd. */
static bool nfdump_range(struct text t, int64_t now_ms, int64_t *from, int64_t *to)
{
	int64_t day, day2, clock;
	bool has_clock, has_clock2;
	if (!take_nfdump(&t, &day, from, &has_clock))
		return false;
	if (t.n == 0) {
		*to = has_clock ? now_ms : day + MS_PER_DAY;
		return true;
	}
	if (!take_char(&t, '-'))
		return false;
	struct text rest = t;
	if (take_nfdump(&rest, &day2, to, &has_clock2) && rest.n == 0) {
		if (!has_clock2)
			*to = day2 + MS_PER_DAY;
		return true;
	}
	if (!has_clock || !take_clock(&t, &clock) || t.n)
		return false;
	*to = day + clock;
	return true;
}

enum err time_point_parse(const char *s, size_t n, int64_t now_ms, int64_t *ret_ms,
			  struct diag *reterr)
{
	int64_t ms;
	if (!point((struct text){s, n}, now_ms, &ms))
		return diag_set(
		    reterr, ERR_SYNTAX, 0, 0,
		    "'%.*s' is no time: now, now-6h, 2026-01-01T12:00:00Z or ms since 1970",
		    (int)MIN_OF(n, 60), s);
	*ret_ms = ms;
	return ERR_OK;
}

enum err time_range_parse(const char *s, size_t n, int64_t now_ms, int64_t *ret_from,
			  int64_t *ret_to, struct diag *reterr)
{
	struct text t = {s, n};
	int64_t from, to;
	bool ok = nfdump_range(t, now_ms, &from, &to) || with_slash(t, now_ms, &from, &to);
	if (!ok && point(t, now_ms, &from)) {
		bool date_only = n == 10 && s[4] == '-';
		to = date_only ? from + MS_PER_DAY : now_ms;
		ok = true;
	}
	if (!ok)
		return diag_set(
		    reterr, ERR_SYNTAX, 0, 0,
		    "'%.*s' is no time range: -1h, now-6h/now, 2026-01-01T12:00/PT1H or "
		    "2026/01/01.12:00-13:00",
		    (int)MIN_OF(n, 60), s);
	if (from >= to)
		return diag_set(reterr, ERR_SYNTAX, 0, 0,
				"the time range '%.*s' ends before it begins", (int)MIN_OF(n, 60),
				s);
	*ret_from = from;
	*ret_to = to;
	return ERR_OK;
}
