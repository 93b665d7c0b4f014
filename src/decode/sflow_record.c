/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a flow sample. Each format is a function that writes into the row, or keeps what
 * another record may say better. A record that is longer than its format is a newer edition of it:
 * the rest is passed over. */
#include "decode/put.h"
#include "decode/sflow_priv.h"
#include "packet/numbers.h"

#include "base/attr.h"

enum { VLAN_MAX = 4095, AS_PATH_MAX = 64, COMMUNITIES_MAX = 64, LABELS_MAX = 10 };

struct place {
	struct batch *b;
	uint32_t row;
	struct sflow_packet *p;
};

/* --- the packet */

/* Protocols of a sampled header that are not read: token bus and ring, FDDI, frame relay, X.25,
 * SMDS, ATM, 802.11. */
static void raw_header(struct rd *r, const struct place *at)
{
	enum { ETHERNET = 1, PPP = 7, IP4 = 11, IP6 = 12, MPLS = 13, POS = 14 };
	static const struct {
		uint32_t protocol;
		enum headers_start start;
	} starts[] = {
	    {ETHERNET, HEADERS_ETHERNET}, {PPP, HEADERS_PPP}, {IP4, HEADERS_IP}, {IP6, HEADERS_IP},
	    {MPLS, HEADERS_MPLS},         {POS, HEADERS_PPP}};
	uint32_t protocol = rd_be32(r), len = rd_be32(r);
	rd_skip(r, 4); /* bytes at the end, such as a checksum, that are not in the header */
	size_t n = rd_be32(r), there = MIN_OF(n, rd_left(r));
	struct rd bytes = rd_sub(r, there);
	if (r->bad || at->p->raw_len)
		return;
	r->bad = there < n; /* cut: what is there is read */
	at->p->raw_len = len;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (starts[i].protocol == protocol)
			headers_parse(starts[i].start, bytes.p, rd_left(&bytes), &at->p->raw);
}

static void sampled_ethernet(struct rd *r, const struct place *at)
{
	uint32_t len = rd_be32(r);
	const uint8_t *mac = rd_take(r, 16); /* 6 bytes each, and 2 of padding */
	uint32_t type = rd_be32(r);
	if (r->bad)
		return;
	struct headers *h = &at->p->summary;
	at->p->frame_len = len;
	h->src_mac = load_be(mac, 6);
	h->dst_mac = load_be(mac + 8, 6);
	h->ethertype = (uint16_t)type;
	h->has |= HEADERS_HAS_MAC | HEADERS_HAS_ETHERTYPE;
}

/* What sampled IPv4 and IPv6 have in common, behind the addresses. */
static void sampled_ports(struct rd *r, struct headers *h)
{
	h->src_port = (uint16_t)rd_be32(r);
	h->dst_port = (uint16_t)rd_be32(r);
	h->tcp_flags = (uint16_t)rd_be32(r);
	h->tos = (uint8_t)rd_be32(r);
	if (h->proto == PROTO_TCP || h->proto == PROTO_UDP)
		h->has |= HEADERS_HAS_PORTS;
	if (h->proto == PROTO_TCP)
		h->has |= HEADERS_HAS_TCP_FLAGS;
}

static uint32_t sampled_ip(struct rd *r, struct headers *h, uint8_t version)
{
	uint32_t len = rd_be32(r);
	h->proto = (uint8_t)rd_be32(r);
	h->ip_version = version;
	if (version == 4) {
		uint8_t a[8];
		rd_copy(r, a, sizeof(a));
		h->src = ip_from_v4(a);
		h->dst = ip_from_v4(a + 4);
	} else {
		rd_copy(r, h->src.b, sizeof(h->src.b));
		rd_copy(r, h->dst.b, sizeof(h->dst.b));
	}
	sampled_ports(r, h);
	return len;
}

static void sampled_packet(struct rd *r, const struct place *at, uint8_t version)
{
	struct headers h = at->p->summary;
	uint32_t len = sampled_ip(r, &h, version);
	if (r->bad)
		return;
	h.has |= HEADERS_HAS_IP;
	at->p->summary = h;
	at->p->ip_len = len;
}

static void sampled_ip4(struct rd *r, const struct place *at)
{
	sampled_packet(r, at, 4);
}

