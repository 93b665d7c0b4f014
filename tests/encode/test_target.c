/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void good_ones(void **state)
{
	static const struct {
		const char *text, *again;
		bool split;
	} cases[] = {
	    {"udp://collector.example", "udp://collector.example:4739", false},
	    {"tcp://192.0.2.1:9999", "tcp://192.0.2.1:9999", false},
	    {"tls://c.example", "tls://c.example:4740", false},
	    {"tls://[2001:db8::1]:5000", "tls://[2001:db8::1]:5000", false},
	    {"udp://[2001:db8::1]", "udp://[2001:db8::1]:4739", false},
	    {"udp://2001:db8::1", "udp://[2001:db8::1]:4739", false},
	    {"nf9://a", "nf9://a:2055", true},
	    {"nf5://a:65535", "nf5://a:65535", true},
	    {"udp://a?split=yes", "udp://a:4739", true},
	    {"udp://a:1?split=no", "udp://a:1", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct export_target t[EXPORT_TARGETS_MAX];
		char text[EXPORT_TARGET_TEXT_MAX];
		struct diag d = {0};
		size_t n = 0;
		assert_int_equal(export_targets_parse(cases[i].text, t, &n, &d), ERR_OK);
		assert_int_equal(n, 1);
		export_target_text(&t[0], text);
		assert_string_equal(text, cases[i].again);
		assert_int_equal(t[0].split, cases[i].split);
	}
}

static void lists(void **state)
{
	struct export_target t[EXPORT_TARGETS_MAX];
	struct diag d = {0};
	char many[400] = "";
	size_t n = 9;
	(void)state;
	assert_int_equal(export_targets_parse(" ", t, &n, &d), ERR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(export_targets_parse("udp://a, tcp://b\n nf5://c", t, &n, &d), ERR_OK);
	assert_int_equal(n, 3);
	assert_string_equal(t[1].host, "b");
	for (int i = 0; i <= EXPORT_TARGETS_MAX; i++)
		strncat(many, "udp://a ", sizeof(many) - strlen(many) - 1);
	assert_int_equal(export_targets_parse(many, t, &n, &d), ERR_LIMIT);
}

static void bad_ones(void **state)
{
	static const char *const cases[] = {"a",
					    "udp:/a",
					    "http://a",
					    "udp://",
					    "udp://:4739",
					    "udp://a:0",
					    "udp://a:65536",
					    "udp://a:x",
					    "udp://[::1",
					    "udp://[::1]x",
					    "udp://[::1]:",
					    "udp://a:",
					    "udp://a?x=1",
					    "udp://a:99999999999"};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct export_target t[EXPORT_TARGETS_MAX];
		struct diag d = {0};
		size_t n = 0;
		assert_int_not_equal(export_targets_parse(cases[i], t, &n, &d), ERR_OK);
		assert_non_null(strstr(d.msg, cases[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(good_ones), cmocka_unit_test(lists),
					   cmocka_unit_test(bad_ones)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
