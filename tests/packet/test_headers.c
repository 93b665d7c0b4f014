/* SPDX-License-Identifier: Apache-2.0 */
/* Frames built in code, and what the fields of their headers must be by the RFCs. */
#include "packet/headers.h"
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct headers parse(enum headers_start start, const struct buf *b, size_t n)
{
	struct headers h;
	uint8_t *exact = malloc(n ? n : 1);
	assert_non_null(exact);
	if (n)
		memcpy(exact, b->p, n);
	headers_parse(start, exact, n, &h);
	free(exact);
	return h;
}

static struct ip ip_of(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(text, strlen(text), &ip), ERR_OK);
	return ip;
}

static void assert_ends(const struct headers *h, const char *src, const char *dst)
{
	struct ip a = ip_of(src), b = ip_of(dst);
	assert_true(h->has & HEADERS_HAS_IP);
	assert_memory_equal(&h->src, &a, sizeof(a));
	assert_memory_equal(&h->dst, &b, sizeof(b));
}

static void assert_tunnel(const struct headers *h, const char *src, const char *dst, uint8_t proto)
{
	struct ip a = ip_of(src), b = ip_of(dst);
	assert_true(h->has & HEADERS_HAS_TUNNEL);
	assert_memory_equal(&h->tunnel_src, &a, sizeof(a));
	assert_memory_equal(&h->tunnel_dst, &b, sizeof(b));
	assert_int_equal(h->tunnel_proto, proto);
}

enum { UDP_BYTES = 8 + 4 };

/* An IP packet 10.0.0.1 -> 10.0.0.2 (or of version 6), UDP 1000 -> 53 with 4 bytes. */
static void put_udp(struct buf *b, const char *src, const char *dst)
{
	const struct wire_ip ip = {.src = src, .dst = dst, .proto = 17};
	wire_ip_header(b, &ip, UDP_BYTES);
	wire_udp(b, 1000, 53, "abcd", 4);
}

static void ethernet_vlan_qinq(void **state)
{
	(void)state;
	struct buf b = {0};
	wire_ethernet(&b, 0x88a8);
	wire_vlan(&b, 0x6000 | 100, 0x8100); /* priority 3 */
	wire_vlan(&b, 200, 0x0800);
	put_udp(&b, "10.0.0.1", "10.0.0.2");
	struct headers h = parse(HEADERS_ETHERNET, &b, b.n);
	assert_int_equal(h.n_vlans, 2);
	assert_int_equal(h.vlan[0], 100);
	assert_int_equal(h.vlan[1], 200);
	assert_int_equal(h.ethertype, 0x0800);
	assert_ends(&h, "10.0.0.1", "10.0.0.2");
	assert_int_equal(h.src_port, 1000);
	assert_int_equal(h.dst_port, 53);
	assert_int_equal(h.frame_len, b.n);
	assert_false(h.has & HEADERS_HAS_TUNNEL);
	/* Ends in the middle of the ports: everything before them is there. */
	h = parse(HEADERS_ETHERNET, &b, b.n - UDP_BYTES + 3);
	assert_ends(&h, "10.0.0.1", "10.0.0.2");
	assert_int_equal(h.proto, 17);
	assert_false(h.has & HEADERS_HAS_PORTS);
	buf_fini(&b);
}

static void llc_snap(void **state)
{
	(void)state;
	struct buf b = {0};
	wire_ethernet(&b, 8 + 20 + UDP_BYTES); /* a length */
	buf_put(&b, "\xaa\xaa\x03\0\0\0\x08\0", 8);
	put_udp(&b, "10.0.0.1", "10.0.0.2");
	struct headers h = parse(HEADERS_ETHERNET, &b, b.n);
	assert_int_equal(h.ethertype, 0x0800);
	assert_ends(&h, "10.0.0.1", "10.0.0.2");
	/* A bridge's own frame (LLC 42 42 03) has no type. */
	b.p[14] = b.p[15] = 0x42;
	h = parse(HEADERS_ETHERNET, &b, b.n);
	assert_int_equal(h.has, HEADERS_HAS_MAC);
	buf_fini(&b);
}