static void sampled_ip6(struct rd *r, const struct place *at)
{
	sampled_packet(r, at, 6);
}

/* The header outside of the sampled packet that the device put on or took off. */
static void tunnel(struct rd *r, const struct place *at, uint8_t version)
{
	struct headers h = {0};
	(void)sampled_ip(r, &h, version);
	if (r->bad)
		return;
	put_ip(at->b, F_tunnel_src_ip, at->row, &h.src);
	put_ip(at->b, F_tunnel_dst_ip, at->row, &h.dst);
	put_u8(at->b, F_tunnel_proto, at->row, h.proto);
}

static void tunnel_ip4(struct rd *r, const struct place *at)
{
	tunnel(r, at, 4);
}

static void tunnel_ip6(struct rd *r, const struct place *at)
{
	tunnel(r, at, 6);
}

static void tunnel_id(struct rd *r, const struct place *at)
{
	uint32_t id = rd_be32(r);
	if (!r->bad)
		put_u32(at->b, F_tunnel_id, at->row, id);
}

/* --- what the device knows of its way */

/* 0 and 0xffffffff: not known. */
static void put_vlan(const struct place *at, enum field f, uint32_t vlan)
{
	if (vlan > 0 && vlan < VLAN_MAX)
		put_u16(at->b, f, at->row, (uint16_t)vlan);
}

static void extended_switch(struct rd *r, const struct place *at)
{
	uint32_t in = rd_be32(r);
	rd_skip(r, 4); /* priority */
	uint32_t out = rd_be32(r);
	rd_skip(r, 4);
	if (r->bad)
		return;
	put_vlan(at, F_vlan, in);
	put_vlan(at, F_out_vlan, out);
}

static void put_address(struct rd *r, const struct place *at, enum field f)
{
	struct ip ip;
	bool there;
	if (!sflow_address(r, &ip, &there))
		r->bad = true;
	else if (there)
		put_ip(at->b, f, at->row, &ip);
}

/* Some devices send the mask itself. */
static uint8_t prefix_len(uint32_t v)
{
	enum { BITS_MAX = 128 };
	return (uint8_t)(v <= BITS_MAX ? (int)v : __builtin_popcount(v));
}

static void extended_router(struct rd *r, const struct place *at)
{
	put_address(r, at, F_next_hop);
	uint32_t src = rd_be32(r), dst = rd_be32(r);
	if (r->bad)
		return;
	put_u8(at->b, F_src_mask, at->row, prefix_len(src));
	put_u8(at->b, F_dst_mask, at->row, prefix_len(dst));
}

/* Segments of the path, sets and sequences, one after another. */
static void as_path(struct rd *r, const struct place *at)
{
	uint32_t n = 0, last = 0;
	for (uint32_t segments = rd_be32(r); segments && !r->bad; segments--) {
		rd_skip(r, 4); /* set or sequence */
		for (uint32_t left = rd_be32(r); left && !r->bad; left--) {
			last = rd_be32(r);
			if (r->bad)
				return;
			if (n == 0)
				put_u32(at->b, F_next_as, at->row, last);
			if (n++ < AS_PATH_MAX)
				push_u32(at->b, F_as_path, at->row, last);
		}
	}
	if (n)
		put_u32(at->b, F_dst_as, at->row, last);
}

static void extended_gateway(struct rd *r, const struct place *at)
{
	put_address(r, at, F_bgp_next_hop);
	rd_skip(r, 4); /* the router's own AS */
	uint32_t src_as = rd_be32(r), src_peer_as = rd_be32(r);
	if (r->bad || batch_present(at->b, F_src_as, at->row))
		return;
	put_u32(at->b, F_src_as, at->row, src_as);
	put_u32(at->b, F_prev_as, at->row, src_peer_as);
	as_path(r, at);
	uint32_t n = rd_be32(r);
	for (uint32_t i = 0; i < n && !r->bad; i++) {
		uint32_t community = rd_be32(r);
		if (!r->bad && i < COMMUNITIES_MAX)
			push_u32(at->b, F_bgp_communities, at->row, community);
	}
	uint32_t pref = rd_be32(r);
	if (!r->bad)
		put_u32(at->b, F_local_pref, at->row, pref);
}

static void put_text(struct rd *r, const struct place *at, enum field f)
{
	struct rd text = sflow_opaque(r);
	put_str(at->b, f, at->row, text.p, rd_left(&text));
}

