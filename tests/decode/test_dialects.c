/* SPDX-License-Identifier: Apache-2.0 */
/* What vendors make of NetFlow v9 and IPFIX: a template and a record each, as their documents
 * describe them, and what has to come of it. */
#include "decode/harness.h"

#include <stdlib.h>
#include <string.h>

enum { CELLS = 20 };

/* One element with its value: bytes if `text` is not NULL (of variable length: with that length),
 * else an address if `ip` is not NULL, else a number. */
struct cell {
	struct wire_element e;
	uint64_t v;
	const char *ip, *text;
	size_t n;
};
#define NUM(id_, len_, value_)                                                                     \
	{                                                                                          \
		.e = {id_, len_, 0}, .v = (value_)                                                 \
	}
#define PEN(pen_, id_, len_, value_)                                                               \
	{                                                                                          \
		.e = {id_, len_, pen_}, .v = (value_)                                              \
	}
#define IP4(id_, value_)                                                                           \
	{                                                                                          \
		.e = {id_, 4, 0}, .ip = (value_)                                                   \
	}
#define IP6(id_, value_)                                                                           \
	{                                                                                          \
		.e = {id_, 16, 0}, .ip = (value_)                                                  \
	}
#define PEN_IP4(pen_, id_, value_)                                                                 \
	{                                                                                          \
		.e = {id_, 4, pen_}, .ip = (value_)                                                \
	}
#define STR(id_, len_, value_)                                                                     \
	{                                                                                          \
		.e = {id_, len_, 0}, .text = (value_), .n = sizeof(value_) - 1                     \
	}
#define PEN_STR(pen_, id_, len_, value_)                                                           \
	{                                                                                          \
		.e = {id_, len_, pen_}, .text = (value_), .n = sizeof(value_) - 1                  \
	}
#define VAR WIRE_VARIABLE

