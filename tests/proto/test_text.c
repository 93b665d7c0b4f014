/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/text.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

static struct rd of(const char *s)
{
	return rd_of(s, strlen(s));
}

static void lines(void **state)
{
	(void)state;
	struct rd r = of("GET  /x HTTP/1.1\r\n\nhalf"), line, word;
	assert_true(text_line(&r, &line));
	word = text_word(&line);
	assert_true(text_is(&word, "GET"));
	word = text_word(&line);
	assert_true(text_is(&word, "/x"));
	word = text_word(&line);
	assert_true(text_is_nocase(&word, "http/1.1"));
	assert_int_equal(rd_left(&line), 0);
	assert_true(text_line(&r, &line));
	assert_int_equal(rd_left(&line), 0);
	assert_false(text_line(&r, &line));
	assert_int_equal(rd_left(&r), 4);
	struct rd header = of("Host : a.example "), name = text_until(&header, ':');
	name = text_trim(name);
	header = text_trim(header);
	assert_true(text_is(&name, "Host"));
	assert_true(text_is(&header, "a.example"));
}

static void numbers(void **state)
{
	(void)state;
	struct rd r = of("0042,x"), hex = of("fF;"), big = of("99999999999999999999");
	uint64_t v;
	assert_true(text_number(&r, &v));
	assert_int_equal(v, 42);
	assert_int_equal(rd_left(&r), 2);
	assert_true(text_hex_number(&hex, &v));
	assert_int_equal(v, 255);
	assert_false(text_number(&big, &v));
}

static void utf16(void **state)
{
	(void)state;
	/* "aä€" and U+1F600 (RFC 2781 3.4 style), then half a pair */
	static const uint8_t in[] = {'a',  0,    0xe4, 0,    0xac, 0x20,
				     0x3d, 0xd8, 0x00, 0xde, 0x3d, 0xd8};
	uint8_t out[64];
	size_t n = text_from_utf16le(rd_of(in, sizeof(in)), out, sizeof(out));
	assert_int_equal(n, 1 + 2 + 3 + 4 + 3);
	assert_memory_equal(out, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd", n);
	assert_int_equal(text_from_utf16le(rd_of(in, sizeof(in)), out, 4), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(utf16),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
