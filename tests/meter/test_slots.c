/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces are zero when they are taken, and used again before new ones are. */
#include "meter/slots.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

enum { PIECES = 5, SIZE = 24 };

static void again(void **state)
{
	(void)state;
	static uint8_t mem[PIECES * SIZE];
	static const uint8_t zero[SIZE];
	struct slots s = {.mem = mem, .size = SIZE};
	for (uint32_t i = 1; i <= PIECES; i++) {
		assert_int_equal(slots_take(&s), i);
		assert_memory_equal(slots_at(&s, i), zero, SIZE);
		memset(slots_at(&s, i), 0xff, SIZE);
	}
	slots_give(&s, 2);
	slots_give(&s, 4);
	slots_give(&s, 0);
	assert_int_equal(slots_take(&s), 4);
	assert_memory_equal(slots_at(&s, 4), zero, SIZE);
	assert_int_equal(slots_take(&s), 2);
	assert_memory_equal(slots_at(&s, 2), zero, SIZE);
	assert_int_equal(s.top, PIECES);
	/* the others were left alone */
	assert_int_equal(*(uint8_t *)slots_at(&s, 3), 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(again)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