static const struct dialect_case {
	const char *what;
	uint16_t version;
	struct cell cells[CELLS];
	const char *expect;
} cases[] = {
    /* clang-format off */
    {"Cisco ASA: a connection torn down, translated, with user and access lists", 9,
     {NUM(148, 4, 4242), IP4(8, "10.1.1.5"), NUM(7, 2, 51000), IP4(12, "198.51.100.7"), NUM(11, 2, 443),
      NUM(4, 1, 6), IP4(225, "203.0.113.9"), IP4(226, "198.51.100.7"), NUM(227, 2, 61000), NUM(228, 2, 443),
      NUM(233, 1, 2), NUM(33002, 2, 2016), NUM(323, 8, 1767268799500), NUM(152, 8, 1767268790000),
      NUM(231, 4, 1500), NUM(232, 4, 90000), STR(33000, 12, "\x12\x34\x56\x78\x9a\xbc\xde\xf0\0\0\0\0"),
      STR(40000, 20, "LOCAL\\alice\0\0\0\0\0\0\0\0\0")},
     "{\"t_first\":\"2026-01-01T11:59:50.000Z\",\"t_last\":\"2026-01-01T11:59:59.500Z\",\"src_ip\":\"10.1.1.5\","
     "\"dst_ip\":\"198.51.100.7\",\"ip_version\":4,\"src_port\":51000,\"dst_port\":443,\"proto\":6,\"bytes\":1500,"
     "\"post_nat_src_ip\":\"203.0.113.9\",\"post_nat_dst_ip\":\"198.51.100.7\",\"post_nat_src_port\":61000,"
     "\"post_nat_dst_port\":443,\"firewall_event\":2,\"firewall_xevent\":2016,"
     "\"ingress_acl\":[305419896,2596069104,0],\"user_name\":\"LOCAL\\\\alice\",\"flow_id\":4242,\"rev_bytes\":90000}"},
    {"Cisco ASA before 8.4: translated ends in elements of their own", 9,
     {IP4(8, "10.1.1.5"), IP4(40001, "203.0.113.9"), IP4(40002, "198.51.100.7"), NUM(40003, 2, 61000),
      NUM(40004, 2, 443), NUM(40005, 1, 1)},
     "\"post_nat_src_ip\":\"203.0.113.9\",\"post_nat_dst_ip\":\"198.51.100.7\",\"post_nat_src_port\":61000,"
     "\"post_nat_dst_port\":443,\"firewall_event\":1}"},
    {"NAT44 with a block of ports (RFC 8158)", 10,
     {NUM(323, 8, 1767268790000), IP4(8, "100.64.0.9"), IP4(225, "203.0.113.9"), NUM(230, 1, 16),
      NUM(361, 2, 1024), NUM(362, 2, 2047), NUM(363, 2, 1), NUM(364, 2, 1024), NUM(463, 4, 3), NUM(283, 4, 7)},
     "\"src_ip\":\"100.64.0.9\",\"ip_version\":4,\"nat_event\":16,\"post_nat_src_ip\":\"203.0.113.9\","
     "\"nat_block_start\":1024,\"nat_block_end\":2047,\"nat_block_step\":1,\"nat_block_size\":1024,"
     "\"nat_instance\":3,\"nat_pool_id\":7}"},
    {"NAT64: IPv6 inside, IPv4 outside", 10,
     {IP6(27, "2001:db8::5"), IP6(28, "64:ff9b::c633:6407"), IP4(225, "203.0.113.9"), IP4(226, "198.51.100.7"),
      NUM(7, 2, 5000), NUM(227, 2, 6000), NUM(230, 1, 6)},
     "\"src_ip\":\"2001:db8::5\",\"dst_ip\":\"64:ff9b::c633:6407\",\"ip_version\":6,\"src_port\":5000,"
     "\"nat_event\":6,\"post_nat_src_ip\":\"203.0.113.9\",\"post_nat_dst_ip\":\"198.51.100.7\",\"post_nat_src_port\":6000}"},
    {"Cisco AVC over v9: Cisco's elements have 32768 added; the host comes behind two ids", 9,
     {NUM(95, 4, 3u << 24 | 80), STR(45003, 20, "\x03\0\0\x50\x34\x02" "www.example.com"),
      NUM(42036, 4, 9), NUM(4, 1, 6)},
     "{\"proto\":6,\"app_id\":50331728,\"http_host\":\"www.example.co\",\"extra\":\"{\\\"42036\\\":9}\"}"},
    {"Cisco AVC over IPFIX, host without ids", 10,
     {NUM(95, 3, 3 << 16 | 80), PEN_STR(9, 12235, VAR, "www.example.com"), PEN_STR(9, 7232, VAR, "bob")},
     "{\"user_name\":\"bob\",\"app_id\":50331728,\"http_host\":\"www.example.com\"}"},
    {"NetScaler: names of variable length in enterprise 5951", 10,
     {PEN_STR(5951, 130, VAR, "/index.html"), PEN_STR(5951, 142, VAR, "shop.example"),
      PEN_STR(5951, 141, VAR, "GET"), PEN(5951, 144, 2, 404), PEN(5951, 128, 4, 12), NUM(4, 1, 6)},
     "\"http_host\":\"shop.example\",\"http_url\":\"/index.html\",\"http_status\":404,"
     "\"extra\":\"{\\\"5951/128\\\":12}\",\"http_method\":\"GET\"}"},
    {"Palo Alto: application and user", 9,
     {STR(56701, 8, "ssl\0\0\0\0\0"), STR(56702, 8, "d\\user1\0"), NUM(4, 1, 6)},
     "{\"proto\":6,\"user_name\":\"d\\\\user1\",\"app_name\":\"ssl\"}"},
    {"nProbe over v9", 9,
     {NUM(57590, 2, 91), STR(57591, 8, "TLS\0\0\0\0\0"), NUM(57595, 4, 12), NUM(57550, 1, 2), NUM(57551, 1, 18),
      NUM(4, 1, 6)},
     "{\"proto\":6,\"tcp_flags\":2,\"latency_client_us\":12000,\"app_name\":\"TLS\",\"ndpi_proto\":91,"
     "\"rev_tcp_flags\":18}"},
    {"nProbe over IPFIX", 10,
     {PEN(35632, 118, 2, 5), PEN_STR(35632, 205, 12, "a.example\0\0\0"), PEN(35632, 207, 1, 28), PEN(35632, 208, 1, 3)},
     "{\"dns_qname\":\"a.example\",\"dns_qtype\":28,\"dns_rcode\":3,\"ndpi_proto\":5}"},
    {"YAF: flags of the first packet and of the others, both ways", 10,
     {NUM(85, 8, 1000), NUM(86, 8, 10), PEN(29305, 85, 8, 2000), PEN(29305, 86, 8, 20), PEN(6871, 14, 1, 2),
      PEN(6871, 15, 1, 24), PEN(6871, 0x4000 | 14, 1, 18), PEN(6871, 0x4000 | 15, 1, 16), PEN(6871, 33, 2, 443)},
     "{\"tcp_flags\":26,\"bytes\":1000,\"packets\":10,\"app_label\":443,\"rev_tcp_flags\":18,\"rev_bytes\":2000,"
     "\"rev_packets\":20}"},
    {"Flowmon: HTTP and TLS", 10,
     {PEN_STR(39499, 1, VAR, "h.example"), PEN_STR(39499, 2, VAR, "/a"), PEN(39499, 12, 2, 200),
      PEN_STR(39499, 338, VAR, "t.example"), PEN_STR(39499, 357, 16, "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef")},
     "\"http_host\":\"h.example\",\"http_url\":\"/a\",\"http_status\":200,\"tls_sni\":\"t.example\","
     "\"tls_ja3\":\"0123456789abcdef0123456789abcdef\"}"},
    {"VMware: the flow and what is in its tunnel", 10,
     {IP4(8, "192.0.2.1"), IP4(12, "192.0.2.2"), NUM(4, 1, 17), PEN(6876, 880, 1, 6), PEN_IP4(6876, 881, "10.0.0.1"),
      PEN_IP4(6876, 882, "10.0.0.2"), PEN(6876, 886, 2, 5000), PEN(6876, 887, 2, 80), NUM(351, 8, 0x0100000000001389)},
     "\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"192.0.2.2\",\"ip_version\":4,\"proto\":17,\"tunnel_id\":5001,\"inner_src_ip\":\"10.0.0.1\","
     "\"inner_dst_ip\":\"10.0.0.2\",\"inner_src_port\":5000,\"inner_dst_port\":80,\"inner_proto\":6}"},
    {"Barracuda: the ends behind the firewall, the rule", 10,
     {IP4(8, "10.0.0.1"), PEN(10704, 1, 4, 1767268790), NUM(161, 4, 2000), PEN_IP4(10704, 8, "203.0.113.1"),
      PEN(10704, 9, 2, 4000), PEN_STR(10704, 4, VAR, "LAN-2-INTERNET")},
     "{\"t_first\":\"2026-01-01T11:59:48.000Z\",\"t_last\":\"2026-01-01T11:59:50.000Z\",\"src_ip\":\"10.0.0.1\","
     "\"ip_version\":4,\"post_nat_src_ip\":\"203.0.113.1\",\"post_nat_src_port\":4000,\"acl_name\":\"LAN-2-INTERNET\"}"},
    {"H3C NetStream: a text of variable length in v9", 9,
     {IP4(8, "10.0.0.1"), STR(82, VAR, "GE1/0/1"), NUM(11, 2, 53)},
     "\"src_ip\":\"10.0.0.1\",\"ip_version\":4,\"dst_port\":53,\"extra\":\"{\\\"82\\\":\\\"GE1/0/1\\\"}\"}"},
    {"Juniper: padding with element 0, reverse counters of RFC 5103", 10,
     {NUM(0, 3, 0), NUM(1, 8, 70), PEN(29305, 1, 8, 80), NUM(136, 1, 2)},
     "{\"bytes\":70,\"end_reason\":2,\"rev_bytes\":80}"},
    {"a wireless controller", 9,
     {STR(365, 6, "\x02\0\0\0\0\x01"), IP4(366, "10.9.9.9"), STR(147, 8, "guest\0\0\0"), STR(367, 6, "\x02\0\0\0\0\x02")},
     "{\"wlan_ssid\":\"guest\",\"wlan_client_mac\":\"02:00:00:00:00:01\",\"wlan_client_ip\":\"10.9.9.9\","
     "\"wlan_ap_mac\":\"02:00:00:00:00:02\"}"},
    {"segment routing over IPv6 (RFC 9487)", 10,
     {IP6(495, "2001:db8:1::1"), NUM(498, 1, 2), IP6(27, "2001:db8::1")},
     "\"src_ip\":\"2001:db8::1\",\"ip_version\":6,\"srv6_active_segment\":\"2001:db8:1::1\",\"srv6_segments_left\":2}"},
    {"code point and prefix in place of octet and address", 10,
     {NUM(195, 1, 46), IP4(44, "192.0.2.0"), NUM(9, 1, 24)},
     "\"src_ip\":\"192.0.2.0\",\"ip_version\":4,\"tos\":184,\"src_mask\":24}"},
    {"nanoseconds since 1970 in place of an NTP time stamp", 10,
     {NUM(156, 8, 1767268790123000000), NUM(157, 8, 1767268791456000000)},
     "{\"t_first\":\"2026-01-01T11:59:50.123Z\",\"t_last\":\"2026-01-01T11:59:51.456Z\"}"},
    {"zero-length elements are absent", 10,
     {NUM(150, 0, 0), NUM(7, 2, 53), NUM(8, 0, 0)},
     "{\"src_port\":53}"},
    /* clang-format on */
};

