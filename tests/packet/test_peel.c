/* SPDX-License-Identifier: Apache-2.0 */
/* Frames down to their flow: links, tags, labels, extension headers, tunnels. Headers are built
 * from the RFCs that the cases name; the inner packet is always the same. */
#include "packet/peel.h"

#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char payload[] = "hello";
enum { N = sizeof(payload) - 1, IP4_LEN = 20 + 8 + N, IP6_LEN = 40 + 8 + N };

static const char *const ends4[2] = {"192.0.2.1", "192.0.2.2"};
static const char *const ends6[2] = {"2001:db8::1", "2001:db8::2"};
static const char *const outer4[2] = {"198.51.100.1", "198.51.100.2"};

static void ip_around(struct buf *b, const char *const ends[2], uint8_t proto, const void *p,
		      size_t n)
{
	const struct wire_ip ip = {.src = ends[0], .dst = ends[1], .proto = proto};
	wire_ip_header(b, &ip, n);
	buf_put(b, p, n);
}

/* The inner packet, over IPv4 or IPv6. */
static void inner(struct buf *b, int version)
{
	struct buf udp = {0};
	wire_udp(&udp, 1234, 2055, payload, N);
	ip_around(b, version == 4 ? ends4 : ends6, 17, udp.p, udp.n);
	buf_fini(&udp);
}

/* How the inner packet is wrapped. */
struct wrap {
	const char *name;
	enum tunnel tunnel;
	uint32_t id;
	bool has_id;
	int version;      /* of the inner packet */
	uint8_t proto;    /* of the outer one; 0: none, 17: see port */
	uint16_t port;    /* destination of UDP */
	const char *head; /* the tunnel's header */
	size_t head_n;
	bool ethernet; /* an Ethernet header follows it */
};
#define HEAD(s) s, sizeof(s) - 1

