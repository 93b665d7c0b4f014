/* SPDX-License-Identifier: Apache-2.0 */
/* UPnP Device Architecture 1.1, 1.2.2, 1.3.2, 1.3.3. */
#include "cases.h"

static void test_search(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT,
	      "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\n"
	      "MX: 1\r\nST:  urn:dial:1 \r\nUser-Agent: Chrome/1\r\n\r\n"),
	    M(FROM_SERVER,
	      "HTTP/1.1 200 OK\r\nST: urn:dial:1\r\nUSN: uuid:1\r\n"
	      "Location: http://192.0.2.1:8008/dd.xml\r\nSERVER: Linux/4 UPnP/1.0\r\n\r\n")};
	static const struct conversation c = {17, 40000, 1900, 0, m, 2},
					 answer = {17, 40001, 1900, 0, m + 1, 1};
	EXPECT(&c, {"app_name", "\"ssdp\""}, {"ssdp_st", "\"urn:dial:1\""},
	       {"ssdp_user_agent", "\"Chrome/1\""}, {"ssdp_server", "\"Linux/4 UPnP/1.0\""},
	       {"ssdp_location_port", "8008"}, {"ssdp_nt", NULL});
	torture(&c);
	torture(&answer);
}

static void test_notify(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT,
	      "NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nLOCATION: http://[2001:db8::1]/x\r\n"
	      "\r\nST: behind the end\r\n")};
	static const struct conversation c = {17, 1900, 1900, 0, m, 1};
	EXPECT(&c, {"ssdp_nt", "\"upnp:rootdevice\""}, {"ssdp_location_port", "80"},
	       {"ssdp_st", NULL});
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_search),
						  cmocka_unit_test(test_notify)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