static void mpls_then_ip(void **state)
{
	(void)state;
	struct buf b = {0};
	wire_ethernet(&b, 0x8847);
	buf_be32(&b, 16u << 12 | 5 << 9 | 64); /* label 16, class 5 */
	buf_be32(&b, 17u << 12 | 1 << 8 | 64); /* label 17, bottom */
	put_udp(&b, "2001:db8::1", "2001:db8::2");
	struct headers h = parse(HEADERS_ETHERNET, &b, b.n);
	assert_int_equal(h.n_labels, 2);
	assert_int_equal(h.label[0], 16 << 4 | 5 << 1);
	assert_int_equal(h.label[1], 17 << 4 | 1);
	assert_int_equal(h.ethertype, 0x8847);
	assert_ends(&h, "2001:db8::1", "2001:db8::2");
	assert_int_equal(h.dst_port, 53);
	buf_fini(&b);
}

static void mpls_pseudowire(void **state)
{
	(void)state;
	struct buf b = {0};
	wire_ethernet(&b, 0x8847);
	buf_be32(&b, 99u << 12 | 1 << 8 | 255);
	buf_be32(&b, 0); /* control word */
	size_t inner = b.n;
	wire_ethernet(&b, 0x0800);
	b.p[inner] = 0x12; /* another MAC address, which is not that of the link */
	put_udp(&b, "10.0.0.1", "10.0.0.2");
	struct headers h = parse(HEADERS_ETHERNET, &b, b.n);
	assert_ends(&h, "10.0.0.1", "10.0.0.2");
	assert_int_equal(h.dst_mac, load_be(b.p, 6));
	assert_int_equal(h.ethertype, 0x8847);
	buf_fini(&b);
}

static void pppoe_session(void **state)
{
	(void)state;
	struct buf b = {0};
	wire_ethernet(&b, 0x8864);
	buf_put(&b, "\x11\0\0\x05\0\x22\0\x21", 8); /* session 5, PPP IPv4 */
	put_udp(&b, "10.0.0.1", "10.0.0.2");
	struct headers h = parse(HEADERS_ETHERNET, &b, b.n);
	assert_int_equal(h.ethertype, 0x8864);
	assert_ends(&h, "10.0.0.1", "10.0.0.2");
	assert_int_equal(h.src_port, 1000);
	buf_fini(&b);
}

/* An outer IP header 192.0.2.1 -> 192.0.2.2 (or of version 6) around what follows. */
static void outer(struct buf *b, bool v6, uint8_t proto, size_t rest)
{
	const struct wire_ip ip = {.src = v6 ? "2001:db8:f::1" : "192.0.2.1",
				   .dst = v6 ? "2001:db8:f::2" : "192.0.2.2",
				   .proto = proto};
	wire_ip_header(b, &ip, rest);
}

