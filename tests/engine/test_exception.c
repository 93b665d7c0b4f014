/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exception.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_make(void **state unused_arg)
{
	struct exception x;
	exception_make(&x, EXC_SYNTAX_ERROR, "26.5", "Bad %s", "thing");
	assert_int_equal(x.code, 62);
	assert_int_equal(x.status, 400);
	assert_string_equal(buf_cstr(&x.text),
			    "Code: 62. DB::Exception: Bad thing. (SYNTAX_ERROR) (version 26.5)\n");
	exception_fini(&x);
}

static void test_take(void **state unused_arg)
{
	static const struct {
		const char *text;
		unsigned code, status;
	} rows[] = {
	    {"Code: 60. DB::Exception: Table x does not exist. (UNKNOWN_TABLE)", 60, 404},
	    {"Code: 33. DB::Exception: Code: 33. DB::Exception: a (B): b. (CANNOT_READ_ALL_DATA) "
	     "(version 1). "
	     "(CANNOT_READ_ALL_DATA)",
	     33, 500},
	    {"Code: 62. DB::Exception: near (UNKNOWN_TABLE): no. (SYNTAX_ERROR)", 62, 400},
	    {"Code: 159. DB::Exception: Timeout. (TIMEOUT_EXCEEDED)\n", 159, 408},
	    {"no code at all", 0, 500},
	    {"", 0, 500},
	    {")", 0, 500},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct exception x;
		exception_take(&x, rows[i].text, "1");
		assert_int_equal(x.code, rows[i].code);
		assert_int_equal(x.status, rows[i].status);
		exception_fini(&x);
	}
}

/* The example of the official client's source: marker, tag, text, its length and tag, marker. */
static void test_in_stream(void **state unused_arg)
{
	struct exception x = {.code = 1};
	struct buf out = {0};
	buf_str(&x.text, "boom\n");
	exception_in_stream(&x, "FOOBAR", &out);
	assert_string_equal(buf_cstr(&out),
			    "\r\n__exception__\r\nFOOBAR\r\nboom\n5 FOOBAR\r\n__exception__\r\n");
	exception_fini(&x);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_make),
	    cmocka_unit_test(test_take),
	    cmocka_unit_test(test_in_stream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
