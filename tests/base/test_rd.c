/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rd.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void reads_in_network_order(void **state)
{
	(void)state;
	static const uint8_t in[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
	struct rd r = rd_of(in, sizeof(in));
	assert_int_equal(rd_u8(&r), 1);
	assert_int_equal(rd_be16(&r), 0x0203);
	assert_int_equal(rd_be24(&r), 0x040506);
	assert_int_equal(rd_be32(&r), 0x0708090a);
	assert_true(rd_be64(&r) == 0x0b0c0d0e0f101112u);
	assert_int_equal(rd_left(&r), 0);
	assert_false(r.bad);
}

static void remembers_a_read_past_the_end(void **state)
{
	(void)state;
	static const uint8_t in[] = {0xff, 0xff, 0xff};
	struct rd r = rd_of(in, sizeof(in));
	assert_int_equal(rd_be32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(rd_u8(&r), 0); /* although three bytes are there */
	assert_int_equal(rd_left(&r), 0);
}

static void a_child_cannot_leave_its_part(void **state)
{
	(void)state;
	static const uint8_t in[] = {1, 2, 3, 4};
	struct rd r = rd_of(in, sizeof(in));
	struct rd child = rd_sub(&r, 2);
	assert_int_equal(rd_be16(&child), 0x0102);
	assert_int_equal(rd_u8(&child), 0);
	assert_true(child.bad);
	assert_false(r.bad);
	assert_int_equal(rd_be16(&r), 0x0304);
	struct rd none = rd_sub(&r, 1);
	assert_true(none.bad && r.bad);
}

static void huge_lengths_do_not_wrap(void **state)
{
	(void)state;
	static const uint8_t in[] = {1, 2};
	struct rd r = rd_of(in, sizeof(in));
	assert_null(rd_take(&r, SIZE_MAX));
	assert_true(r.bad);
}

static void loads_reduced_sizes(void **state)
{
	(void)state;
	static const uint8_t in[] = {0x12, 0x34, 0x56, 0x78, 0x9a};
	assert_true(load_be(in, 0) == 0);
	assert_true(load_be(in, 1) == 0x12);
	assert_true(load_be(in, 3) == 0x123456);
	assert_true(load_be(in, 5) == 0x123456789a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_in_network_order),
	    cmocka_unit_test(remembers_a_read_past_the_end),
	    cmocka_unit_test(a_child_cannot_leave_its_part),
	    cmocka_unit_test(huge_lengths_do_not_wrap),
	    cmocka_unit_test(loads_reduced_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