static void ip_in_ip(void **state)
{
	(void)state;
	const struct {
		bool outer6;
		uint8_t proto;
		const char *src, *dst;
		size_t inner;
	} cases[] = {{false, 4, "10.0.0.1", "10.0.0.2", 20},
		     {false, 41, "2001:db8::1", "2001:db8::2", 40},
		     {true, 4, "10.0.0.1", "10.0.0.2", 20},
		     {true, 41, "2001:db8::1", "2001:db8::2", 40}};
	for (size_t i = 0; i < 4; i++) {
		struct buf b = {0};
		outer(&b, cases[i].outer6, cases[i].proto, cases[i].inner + UDP_BYTES);
		size_t outer_len = b.n;
		put_udp(&b, cases[i].src, cases[i].dst);
		struct headers h = parse(HEADERS_IP, &b, b.n);
		assert_ends(&h, cases[i].src, cases[i].dst);
		assert_tunnel(&h, cases[i].outer6 ? "2001:db8:f::1" : "192.0.2.1",
			      cases[i].outer6 ? "2001:db8:f::2" : "192.0.2.2", cases[i].proto);
		assert_int_equal(h.proto, 17);
		assert_int_equal(h.dst_port, 53);
		assert_int_equal(h.frame_len, b.n);
		/* The inner header is not whole: the outer packet is the key. */
		h = parse(HEADERS_IP, &b, outer_len + 19);
		assert_false(h.has & HEADERS_HAS_TUNNEL);
		assert_ends(&h, cases[i].outer6 ? "2001:db8:f::1" : "192.0.2.1",
			    cases[i].outer6 ? "2001:db8:f::2" : "192.0.2.2");
		assert_int_equal(h.proto, cases[i].proto);
		buf_fini(&b);
	}
}

static void gre_with_key(void **state)
{
	(void)state;
	struct buf b = {0};
	outer(&b, false, 47, 12 + 20 + UDP_BYTES);
	buf_be16(&b, 0x3000); /* key and sequence */
	buf_be16(&b, 0x0800);
	buf_be32(&b, 77);
	buf_be32(&b, 1);
	put_udp(&b, "10.0.0.1", "10.0.0.2");
	struct headers h = parse(HEADERS_IP, &b, b.n);
	assert_ends(&h, "10.0.0.1", "10.0.0.2");
	assert_tunnel(&h, "192.0.2.1", "192.0.2.2", 47);
	assert_true(h.has & HEADERS_HAS_TUNNEL_ID);
	assert_int_equal(h.tunnel_id, 77);
	buf_fini(&b);
}

/* UDP around an overlay header and an Ethernet frame. */
static void overlay(struct buf *b, uint16_t port, const void *head, size_t n)
{
	struct buf inner = {0};
	buf_put(&inner, head, n);
	wire_ethernet(&inner, 0x0800);
	put_udp(&inner, "10.0.0.1", "10.0.0.2");
	outer(b, false, 17, 8 + inner.n);
	wire_udp(b, 55555, port, inner.p, inner.n);
	buf_fini(&inner);
}

static void vxlan_geneve(void **state)
{
	(void)state;
	const struct {
		uint16_t port;
		const char *head;
		size_t n;
	} cases[] = {{4789, "\x08\0\0\0\0\x12\x34\0", 8},
		     {6081, "\x01\0\x65\x58\0\x12\x34\0optn", 12}};
	for (size_t i = 0; i < 2; i++) {
		struct buf b = {0};
		overlay(&b, cases[i].port, cases[i].head, cases[i].n);
		struct headers h = parse(HEADERS_IP, &b, b.n);
		assert_ends(&h, "10.0.0.1", "10.0.0.2");
		assert_tunnel(&h, "192.0.2.1", "192.0.2.2", 17);
		assert_int_equal(h.tunnel_id, 0x1234);
		assert_int_equal(h.src_port, 1000);
		assert_int_equal(h.dst_port, 53);
		assert_false(h.has & HEADERS_HAS_MAC); /* those inside are not of the link */
		buf_fini(&b);
	}
}

