/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 2865 3, 5; RFC 2866 5.1. */
#include "cases.h"

#define SIXTEEN "0123456789abcdef"

static void test_access(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\1\7\0\x3a" SIXTEEN "\1\5bob\4\6\xc0\0\2\1\x1e\5ap1\x1f\7aa:bb\x20\5nas"
			   "\x28\6\0\0\0\1\x2c\4s1"),
	    {FROM_SERVER, "\3\7\0\x1a" SIXTEEN "\x08\6\xc0\0\2\x63", 26, 900}};
	static const struct conversation c = {17, 40000, 1812, 0, m, 2},
					 other = {17, 40000, 2222, 0, m, 2};
	static const struct noted want[] = {{"app_name", "\"radius\""},
					    {"radius_request", "1"},
					    {"radius_response", "3"},
					    {"radius_user", "\"bob\""},
					    {"radius_nas_ip", "\"192.0.2.1\""},
					    {"radius_called", "\"ap1\""},
					    {"radius_calling", "\"aa:bb\""},
					    {"radius_nas_id", "\"nas\""},
					    {"radius_status", "1"},
					    {"radius_session", "\"s1\""},
					    {"radius_framed_ip", "\"192.0.2.99\""},
					    {"radius_rt_us", "900"},
					    END};
	assert_dissects(&c, want);
	assert_dissects(&other, want);
	torture(&c);
}

static void test_not(void **state)
{
	(void)state;
	static const struct message m[] = {M(FROM_CLIENT, "\1\7\0\x1a" SIXTEEN "\1\5bob\4"),
					   M(FROM_CLIENT, "\1\7\0\x19" SIXTEEN "\1\6bob")};
	for (int i = 0; i < 2; i++)
		assert_dissects(&(struct conversation){17, 40000, 1812, 0, m + i, 1},
				NOTED({"radius_request", NULL}));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_access),
						  cmocka_unit_test(test_not)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
