/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void what_matches(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *flags, *text;
		size_t n;
		bool match;
	} rows[] = {
	    {"a.c", "", "xabcx", 5, true},
	    {"a.c", "", "a\nc", 3, false},
	    {"a.c", "s", "a\nc", 3, true},
	    {"^b", "", "a\nb", 3, false},
	    {"^b", "m", "a\nb", 3, true},
	    {"a$", "", "a\n", 2, false},
	    {"ABC", "i", "abc", 3, true},
	    {"\\s", "", "\v", 1, false},
	    {"[[:space:]]", "", "\v", 1, true},
	    {"^.$", "", "\xc3\xbc", 2, true},
	    {"^.$", "", "\xff", 1, false},
	    {"a", "",
	     "\xff\xfe"
	     "a",
	     3, true},
	    {"b", "", "a\0b", 3, true},
	    {"^$", "", "", 0, true},
	    {"x{2,3}y", "", "xxy", 3, true},
	    {"x{2,3}y", "", "xy", 2, false},
	    {"(a|b)+c", "", "ababc", 5, true},
	    {"\\x41", "", "A", 1, true},
	    {"\\w+@\\d", "", "me@1", 4, true},
	    {"[^\\d\\s]", "", "1 2", 3, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena = {0};
		const struct regex *r;
		size_t at;
		const char *why;
		struct regex_run *run = regex_run_new();
		assert_int_equal(regex_new(rows[i].pattern, strlen(rows[i].pattern), rows[i].flags,
					   &arena, &r, &at, &why),
				 ERR_OK);
		if (regex_match(r, run, (const uint8_t *)rows[i].text, rows[i].n) != rows[i].match)
			fail_msg("row %zu: %s", i, rows[i].pattern);
		regex_run_free(run);
		arena_fini(&arena);
	}
}

/* What only one of the engines has, or both but with another meaning, does not pass. */
static void what_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		size_t at;
	} rows[] = {
	    {"(?=a)", 0},         {"(?<n>a)", 0}, {"(a)\\1", 3}, {"a**", 2},
	    {"a++", 2},           {"*a", 0},      {"a{1", 1},    {"a{256}", 1},
	    {"(a{100}){100}", 8}, {"[a", 0},      {"(a", 2},     {"a)", 1},
	    {"\\v", 0},           {"\\R", 0},     {"\\pL", 0},   {"[[.a.]]", 1},
	    {"[[:foo:]]", 1},     {"[\\S]", 1},   {"\\x4", 0},   {"a\\", 1},
	    {"\\Qa\\E", 0},       {"(?-)a", 0},   {"(?i", 0},    {"^*", 1},
	    {"[+-[:alpha:]]", 3}, {"(?U)a", 0},   {"\\C", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena = {0};
		const struct regex *r;
		size_t at = 99;
		const char *why = NULL;
		enum err e =
		    regex_new(rows[i].pattern, strlen(rows[i].pattern), "", &arena, &r, &at, &why);
		if (e != ERR_SYNTAX || at != rows[i].at || !why)
			fail_msg("%s: %d at %zu", rows[i].pattern, (int)e, at);
		arena_fini(&arena);
	}
}

/* Exponential backtracking ends at the limit, as no match. */
static void steps_are_bounded(void **state)
{
	(void)state;
	struct arena arena = {0};
	const struct regex *r;
	size_t at;
	const char *why;
	uint8_t text[64];
	memset(text, 'a', sizeof(text));
	struct regex_run *run = regex_run_new();
	assert_int_equal(regex_new("^(a|aa)+$x", 10, "", &arena, &r, &at, &why), ERR_OK);
	assert_false(regex_match(r, run, text, sizeof(text)));
	assert_int_equal(regex_new("^((a*)*)*b", 10, "", &arena, &r, &at, &why), ERR_OK);
	assert_false(regex_match(r, run, text, sizeof(text)));
	regex_run_free(run);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_matches),
	    cmocka_unit_test(what_is_refused),
	    cmocka_unit_test(steps_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
