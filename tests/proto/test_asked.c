/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/asked.h"

#include "cases.h"

enum { MS = 1000000 };

static uint64_t noted(const struct notes *n, enum field f)
{
	uint64_t v = 0;
	(void)notes_num(n, f, &v);
	return v;
}

/* More requests at once than are remembered: those are timed, the rest is counted, and what comes
 * after them is paired with its own answer. */
static void many_at_once(void **state)
{
	(void)state;
	struct pool pool;
	pool_init(&pool, 1 << 20);
	struct notes notes = notes_of(&pool);
	struct dissect_ctx c = {.notes = &notes, .t_ns = 100 * MS};
	struct asked x = {0};
	for (uint8_t i = 0; i < ASKED_OPEN + 3; i++)
		asked_ask(&x, &c, 0, i);
	c.first_ns = 105 * MS;
	for (uint8_t i = 0; i < ASKED_OPEN + 3; i++)
		assert_int_equal(asked_answer(&x, &c, 0, false), i < ASKED_OPEN ? i : ASKED_NONE);
	c.t_ns = 200 * MS;
	asked_ask(&x, &c, 0, 77);
	assert_int_equal(asked_next(&x), 77);
	c.first_ns = 201 * MS;
	assert_int_equal(asked_answer(&x, &c, 0, true), 77);
	assert_int_equal(asked_next(&x), ASKED_NONE);
	assert_int_equal(noted(&notes, F_app_requests), ASKED_OPEN + 4);
	assert_int_equal(noted(&notes, F_app_answers), ASKED_OPEN + 1);
	assert_int_equal(noted(&notes, F_app_errors), 1);
	assert_int_equal(noted(&notes, F_app_rt_us), 5000);
	assert_int_equal(noted(&notes, F_app_rt_min_us), 1000);
	assert_int_equal(noted(&notes, F_app_rt_max_us), 5000);
	assert_int_equal(noted(&notes, F_app_rt_sum_us), ASKED_OPEN * 5000 + 1000);
	notes_clear(&notes);
	pool_fini(&pool);
}

/* Answers that name their requests come in any order; one to nothing is no answer. */
static void by_key(void **state)
{
	(void)state;
	struct pool pool;
	pool_init(&pool, 1 << 20);
	struct notes notes = notes_of(&pool);
	struct dissect_ctx c = {.notes = &notes, .t_ns = 1 * MS};
	struct asked x = {0};
	asked_ask(&x, &c, 10, 1);
	c.t_ns = 2 * MS;
	asked_ask(&x, &c, 11, 2);
	c.first_ns = 4 * MS;
	assert_int_equal(asked_find(&x, 12), ASKED_OPEN);
	assert_int_equal(asked_answer(&x, &c, 12, false), ASKED_NONE);
	assert_int_equal(asked_answer(&x, &c, 11, false), 2);
	assert_int_equal(asked_answer(&x, &c, 10, false), 1);
	assert_int_equal(noted(&notes, F_app_answers), 2);
	assert_int_equal(noted(&notes, F_app_rt_us), 2000);
	assert_int_equal(noted(&notes, F_app_rt_sum_us), 5000);
	asked_ask(&x, &c, 13, 3);
	asked_lost(&x);
	assert_int_equal(asked_answer(&x, &c, 13, false), ASKED_NONE);
	notes_clear(&notes);
	pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_at_once),
	    cmocka_unit_test(by_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
