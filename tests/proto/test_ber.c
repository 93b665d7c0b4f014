/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ber.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

static void elements(void **state)
{
	(void)state;
	/* SEQUENCE { INTEGER -129, [1] { OCTETS "ab" }, [APPLICATION 201] NULL } */
	static const uint8_t der[] = {0x30, 0x0d, 0x02, 0x02, 0xff, 0x7f, 0xa1, 0x04, 0x04,
				      0x02, 'a',  'b',  0x5f, 0x81, 0x49, 0x00, 0x99};
	struct rd r = rd_of(der, sizeof(der)), in, body;
	struct ber b;
	int64_t v;
	assert_int_equal(ber_whole(&r), 15);
	/* the length of the sequence ends before the empty element's length octet */
	assert_true(ber_next(&r, &b));
	assert_int_equal(b.tag, BER_SEQUENCE);
	assert_true(b.constructed);
	in = b.body;
	assert_true(ber_expect(&in, BER_UNIVERSAL, BER_INTEGER, &body));
	assert_true(ber_integer(body, &v));
	assert_int_equal(v, -129);
	assert_false(ber_expect(&in, BER_CONTEXT, 2, &body));
	assert_true(ber_expect(&in, BER_CONTEXT, 1, &body));
	assert_true(ber_expect(&body, BER_UNIVERSAL, BER_OCTETS, &body));
	assert_memory_equal(body.p, "ab", 2);
	assert_false(ber_next(&in, &b));
	assert_true(in.bad);
}

static void names(void **state)
{
	(void)state;
	/* 1.2.840.113549.1.1.1, the example of X.690 8.19 with more arcs; 2.999.3 of 8.19.5 */
	static const uint8_t rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1};
	static const uint8_t joint[] = {0x88, 0x37, 0x03}, cut[] = {0x2a, 0x86};
	char text[BER_OID_TEXT];
	assert_true(ber_oid_text(rd_of(rsa, sizeof(rsa)), text));
	assert_string_equal(text, "1.2.840.113549.1.1.1");
	assert_true(ber_oid_text(rd_of(joint, sizeof(joint)), text));
	assert_string_equal(text, "2.999.3");
	assert_false(ber_oid_text(rd_of(cut, sizeof(cut)), text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(elements),
	    cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
