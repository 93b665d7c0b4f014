/* SPDX-License-Identifier: Apache-2.0 */
/* Frames down to their payload, of every link type; what is cut or lies is called broken. */
#include "packet/packet.h"

#include "packet/numbers.h"
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char payload[] = "hello";
enum { N = sizeof(payload) - 1 };

static void udp4(struct buf *b)
{
	const struct wire_ip ip = {.src = "192.0.2.1", .dst = "192.0.2.2", .proto = 17};
	wire_ip_header(b, &ip, 8 + N);
	wire_udp(b, 1234, 2055, payload, N);
}

static void udp6(struct buf *b)
{
	const struct wire_ip ip = {.src = "2001:db8::1", .dst = "2001:db8::2", .proto = 17};
	wire_ip_header(b, &ip, 8 + N);
	wire_udp(b, 1234, 2055, payload, N);
}

static void ethernet4(struct buf *b)
{
	wire_ethernet(b, 0x0800);
	udp4(b);
}

static void ethernet6(struct buf *b)
{
	wire_ethernet(b, 0x86dd);
	udp6(b);
}

static void vlan(struct buf *b)
{
	wire_ethernet(b, 0x8100);
	wire_vlan(b, 100, 0x0800);
	udp4(b);
}

static void qinq(struct buf *b)
{
	wire_ethernet(b, 0x88a8);
	wire_vlan(b, 100, 0x8100);
	wire_vlan(b, 200, 0x86dd);
	udp6(b);
}

static void pppoe(struct buf *b)
{
	wire_ethernet(b, 0x8864);
	buf_put(b, "\x11\0\0\1\0\x23\0\x21", 8);
	udp4(b);
}

static void sll(struct buf *b)
{
	buf_put(b, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\0", 16);
	udp4(b);
}

static void sll2(struct buf *b)
{
	buf_put(b, "\x86\xdd\0\0\0\0\0\2\0\1\0\6\2\0\0\0\0\1\0\0", 20);
	udp6(b);
}

static void loopback(struct buf *b)
{
	buf_put(b, "\2\0\0\0", 4);
	udp4(b);
}

/* Ethernet trailer after a short packet: not part of the payload. */
static void padded(struct buf *b)
{
	ethernet4(b);
	for (int i = 0; i < 20; i++)
		buf_u8(b, 0xee);
}

static void ip4_options(struct buf *b)
{
	struct buf plain = {0};
	udp4(&plain);
	plain.p[0] = 0x46;
	plain.p[3] = (uint8_t)(plain.p[3] + 4);
	wire_ethernet(b, 0x0800);
	buf_put(b, plain.p, 20);
	buf_be32(b, 0x01010100);
	buf_put(b, plain.p + 20, plain.n - 20);
	buf_fini(&plain);
}

/* Hop-by-hop, routing, destination options, authentication (24 bytes), atomic fragment, then UDP.
 */
static void ip6_extensions(struct buf *b)
{
	struct buf rest = {0};
	buf_put(&rest, "\x2b\0\1\4\0\0\0\0", 8);
	buf_put(&rest, "\x3c\0\0\0\0\0\0\0", 8);
	buf_put(&rest, "\x33\0\1\4\0\0\0\0", 8);
	buf_put(&rest, "\x2c\4\0\0\0\0\0\1\0\0\0\1abcdefghijkl", 24);
	buf_put(&rest, "\x11\0\0\0\0\0\0\7", 8);
	wire_udp(&rest, 1234, 2055, payload, N);
	const struct wire_ip ip = {.src = "2001:db8::1", .dst = "2001:db8::2", .proto = 0};
	wire_ethernet(b, 0x86dd);
	wire_ip_header(b, &ip, rest.n);
	buf_put(b, rest.p, rest.n);
	buf_fini(&rest);
}

static const struct frames {
	const char *what;
	enum link_type link;
	void (*make)(struct buf *b);
	uint8_t ip_version;
} frames[] = {
    {"Ethernet, IPv4", LINK_ETHERNET, ethernet4, 4},
    {"Ethernet, IPv6", LINK_ETHERNET, ethernet6, 6},
    {"VLAN", LINK_ETHERNET, vlan, 4},
    {"QinQ", LINK_ETHERNET, qinq, 6},
    {"PPPoE", LINK_ETHERNET, pppoe, 4},
    {"Linux cooked", LINK_SLL, sll, 4},
    {"Linux cooked v2", LINK_SLL2, sll2, 6},
    {"loopback", LINK_LOOPBACK, loopback, 4},
    {"raw IPv4", LINK_IP, udp4, 4},
    {"raw IPv6", LINK_IP, udp6, 6},
    {"a padded frame", LINK_ETHERNET, padded, 4},
    {"IPv4 options", LINK_ETHERNET, ip4_options, 4},
    {"IPv6 extension headers", LINK_ETHERNET, ip6_extensions, 6},
};

static void every_link_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		struct buf b = {0};
		struct packet p;
		frames[i].make(&b);
		const struct frame f = {.p = b.p, .n = b.n, .link = frames[i].link};
		if (packet_parse(&f, &p) != PACKET_UDP)
			fail_msg("%s", frames[i].what);
		assert_int_equal(p.ip_version, frames[i].ip_version);
		assert_int_equal(p.src_port, 1234);
		assert_int_equal(p.dst_port, 2055);
		assert_int_equal(rd_left(&p.payload), N);
		assert_memory_equal(p.payload.p, payload, N);
		char text[IP_TEXT_MAX];
		ip_format(&p.src, text);
		assert_string_equal(text, p.ip_version == 4 ? "192.0.2.1" : "2001:db8::1");
		buf_fini(&b);
	}
}