static const struct wrap wraps[] = {
    {"4in4 (RFC 2003)", TUNNEL_IPIP, 0, false, 4, 4, 0, HEAD(""), false},
    {"6in4 (RFC 4213)", TUNNEL_IPIP, 0, false, 6, 41, 0, HEAD(""), false},
    {"GRE (RFC 2784)", TUNNEL_GRE, 0, false, 4, 47, 0, HEAD("\0\0\x08\0"), false},
    {"GRE, checksum, key, sequence (RFC 2890)", TUNNEL_GRE, 77, true, 6, 47, 0,
     HEAD("\xb0\0\x86\xdd\0\0\0\0\0\0\0\x4d\0\0\0\1"), false},
    {"GRE, Ethernet", TUNNEL_GRE, 0, false, 4, 47, 0, HEAD("\0\0\x65\x58"), true},
    {"PPTP (RFC 2637)", TUNNEL_PPTP, 5, true, 4, 47, 0,
     HEAD("\x30\x81\x88\x0b\0\x25\0\x05\0\0\0\1\0\0\0\1\xff\3\0\x21"), false},
    {"ERSPAN I", TUNNEL_ERSPAN, 0, false, 4, 47, 0, HEAD("\0\0\x88\xbe"), true},
    {"ERSPAN II", TUNNEL_ERSPAN, 100, true, 4, 47, 0,
     HEAD("\x10\0\x88\xbe\0\0\0\1\x10\0\0\x64\0\0\0\0"), true},
    {"ERSPAN III with subheader", TUNNEL_ERSPAN, 101, true, 4, 47, 0,
     HEAD("\x10\0\x22\xeb\0\0\0\1\x20\0\0\x65\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0"), true},
    {"VXLAN (RFC 7348)", TUNNEL_VXLAN, 4096, true, 4, 17, 4789, HEAD("\x08\0\0\0\0\x10\0\0"), true},
    {"VXLAN, old port", TUNNEL_VXLAN, 1, true, 6, 17, 8472, HEAD("\x08\0\0\0\0\0\1\0"), true},
    {"VXLAN, group policy", TUNNEL_VXLAN, 1, true, 4, 17, 4789, HEAD("\x88\0\0\7\0\0\1\0"), true},
    {"VXLAN-GPE, IPv4", TUNNEL_VXLAN_GPE, 9, true, 4, 17, 4790, HEAD("\x0c\0\0\1\0\0\x09\0"),
     false},
    {"GENEVE (RFC 8926), Ethernet", TUNNEL_GENEVE, 3, true, 4, 17, 6081,
     HEAD("\1\0\x65\x58\0\0\3\0\0\1\2\0"), true},
    {"GENEVE, IPv6", TUNNEL_GENEVE, 3, true, 6, 17, 6081, HEAD("\0\0\x86\xdd\0\0\3\0"), false},
    {"GTP-U (TS 29.281)", TUNNEL_GTPU, 0x01020304, true, 4, 17, 2152,
     HEAD("\x30\xff\0\x21\1\2\3\4"), false},
    {"GTP-U, sequence and PDU session", TUNNEL_GTPU, 1, true, 6, 17, 2152,
     HEAD("\x36\xff\0\x3d\0\0\0\1\0\7\0\x85\1\x10\5\0"), false},
    {"GRE in UDP (RFC 8086)", TUNNEL_GRE, 5, true, 4, 17, 4754, HEAD("\x20\0\x08\0\0\0\0\5"),
     false},
    {"MPLS in UDP (RFC 7510)", TUNNEL_MPLS, 0, false, 6, 17, 6635, HEAD("\0\1\0\x40\0\1\1\x40"),
     false},
    {"Teredo (RFC 4380)", TUNNEL_TEREDO, 0, false, 6, 17, 3544, HEAD(""), false},
    {"Teredo, authentication and origin", TUNNEL_TEREDO, 0, false, 6, 17, 3544,
     HEAD("\0\1\0\0\1\2\3\4\5\6\7\x08\0\0\0\1\2\3\4\5\6"), false},
    {"L2TPv2 (RFC 2661)", TUNNEL_L2TP, 0x00020003, true, 4, 17, 1701,
     HEAD("\0\2\0\2\0\3\xff\3\0\x21"), false},
    {"L2TPv3 over IP (RFC 3931), cookie of 8", TUNNEL_L2TP, 7, true, 4, 115, 0,
     HEAD("\0\0\0\7\xaa\xaa\xaa\xaa\xbb\xbb\xbb\xbb"), true},
    {"L2TPv3 over UDP", TUNNEL_L2TP, 7, true, 4, 17, 1701, HEAD("\0\3\0\0\0\0\0\7"), true},
};

static void wrapped(struct buf *b, const struct wrap *w)
{
	struct buf in = {0}, udp = {0};
	buf_put(&in, w->head, w->head_n);
	if (w->ethernet)
		wire_ethernet(&in, w->version == 4 ? 0x0800 : 0x86dd);
	inner(&in, w->version);
	if (w->proto == 17)
		wire_udp(&udp, 40000, w->port, in.p, in.n);
	else
		buf_put(&udp, in.p, in.n);
	wire_ethernet(b, 0x0800);
	ip_around(b, outer4, w->proto, udp.p, udp.n);
	buf_fini(&in);
	buf_fini(&udp);
}

static enum peel_kind peeled(const struct buf *b, enum link_type link, struct peel *p)
{
	const struct frame f = {.p = b->p, .n = b->n, .wire_n = b->n, .link = link};
	return peel(&f, p);
}

static void assert_inner(const struct peel *p, int version)
{
	assert_int_equal(p->version, version);
	assert_int_equal(p->proto, 17);
	assert_int_equal(p->src_port, 1234);
	assert_int_equal(p->dst_port, 2055);
	assert_int_equal(p->len, version == 4 ? IP4_LEN : IP6_LEN);
	assert_int_equal(p->payload_wire, N);
	assert_int_equal(rd_left(&p->payload), N);
	assert_memory_equal(p->payload.p, payload, N);
	assert_int_equal(p->src[version == 4 ? 3 : 15], 1);
	assert_int_equal(p->dst[version == 4 ? 3 : 15], 2);
	assert_int_equal(p->ttl, 64);
}

