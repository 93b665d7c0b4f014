/* SPDX-License-Identifier: Apache-2.0 */
/* Sources of frames as they are written. */
#include "packet/live_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void good(void **state)
{
	static const struct {
		const char *text;
		enum live_kind kind;
		const char *name, *other, *ip;
		uint16_t port;
		const char *path;
	} rows[] = {
	    {"eth1", LIVE_INTERFACE, "eth1", "", "::", 0, ""},
	    {"enp0s31f6.100", LIVE_INTERFACE, "enp0s31f6.100", "", "::", 0, ""},
	    {"tap:eth1+eth2", LIVE_TAP, "eth1", "eth2", "::", 0, ""},
	    {"vxlan:192.0.2.1:4789", LIVE_VXLAN, "", "", "192.0.2.1", 4789, ""},
	    {"vxlan:192.0.2.1", LIVE_VXLAN, "", "", "192.0.2.1", 4789, ""},
	    {"vxlan:*:6081", LIVE_VXLAN, "", "", "0.0.0.0", 6081, ""},
	    {"vxlan:[2001:db8::1]:0", LIVE_VXLAN, "", "", "2001:db8::1", 0, ""},
	    {"vxlan:[2001:db8::1]", LIVE_VXLAN, "", "", "2001:db8::1", 4789, ""},
	    {"gre:192.0.2.7", LIVE_GRE, "", "", "192.0.2.7", 0, ""},
	    {"gre:[2001:db8::7]", LIVE_GRE, "", "", "2001:db8::7", 0, ""},
	    {"file:/tmp/a b.pcap", LIVE_FILE, "", "", "::", 0, "/tmp/a b.pcap"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct live_source s;
		struct diag d = {0};
		char ip[IP_TEXT_MAX];
		assert_int_equal(live_source_parse(rows[i].text, &s, &d), ERR_OK);
		assert_int_equal(s.kind, rows[i].kind);
		assert_string_equal(s.name[0], rows[i].name);
		assert_string_equal(s.name[1], rows[i].other);
		ip_format(&s.ip, ip);
		assert_string_equal(ip, rows[i].ip);
		assert_int_equal(s.port, rows[i].port);
		assert_string_equal(s.path, rows[i].path);
	}
}

static void bad(void **state)
{
	static const char *const rows[] = {
	    "",          "eth0/1",          "a b",          "an-interface-too-long",
	    "tap:eth1",  "tap:eth1+eth1",   "tap:+eth1",    "vxlan:192.0.2.1:65536",
	    "vxlan:x:1", "vxlan:[::1]:abc", "gre:192.0.2",  "file:",
	    "eth0:1",    "tap:eth1+",       "vxlan:[::1:1",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct live_source s;
		struct diag d = {0};
		assert_int_equal(live_source_parse(rows[i], &s, &d), ERR_SYNTAX);
		assert_true(strlen(d.msg) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
