/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 1001 14.1: "FRED            " with a last byte of 0x20; RFC 1002 4.2.12, 4.4.2. */
#include "cases.h"

/* E=4 F=5 G=6: F = 0x46 "EG", R = 0x52 "FC", E = 0x45 "EF", D = 0x44 "EE", blank = 0x20 "CA" */
#define FRED    "EGFCEFEECACACACACACACACACACACACA"
#define FRED_1D "EGFCEFEECACACACACACACACACACACABN"

static void test_name(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\x80\1\1\x10\0\1\0\0\0\0\0\0\x20" FRED "\0\0\x20\0\1"),
	    M(FROM_SERVER,
	      "\x80\1\x85\0\0\0\0\1\0\0\0\0\x20" FRED_1D "\0\0\x20\0\1\0\0\0\0\0\6\0\0\xc0\0\2\1")};
	static const struct conversation c = {17, 137, 137, 0, m, 2},
					 other = {17, 4000, 1370, 0, m, 2};
	static const struct noted want[] = {
	    {"app_name", "\"netbios-ns\""}, {"nb_name", "\"FRED\""}, {"nb_suffix", "32"}, END};
	assert_dissects(&c, want);
	assert_dissects(&(struct conversation){17, 137, 137, 0, m + 1, 1},
			NOTED({"nb_suffix", "29"}));
	(void)other;
	torture(&c);
}

static void test_datagram(void **state)
{
	(void)state;
	static const struct message m[] = {M(FROM_CLIENT,
					     "\x11\x0a\0\1\xc0\0\2\1\0\x8a\0\x44\0\0\x20" FRED
					     "\0\x20" FRED_1D "\0\xffSMB")};
	static const struct conversation c = {17, 138, 138, 0, m, 1};
	EXPECT(&c, {"app_name", "\"netbios-dgm\""}, {"nb_name", "\"FRED\""}, {"nb_suffix", "32"});
	torture(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_name),
						  cmocka_unit_test(test_datagram)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