static void tunnels(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wraps); i++) {
		const struct wrap *w = &wraps[i];
		struct buf b = {0};
		struct peel p;
		wrapped(&b, w);
		print_message("%s\n", w->name);
		assert_int_equal(peeled(&b, LINK_ETHERNET, &p), PEEL_IP);
		assert_inner(&p, w->version);
		assert_int_equal(p.tunnel, w->tunnel);
		assert_int_equal(p.n_tunnels, 1);
		assert_int_equal((p.has & PEEL_HAS_TUNNEL_ID) != 0, w->has_id);
		assert_int_equal(p.tunnel_id, w->id);
		assert_int_equal(p.outer_len, b.n - 14);
		assert_int_equal(p.tunnel_proto, w->proto);
		assert_memory_equal(p.tunnel_src, "\xc6\x33\x64\1", 4);
		assert_memory_equal(p.tunnel_dst, "\xc6\x33\x64\2", 4);
		buf_fini(&b);
	}
}

/* A header with one sign wrong is the payload of an ordinary datagram. */
static void weak_signs(void **state)
{
	(void)state;
	static const struct wrap weak[] = {
	    {"VXLAN without I", 0, 0, 0, 4, 17, 4789, HEAD("\0\0\0\0\0\x10\0\0"), true},
	    {"VXLAN, reserved bits", 0, 0, 0, 4, 17, 4789, HEAD("\x08\0\0\0\0\x10\0\1"), true},
	    {"MPLS in UDP, no IP", 0, 0, 0, 4, 17, 6635, HEAD("\0\1\1\x40\x90\0\0\0"), false},
	    {"GRE in UDP, routing protocol", 0, 0, 0, 4, 17, 4754, HEAD("\0\0\0\xfe"), false},
	    {"GTP-U, not a user's packet", 0, 0, 0, 4, 17, 2152, HEAD("\x30\1\0\x21\1\2\3\4"),
	     false},
	    {"L2TP control", 0, 0, 0, 4, 17, 1701, HEAD("\xc8\2\0\x30\0\3\0\0\0\0\0\0"), false},
	    {"GENEVE, version 1", 0, 0, 0, 4, 17, 6081, HEAD("\x40\0\x65\x58\0\0\3\0"), true},
	    {"Teredo, length", 0, 0, 0, 6, 17, 3544, HEAD("\0"), false},
	    {"GTP-U, no IP packet inside", 0, 0, 0, 4, 17, 2152, HEAD("\x30\xff\0\x22\1\2\3\4\7"),
	     false},
	};
	for (size_t i = 0; i < ARRAY_LEN(weak); i++) {
		struct buf b = {0};
		struct peel p;
		wrapped(&b, &weak[i]);
		print_message("%s\n", weak[i].name);
		assert_int_equal(peeled(&b, LINK_ETHERNET, &p), PEEL_IP);
		assert_int_equal(p.tunnel, TUNNEL_NONE);
		assert_int_equal(p.src_port, 40000);
		assert_int_equal(p.dst_port, weak[i].port);
		assert_int_equal(p.len, b.n - 14);
		assert_int_equal(p.payload_wire, b.n - 14 - 28);
		buf_fini(&b);
	}
}

