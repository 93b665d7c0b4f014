/* SPDX-License-Identifier: Apache-2.0 */
/* buf, ip, timefmt, arena: text in and out. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/timefmt.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void json_strings_are_escaped(void **state)
{
	(void)state;
	struct buf b = {0};
	buf_json_str(&b, "a\"\\\n\x01\xc3\xa9\xff\xed\xa0\x80", 11);
	assert_string_equal(buf_cstr(&b),
			    "\"a\\\"\\\\\\n\\u0001\xc3\xa9\\ufffd\\ufffd\\ufffd\\ufffd\"");
	buf_fini(&b);
}

static void csv_cells_are_quoted_when_needed(void **state)
{
	(void)state;
	struct buf b = {0};
	buf_csv_cell(&b, "plain", 5);
	buf_u8(&b, ',');
	buf_csv_cell(&b, "a,\"b\"", 5);
	assert_string_equal(buf_cstr(&b), "plain,\"a,\"\"b\"\"\"");
	buf_fini(&b);
}

static void numbers_and_varints(void **state)
{
	(void)state;
	struct buf b = {0};
	buf_dec_signed(&b, INT64_MIN);
	buf_u8(&b, ' ');
	buf_dec(&b, UINT64_MAX);
	assert_string_equal(buf_cstr(&b), "-9223372036854775808 18446744073709551615");
	buf_reset(&b);
	buf_varint(&b, 300); /* LEB128: 0xac 0x02 */
	assert_int_equal(b.n, 2);
	assert_int_equal(b.p[0], 0xac);
	assert_int_equal(b.p[1], 0x02);
	buf_fini(&b);
}

static void a_limit_makes_the_buffer_bad(void **state)
{
	(void)state;
	struct buf b = {.max = 1000};
	for (int i = 0; i < 300; i++)
		buf_str(&b, "12345");
	assert_true(b.bad);
	assert_true(b.n <= 1000);
	buf_fini(&b);
}

static void addresses(void **state)
{
	(void)state;
	static const char *const same[] = {
	    "0.0.0.0", "255.255.255.255", "10.0.9.100", "2001:db8::5", "::1", "::"};
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		struct ip a;
		char text[IP_TEXT_MAX];
		assert_int_equal(ip_parse(same[i], strlen(same[i]), &a), ERR_OK);
		assert_int_equal(ip_format(&a, text), strlen(same[i]));
		assert_string_equal(text, same[i]);
	}
	struct ip a, net;
	uint8_t bits;
	assert_int_equal(ip_parse("1.2.3", 5, &a), ERR_MALFORMED);
	assert_int_equal(ip_parse("1.2.3.4\0", 8, &a), ERR_MALFORMED);
	assert_int_equal(ip_parse_net("10.32.0.0/11", 12, &net, &bits), ERR_OK);
	assert_int_equal(bits, 107);
	assert_int_equal(ip_parse("10.63.255.255", 13, &a), ERR_OK);
	assert_true(ip_in_net(&a, &net, bits));
	assert_int_equal(ip_parse("10.64.0.0", 9, &a), ERR_OK);
	assert_false(ip_in_net(&a, &net, bits));
	assert_int_equal(ip_parse_net("10.0.0.0/33", 11, &net, &bits), ERR_MALFORMED);
	assert_int_equal(ip_parse_net("2001:db8::/32", 13, &net, &bits), ERR_OK);
	assert_int_equal(bits, 32);
	uint64_t mac;
	char text[MAC_TEXT_MAX];
	assert_int_equal(mac_parse("00:1B:44:11:3a:b7", 17, &mac), ERR_OK);
	assert_true(mac == 0x001b44113ab7);
	assert_int_equal(mac_parse("a:0:B-1:2:03", 12, &mac), ERR_OK);
	assert_true(mac == 0x0a000b010203);
	static const char *const wrong[] = {"",
					    "a",
					    "a:b:c:d:e",
					    "a:b:c:d:e:",
					    "a:b:c:d:e:f:",
					    ":a:b:c:d:e",
					    "a:b:c:d:e:f:a",
					    "aaa:b:c:d:e:f",
					    "a:b:c:d:e:g",
					    "a b:c:d:e:f"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(mac_parse(wrong[i], strlen(wrong[i]), &mac), ERR_MALFORMED);
	assert_int_equal(mac_parse("00:1B:44:11:3a:b7", 17, &mac), ERR_OK);
	mac_format(mac, text);
	assert_string_equal(text, "00:1b:44:11:3a:b7");
}

/* Expected values by `date -u -d TEXT +%s`. */
static void times(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ms;
		const char *canonical;
	} cases[] = {
	    {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"},
	    {"2000-02-29T23:59:59.999Z", 951868799999, "2000-02-29T23:59:59.999Z"},
	    {"2026-01-01T12:00:00+02:00", 1767261600000, "2026-01-01T10:00:00.000Z"},
	    {"1969-12-31T23:59:59.5Z", -500, "1969-12-31T23:59:59.500Z"},
	    {"2026-01-01", 1767225600000, "2026-01-01T00:00:00.000Z"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t ms;
		char text[RFC3339_MAX];
		assert_int_equal(rfc3339_parse(cases[i].text, strlen(cases[i].text), &ms), ERR_OK);
		assert_true(ms == cases[i].ms);
		rfc3339_format(ms, text);
		assert_string_equal(text, cases[i].canonical);
	}
	int64_t ms;
	static const char *const bad[] = {"",
					  "2026",
					  "2026-13-01",
					  "2026-01-01T25:00Z",
					  "2026-01-01T12:00:00Zx",
					  "2026-01-01T12:00:00+0"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(rfc3339_parse(bad[i], strlen(bad[i]), &ms), ERR_MALFORMED);
	assert_int_equal(day_of_ms(-1), -1);
	assert_int_equal(day_of_ms(86400000), 1);
}

static void arena_reuses_its_first_chunk(void **state)
{
	(void)state;
	struct arena a = {.max = 100000};
	void *first = arena_alloc(&a, 100);
	assert_non_null(arena_alloc(&a, 50000));
	assert_null(arena_alloc(&a, 60000));
	arena_reset(&a);
	assert_ptr_equal(arena_alloc(&a, 10), first);
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_strings_are_escaped),
	    cmocka_unit_test(csv_cells_are_quoted_when_needed),
	    cmocka_unit_test(numbers_and_varints),
	    cmocka_unit_test(a_limit_makes_the_buffer_bad),
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(times),
	    cmocka_unit_test(arena_reuses_its_first_chunk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