/* Cut anywhere: broken, or a shorter payload, never bytes that are not there. */
static void every_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		struct buf b = {0};
		frames[i].make(&b);
		for (size_t n = 0; n < b.n; n++) {
			uint8_t *exact = malloc(n ? n : 1);
			assert_non_null(exact);
			memcpy(exact, b.p, n);
			struct packet p;
			const struct frame f = {.p = exact, .n = n, .link = frames[i].link};
			enum packet_kind k = packet_parse(&f, &p);
			if (k == PACKET_UDP)
				assert_true(rd_left(&p.payload) <= N);
			else
				assert_int_equal(k, PACKET_BROKEN);
			free(exact);
		}
		buf_fini(&b);
	}
}

static void tcp(void **state)
{
	(void)state;
	struct buf b = {0};
	struct packet p;
	const struct wire_ip ip = {.src = "192.0.2.1", .dst = "192.0.2.2", .proto = 6};
	wire_ip_header(&b, &ip, 20 + N);
	wire_tcp(&b, 50000, 0xfffffff0, TCP_SYN, payload, N);
	const struct frame f = {.p = b.p, .n = b.n, .link = LINK_IP};
	assert_int_equal(packet_parse(&f, &p), PACKET_TCP);
	assert_int_equal(p.src_port, 50000);
	assert_int_equal(p.tcp_seq, 0xfffffff0);
	assert_int_equal(p.tcp_flags, TCP_SYN);
	assert_int_equal(rd_left(&p.payload), N);
	b.p[32] = 4 << 4; /* a header of 16 bytes */
	assert_int_equal(packet_parse(&f, &p), PACKET_BROKEN);
	b.p[32] = 15 << 4; /* longer than the packet */
	assert_int_equal(packet_parse(&f, &p), PACKET_BROKEN);
	buf_fini(&b);
}

static void what_is_no_ip_or_lies(void **state)
{
	(void)state;
	struct buf b = {0};
	struct packet p;
	wire_ethernet(&b, 0x0806);
	struct frame f = {.p = b.p, .n = b.n, .link = LINK_ETHERNET};
	assert_int_equal(packet_parse(&f, &p), PACKET_OTHER);
	f.link = LINK_UNKNOWN;
	assert_int_equal(packet_parse(&f, &p), PACKET_OTHER);
	buf_reset(&b);
	udp4(&b);
	f = (struct frame){.p = b.p, .n = b.n, .link = LINK_IP};
	b.p[9] = 1; /* ICMP */
	assert_int_equal(packet_parse(&f, &p), PACKET_OTHER);
	b.p[9] = 17;
	b.p[25] = 7; /* UDP of 7 bytes */
	assert_int_equal(packet_parse(&f, &p), PACKET_BROKEN);
	b.p[25] = 0; /* left to the network card: all that is there */
	assert_int_equal(packet_parse(&f, &p), PACKET_UDP);
	assert_int_equal(rd_left(&p.payload), N);
	b.p[0] = 0x44; /* an IP header of 16 bytes */
	assert_int_equal(packet_parse(&f, &p), PACKET_BROKEN);
	b.p[0] = 0x50; /* IP version 5 */
	assert_int_equal(packet_parse(&f, &p), PACKET_BROKEN);
	b.p[0] = 0x45;
	b.p[3] = 19; /* a total shorter than the header */
	assert_int_equal(packet_parse(&f, &p), PACKET_BROKEN);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_link_type),
	    cmocka_unit_test(every_prefix),
	    cmocka_unit_test(tcp),
	    cmocka_unit_test(what_is_no_ip_or_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
