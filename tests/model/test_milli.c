/* SPDX-License-Identifier: Apache-2.0 */
/* Bits of IEEE 754: 1.5 is 3fc00000, 0.1 is 3dcccccd, 2^24 is 4b800000. */
#include "model/milli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t of32(uint32_t bits)
{
	uint64_t v;
	assert_true(milli_from32(bits, &v));
	return v;
}

static void from_floats(void **state)
{
	(void)state;
	uint64_t v;
	assert_int_equal(of32(0x3fc00000), 1500);
	assert_int_equal(of32(0x3dcccccd), 100);
	assert_int_equal(of32(0x4b800000), 16777216000);
	assert_int_equal(of32(0xbf800000), 0);          /* -1 */
	assert_int_equal(of32(0x7f800000), UINT64_MAX); /* infinity */
	assert_false(milli_from32(0x7fc00000, &v));     /* not a number */
	assert_true(milli_from64(0x3ff8000000000000, &v));
	assert_int_equal(v, 1500);
	assert_false(milli_from64(0x7ff8000000000000, &v));
}

/* A float32 of any size that comes in goes out as it was, if its thousandths are told apart. */
static void there_and_back(void **state)
{
	(void)state;
	static const uint32_t bits[] = {0x3fc00000, 0x4b800000, 0x45fff001, 0x47800001,
					0x4cbebc21, 0x50000000, 0x5cffffff};
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		uint64_t v = of32(bits[i]);
		assert_int_equal(of32(milli_to32(v)), v);
	}
	for (uint64_t v = 0; v < 9000000; v += 997)
		assert_int_equal(of32(milli_to32(v)), v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(from_floats),
	    cmocka_unit_test(there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
