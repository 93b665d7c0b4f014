/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timefmt.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

/* Howard Hinnant's public-domain civil calendar method: eras of 400 years, years starting in March.
 */
int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	unsigned yoe = (unsigned)(y - era * 400);
	unsigned doy = (153 * (m + (m > 2 ? -3u : 9u)) + 2) / 5 + d - 1;
	unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + (int64_t)doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, unsigned *m, unsigned *d)
{
	z += 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int64_t)yoe + era * 400 + (*m <= 2);
}

static char *put_num(char *p, unsigned v, int width)
{
	for (int i = width - 1; i >= 0; i--) {
		p[i] = (char)('0' + v % 10);
		v /= 10;
	}
	return p + width;
}

size_t rfc3339_format(int64_t ms, char out[RFC3339_MAX])
{
	static const int64_t year_10000 = 253402300800000, year_0 = -62167219200000;
	if (ms >= year_10000)
		ms = year_10000 - 1;
	if (ms < year_0)
		ms = year_0;
	int32_t day = day_of_ms(ms);
	unsigned in_day = (unsigned)(ms - (int64_t)day * MS_PER_DAY);
	int64_t y;
	unsigned m, d;
	civil_from_days(day, &y, &m, &d);
	char *p = out;
	p = put_num(p, (unsigned)y, 4);
	*p++ = '-';
	p = put_num(p, m, 2);
	*p++ = '-';
	p = put_num(p, d, 2);
	*p++ = 'T';
	p = put_num(p, in_day / 3600000, 2);
	*p++ = ':';
	p = put_num(p, in_day / 60000 % 60, 2);
	*p++ = ':';
	p = put_num(p, in_day / 1000 % 60, 2);
	*p++ = '.';
	p = put_num(p, in_day % 1000, 3);
	*p++ = 'Z';
	*p = 0;
	return (size_t)(p - out);
}

/* Reads exactly `digits` decimal digits at *pos. */
static bool get_num(const char *s, size_t n, size_t *pos, unsigned digits, unsigned *ret)
{
	unsigned v = 0;
	for (unsigned i = 0; i < digits; i++, (*pos)++) {
		if (*pos >= n || s[*pos] < '0' || s[*pos] > '9')
			return false;
		v = v * 10 + (unsigned)(s[*pos] - '0');
	}
	*ret = v;
	return true;
}

static bool get_char(const char *s, size_t n, size_t *pos, const char *any_of)
{
	if (*pos >= n || !s[*pos] || !strchr(any_of, s[*pos]))
		return false;
	(*pos)++;
	return true;
}

enum err rfc3339_parse(const char *s, size_t n, int64_t *ret_ms)
{
	size_t i = 0;
	unsigned y, mo, d, h = 0, mi = 0, sec = 0, ms = 0;
	if (!get_num(s, n, &i, 4, &y) || !get_char(s, n, &i, "-") || !get_num(s, n, &i, 2, &mo) ||
	    !get_char(s, n, &i, "-") || !get_num(s, n, &i, 2, &d))
		return ERR_MALFORMED;
	static const uint8_t month_len[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (mo < 1 || mo > 12 || d < 1 || d > month_len[mo - 1])
		return ERR_MALFORMED;
	int64_t offset_min = 0;
	if (get_char(s, n, &i, "Tt ")) {
		if (!get_num(s, n, &i, 2, &h) || !get_char(s, n, &i, ":") ||
		    !get_num(s, n, &i, 2, &mi))
			return ERR_MALFORMED;
		if (get_char(s, n, &i, ":")) {
			if (!get_num(s, n, &i, 2, &sec))
				return ERR_MALFORMED;
			if (get_char(s, n, &i, ".,")) {
				unsigned scale = 100, digits = 0;
				for (; i < n && s[i] >= '0' && s[i] <= '9'; i++, digits++) {
					ms += (unsigned)(s[i] - '0') * scale;
					scale /= 10;
				}
				if (!digits)
					return ERR_MALFORMED;
			}
		}
		if (h > 24 || mi > 59 || sec > 60)
			return ERR_MALFORMED;
		if (!get_char(s, n, &i, "Zz") && i < n) {
			int sign = s[i] == '+' ? 1 : s[i] == '-' ? -1 : 0;
			unsigned oh, om = 0;
			i++;
			if (!sign || !get_num(s, n, &i, 2, &oh))
				return ERR_MALFORMED;
			(void)get_char(s, n, &i, ":");
			if (!get_num(s, n, &i, 2, &om) || oh > 23 || om > 59)
				return ERR_MALFORMED;
			offset_min = sign * (int64_t)(oh * 60 + om);
		}
	}
	if (i != n)
		return ERR_MALFORMED;
	int64_t t = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec;
	*ret_ms = (t - offset_min * 60) * 1000 + ms;
	return ERR_OK;
}

int64_t clock_wall_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t clock_mono_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
