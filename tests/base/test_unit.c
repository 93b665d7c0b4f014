/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unit.h"

#include "base/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint64_t duration(const char *s)
{
	uint64_t v = UINT64_MAX;
	(void)!unit_duration(s, strlen(s), &v);
	return v;
}

static uint64_t size(const char *s)
{
	uint64_t v = UINT64_MAX;
	(void)!unit_size(s, strlen(s), &v);
	return v;
}

static void durations(void **state)
{
	(void)state;
	assert_int_equal(duration("500ms"), 500);
	assert_int_equal(duration("10"), 10000);
	assert_int_equal(duration("5m"), 300000);
	assert_int_equal(duration("90d"), 7776000000);
	assert_int_equal(duration("1w"), 604800000);
	assert_int_equal(duration("1y"), UINT64_MAX);
	assert_int_equal(duration(""), UINT64_MAX);
	assert_int_equal(duration("d"), UINT64_MAX);
	assert_int_equal(duration("-1s"), UINT64_MAX);
	assert_int_equal(duration("1 s"), UINT64_MAX);
	uint64_t v = 7;
	assert_int_equal(unit_duration("99999999999999999w", 18, &v), ERR_LIMIT);
	assert_int_equal(unit_u64("18446744073709551616", 20, &v), ERR_LIMIT);
	assert_int_equal(v, 7);
	assert_int_equal(unit_u64("18446744073709551615", 20, &v), ERR_OK);
	assert_true(v == UINT64_MAX);
}

static void sizes(void **state)
{
	(void)state;
	assert_int_equal(size("4096"), 4096);
	assert_int_equal(size("128MB"), 134217728);
	assert_int_equal(size("128m"), 134217728);
	assert_int_equal(size("8GiB"), 8589934592);
	assert_int_equal(size("1.5GB"), UINT64_MAX);
	assert_int_equal(size("12XB"), UINT64_MAX);
}

static void texts_read_back(void **state)
{
	(void)state;
	char t[UNIT_TEXT_MAX];
	unit_duration_format(604800000, t);
	assert_string_equal(t, "7d");
	unit_duration_format(90000, t);
	assert_string_equal(t, "90s");
	unit_duration_format(0, t);
	assert_string_equal(t, "0");
	unit_size_format(134217728, t);
	assert_string_equal(t, "128MB");
	unit_size_format(1000, t);
	assert_string_equal(t, "1000B");
}

static void nearest_word(void **state)
{
	(void)state;
	static const char *const words[] = {"collect.threads", "collect.listen", "store.url"};
	assert_string_equal(near_find("collect.thread", 14, words, 3), "collect.threads");
	assert_string_equal(near_find("collect.litsen", 14, words, 3), "collect.listen");
	assert_null(near_find("banana", 6, words, 3));
	assert_null(near_find("", 0, words, 3));
	assert_int_equal(near_distance("kitten", 6, "sitting", 7), 3);
	assert_int_equal(near_distance("ab", 2, "ba", 2), 1);
	assert_int_equal(near_distance("", 0, "abc", 3), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(durations),
	    cmocka_unit_test(sizes),
	    cmocka_unit_test(texts_read_back),
	    cmocka_unit_test(nearest_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
