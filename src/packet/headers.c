/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/headers.h"

#include "base/attr.h"
#include "packet/numbers.h"

/* Headers in headers: each step takes one and says what the next is. */
enum { STEPS_MAX = 32, TAGS_MAX = 8, EXTENSIONS_MAX = 16 };

enum step { STEP_END, STEP_ETHERNET, STEP_ETHERTYPE, STEP_IP, STEP_MPLS, STEP_PPP, STEP_CARRIED };

struct parse {
	struct rd r;
	const uint8_t *start;
	struct headers *h;
	uint16_t type; /* STEP_ETHERTYPE */
	bool on_link;  /* still in the headers of the link */
};

static enum step ethernet(struct parse *p)
{
	const uint8_t *mac = rd_take(&p->r, 12);
	p->type = rd_be16(&p->r);
	if (p->r.bad)
		return STEP_END;
	if (p->on_link) {
		p->h->dst_mac = load_be(mac, 6);
		p->h->src_mac = load_be(mac + 6, 6);
		p->h->has |= HEADERS_HAS_MAC;
	}
	return STEP_ETHERTYPE;
}

static void vlan_tags(struct parse *p)
{
	for (int i = 0; i < TAGS_MAX && (p->type == ETHER_VLAN || p->type == ETHER_QINQ ||
					 p->type == ETHER_QINQ_OLD);
	     i++) {
		uint16_t tag = rd_be16(&p->r), type = rd_be16(&p->r);
		if (p->r.bad)
			return;
		p->type = type;
		if (p->on_link && p->h->n_vlans < HEADERS_VLANS)
			p->h->vlan[p->h->n_vlans++] = tag & 0xfff;
	}
}

/* 802.3: a length, then LLC, and behind AA AA 03 00 00 00 a type (RFC 1042). */
static bool snap(struct parse *p)
{
	static const uint8_t head[] = {0xaa, 0xaa, 3, 0, 0, 0};
	const uint8_t *llc = rd_take(&p->r, sizeof(head));
	if (!llc || memcmp(llc, head, sizeof(head)) != 0)
		return false;
	p->type = rd_be16(&p->r);
	return !p->r.bad;
}

static enum step ethertype(struct parse *p)
{
	vlan_tags(p);
	if (p->r.bad || (p->type <= ETHER_LENGTH_MAX && !snap(p)))
		return STEP_END;
	if (p->on_link) {
		p->h->ethertype = p->type;
		p->h->has |= HEADERS_HAS_ETHERTYPE;
	}
	switch (p->type) {
	case ETHER_IP4:
	case ETHER_IP6:
		return STEP_IP;
	case ETHER_MPLS:
	case ETHER_MPLS_MULTICAST:
		return STEP_MPLS;
	case ETHER_PPPOE:
		rd_skip(&p->r, 6);
		return STEP_PPP;
	case ETHER_BRIDGED:
		return STEP_ETHERNET;
	}
	return STEP_END;
}

static enum step ppp(struct parse *p)
{
	uint16_t proto = rd_be16(&p->r);
	if (proto == PPP_ADDRESS_CONTROL)
		proto = rd_be16(&p->r);
	return proto == PPP_IP4 || proto == PPP_IP6 ? STEP_IP
	       : proto == PPP_MPLS                  ? STEP_MPLS
						    : STEP_END;
}

/* What follows the bottom label nobody says (RFC 3032): an IP packet begins with its version; a
 * pseudowire with a control word of zeros, or with an Ethernet header at once (RFC 4448). */
static enum step mpls(struct parse *p)
{
	enum { CONTROL_WORD = 4, LABEL_BOTTOM = 1 };
	uint32_t entry = 0;
	for (int i = 0; i < STEPS_MAX && !(entry & LABEL_BOTTOM); i++) {
		entry = rd_be32(&p->r) >> 8;
		if (p->r.bad)
			return STEP_END;
		if (p->on_link && p->h->n_labels < HEADERS_LABELS)
			p->h->label[p->h->n_labels++] = entry;
	}
	p->on_link = false;
	if (rd_left(&p->r) < CONTROL_WORD)
		return STEP_END;
	if (*p->r.p >> 4 == 4 || *p->r.p >> 4 == 6)
		return STEP_IP;
	if (*p->r.p >> 4 == 0)
		rd_skip(&p->r, CONTROL_WORD);
	return STEP_ETHERNET;
}

