/* SPDX-License-Identifier: Apache-2.0 */
/* Which slices of a range a coarse answer reads, and what they stand for. */
#include "query/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* 2026-01-01T12:00:00Z */
static const int64_t noon = 1767268800000;
enum { MINUTE = 60000, HOUR = 3600000 };

static void test_which_slices(void **state)
{
	(void)state;
	const struct {
		int64_t span_ms;
		uint64_t flows, rows;
		uint32_t every; /* 0: all */
	} rows[] = {
	    {HOUR, 100, 100, 0},                    /* few enough */
	    {6 * HOUR, 1000, 500, 2},               /* half of 72 slices */
	    {6 * HOUR, 1001, 500, 3},               /* not more than asked for */
	    {6 * HOUR, 100000, 500, 12},            /* but at least six slices */
	    {HOUR, 100000, 500, 2},                 /* of twelve */
	    {30 * MINUTE, 100000, 500, 0},          /* too short */
	    {90 * 24 * (int64_t)HOUR, 101, 100, 52} /* 25920 slices: 500 at most */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sample s;
		const struct query q = {.from_ms = noon, .to_ms = noon + rows[i].span_ms};
		bool some = sample_of(&q, rows[i].flows, rows[i].rows, &s);
		assert_int_equal(some, rows[i].every > 0);
		if (some)
			assert_int_equal(s.every, rows[i].every);
	}
}

/* 12:03 to 13:03 with every third slice: 12:00 (of which two minutes are in the range), 12:15,
 * 12:30, 12:45, 13:00 (three minutes). */
static void test_share(void **state)
{
	(void)state;
	const struct query q = {.from_ms = noon + 3 * MINUTE, .to_ms = noon + 63 * MINUTE};
	const struct sample s = {.from_ms = noon, .every = 3};
	assert_int_equal(sample_slices(&s, &q), 5);
	assert_true(sample_share(&s, &q) == (2 + 5 + 5 + 5 + 3) / 60.0);
}

static void test_spread(void **state)
{
	(void)state;
	const struct query q = {
	    .from_ms = noon + 3 * MINUTE, .to_ms = noon + 63 * MINUTE, .step_s = 600};
	const struct sample s = {.from_ms = noon, .every = 3};
	double v[6] = {0};
	/* 20 in two minutes: 10 a minute until 12:15, the first bin and two minutes of the next. */
	assert_true(sample_spread(&s, &q, 0, 20, v, 6) == 120);
	assert_true(v[0] == 100 && v[1] == 20 && v[2] == 0);
	/* 50 in five minutes, from 12:45 to 13:00. */
	memset(v, 0, sizeof(v));
	assert_true(sample_spread(&s, &q, 3, 50, v, 6) == 150);
	assert_true(v[3] == 0 && v[4] == 80 && v[5] == 70);
	/* 9 in the three minutes that are left. */
	memset(v, 0, sizeof(v));
	assert_true(sample_spread(&s, &q, 4, 9, v, 6) == 9);
	assert_true(v[4] == 0 && v[5] == 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_which_slices),
					   cmocka_unit_test(test_share),
					   cmocka_unit_test(test_spread)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
