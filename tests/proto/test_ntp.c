/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5905 7.3. Half a second is 0x80000000 of a fraction, a quarter 0x40000000. */
#include "cases.h"

#define CLIENT                                                                                     \
	"\xe3\x00\x06\xec\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
	"\xda\xb5\xdb\xa8\x80\0\0\0"
#define SERVER                                                                                     \
	"\x24\x02\x06\xe9\0\0\1\0\0\0\2\0\xc0\0\2\x21\xda\xb5\xd0\0\0\0\0\0"                       \
	"\xda\xb5\xdb\xa8\x80\0\0\0\xda\xb5\xdb\xa9\x40\0\0\0\xda\xb5\xdb\xa9\xc0\0\0\0"

static const struct message m[] = {M(FROM_CLIENT, CLIENT), M(FROM_SERVER, SERVER)};

static void test_pair(void **state)
{
	(void)state;
	static const struct conversation c = {17, 40000, 123, 0, m, 2};
	/* 0xdab5dba8 = 3669351336 */
	EXPECT(&c, {"app_name", "\"ntp\""}, {"ntp_leap", "0"}, {"ntp_version", "4"},
	       {"ntp_mode", "4"}, {"ntp_stratum", "2"}, {"ntp_poll", "6"}, {"ntp_precision", "233"},
	       {"ntp_delay", "256"}, {"ntp_dispersion", "512"},
	       {"ntp_reference_id", "\"192.0.2.33\""},
	       {"ntp_reference_time", "\"3669348352.000000\""},
	       {"ntp_origin_time", "\"3669351336.500000\""},
	       {"ntp_receive_time", "\"3669351337.250000\""},
	       {"ntp_transmit_time", "\"3669351337.750000\""});
	torture(&c);
}

static void test_one(void **state)
{
	(void)state;
	static const struct conversation c = {17, 123, 123, 0, m, 1},
					 other = {17, 1123, 1123, 0, m, 1};
	EXPECT(&c, {"ntp_mode", "3"}, {"ntp_leap", "3"}, {"ntp_stratum", "0"},
	       {"ntp_reference_id", "\"\""});
	EXPECT(&other, {"ntp_mode", NULL});
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_pair),
						  cmocka_unit_test(test_one)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
