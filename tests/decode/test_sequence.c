/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/sequence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void see(struct sequence *s, uint32_t seq, uint32_t units)
{
	const struct sequence_step step = {.seq = seq, .units = units};
	sequence_see(s, &step);
}

static void in_order_nothing_is_lost(void **state)
{
	(void)state;
	struct sequence s = {0};
	for (uint32_t i = 0; i < 100; i++)
		see(&s, 4294967290u + i * 30, 30); /* across the wrap */
	assert_int_equal(sequence_lost(&s), 0);
	assert_int_equal(s.restarts, 0);
}

static void gap_counts_its_units(void **state)
{
	(void)state;
	struct sequence s = {0};
	see(&s, 1000, 30);
	see(&s, 1090, 30); /* 1030..1089 missing */
	assert_int_equal(sequence_lost(&s), 60);
	assert_int_equal(s.lost, 0); /* it may still come */
	for (uint32_t i = 0; i <= SEQUENCE_WINDOW; i++)
		see(&s, 1120 + i * 30, 30);
	assert_int_equal(s.lost, 60);
}

static void late_datagrams_fill_their_gap(void **state)
{
	(void)state;
	struct sequence s = {0};
	see(&s, 0, 10);
	see(&s, 40, 10);
	assert_int_equal(sequence_lost(&s), 30);
	see(&s, 20, 10); /* the middle of it */
	assert_int_equal(sequence_lost(&s), 20);
	see(&s, 30, 10);
	assert_int_equal(sequence_lost(&s), 10);
	see(&s, 10, 10);
	assert_int_equal(sequence_lost(&s), 0);
	see(&s, 50, 10);
	assert_int_equal(sequence_lost(&s), 0);
	assert_int_equal(s.late, 3);
	assert_int_equal(s.repeated, 0);
}

static void duplicate_is_no_loss(void **state)
{
	(void)state;
	struct sequence s = {0};
	see(&s, 5, 1);
	see(&s, 6, 1);
	see(&s, 6, 1);
	see(&s, 7, 1);
	assert_int_equal(sequence_lost(&s), 0);
	assert_int_equal(s.restarts, 0);
	assert_int_equal(s.next, 8);
	assert_int_equal(s.repeated, 1);
}

static void counting_from_the_start_is_a_restart(void **state)
{
	(void)state;
	struct sequence s = {0};
	see(&s, 5000, 10);
	see(&s, 5010, 10);
	for (uint32_t i = 0; i < 4; i++)
		see(&s, i * 10, 10);
	assert_int_equal(s.restarts, 1);
	assert_int_equal(sequence_lost(&s), 0);
	assert_int_equal(s.next, 40);
	assert_int_equal(s.repeated, 0);
	see(&s, 50, 10);
	assert_int_equal(sequence_lost(&s), 10);
}

static void far_jump_is_a_restart(void **state)
{
	(void)state;
	struct sequence s = {0};
	see(&s, 0, 1);
	see(&s, SEQUENCE_FAR + 2u, 1);
	assert_int_equal(s.restarts, 1);
	assert_int_equal(sequence_lost(&s), 0);
}

static void device_that_says_so_restarted(void **state)
{
	(void)state;
	struct sequence s = {0};
	see(&s, 100, 1);
	const struct sequence_step again = {.seq = 98, .units = 1, .restarted = true};
	sequence_see(&s, &again);
	assert_int_equal(s.restarts, 1);
	assert_int_equal(s.next, 99);
}

static void unknown_units_are_not_lost(void **state)
{
	(void)state;
	struct sequence s = {0};
	const struct sequence_step some = {.seq = 0, .units = 5, .units_unknown = true};
	sequence_see(&s, &some);
	see(&s, 12, 5); /* 7 more were in sets without template */
	assert_int_equal(sequence_lost(&s), 0);
	see(&s, 20, 5);
	assert_int_equal(sequence_lost(&s), 3);
}

static void many_gaps_are_all_counted(void **state)
{
	(void)state;
	struct sequence s = {0};
	for (uint32_t i = 0; i < 20; i++)
		see(&s, i * 3, 1);
	assert_int_equal(sequence_lost(&s), 19 * 2);
	see(&s, 58, 1); /* late, but its gap counts already or not: never below what is missing */
	assert_in_range(sequence_lost(&s), 37, 39);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(in_order_nothing_is_lost),
	    cmocka_unit_test(gap_counts_its_units),
	    cmocka_unit_test(late_datagrams_fill_their_gap),
	    cmocka_unit_test(duplicate_is_no_loss),
	    cmocka_unit_test(counting_from_the_start_is_a_restart),
	    cmocka_unit_test(far_jump_is_a_restart),
	    cmocka_unit_test(device_that_says_so_restarted),
	    cmocka_unit_test(unknown_units_are_not_lost),
	    cmocka_unit_test(many_gaps_are_all_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