/* What may stand before the inner packet, per link type. */
static const struct {
	const char *name;
	enum link_type link;
	const char *head;
	size_t head_n;
	int version;
	uint16_t vlan[2];
	uint8_t n_vlans, n_labels;
	uint32_t label[2];
} links[] = {
    {"Ethernet", LINK_ETHERNET, HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\x08\0"), 4, {0}, 0, 0, {0}},
    {"802.1Q",
     LINK_ETHERNET,
     HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\x81\0\xa0\x64\x86\xdd"),
     6,
     {100},
     1,
     0,
     {0}},
    {"802.1ad",
     LINK_ETHERNET,
     HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\x88\xa8\0\x64\x81\0\0\xc8\x08\0"),
     4,
     {100, 200},
     2,
     0,
     {0}},
    {"0x9100",
     LINK_ETHERNET,
     HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\x91\0\0\x64\x91\0\0\xc8\x08\0"),
     4,
     {100, 200},
     2,
     0,
     {0}},
    {"MPLS (RFC 3032)",
     LINK_ETHERNET,
     HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\x88\x47\0\1\0\x40\0\1\1\x40"),
     4,
     {0},
     0,
     2,
     {0x000100, 0x000101}},
    {"MPLS, pseudowire with control word (RFC 4448)",
     LINK_ETHERNET,
     HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\x88\x47\0\1\1\x40\0\0\0\0\2\0\0\0\0\4\2\0\0\0\0\3\x08\0"),
     4,
     {0},
     0,
     1,
     {0x000101}},
    {"PPPoE (RFC 2516)",
     LINK_ETHERNET,
     HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\x88\x64\x11\0\0\1\0\x23\0\x21"),
     4,
     {0},
     0,
     0,
     {0}},
    {"SNAP (RFC 1042)",
     LINK_ETHERNET,
     HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\0\x29\xaa\xaa\3\0\0\0\x08\0"),
     4,
     {0},
     0,
     0,
     {0}},
    {"Linux cooked", LINK_SLL, HEAD("\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\0"), 4, {0}, 0, 0, {0}},
    {"Linux cooked v2",
     LINK_SLL2,
     HEAD("\x86\xdd\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0\0"),
     6,
     {0},
     0,
     0,
     {0}},
    {"raw IP", LINK_IP, HEAD(""), 6, {0}, 0, 0, {0}},
    {"loopback", LINK_LOOPBACK, HEAD("\2\0\0\0"), 4, {0}, 0, 0, {0}},
    {"PPP with address and control (RFC 1662)", LINK_PPP, HEAD("\xff\3\0\x57"), 6, {0}, 0, 0, {0}},
    {"PPP, short protocol (RFC 1661)", LINK_PPP, HEAD("\x21"), 4, {0}, 0, 0, {0}},
    {"802.11 data, QoS",
     LINK_80211,
     HEAD("\x88\1\0\0\2\0\0\0\0\2\2\0\0\0\0\1\2\0\0\0\0\3\0\0\0\0\xaa\xaa\3\0\0\0\x08\0"),
     4,
     {0},
     0,
     0,
     {0}},
    {"802.11 behind radiotap",
     LINK_RADIOTAP,
     HEAD("\0\0\x08\0\0\0\0\0\x08\2\0\0\2\0\0\0\0\2\2\0\0\0\0\1\2\0\0\0\0\3\0\0\xaa\xaa\3\0\0\0\x86"
	  "\xdd"),
     6,
     {0},
     0,
     0,
     {0}},
};

/* Headers of tcpdump.org/linktypes with neither tags nor labels. */
static const struct {
	const char *name;
	enum link_type link;
	const char *head;
	size_t head_n;
	int version;
} other_links[] = {
    {"loopback, network order", LINK_LOOPBACK_BE, HEAD("\0\0\0\x18"), 6},
    {"raw IP, 12", LINK_IP_12, HEAD(""), 4},
    {"raw IP, 14", LINK_IP_14, HEAD(""), 6},
    {"IPv4", LINK_IP4, HEAD(""), 4},
    {"IPv6", LINK_IP6, HEAD(""), 6},
    {"OpenBSD enc", LINK_ENC, HEAD("\2\0\0\0\0\0\0\1\0\0\0\0"), 4},
    {"PPP, serial", LINK_PPP_SERIAL, HEAD("\xff\3\0\x21"), 4},
    {"PPP, serial, Cisco", LINK_PPP_SERIAL, HEAD("\x0f\0\x86\xdd"), 6},
    {"PPP with direction", LINK_PPP_DIRECTION, HEAD("\1\xff\3\0\x21"), 4},
    {"PPP of pppd", LINK_PPP_PPPD, HEAD("\0\xff\3\0\x57"), 6},
    {"Cisco HDLC", LINK_CISCO_HDLC, HEAD("\x0f\0\x08\0"), 4},
    {"ATM, LLC (RFC 2684)", LINK_ATM, HEAD("\xaa\xaa\3\0\0\0\x08\0"), 4},
    {"Frame Relay (RFC 2427)", LINK_FRAME_RELAY, HEAD("\x18\x41\3\xcc"), 4},
    {"Frame Relay, IPv6", LINK_FRAME_RELAY, HEAD("\x18\x41\3\x8e"), 6},
    {"Frame Relay, SNAP", LINK_FRAME_RELAY, HEAD("\x18\x41\3\0\x80\0\0\0\x08\0"), 4},
    {"Frame Relay, Cisco", LINK_FRAME_RELAY, HEAD("\x18\x41\x86\xdd"), 6},
    {"IP over IEEE 1394", LINK_IP_1394, HEAD("12345678abcdefgh\x08\0"), 4},
    {"netANALYZER", LINK_NETANALYZER, HEAD("\0\0\0\0\2\0\0\0\0\2\2\0\0\0\0\1\x08\0"), 4},
    {"FDDI", LINK_FDDI, HEAD("\x50\2\0\0\0\0\2\2\0\0\0\0\1\xaa\xaa\3\0\0\0\x08\0"), 4},
    {"Token Ring with a route", LINK_TOKEN_RING,
     HEAD("\x10\x40\2\0\0\0\0\2\x82\0\0\0\0\1\6\x30\1\2\3\0\xaa\xaa\3\0\0\0\x08\0"), 4},
    {"pflog", LINK_PFLOG, HEAD("\x05\2\0\0\0\0\0\0"), 4},
    {"nflog", LINK_NFLOG, HEAD("\2\0\0\0\5\0\x0a\0\0\0\0\0\x25\0\x09\0"), 4},
    {"802.11 behind PPI", LINK_PPI,
     HEAD("\0\0\x08\0\x69\0\0\0\x08\2\0\0\2\0\0\0\0\2\2\0\0\0\0\1\2\0\0\0\0\3\0\0"
	  "\xaa\xaa\3\0\0\0\x08\0"),
     4},
    {"802.11 behind AVS", LINK_AVS,
     HEAD("\x80\x21\x10\1\0\0\0\x0c\0\0\0\0\x08\2\0\0\2\0\0\0\0\2\2\0\0\0\0\1\2\0\0\0\0\3\0\0"
	  "\xaa\xaa\3\0\0\0\x86\xdd"),
     6},
    {"802.11 behind Prism", LINK_PRISM,
     HEAD("\x44\0\0\0\x0c\0\0\0\0\0\0\0\x08\2\0\0\2\0\0\0\0\2\2\0\0\0\0\1\2\0\0\0\0\3\0\0"
	  "\xaa\xaa\3\0\0\0\x08\0"),
     4},
    {"802.11, header padded", LINK_80211,
     HEAD("\x88\1\0\0\2\0\0\0\0\2\2\0\0\0\0\1\2\0\0\0\0\3\0\0\0\0\0\0"
	  "\xaa\xaa\3\0\0\0\x08\0"),
     4},
    {"PKTAP, raw IP", LINK_PKTAP, HEAD("\x10\0\0\0\1\0\0\0\x0c\0\0\0\0\0\0\0"), 4},
    {"MPLS", LINK_MPLS, HEAD("\0\1\1\x40"), 4},
    {"cooked, 802.2", LINK_SLL, HEAD("\0\0\0\1\0\6\2\0\0\0\0\1\0\0\0\4\xaa\xaa\3\0\0\0\x08\0"), 4},
    {"802.1ah", LINK_ETHERNET,
     HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\x88\xe7\0\0\0\1\2\0\0\0\0\4\2\0\0\0\0\3\x08\0"), 4},
    {"TRILL", LINK_ETHERNET,
     HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\x22\xf3\0\1\0\2\0\3\2\0\0\0\0\4\2\0\0\0\0\3\x08\0"), 4},
    {"VN-Tag", LINK_ETHERNET, HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\x89\x26\0\0\0\1\x81\0\0\5\x86\xdd"),
     6},
    {"802.1BR", LINK_ETHERNET, HEAD("\2\0\0\0\0\2\2\0\0\0\0\1\x89\x3f\0\0\0\0\0\0\x08\0"), 4},
};

static void more_link_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(other_links); i++) {
		struct buf b = {0};
		struct peel p;
		buf_put(&b, other_links[i].head, other_links[i].head_n);
		size_t head = b.n;
		inner(&b, other_links[i].version);
		print_message("%s\n", other_links[i].name);
		assert_true(peel_knows(other_links[i].link));
		assert_int_equal(peeled(&b, other_links[i].link, &p), PEEL_IP);
		assert_inner(&p, other_links[i].version);
		for (size_t n = 0; n < head; n++) { /* cut anywhere it is no IP packet */
			const struct frame f = {
			    .p = b.p, .n = n, .wire_n = b.n, .link = other_links[i].link};
			assert_int_not_equal(peel(&f, &p), PEEL_IP);
		}
		buf_fini(&b);
	}
	assert_false(peel_knows((enum link_type)147));
}

static void link_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		struct buf b = {0};
		struct peel p;
		buf_put(&b, links[i].head, links[i].head_n);
		inner(&b, links[i].version);
		print_message("%s\n", links[i].name);
		assert_int_equal(peeled(&b, links[i].link, &p), PEEL_IP);
		assert_inner(&p, links[i].version);
		assert_int_equal(p.n_vlans, links[i].n_vlans);
		assert_memory_equal(p.vlan, links[i].vlan, sizeof(p.vlan));
		assert_int_equal(p.n_labels, links[i].n_labels);
		for (unsigned k = 0; k < p.n_labels; k++)
			assert_int_equal(p.label[k], links[i].label[k]);
		assert_int_equal(p.n_tunnels, 0);
		buf_fini(&b);
	}
}

