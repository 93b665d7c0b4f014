/* SPDX-License-Identifier: Apache-2.0 */
/* The order of exporters: two are the same only if the decoder takes them for the same. */
#include "cmd/collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define V4(last)                                                                                   \
	{                                                                                          \
		{                                                                                  \
			[10] = 0xff, 0xff, 192, 0, 2, last                                         \
		}                                                                                  \
	}

static void each_part_of_the_key_counts(void **state)
{
	(void)state;
	const struct exporter_info base = {
	    .ip = V4(1), .port = 6343, .version = 5, .session = 7, .domain = 1, .agent = V4(10)};
	struct exporter_info other[6];
	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		other[i] = base;
	other[0].ip = (struct ip)V4(2);
	other[1].port = 6344;
	other[2].version = 9;
	other[3].domain = 2;
	other[4].session = 8;
	other[5].agent = (struct ip)V4(11);
	for (size_t i = 0; i < ARRAY_LEN(other); i++) {
		assert_true(exporter_compare(&base, &other[i]) < 0);
		assert_true(exporter_compare(&other[i], &base) > 0);
	}
	/* What it counts is no part of it. */
	struct exporter_info same = base;
	same.datagrams = 100;
	same.records = 1000;
	assert_int_equal(exporter_compare(&base, &same), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_part_of_the_key_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
