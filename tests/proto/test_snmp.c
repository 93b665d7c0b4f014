/* SPDX-License-Identifier: Apache-2.0 */
/* Messages by RFC 1157, 3416 and 3412, in BER by hand. */
#include "cases.h"

#define OID "\6\x08\x2b\6\1\2\1\1\1\0" /* 1.3.6.1.2.1.1.1.0 */

static void test_v2c(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT,
	      "\x30\x29\2\1\1\4\6public\xa0\x1c\2\4\1\2\3\4\2\1\0\2\1\0\x30\x0e\x30\x0c" OID
	      "\5\0"),
	    {FROM_SERVER,
	     "\x30\x2b\2\1\1\4\6public\xa2\x1e\2\4\1\2\3\4\2\1\2\2\1\1\x30\x10\x30\x0e" OID
	     "\4\2ok",
	     45, 1234}};
	static const struct conversation c = {17, 40000, 161, 0, m, 2},
					 other = {17, 40000, 1610, 0, m, 2};
	static const struct noted want[] = {{"app_name", "\"snmp\""},
					    {"snmp_version", "2"},
					    {"snmp_name", "\"public\""},
					    {"snmp_pdu", "0"},
					    {"snmp_oid", "\"1.3.6.1.2.1.1.1.0\""},
					    {"snmp_error", "2"},
					    {"snmp_requests", "1"},
					    {"snmp_rt_us", "1234"},
					    END};
	assert_dissects(&c, want);
	assert_dissects(&other, want);
	torture(&c);
}

static void test_trap_v1(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT,
	      "\x30\x23\2\1\0\4\4priv\xa4\x18\6\5\x2b\6\1\4\1\x40\4\xc0\0\2\1\2\1\0\2\1\0"
	      "\x43\1\5\x30\0")};
	static const struct conversation c = {17, 40000, 162, 0, m, 1};
	EXPECT(&c, {"snmp_version", "1"}, {"snmp_name", "\"priv\""}, {"snmp_pdu", "4"},
	       {"snmp_oid", "\"1.3.6.1.4.1\""});
	torture(&c);
}

static void test_v3(void **state)
{
	(void)state;
	/* An encrypted message: the user is seen, the operation is not. */
	static const struct message m[] = {
	    M(FROM_CLIENT, "\x30\x34\2\1\3\x30\x0d\2\1\1\2\2\x05\xc0\4\1\3\2\1\3\4\x1a\x30\x18"
			   "\4\5\x80\0\0\0\1\2\1\2\2\1\3\4\5alice\4\0\4\0\4\4\xde\xad\xbe\xef")};
	static const struct conversation c = {17, 40000, 161, 0, m, 1};
	EXPECT(&c, {"snmp_version", "3"}, {"snmp_name", "\"alice\""}, {"snmp_pdu", NULL});
	torture(&c);
}

static void test_not(void **state)
{
	(void)state;
	/* LDAP looks alike: a sequence with an integer first. */
	static const struct message m[] = {
	    M(FROM_CLIENT, "\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0"),
	    M(FROM_CLIENT, "\x30\x0c\2\1\2\4\1x\xa0\x00\x00\x00\x00\x00")};
	for (int i = 0; i < 2; i++) {
		struct conversation c = {17, 40000, 161, 0, m + i, 1};
		EXPECT(&c, {"snmp_version", NULL});
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_v2c), cmocka_unit_test(test_trap_v1), cmocka_unit_test(test_v3),
	    cmocka_unit_test(test_not)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
