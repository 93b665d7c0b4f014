/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"
#include "proto/dissection.h"

/* Every row says who it is, and what it is asked for. */
static void rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < dissectors_n; i++) {
		const struct dissector *x = dissectors[i];
		assert_non_null(x->see);
		assert_true(x->name && x->name[0]);
		assert_true(x->title && x->title[0]);
		assert_true(x->over > 0 && x->over < 16);
		assert_true(x->state_size <= DISSECT_STATE_MAX);
		assert_true(!x->ports_only || x->ports[0]);
		for (size_t j = 0; j < i; j++)
			assert_ptr_not_equal(dissectors[j], x);
	}
}

/* Bytes that are no protocol have no name. */
static void nobody(void **state)
{
	(void)state;
	static const uint8_t noise[] = {0xf3, 0x17, 0x99, 0xc4, 0x5e, 0xb2, 0x01, 0xdd,
					0x77, 0xe8, 0x90, 0x3b, 0xaf, 0x62, 0xd5, 0x0c};
	const struct message m[] = {{FROM_CLIENT, noise, sizeof(noise), 0},
				    {FROM_SERVER, noise, sizeof(noise), 0}};
	for (int proto = 6; proto <= 17; proto += 11) {
		const struct conversation c = {.proto = (uint8_t)proto,
					       .client_port = 50001,
					       .server_port = 50002,
					       .m = m,
					       .n = 2};
		EXPECT(&c, {"app_name", NULL});
		torture(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows),
	    cmocka_unit_test(nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