static void other_udp_on_a_tunnel_port(void **state)
{
	(void)state;
	struct buf b = {0};
	outer(&b, false, 17, 8 + 8);
	wire_udp(&b, 55555, 4789, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	struct headers h = parse(HEADERS_IP, &b, b.n);
	assert_ends(&h, "192.0.2.1", "192.0.2.2");
	assert_int_equal(h.dst_port, 4789);
	assert_false(h.has & (HEADERS_HAS_TUNNEL | HEADERS_HAS_TUNNEL_ID));
	buf_fini(&b);
}

static void fragments_and_extensions(void **state)
{
	(void)state;
	struct buf b = {0};
	const struct wire_ip later = {
	    .src = "10.0.0.1", .dst = "10.0.0.2", .proto = 17, .id = 1, .fragment_at = 1480};
	wire_ip_header(&b, &later, 8);
	buf_put(&b, "not ports", 8);
	struct headers h = parse(HEADERS_IP, &b, b.n);
	assert_int_equal(h.proto, 17);
	assert_int_equal(h.frag_offset, 1480);
	assert_int_equal(h.frag_flags, 0);
	assert_false(h.has & HEADERS_HAS_PORTS);
	buf_reset(&b);
	const struct wire_ip first = {.src = "2001:db8::1",
				      .dst = "2001:db8::2",
				      .proto = 17,
				      .id = 1,
				      .more_fragments = true};
	wire_ip_header(&b, &first, UDP_BYTES);
	wire_udp(&b, 1000, 53, "abcd", 4);
	h = parse(HEADERS_IP, &b, b.n);
	assert_int_equal(h.frag_flags, 0x20);
	assert_int_equal(h.proto, 17);
	assert_int_equal(h.dst_port, 53);
	buf_fini(&b);
}

static void tcp_and_icmp(void **state)
{
	(void)state;
	struct buf b = {0};
	const struct wire_ip tcp = {.src = "10.0.0.1", .dst = "10.0.0.2", .proto = 6};
	wire_ip_header(&b, &tcp, 20);
	wire_tcp(&b, 443, 1, 0x12, "", 0);
	struct headers h = parse(HEADERS_IP, &b, b.n);
	assert_int_equal(h.src_port, 443);
	assert_int_equal(h.tcp_flags, 0x12);
	buf_reset(&b);
	const struct wire_ip icmp = {.src = "2001:db8::1", .dst = "2001:db8::2", .proto = 58};
	wire_ip_header(&b, &icmp, 8);
	buf_put(&b, "\x80\x03\0\0\0\0\0\0", 8);
	h = parse(HEADERS_IP, &b, b.n);
	assert_true(h.has & HEADERS_HAS_ICMP);
	assert_int_equal(h.icmp_type, 128);
	assert_int_equal(h.icmp_code, 3);
	assert_false(h.has & HEADERS_HAS_PORTS);
	buf_fini(&b);
}

/* Tunnels in tunnels without end stop; every prefix of a frame is read without a byte too much
 * (the address sanitizer looks). */
static void bounded(void **state)
{
	(void)state;
	struct buf b = {0};
	for (int i = 0; i < 100; i++)
		outer(&b, false, 4, (size_t)(99 - i) * 20 + 20 + UDP_BYTES);
	put_udp(&b, "10.0.0.1", "10.0.0.2");
	struct headers h = parse(HEADERS_IP, &b, b.n);
	assert_tunnel(&h, "192.0.2.1", "192.0.2.2", 4);
	buf_reset(&b);
	wire_ethernet(&b, 0x8100);
	wire_vlan(&b, 7, 0x0800);
	overlay(&b, 6081, "\x01\0\x65\x58\0\x12\x34\0optn", 12);
	for (size_t n = 0; n <= b.n; n++)
		for (int s = HEADERS_ETHERNET; s <= HEADERS_PPP; s++)
			(void)parse((enum headers_start)s, &b, n);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ethernet_vlan_qinq),
	    cmocka_unit_test(llc_snap),
	    cmocka_unit_test(mpls_then_ip),
	    cmocka_unit_test(mpls_pseudowire),
	    cmocka_unit_test(pppoe_session),
	    cmocka_unit_test(ip_in_ip),
	    cmocka_unit_test(gre_with_key),
	    cmocka_unit_test(vxlan_geneve),
	    cmocka_unit_test(other_udp_on_a_tunnel_port),
	    cmocka_unit_test(fragments_and_extensions),
	    cmocka_unit_test(tcp_and_icmp),
	    cmocka_unit_test(bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
