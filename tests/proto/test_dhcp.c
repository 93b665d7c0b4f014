/* SPDX-License-Identifier: Apache-2.0 */
/* Messages by RFC 2131 2, RFC 2132 and RFC 8415 8, 21. */
#include "cases.h"

/* op, hardware, ..., yiaddr, chaddr; then options */
static size_t bootp(uint8_t *to, uint8_t op, const char *yiaddr, const char *options, size_t n)
{
	memset(to, 0, 240);
	memcpy(to, (uint8_t[]){op, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef}, 8);
	memcpy(to + 16, yiaddr, 4);
	memcpy(to + 28, "\x02\x00\x5e\x10\x00\x01", 6);
	memcpy(to + 236, "\x63\x82\x53\x63", 4);
	memcpy(to + 240, options, n);
	return 240 + n;
}

static void test_v4(void **state)
{
	(void)state;
	static const char ask[] = "\x35\1\3\x32\4\xc0\0\2\x64\x0c\6laptop\x3c\7MSFT5.0"
				  "\x37\4\1\3\6\x0f\0\xff";
	static const char ack[] = "\x35\1\5\x36\4\xc0\0\2\1\x33\4\0\1\x51\x80\x0f\7lab.net\xff";
	uint8_t request[400], answer[400];
	struct message m[] = {
	    {FROM_CLIENT, request, bootp(request, 1, "\0\0\0\0", ask, sizeof(ask) - 1), 0},
	    {FROM_SERVER, answer, bootp(answer, 2, "\xc0\0\2\x65", ack, sizeof(ack) - 1), 0}};
	struct conversation c = {17, 68, 67, 0, m, 2}, other = {17, 1068, 1067, 0, m, 2};
	static const struct noted want[] = {{"app_name", "\"dhcp\""},
					    {"dhcp_type", "3"},
					    {"dhcp_client_mac", "\"02:00:5e:10:00:01\""},
					    {"dhcp_requested_ip", "\"192.0.2.100\""},
					    {"dhcp_offered_ip", "\"192.0.2.101\""},
					    {"dhcp_host_name", "\"laptop\""},
					    {"dhcp_vendor_class", "\"MSFT5.0\""},
					    {"dhcp_parameters", "\"1,3,6,15\""},
					    {"dhcp_server_ip", "\"192.0.2.1\""},
					    {"dhcp_lease_s", "86400"},
					    {"dhcp_domain", "\"lab.net\""},
					    END};
	assert_dissects(&c, want);
	assert_dissects(&other, want);
	torture(&c);
	request[237] ^= 1;
	assert_dissects(&(struct conversation){17, 68, 67, 0, m, 1}, NOTED({"dhcp_type", NULL}));
}

static void test_v6(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\1\x12\x34\x56"
			   "\0\1\0\x0e\0\1\0\1\x2a\0\0\0\x02\x00\x5e\x10\x00\x02"
			   "\0\x27\0\x08\0\6laptop"
			   "\0\x10\0\x0e\0\0\1\x37\0\x08MSFT 5.0"),
	    M(FROM_SERVER,
	      "\7\x12\x34\x56"
	      "\0\3\0\x28\0\0\0\1\0\0\0\0\0\0\0\0"
	      "\0\5\0\x18\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x99\0\0\0\1\0\0\x0e\x10"),
	};
	static const struct conversation c = {17, 546, 547, 0, m, 2},
					 other = {17, 1546, 1547, 0, m, 2};
	static const struct noted want[] = {{"app_name", "\"dhcpv6\""},
					    {"dhcp_type", "1"},
					    {"dhcp_client_mac", "\"02:00:5e:10:00:02\""},
					    {"dhcp_host_name", "\"laptop\""},
					    {"dhcp_vendor_class", "\"MSFT 5.0\""},
					    {"dhcp_offered_ip", "\"2001:db8::99\""},
					    {"dhcp_lease_s", "3600"},
					    END};
	assert_dissects(&c, want);
	EXPECT(&other, {"dhcp_type", NULL});
	torture(&c);
	/* A relay's message around the client's; a name in full. */
	static const struct message relayed[] = {
	    M(FROM_CLIENT,
	      "\x0c\0\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
	      "\0\x09\0\x11\3\x12\x34\x56\0\x27\0\x09\0\2pc\3lab\0")};
	static const struct conversation r = {17, 547, 547, 0, relayed, 1};
	EXPECT(&r, {"dhcp_type", "3"}, {"dhcp_host_name", "\"pc.lab\""});
	torture(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_v4),
						  cmocka_unit_test(test_v6)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