static void put(struct wire *w, const struct cell *c)
{
	static const char zeros[64];
	if (c->text && c->e.len == VAR) {
		wire_varlen(w, c->text, c->n, false);
	} else if (c->text) {
		size_t n = c->n < c->e.len ? c->n : c->e.len;
		wire_bytes(w, c->text, n);
		wire_bytes(w, zeros, c->e.len - n);
	} else if (c->ip && c->e.len == 16) {
		wire_ip6(w, c->ip);
	} else if (c->ip) {
		wire_ip4(w, c->ip);
	} else {
		wire_uint(w, c->v, c->e.len);
	}
}

static uint16_t elements(const struct dialect_case *c, struct wire_element *ret)
{
	uint16_t n = 0;
	for (; n < CELLS && (c->cells[n].e.id || c->cells[n].e.len); n++)
		ret[n] = c->cells[n].e;
	return n;
}

/* Without the times that stand in for absent ones. */
static void strip_times(struct harness *h, const char *expect)
{
	static const enum field times[] = {F_t_first, F_t_last};
	for (size_t k = 0; !strstr(expect, "t_first") && k < ARRAY_LEN(times); k++)
		h->rows->present[0][0] &= ~((uint64_t)1 << field_table[times[k]].present_bit);
}

static void dialects(void **state)
{
	(void)state;
	struct buf b = {0}, json = {0};
	int bad = 0;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct dialect_case *c = &cases[i];
		struct wire_element e[CELLS];
		uint16_t n = elements(c, e);
		struct harness *h = harness_new(NULL);
		const struct wire_header hd = {.version = c->version, .uptime_ms = 3600000};
		struct wire w = wire_begin(&b, &hd);
		w.count = 2;
		wire_template(&w, 300, e, n);
		wire_set_begin(&w, 300);
		for (uint16_t k = 0; k < n; k++)
			put(&w, &c->cells[k]);
		wire_set_end(&w, false);
		wire_end(&w);
		harness_feed(h, &b);
		assert_int_equal(h->rows->n, 1);
		strip_times(h, c->expect);
		if (!strstr(harness_json(h, &json), c->expect)) {
			print_error("%s: %s", c->what, buf_cstr(&json));
			bad++;
		}
		assert_int_equal(harness_malformed_total(h), 0);
		harness_free(h);
	}
	buf_fini(&b);
	buf_fini(&json);
	assert_int_equal(bad, 0);
}

