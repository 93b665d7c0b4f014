/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of a line, numbers as JSON. */
#include "query/render.h"
#include "query/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_p95_is_nearest_rank(void **state)
{
	(void)state;
	double v[20], scratch[20];
	for (int i = 0; i < 20; i++)
		v[(i * 7) % 20] = i + 1; /* 1..20 in another order */
	struct series_line l = {.values = v};
	series_statistics(&l, 20, scratch);
	assert_true(l.p95 == 19); /* ceil(0.95 * 20) = 19th */
	assert_true(l.min == 1 && l.max == 20 && l.avg == 10.5);
	assert_true(l.last == v[19]);
	series_statistics(&l, 1, scratch);
	assert_true(l.p95 == v[0]);
	for (int i = 0; i < 10; i++)
		v[i] = i + 1;
	series_statistics(&l, 10, scratch);
	assert_true(l.p95 == 10); /* ceil(9.5) = 10th */
}

static void test_numbers(void **state)
{
	(void)state;
	const struct {
		double v;
		const char *text;
	} rows[] = {{0, "0"},         {1, "1"},          {1.5, "1.5"},
		    {2.0004, "2"},    {1. / 3, "0.333"}, {1e12, "1000000000000"},
		    {-2.25, "-2.25"}, {99.9999, "100"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = {0};
		render_number(&b, rows[i].v);
		assert_string_equal(buf_cstr(&b), rows[i].text);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_p95_is_nearest_rank),
	    cmocka_unit_test(test_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
