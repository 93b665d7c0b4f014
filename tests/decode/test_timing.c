/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/timing.h"

#include "model/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const int64_t arrival = 1700000000000;

/* Flows of these durations, each reported 250 ms after its last packet. */
static void see(struct timing *t, const uint32_t *durations_ms, uint32_t n)
{
	struct batch *b = batch_new(SHAPE_CORE);
	assert_non_null(b);
	batch_use(b, F_t_first);
	batch_use(b, F_t_last);
	batch_use(b, F_t_recv);
	batch_open_rows(b, n);
	for (uint32_t i = 0; i < n; i++) {
		batch_set_num(b, F_t_recv, i, (uint64_t)arrival);
		batch_set_num(b, F_t_last, i, (uint64_t)arrival - 250);
		batch_set_num(b, F_t_first, i, (uint64_t)arrival - 250 - durations_ms[i]);
	}
	b->n = n;
	timing_see(t, b, 0, n, true);
	batch_free(b);
}

static void short_flows_tell_no_timeout(void **state)
{
	(void)state;
	struct timing t = {0};
	see(&t, (const uint32_t[]){0, 20, 900, 9999}, 4);
	assert_int_equal(timing_active_timeout_ms(&t), 0);
	assert_int_equal(t.lag_records, 4);
	assert_int_equal(t.lag_sum_ms, 1000);
}

static void long_flows_pile_up_at_the_timeout(void **state)
{
	(void)state;
	struct timing t = {0};
	uint32_t flows[200];
	/* Ends of natural length, and every fourth cut at a minute. */
	for (uint32_t i = 0; i < 200; i++)
		flows[i] = i % 4 ? i * 290 : 60000 + i % 3;
	see(&t, flows, 200);
	assert_int_equal(timing_active_timeout_ms(&t), 60002);
}

static void one_broken_clock_is_no_timeout(void **state)
{
	(void)state;
	struct timing t = {0};
	uint32_t flows[100];
	for (uint32_t i = 0; i < 100; i++)
		flows[i] = 119000 + i;
	flows[50] = 3 * 3600 * 1000;
	flows[51] = 5 * 3600 * 1000; /* beyond what is looked at */
	see(&t, flows, 100);
	assert_int_equal(timing_active_timeout_ms(&t), 119099);
}

static void a_changed_timeout_shows(void **state)
{
	(void)state;
	struct timing t = {0};
	uint32_t flows[100];
	for (uint32_t i = 0; i < 100; i++)
		flows[i] = 1800000;
	see(&t, flows, 100);
	assert_int_equal(timing_active_timeout_ms(&t), 1800000);
	for (uint32_t i = 0; i < 100; i++)
		flows[i] = 30000;
	for (uint32_t i = 0; i < 2 * TIMING_FORGET / 100; i++)
		see(&t, flows, 100);
	assert_int_equal(timing_active_timeout_ms(&t), 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(short_flows_tell_no_timeout),
	    cmocka_unit_test(long_flows_pile_up_at_the_timeout),
	    cmocka_unit_test(one_broken_clock_is_no_timeout),
	    cmocka_unit_test(a_changed_timeout_shows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
