/* SPDX-License-Identifier: Apache-2.0 */
/* Which day goes next. Tables: 0 flows_core, 1 flows_wide, 2 series_30s, 3 series_5m, 4
 * talkers_hours, 5 talkers_1h.
 */
#include "store/retention.h"

#include "base/timefmt.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { DAY = 20454 }; /* 2026-01-01 */
static const struct retention_day days[] = {
    {DAY - 2, 0, 100, 10}, {DAY - 2, 2, 10, 1}, {DAY - 1, 0, 100, 10}, {DAY - 1, 1, 50, 5},
    {DAY - 1, 2, 10, 1},   {DAY, 0, 100, 10},   {DAY, 2, 10, 1},
};
/* Noon of the last day. */
static const int64_t now = (int64_t)DAY * MS_PER_DAY + MS_PER_DAY / 2;

static int choose(struct retention_limits l, uint64_t free_bytes)
{
	return retention_choose(days, ARRAY_LEN(days), &l, now, free_bytes);
}

static void test_no_limits(void **state)
{
	(void)state;
	assert_int_equal(choose((struct retention_limits){0}, 0), -1);
}

/* A day goes when all of it is older than what is kept. */
static void test_age(void **state)
{
	(void)state;
	struct retention_limits l = {.keep_flows_ms = MS_PER_DAY};
	assert_int_equal(choose(l, 0), 0);
	/* The day before yesterday ended 36 hours ago. */
	l.keep_flows_ms = 36ull * 3600000;
	assert_int_equal(choose(l, 0), -1);
	l.keep_flows_ms--;
	assert_int_equal(choose(l, 0), 0);
	struct retention_limits rollups = {.keep_rollups_ms = MS_PER_DAY};
	assert_int_equal(choose(rollups, 0), 1);
}

/* The oldest raw day first, a rollup only when nothing raw but the newest day is left. */
static void test_size(void **state)
{
	(void)state;
	struct retention_limits l = {.max_size = 379};
	assert_int_equal(choose(l, 0), 0);
	l.max_size = 380;
	assert_int_equal(choose(l, 0), -1);
	const struct retention_day left[] = {
	    {DAY - 1, 2, 10, 1}, {DAY, 0, 100, 10}, {DAY, 2, 10, 1}};
	l.max_size = 50;
	assert_int_equal(retention_choose(left, 3, &l, now, 0), 0);
	assert_int_equal(retention_choose(left + 1, 2, &l, now, 0), -1);
}

static void test_disk_free(void **state)
{
	(void)state;
	struct retention_limits l = {.min_free = 1000};
	assert_int_equal(choose(l, 999), 0);
	assert_int_equal(choose(l, 1000), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_limits),
	    cmocka_unit_test(test_age),
	    cmocka_unit_test(test_size),
	    cmocka_unit_test(test_disk_free),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
