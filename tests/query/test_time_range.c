/* SPDX-License-Identifier: Apache-2.0 */
/* Times and ranges as text. Expected values by date -u -d ... +%s. */
#include "query/time_range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* 2026-01-01T12:00:00Z */
static const int64_t noon = 1767268800000, h = 3600000, d = 86400000;

static void test_points(void **state)
{
	(void)state;
	const struct {
		const char *text;
		int64_t ms;
	} good[] = {
	    {"now", noon},
	    {"now-6h", noon - 6 * h},
	    {"now+5m", noon + 300000},
	    {"-1h", noon - h},
	    {"-7d", noon - 7 * d},
	    {"-2w", noon - 14 * d},
	    {"-90s", noon - 90000},
	    {"2026-01-01T12:00:00Z", noon},
	    {"2026-01-01T13:00:00.250+01:00", noon + 250},
	    {"2026-01-01", noon - 12 * h},
	    {"2026/01/01.12:00", noon},
	    {"2026/01/01.12:00:05", noon + 5000},
	    {"2026/01/01", noon - 12 * h},
	    {"1767268800000", noon},
	};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		int64_t ms = -1;
		struct diag why;
		assert_int_equal(
		    time_point_parse(good[i].text, strlen(good[i].text), noon, &ms, &why), ERR_OK);
		assert_int_equal(ms, good[i].ms);
	}
}

static void test_ranges(void **state)
{
	(void)state;
	const struct {
		const char *text;
		int64_t from, to;
	} good[] = {
	    {"-1h", noon - h, noon},
	    {"now-6h/now", noon - 6 * h, noon},
	    {"now-6h/now-3h", noon - 6 * h, noon - 3 * h},
	    {"2026-01-01T11:00/PT1H", noon - h, noon},
	    {"2026-01-01T11:00Z/PT1H30M", noon - h, noon + h / 2},
	    {"P1D/2026-01-01T12:00Z", noon - d, noon},
	    {"2026-01-01/2026-01-02", noon - 12 * h, noon + 12 * h},
	    {"2026-01-01", noon - 12 * h, noon + 12 * h},
	    {"2026/01/01.12:00-13:00", noon, noon + h},
	    {"2026/01/01.12:00:30-12:01", noon + 30000, noon + 60000},
	    {"2026/01/01.12:00-2026/01/02.01:00", noon, noon + 13 * h},
	    {"2026/01/01-2026/01/02", noon - 12 * h, noon + 36 * h},
	    {"2026/01/01", noon - 12 * h, noon + 12 * h},
	    {"2026/01/01.11:00", noon - h, noon},
	    {"1767268800000/1767268801000", noon, noon + 1000},
	};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		int64_t from = -1, to = -1;
		struct diag why;
		assert_int_equal(
		    time_range_parse(good[i].text, strlen(good[i].text), noon, &from, &to, &why),
		    ERR_OK);
		assert_int_equal(from, good[i].from);
		assert_int_equal(to, good[i].to);
	}
}

static void test_wrong(void **state)
{
	(void)state;
	static const char *const wrong[] = {
	    "",
	    "now-",
	    "now-6",
	    "now-6x",
	    "-h",
	    "yesterday",
	    "2026-13-01",
	    "2026/01/01.25:00",
	    "2026/01/01.12:00-",
	    "2026-01-01T12:00/P",
	    "2026-01-01T12:00/PT",
	    "2026-01-01T12:00/P1M", /* months have no fixed length */
	    "2026-01-01T12:00/2026-01-01T12:00",
	    "2026/01/01.12:00-11:00",
	    "now/now-1h",
	    "99999999999h",
	    "-99999999999h",
	};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		int64_t from = -1, to = -1;
		struct diag why = {0};
		assert_int_equal(
		    time_range_parse(wrong[i], strlen(wrong[i]), noon, &from, &to, &why),
		    ERR_SYNTAX);
		assert_int_equal(from, -1);
		assert_true(why.msg[0] != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_points),
	    cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