static void extended_user(struct rd *r, const struct place *at)
{
	rd_skip(r, 4); /* character set */
	put_text(r, at, F_user_name);
	rd_skip(r, 4);
	put_text(r, at, F_dst_user_name);
}

static void extended_url(struct rd *r, const struct place *at)
{
	rd_skip(r, 4); /* whether the address is that of the source or of the destination */
	put_text(r, at, F_http_url);
	put_text(r, at, F_http_host);
}

/* Labels of the packet as it came in; entries as on the wire, the TTL is cut off. */
static void extended_mpls(struct rd *r, const struct place *at)
{
	put_address(r, at, F_next_hop);
	uint32_t n = rd_be32(r);
	bool told = at->p->raw.n_labels > 0 || batch_present(at->b, F_mpls_labels, at->row);
	for (uint32_t i = 0; i < n && !r->bad; i++) {
		uint32_t entry = rd_be32(r);
		if (!r->bad && i < LABELS_MAX && !told)
			push_u32(at->b, F_mpls_labels, at->row, entry >> 8);
	}
}

static void extended_nat(struct rd *r, const struct place *at)
{
	put_address(r, at, F_post_nat_src_ip);
	put_address(r, at, F_post_nat_dst_ip);
}

static void extended_nat_port(struct rd *r, const struct place *at)
{
	uint32_t src = rd_be32(r), dst = rd_be32(r);
	if (r->bad)
		return;
	put_u16(at->b, F_post_nat_src_port, at->row, (uint16_t)src);
	put_u16(at->b, F_post_nat_dst_port, at->row, (uint16_t)dst);
}

/* Layers that were taken off before the header was sampled, outermost first. */
static void extended_vlan_tunnel(struct rd *r, const struct place *at)
{
	uint32_t n = rd_be32(r), tag = rd_be32(r);
	if (!r->bad && n)
		put_vlan(at, F_vlan, tag & 0xfff);
}

/* --- why a packet was dropped, and where */

static void extended_egress_queue(struct rd *r, const struct place *at)
{
	uint32_t queue = rd_be32(r);
	if (!r->bad)
		put_u32(at->b, F_egress_queue, at->row, queue);
}

static void extended_acl(struct rd *r, const struct place *at)
{
	enum { EGRESS = 2 };
	uint32_t number = rd_be32(r);
	put_text(r, at, F_acl_name);
	uint32_t direction = rd_be32(r);
	enum field f = direction == EGRESS ? F_egress_acl : F_ingress_acl;
	if (!r->bad && !batch_present(at->b, f, at->row))
		push_u32(at->b, f, at->row, number);
}

static void drop_text(struct rd *r, const struct place *at)
{
	put_text(r, at, F_drop_detail);
}

static void extended_hw_trap(struct rd *r, const struct place *at)
{
	(void)sflow_opaque(r); /* the group of the trap */
	put_text(r, at, F_drop_detail);
}

static const struct {
	uint32_t format;
	void (*read)(struct rd *r, const struct place *at);
} formats[] = {
    {1, raw_header},           {1001, extended_switch},
    {1002, extended_router},   {1003, extended_gateway},
    {2, sampled_ethernet},     {3, sampled_ip4},
    {4, sampled_ip6},          {1004, extended_user},
    {1005, extended_url},      {1006, extended_mpls},
    {1007, extended_nat},      {1012, extended_vlan_tunnel},
    {1020, extended_nat_port}, {1023, tunnel_ip4},
    {1024, tunnel_ip4},        {1025, tunnel_ip6},
    {1026, tunnel_ip6},        {1029, tunnel_id},
    {1030, tunnel_id},         {1036, extended_egress_queue},
    {1037, extended_acl},      {1038, drop_text},
    {1041, extended_hw_trap},  {1042, drop_text},
};

bool sflow_packet_record(struct sflow *s, uint32_t row, const struct sflow_record *record,
			 struct sflow_packet *p)
{
	const struct place at = {.b = s->rows, .row = row, .p = p};
	struct rd body = record->body;
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (formats[i].format != record->format)
			continue;
		formats[i].read(&body, &at);
		if (body.bad)
			sflow_bad_record(s);
		return true;
	}
	return false;
}