/* A new IP packet becomes the key; the first one becomes the tunnel around it. */
static void enter_ip(struct parse *p, uint8_t version)
{
	struct headers *h = p->h;
	if ((h->has & HEADERS_HAS_IP) && !(h->has & HEADERS_HAS_TUNNEL)) {
		h->tunnel_src = h->src;
		h->tunnel_dst = h->dst;
		h->tunnel_proto = h->proto;
		h->has |= HEADERS_HAS_TUNNEL;
	}
	h->has &= ~(uint32_t)(HEADERS_HAS_PORTS | HEADERS_HAS_TCP_FLAGS | HEADERS_HAS_ICMP |
			      HEADERS_HAS_FLOW_LABEL | HEADERS_HAS_FRAGMENT);
	h->has |= HEADERS_HAS_IP | HEADERS_HAS_TTL;
	h->ip_version = version;
	h->frag_flags = 0;
	h->frag_offset = 0;
	p->on_link = false;
}

static void frame_len(struct parse *p, const uint8_t *ip, size_t total)
{
	if (p->h->frame_len == 0)
		p->h->frame_len = (uint32_t)((size_t)(ip - p->start) + total);
}

static enum step ip4(struct parse *p)
{
	enum { OFFSET_MASK = 0x1fff, FLAGS_SHIFT = 13 - 5 };
	const uint8_t *b = rd_take(&p->r, 20);
	size_t header = b ? (size_t)(b[0] & 15) * 4 : 0;
	if (!b || header < 20)
		return STEP_END;
	size_t total = load_be16(b + 2);
	enter_ip(p, 4);
	struct headers *h = p->h;
	h->tos = b[1];
	h->ttl = b[8];
	h->proto = b[9];
	h->src = ip_from_v4(b + 12);
	h->dst = ip_from_v4(b + 16);
	uint16_t fragment = load_be16(b + 6);
	h->frag_flags = (uint8_t)(fragment >> FLAGS_SHIFT & 0xe0);
	h->has |= HEADERS_HAS_FRAGMENT;
	h->frag_offset = (uint16_t)((fragment & OFFSET_MASK) * 8);
	if (total >= header)
		frame_len(p, b, total);
	rd_skip(&p->r, header - 20);
	/* Behind the packet there may be padding of the link. */
	if (total >= header && total - header < rd_left(&p->r))
		p->r = rd_sub(&p->r, total - header);
	return h->frag_offset ? STEP_END : STEP_CARRIED;
}

static bool is_extension(uint8_t proto)
{
	return proto == PROTO_HOP_OPTIONS || proto == PROTO_ROUTING || proto == PROTO_FRAGMENT ||
	       proto == PROTO_AUTH || proto == PROTO_DEST_OPTIONS || proto == PROTO_MOBILITY;
}

/* IPv6 extension headers (RFC 8200 4, RFC 4302). */
static enum step extensions(struct parse *p)
{
	struct headers *h = p->h;
	for (int i = 0; i < EXTENSIONS_MAX && is_extension(h->proto); i++) {
		uint8_t what = h->proto, next = rd_u8(&p->r);
		size_t units = rd_u8(&p->r);
		if (p->r.bad)
			return STEP_END;
		if (what == PROTO_FRAGMENT) {
			uint16_t at = rd_be16(&p->r);
			rd_skip(&p->r, 4);
			if (p->r.bad)
				return STEP_END;
			h->frag_flags = at & 1 ? 0x20 : 0;
			h->has |= HEADERS_HAS_FRAGMENT;
			h->frag_offset = at & 0xfff8;
		} else {
			rd_skip(&p->r, what == PROTO_AUTH ? units * 4 + 6 : units * 8 + 6);
		}
		h->proto = next;
		if (h->frag_offset || p->r.bad)
			return STEP_END;
	}
	return STEP_CARRIED;
}

static enum step ip6(struct parse *p)
{
	enum { HEADER = 40 };
	const uint8_t *b = rd_take(&p->r, HEADER);
	if (!b)
		return STEP_END;
	enter_ip(p, 6);
	struct headers *h = p->h;
	uint32_t first = load_be32(b);
	size_t len = load_be16(b + 4);
	h->tos = (uint8_t)(first >> 20);
	h->flow_label = first & 0xfffff;
	h->has |= HEADERS_HAS_FLOW_LABEL;
	h->proto = b[6];
	h->ttl = b[7];
	memcpy(h->src.b, b + 8, 16);
	memcpy(h->dst.b, b + 24, 16);
	if (len) { /* 0: a jumbogram, or left to the network card */
		frame_len(p, b, HEADER + len);
		if (len < rd_left(&p->r))
			p->r = rd_sub(&p->r, len);
	}
	return extensions(p);
}

static enum step ip(struct parse *p)
{
	if (rd_left(&p->r) == 0)
		return STEP_END;
	return *p->r.p >> 4 == 4 ? ip4(p) : *p->r.p >> 4 == 6 ? ip6(p) : STEP_END;
}