static void not_ip(void **state)
{
	(void)state;
	struct buf b = {0};
	struct peel p;
	wire_ethernet(&b, 0x0806);
	for (int i = 0; i < 28; i++)
		buf_u8(&b, 0);
	assert_int_equal(peeled(&b, LINK_ETHERNET, &p), PEEL_ETHER);
	assert_int_equal(p.ethertype, 0x0806);
	assert_int_equal(p.len, 42);
	assert_int_equal(rd_left(&p.payload), 28);
	assert_memory_equal(p.src, "\2\0\0\0\0\1", 6);
	assert_memory_equal(p.dst, "\2\0\0\0\0\2", 6);
	buf_fini(&b);
}

/* Padding behind the packet is not payload; a packet cut in the capture has its length still. */
static void lengths(void **state)
{
	(void)state;
	struct buf b = {0};
	struct peel p;
	wire_ethernet(&b, 0x0800);
	inner(&b, 4);
	size_t whole = b.n;
	for (int i = 0; i < 13; i++)
		buf_u8(&b, 0);
	assert_int_equal(peeled(&b, LINK_ETHERNET, &p), PEEL_IP);
	assert_inner(&p, 4);
	struct frame f = {.p = b.p, .n = whole - 2, .wire_n = whole, .link = LINK_ETHERNET};
	assert_int_equal(peel(&f, &p), PEEL_IP);
	assert_int_equal(p.len, IP4_LEN);
	assert_int_equal(p.payload_wire, N);
	assert_int_equal(rd_left(&p.payload), N - 2);
	f.n = 14 + 20 + 2; /* not even the ports */
	assert_int_equal(peel(&f, &p), PEEL_IP);
	assert_true(p.has & PEEL_CUT);
	assert_int_equal(p.len, IP4_LEN);
	f.n = 14 + 10;
	assert_int_equal(peel(&f, &p), PEEL_BROKEN);
	assert_int_equal(p.broken, LAYER_IP);
	buf_fini(&b);
}

