/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of OpenSSL's obj_mac.h: NID_rsaEncryption 6, NID_X9_62_id_ecPublicKey 408, NID_ED25519
 * 1087. */
#include "model/nid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void both_ways(void **state)
{
	static const struct {
		uint16_t nid;
		const char *name;
	} cases[] = {{6, "rsaEncryption"}, {408, "id-ecPublicKey"}, {1087, "ED25519"}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(nid_name(cases[i].nid), cases[i].name);
		assert_int_equal(nid_number(cases[i].name, strlen(cases[i].name)), cases[i].nid);
	}
}

static void without_a_name(void **state)
{
	(void)state;
	assert_null(nid_name(7));
	assert_int_equal(nid_number("1234", 4), 1234);
	assert_int_equal(nid_number("65535", 5), 65535);
	assert_int_equal(nid_number("65536", 5), 0);
	assert_int_equal(nid_number("rsa", 3), 0);
	assert_int_equal(nid_number("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(both_ways),
					   cmocka_unit_test(without_a_name)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
