/* SPDX-License-Identifier: Apache-2.0 */
/* What headers say of a flow, in both directions: options of TCP and IP, extension headers,
 * tunnels, fragments. */
#include "meter/feed.h"
#include "noted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { TCP = 6, UDP = 17, IPIP = 4, SYN = 2, ACK = 16 };

static const struct wire_ip there = {.src = "192.0.2.1", .dst = "192.0.2.2"};
static const struct wire_ip back = {.src = "192.0.2.2", .dst = "192.0.2.1"};

static void is(const struct feed *f, enum field field, uint64_t v)
{
	uint64_t got = feed_num(f, field, 0);
	if (got != v)
		fail_msg("%s is %llu, not %llu", field_table[field].name, (unsigned long long)got,
			 (unsigned long long)v);
}

static void syn(struct feed *f, bool answer, uint16_t window, const void *options, size_t n)
{
	struct buf b = {0};
	struct wire_ip ip = answer ? back : there;
	ip.proto = TCP;
	wire_ethernet(&b, 0x0800);
	wire_ip_header(&b, &ip, 20 + n);
	buf_be16(&b, answer ? 80 : 40000);
	buf_be16(&b, answer ? 40000 : 80);
	buf_be32(&b, 1000);
	buf_be32(&b, answer ? 1001 : 0);
	buf_be16(&b, (uint16_t)((20 + n) / 4 << 12 | (answer ? SYN | ACK : SYN)));
	buf_be16(&b, window);
	buf_be32(&b, 0);
	buf_put(&b, options, n);
	feed_frame(f, answer, &b);
	buf_fini(&b);
}

/* Options 2 (MSS), 1 (no operation), 3 (window scale), 4 (SACK permitted). IPFIX element 209 has a
 * bit for each: kinds 0 to 7 are the bits of an octet from its left. */
static void tcp_options(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	syn(&f, false, 64240, "\2\4\x05\xb4\1\3\3\7\1\1\4\2", 12);
	syn(&f, true, 65160, "\2\4\x05\x78\3\3\2\1", 8);
	feed_flush(&f);
	is(&f, F_tcp_mss, 1460);
	is(&f, F_rev_tcp_mss, 1400);
	is(&f, F_tcp_window_scale, 7);
	is(&f, F_rev_tcp_window_scale, 2);
	is(&f, F_tcp_window, 64240);
	is(&f, F_rev_tcp_window, 65160);
	is(&f, F_tcp_options, 0x78);
	is(&f, F_rev_tcp_options, 0x70);
	is(&f, F_tcp_syn_size, 52);
	is(&f, F_tcp_syn_ttl, 64);
	is(&f, F_rev_ip_ttl, 64);
	feed_end(&f);
}

static void datagram(struct buf *b, bool answer, uint16_t payload)
{
	buf_be16(b, answer ? 5000 : 6000);
	buf_be16(b, answer ? 6000 : 5000);
	buf_be16(b, (uint16_t)(8 + payload));
	buf_be16(b, 0);
	for (int i = 0; i < payload; i++)
		buf_u8(b, 'x');
}

/* Router alert: option number 20, so bit 20 of IPFIX element 208. */
static void ip4_options(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	for (int answer = 0; answer < 2; answer++) {
		struct buf b = {0};
		struct wire_ip ip = answer ? back : there;
		ip.proto = UDP;
		wire_ethernet(&b, 0x0800);
		wire_ip_header(&b, &ip, 4 + 8 + 4);
		b.p[14] = 0x46;
		buf_put(&b, "\x94\4\0\0", 4);
		datagram(&b, answer, 4);
		feed_frame(&f, answer, &b);
		buf_fini(&b);
	}
	feed_flush(&f);
	is(&f, F_ip4_options, 1u << 20);
	is(&f, F_rev_ip4_options, 1u << 20);
	feed_end(&f);
}

/* A hop-by-hop header: bit 1 of IPFIX element 64. */
static void ip6_headers(void **state)
{
	(void)state;
	static const char *const ends[2] = {"2001:db8::1", "2001:db8::2"};
	struct feed f;
	feed_begin(&f, NULL);
	for (int answer = 0; answer < 2; answer++) {
		struct buf b = {0};
		const struct wire_ip ip = {.src = ends[answer], .dst = ends[!answer], .proto = 0};
		wire_ethernet(&b, 0x86dd);
		wire_ip_header(&b, &ip, 8 + 8 + 4);
		buf_put(&b, "\x11\0\1\4\0\0\0\0", 8);
		datagram(&b, answer, 4);
		feed_frame(&f, answer, &b);
		buf_fini(&b);
	}
	feed_flush(&f);
	is(&f, F_src_port, 6000);
	is(&f, F_ip6_headers, 1u << 1);
	is(&f, F_rev_ip6_headers, 1u << 1);
	feed_end(&f);
}

/* 20 bytes more than the packets inside. */
static void tunnel(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	for (int answer = 0; answer < 2; answer++) {
		struct buf b = {0};
		struct wire_ip inner = answer ? back : there;
		const struct wire_ip outer = {.src = answer ? "198.51.100.2" : "198.51.100.1",
					      .dst = answer ? "198.51.100.1" : "198.51.100.2",
					      .proto = IPIP};
		uint16_t payload = answer ? 12 : 10;
		inner.proto = UDP;
		wire_ethernet(&b, 0x0800);
		wire_ip_header(&b, &outer, 20u + 8u + payload);
		wire_ip_header(&b, &inner, 8u + payload);
		datagram(&b, answer, payload);
		feed_frame(&f, answer, &b);
		buf_fini(&b);
	}
	feed_flush(&f);
	is(&f, F_bytes, 38);
	is(&f, F_outer_bytes, 58);
	is(&f, F_rev_outer_bytes, 60);
	is(&f, F_tunnel_proto, IPIP);
	struct span s = batch_span(f.records, F_tunnel_type)[0];
	assert_int_equal(s.len, 4);
	assert_memory_equal(batch_bytes(f.records, s), "ipip", 4);
	noted_checked("tunnel_type");
	feed_end(&f);
}

/* A request whole, its answer in two fragments. */
static void fragments(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	for (int i = 0; i < 3; i++) {
		struct buf b = {0};
		struct wire_ip ip = i ? back : there;
		ip.proto = UDP;
		ip.id = 7;
		ip.more_fragments = i == 1;
		ip.fragment_at = i == 2 ? 16 : 0;
		wire_ethernet(&b, 0x0800);
		wire_ip_header(&b, &ip, i == 2 ? 8 : 16);
		if (i == 2)
			buf_put(&b, "xxxxxxxx", 8);
		else
			datagram(&b, i == 1, i == 1 ? 16 : 8);
		if (i == 1)
			b.n -= 8; /* the rest is in the next one */
		feed_frame(&f, i, &b);
		buf_fini(&b);
	}
	feed_flush(&f);
	assert_int_equal(f.n, 1);
	is(&f, F_rev_packets, 2);
	is(&f, F_rev_fragments, 2);
	assert_false(feed_has(&f, F_fragments, 0));
	feed_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tcp_options), cmocka_unit_test(ip4_options),
	    cmocka_unit_test(ip6_headers), cmocka_unit_test(tunnel),
	    cmocka_unit_test(fragments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
