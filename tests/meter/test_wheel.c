/* SPDX-License-Identifier: Apache-2.0 */
/* The wheel gives out every flow once, in the slot after its time. */
#include "meter/wheel.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FLOWS = 5000 };
static const uint64_t second_ns = 1000000000, slot_ns = (uint64_t)1 << WHEEL_SHIFT;

struct fixture {
	struct cache cache;
	struct wheel wheel;
};

static struct fixture x;

static void set_up(uint64_t now_ns)
{
	assert_int_equal(cache_init(&x.cache, FLOWS, false), ERR_OK);
	wheel_init(&x.wheel, now_ns);
	for (uint32_t i = 0; i < FLOWS; i++) {
		const struct key k = {.ip4 = {i, 1}, .hash = i * 2654435761u};
		assert_int_equal(cache_add(&x.cache, &k), i);
	}
}

static void in_time(void **state)
{
	(void)state;
	uint64_t due[FLOWS], start = 1767268800 * second_ns;
	size_t given = 0;
	set_up(start);
	for (uint32_t i = 0; i < FLOWS; i++) {
		due[i] = start + (uint64_t)i * 100000000; /* up to 500 s */
		wheel_put(&x.wheel, &x.cache, i, due[i]);
	}
	for (uint32_t i = 0; i < FLOWS; i += 10)
		wheel_remove(&x.wheel, &x.cache, i);
	for (uint64_t now = start; now < start + 510 * second_ns; now += 50000000) {
		wheel_turn(&x.wheel, now);
		for (uint32_t i; (i = wheel_next(&x.wheel, &x.cache)) != FLOW_NONE; given++) {
			assert_true(i % 10);
			assert_true(now >= due[i]);
			assert_true(now - due[i] <= 2 * slot_ns + 50000000);
		}
	}
	assert_int_equal(given, FLOWS - FLOWS / 10);
	cache_fini(&x.cache);
}

/* Beyond the wheel's horizon, and after a leap of years: nothing stays behind. */
static void far(void **state)
{
	(void)state;
	size_t given = 0;
	set_up(0);
	for (uint32_t i = 0; i < FLOWS; i++)
		wheel_put(&x.wheel, &x.cache, i, (uint64_t)i * 3600 * second_ns);
	wheel_turn(&x.wheel, (uint64_t)1 << 62);
	while (wheel_next(&x.wheel, &x.cache) != FLOW_NONE)
		given++;
	assert_int_equal(given, FLOWS);
	cache_fini(&x.cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(in_time), cmocka_unit_test(far)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