/* Palo Alto fills its datagrams up with zeros, sometimes inside the set. */
static void filled_with_zeros(void **state)
{
	(void)state;
	static const struct wire_element e[] = {{8, 4, 0}, {12, 4, 0}, {1, 4, 0}};
	static const char zeros[600];
	for (int inside = 0; inside < 2; inside++) {
		struct buf b = {0};
		struct harness *h = harness_new(NULL);
		const struct wire_header hd = {.version = 9, .uptime_ms = 3600000};
		struct wire w = wire_begin(&b, &hd);
		w.count = 2;
		wire_template(&w, 300, e, 3);
		wire_set_begin(&w, 300);
		wire_ip4(&w, "10.0.0.1");
		wire_ip4(&w, "10.0.0.2");
		wire_uint(&w, 1500, 4);
		if (!inside)
			wire_set_end(&w, true);
		wire_bytes(&w, zeros, sizeof(zeros));
		if (inside)
			wire_set_end(&w, true);
		wire_end(&w);
		harness_feed(h, &b);
		assert_int_equal(h->rows->n, 1);
		assert_int_equal(batch_get_num(h->rows, F_bytes, 0), 1500);
		assert_int_equal(harness_stat(h, ST_datagrams_decoded), 1);
		assert_int_equal(harness_malformed_total(h), 0);
		harness_free(h);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dialects),
	    cmocka_unit_test(filled_with_zeros),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