static void tcp_header(void **state)
{
	(void)state;
	/* RFC 9293 3.1; MSS 1460, window scale 7 */
	static const char tcp[] =
	    "\xc0\0\0\x50\0\0\0\1\0\0\0\2\x70\x12\x20\0\0\0\0\0\2\4\5\xb4\1\3\3\7hi";
	struct buf b = {0};
	struct peel p;
	ip_around(&b, ends4, 6, tcp, sizeof(tcp) - 1);
	assert_int_equal(peeled(&b, LINK_IP, &p), PEEL_IP);
	assert_true(p.has & PEEL_HAS_TCP);
	assert_int_equal(p.src_port, 49152);
	assert_int_equal(p.dst_port, 80);
	assert_int_equal(p.seq, 1);
	assert_int_equal(p.ack, 2);
	assert_int_equal(p.tcp_flags, 0x12);
	assert_int_equal(p.window, 0x2000);
	assert_int_equal(p.options_n, 8);
	assert_int_equal(p.payload_wire, 2);
	b.p[20 + 12] = 0x40; /* a data offset of 16 bytes */
	assert_int_equal(peeled(&b, LINK_IP, &p), PEEL_IP);
	assert_true(p.has & PEEL_BAD_TRANSPORT);
	assert_int_equal(p.dst_port, 80);
	buf_fini(&b);
}