/* RFC 2784, RFC 2890; version 1 is PPTP (RFC 2637), whose key is a call id. */
static enum step gre(struct parse *p)
{
	enum { CHECKSUM = 0x8000, ROUTING = 0x4000, KEY = 0x2000, SEQUENCE = 0x1000, ACK = 0x80 };
	uint16_t flags = rd_be16(&p->r);
	p->type = rd_be16(&p->r);
	if (p->r.bad || (flags & ROUTING) || (flags & 7) > 1)
		return STEP_END;
	rd_skip(&p->r, flags & CHECKSUM ? 4 : 0);
	uint32_t key = flags & KEY ? rd_be32(&p->r) : 0;
	rd_skip(&p->r, flags & SEQUENCE ? 4 : 0);
	rd_skip(&p->r, (flags & 7) == 1 && (flags & ACK) ? 4 : 0);
	if (p->r.bad)
		return STEP_END;
	if ((flags & KEY) && (flags & 7) == 0) {
		p->h->tunnel_id = key;
		p->h->has |= HEADERS_HAS_TUNNEL_ID;
	}
	return p->type == ETHER_GRE_PPP ? STEP_PPP : STEP_ETHERTYPE;
}

/* RFC 7348: the flag that the id is valid, and reserved bits of zero. */
static enum step vxlan(struct parse *p)
{
	uint32_t flags = rd_be32(&p->r), id = rd_be32(&p->r);
	if (p->r.bad || flags != 0x08000000 || (id & 0xff))
		return STEP_END;
	p->h->tunnel_id = id >> 8;
	p->h->has |= HEADERS_HAS_TUNNEL_ID;
	return STEP_ETHERNET;
}

/* RFC 8926: version 0, options in units of 4 bytes, a type. */
static enum step geneve(struct parse *p)
{
	uint8_t first = rd_u8(&p->r);
	rd_skip(&p->r, 1);
	p->type = rd_be16(&p->r);
	uint32_t id = rd_be32(&p->r);
	rd_skip(&p->r, (size_t)(first & 0x3f) * 4);
	if (p->r.bad || first >> 6 || (id & 0xff))
		return STEP_END;
	p->h->tunnel_id = id >> 8;
	p->h->has |= HEADERS_HAS_TUNNEL_ID;
	return STEP_ETHERTYPE;
}

static bool ports(struct parse *p)
{
	const uint8_t *b = rd_take(&p->r, 4);
	if (!b)
		return false;
	p->h->src_port = load_be16(b);
	p->h->dst_port = load_be16(b + 2);
	p->h->has |= HEADERS_HAS_PORTS;
	return true;
}

static enum step udp(struct parse *p)
{
	if (!ports(p))
		return STEP_END;
	rd_skip(&p->r, 4);
	switch (p->h->dst_port) {
	case PORT_VXLAN:
	case PORT_VXLAN_OLD:
		return vxlan(p);
	case PORT_GENEVE:
		return geneve(p);
	}
	return STEP_END;
}

static enum step tcp(struct parse *p)
{
	if (!ports(p))
		return STEP_END;
	rd_skip(&p->r, 8);
	uint16_t flags = rd_be16(&p->r);
	if (!p->r.bad) {
		p->h->tcp_flags = flags & 0xfff; /* as IPFIX element 6 */
		p->h->has |= HEADERS_HAS_TCP_FLAGS;
	}
	return STEP_END;
}

static enum step icmp(struct parse *p)
{
	const uint8_t *b = rd_take(&p->r, 2);
	if (b) {
		p->h->icmp_type = b[0];
		p->h->icmp_code = b[1];
		p->h->has |= HEADERS_HAS_ICMP;
	}
	return STEP_END;
}

static enum step carried(struct parse *p)
{
	switch (p->h->proto) {
	case PROTO_TCP:
		return tcp(p);
	case PROTO_UDP:
		return udp(p);
	case PROTO_UDPLITE:
	case PROTO_SCTP:
	case PROTO_DCCP:
		(void)ports(p);
		return STEP_END;
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return icmp(p);
	case PROTO_IP4:
	case PROTO_IP6:
		return STEP_IP;
	case PROTO_GRE:
		return gre(p);
	}
	return STEP_END;
}

void headers_parse(enum headers_start start, const uint8_t *p, size_t n, struct headers *ret)
{
	static enum step (*const steps[])(struct parse *) = {[STEP_ETHERNET] = ethernet,
							     [STEP_ETHERTYPE] = ethertype,
							     [STEP_IP] = ip,
							     [STEP_MPLS] = mpls,
							     [STEP_PPP] = ppp,
							     [STEP_CARRIED] = carried};
	static const enum step first[] = {[HEADERS_ETHERNET] = STEP_ETHERNET,
					  [HEADERS_IP] = STEP_IP,
					  [HEADERS_MPLS] = STEP_MPLS,
					  [HEADERS_PPP] = STEP_PPP};
	headers_clear(ret);
	struct parse q = {.r = rd_of(p, n), .start = p, .h = ret, .on_link = true};
	enum step step = first[start];
	for (int i = 0; i < STEPS_MAX && step != STEP_END && !q.r.bad; i++)
		step = steps[step](&q);
}
