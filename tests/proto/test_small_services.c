/* SPDX-License-Identifier: Apache-2.0 */
/* Those that need few lines: TFTP (RFC 1350), syslog (RFC 5424, 3164), ARP (RFC 826), LLDP (IEEE
 * 802.1AB 8), IGMP (RFC 2236, 9776), ICMP (RFC 792, 1191, 4443, 4861), LLMNR (RFC 4795). */
#include "cases.h"

struct one {
	struct conversation c;
	const struct noted *want;
};
#define ONE(proto, a, b, ether, bytes, ...)                                                        \
	{                                                                                          \
		{proto, a, b, ether, (const struct message[]){M(FROM_CLIENT, bytes)}, 1},          \
		    NOTED(__VA_ARGS__)                                                             \
	}
#define IP4_HEAD "\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\xc0\0\2\1\xc6\x33\x64\x07"
#define IP6_HEAD                                                                                   \
	"\x60\0\0\0\0\x08\x06\x40\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"                           \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"

static const struct one ones[] = {
    ONE(17, 4000, 69, 0, "\0\1boot/x.img\0octet\0", {"app_name", "\"tftp\""}, {"tftp_op", "1"},
	{"tftp_file", "\"boot/x.img\""}, {"tftp_mode", "\"octet\""}),
    ONE(17, 4000, 69, 0, "\0\2f\0NETASCII\0blksize\0001428\0", {"tftp_op", "2"}),
    ONE(17, 4000, 69, 0, "\0\1f\0other\0", {"tftp_op", NULL}),
    ONE(17, 4000, 514, 0, "<34>1 2003-10-11T22:14:15Z h su - - - x", {"app_name", "\"syslog\""},
	{"syslog_facility", "4"}, {"syslog_severity", "2"}),
    ONE(17, 4000, 5140, 0, "<13>Feb  5 17:32:18 10.0.0.99 x", {"syslog_facility", "1"}),
    ONE(17, 4000, 5140, 0, "<13>anything", {"syslog_facility", NULL}),
    ONE(17, 4000, 514, 0, "<192>1 x", {"syslog_facility", NULL}),
    ONE(0, 0, 0, 0x0806, "\0\1\x08\0\6\4\0\1\2\0\x5e\x10\0\1\xc0\0\2\1\0\0\0\0\0\0\xc0\0\2\2\0\0",
	{"app_name", "\"arp\""}, {"arp_hardware", "1"}, {"arp_protocol", "2048"}, {"arp_op", "1"},
	{"arp_src_mac", "\"02:00:5e:10:00:01\""}, {"arp_src_ip", "\"192.0.2.1\""},
	{"arp_dst_mac", "\"00:00:00:00:00:00\""}, {"arp_dst_ip", "\"192.0.2.2\""}),
    ONE(0, 0, 0, 0x88cc, "\2\7\4\2\0\x5e\x10\0\1\4\5\5gi0/\6\2\0\x78\x0a\3sw1\x0c\4IOS \0\0\0\0",
	{"app_name", "\"lldp\""}, {"lldp_chassis", "\"02:00:5e:10:00:01\""},
	{"lldp_port", "\"gi0/\""}, {"lldp_system", "\"sw1\""}, {"lldp_description", "\"IOS \""}),
    ONE(2, 0, 0, 0, "\x16\0\0\0\xe1\2\3\4", {"app_name", "\"igmp\""}, {"igmp_type", "22"},
	{"igmp_group", "\"225.2.3.4\""}),
    ONE(2, 0, 0, 0, "\x22\0\0\0\0\0\0\1\4\0\0\0\xe1\2\3\5", {"igmp_type", "34"},
	{"igmp_group", "\"225.2.3.5\""}),
    ONE(1, 0, 0, 0, "\3\4\0\0\0\0\5\xdc" IP4_HEAD "\x9c\x40\0\x35\0\x08\0\0",
	{"app_name", "\"icmp\""}, {"icmp_mtu", "1500"}, {"icmp_error_dst", "\"198.51.100.7\""},
	{"icmp_error_proto", "17"}, {"icmp_error_port", "53"}),
    ONE(1, 0, 0, 0, "\x08\0\0\0\0\1\0\1abcd", {"app_name", "\"icmp\""}, {"icmp_error_dst", NULL}),
    ONE(58, 0, 0, 0, "\2\0\0\0\0\0\5\0" IP6_HEAD "\x9c\x40\1\xbb", {"app_name", "\"icmpv6\""},
	{"icmp_mtu", "1280"}, {"icmp_error_dst", "\"2001:db8::2\""}, {"icmp_error_proto", "6"},
	{"icmp_error_port", "443"}),
    ONE(58, 0, 0, 0, "\x87\0\0\0\0\0\0\0\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x09",
	{"nd_target", "\"fe80::9\""}, {"icmp_mtu", NULL}),
    ONE(17, 4000, 5355, 0, "\0\1\0\0\0\1\0\0\0\0\0\0\4wpad\0\0\1\0\1", {"app_name", "\"llmnr\""},
	{"dns_qname", "\"wpad\""}),
};

static void test_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ones); i++) {
		assert_dissects(&ones[i].c, ones[i].want);
		torture(&ones[i].c);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_ones)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