/* RFC 8200 4: hop-by-hop, destination options, routing, authentication, then UDP. */
static void extension_headers(void **state)
{
	(void)state;
	static const char ext[] =
	    "\x3c\0\1\4\0\0\0\0\x2b\0\1\4\0\0\0\0\x33\2\0\0\0\0\0\0"
	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x11\4\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0";
	struct buf udp = {0}, b = {0};
	struct peel p;
	buf_put(&udp, ext, sizeof(ext) - 1);
	wire_udp(&udp, 1234, 2055, payload, N);
	ip_around(&b, ends6, 0, udp.p, udp.n);
	assert_int_equal(peeled(&b, LINK_IP, &p), PEEL_IP);
	assert_int_equal(p.proto, 17);
	assert_int_equal(p.dst_port, 2055);
	assert_int_equal(p.len, b.n);
	assert_int_equal(p.payload_wire, N);
	b.p[40] = 50; /* ESP behind the first: there it ends */
	assert_int_equal(peeled(&b, LINK_IP, &p), PEEL_IP);
	assert_int_equal(p.proto, 50);
	buf_fini(&b);
	buf_fini(&udp);
	/* A mobility header (RFC 6275) with nothing behind it. */
	ip_around(&b, ends6, 135, "\x3b\0\0\0\0\0\0\0", 8);
	assert_int_equal(peeled(&b, LINK_IP, &p), PEEL_IP);
	assert_int_equal(p.proto, 135);
	buf_fini(&b);
}

static void fragments(void **state)
{
	(void)state;
	for (int version = 4; version <= 6; version += 2) {
		struct buf b = {0};
		struct peel p;
		struct wire_ip ip = {.proto = 17, .id = 99, .more_fragments = true};
		ip.src = version == 4 ? ends4[0] : ends6[0];
		ip.dst = version == 4 ? ends4[1] : ends6[1];
		wire_ip_header(&b, &ip, 16);
		buf_put(&b, "\x04\xd2\x08\x07\1\0\0\0abcdefgh", 16);
		assert_int_equal(peeled(&b, LINK_IP, &p), PEEL_IP);
		assert_true(p.has & PEEL_FRAGMENT);
		assert_false(p.has & PEEL_LATER_FRAGMENT);
		assert_int_equal(p.dst_port, 2055);
		assert_int_equal(p.payload_wire, 256 - 8);
		assert_int_equal(rd_left(&p.payload), 8);
		assert_int_equal(p.ip_flags, 0x20);
		buf_reset(&b);
		ip.fragment_at = 16;
		wire_ip_header(&b, &ip, 8);
		buf_put(&b, "ijklmnop", 8);
		assert_int_equal(peeled(&b, LINK_IP, &p), PEEL_IP);
		assert_true(p.has & PEEL_LATER_FRAGMENT);
		assert_int_equal(p.frag_id, 99);
		assert_int_equal(p.frag_offset, 16);
		assert_int_equal(p.src_port, 0);
		buf_fini(&b);
	}
}

/* Tunnels in tunnels, and no more than there may be. */
static void nested(void **state)
{
	(void)state;
	struct buf b = {0};
	struct peel p;
	inner(&b, 4);
	for (int i = 0; i < PEEL_TUNNELS; i++) {
		struct buf out = {0};
		ip_around(&out, outer4, 4, b.p, b.n);
		buf_fini(&b);
		b = out;
	}
	assert_int_equal(peeled(&b, LINK_IP, &p), PEEL_IP);
	assert_inner(&p, 4);
	assert_int_equal(p.n_tunnels, PEEL_TUNNELS);
	assert_int_equal(p.outer_len, b.n);
	struct buf out = {0};
	ip_around(&out, outer4, 4, b.p, b.n);
	assert_int_equal(peeled(&out, LINK_IP, &p), PEEL_IP);
	assert_int_equal(p.proto, 4);
	assert_int_equal(p.n_tunnels, PEEL_TUNNELS);
	buf_fini(&out);
	buf_fini(&b);
}

/* Every prefix and every flipped bit, in memory of exactly that size. */
static void damage(const struct buf *b, enum link_type link)
{
	struct peel p;
	for (size_t n = 0; n <= b->n; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		memcpy(exact, b->p, n);
		struct frame f = {.p = exact, .n = n, .wire_n = n, .link = link};
		(void)peel(&f, &p);
		f.wire_n = b->n;
		if (peel(&f, &p) != PEEL_BROKEN)
			assert_true(p.payload.p >= exact && p.payload.end <= exact + n);
		free(exact);
	}
	uint8_t *exact = malloc(b->n ? b->n : 1);
	for (size_t bit = 0; bit < b->n * 8; bit++) {
		memcpy(exact, b->p, b->n);
		exact[bit / 8] ^= (uint8_t)(1 << bit % 8);
		const struct frame f = {.p = exact, .n = b->n, .wire_n = b->n, .link = link};
		if (peel(&f, &p) != PEEL_BROKEN)
			assert_true(p.payload.p >= exact && p.payload.end <= exact + b->n);
	}
	free(exact);
}

static void damaged(void **state)
{
	(void)state;
	struct buf b = {0};
	for (size_t i = 0; i < ARRAY_LEN(wraps); i++) {
		buf_reset(&b);
		wrapped(&b, &wraps[i]);
		damage(&b, LINK_ETHERNET);
	}
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		buf_reset(&b);
		buf_put(&b, links[i].head, links[i].head_n);
		inner(&b, links[i].version);
		damage(&b, links[i].link);
	}
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tunnels),    cmocka_unit_test(weak_signs),
	    cmocka_unit_test(link_types), cmocka_unit_test(more_link_types),
	    cmocka_unit_test(not_ip),     cmocka_unit_test(lengths),
	    cmocka_unit_test(tcp_header), cmocka_unit_test(extension_headers),
	    cmocka_unit_test(fragments),  cmocka_unit_test(nested),
	    cmocka_unit_test(damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
