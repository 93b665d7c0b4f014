/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/packet.h"

#include "packet/numbers.h"

enum { TAGS_MAX = 8, EXTENSIONS_MAX = 16 };

enum packet_kind packet_transport(struct packet *p, struct rd r)
{
	if (p->proto != PROTO_UDP && p->proto != PROTO_TCP)
		return PACKET_OTHER;
	p->src_port = rd_be16(&r);
	p->dst_port = rd_be16(&r);
	if (p->proto == PROTO_UDP) {
		size_t len = rd_be16(&r);
		rd_skip(&r, 2);
		/* 0: longer than the field can say, or left to the network card. */
		if (r.bad || (len && len < 8))
			return PACKET_BROKEN;
		p->payload = rd_sub(&r, len ? MIN_OF(len - 8, rd_left(&r)) : rd_left(&r));
		return PACKET_UDP;
	}
	p->tcp_seq = rd_be32(&r);
	rd_skip(&r, 4);
	size_t header = (size_t)(rd_u8(&r) >> 4) * 4;
	p->tcp_flags = rd_u8(&r);
	if (header < 20)
		return PACKET_BROKEN;
	rd_skip(&r, header - 14);
	p->payload = r;
	return r.bad ? PACKET_BROKEN : PACKET_TCP;
}

static enum packet_kind fragment(struct packet *p, struct rd r, uint32_t id, uint32_t off,
				 bool more)
{
	p->fragment.id = id;
	p->fragment.off = off;
	p->fragment.more = more;
	p->payload = r;
	return PACKET_FRAGMENT;
}

static enum packet_kind parse_ip4(struct packet *p, struct rd r)
{
	const uint8_t *h = rd_take(&r, 20);
	if (!h || h[0] >> 4 != 4)
		return PACKET_BROKEN;
	size_t header = (size_t)(h[0] & 15) * 4, total = load_be16(h + 2);
	uint16_t flags = load_be16(h + 6);
	if (header < 20 || (total && total < header))
		return PACKET_BROKEN;
	rd_skip(&r, header - 20);
	/* Total length 0: segmentation was left to the network card. */
	struct rd body = rd_sub(&r, total ? MIN_OF(total - header, rd_left(&r)) : rd_left(&r));
	if (body.bad)
		return PACKET_BROKEN;
	p->ip_version = 4;
	p->proto = h[9];
	p->src = ip_from_v4(h + 12);
	p->dst = ip_from_v4(h + 16);
	if (flags & 0x3fff)
		return fragment(p, body, load_be16(h + 4), (flags & 0x1fffu) * 8, flags & 0x2000);
	return packet_transport(p, body);
}

static enum packet_kind parse_ip6(struct packet *p, struct rd r)
{
	const uint8_t *h = rd_take(&r, 40);
	if (!h || h[0] >> 4 != 6)
		return PACKET_BROKEN;
	size_t len = load_be16(h + 4);
	r = rd_sub(&r, len ? MIN_OF(len, rd_left(&r)) : rd_left(&r));
	p->ip_version = 6;
	p->proto = h[6];
	memcpy(p->src.b, h + 8, 16);
	memcpy(p->dst.b, h + 24, 16);
	/* extension headers: RFC 8200 4, RFC 4302 */
	for (int i = 0; i < EXTENSIONS_MAX && !r.bad; i++) {
		uint8_t what = p->proto;
		if (what == PROTO_FRAGMENT) {
			p->proto = rd_u8(&r);
			rd_skip(&r, 1);
			uint16_t flags = rd_be16(&r);
			uint32_t id = rd_be32(&r);
			if (r.bad)
				return PACKET_BROKEN;
			if (flags & 0xfff9)
				return fragment(p, r, id, flags & 0xfff8u, flags & 1);
			continue; /* an atomic fragment (RFC 6946) */
		}
		if (what != PROTO_HOP_OPTIONS && what != PROTO_ROUTING && what != PROTO_AUTH &&
		    what != PROTO_DEST_OPTIONS && what != PROTO_MOBILITY)
			return packet_transport(p, r);
		p->proto = rd_u8(&r);
		size_t units = rd_u8(&r);
		rd_skip(&r, what == PROTO_AUTH ? units * 4 + 6 : units * 8 + 6);
	}
	return PACKET_BROKEN;
}

static enum packet_kind parse_ip(struct packet *p, struct rd r)
{
	if (rd_left(&r) == 0)
		return PACKET_BROKEN;
	return *r.p >> 4 == 6 ? parse_ip6(p, r) : *r.p >> 4 == 4 ? parse_ip4(p, r) : PACKET_BROKEN;
}

static enum packet_kind parse_pppoe(struct packet *p, struct rd r)
{
	rd_skip(&r, 6);
	uint16_t proto = rd_be16(&r);
	if (r.bad)
		return PACKET_BROKEN;
	return proto == PPP_IP4 || proto == PPP_IP6 ? parse_ip(p, r) : PACKET_OTHER;
}

static enum packet_kind parse_ethertype(struct packet *p, uint16_t type, struct rd r)
{
	for (int i = 0;
	     i < TAGS_MAX && (type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD);
	     i++) {
		rd_skip(&r, 2);
		type = rd_be16(&r);
	}
	if (r.bad)
		return PACKET_BROKEN;
	if (type == ETHER_PPPOE)
		return parse_pppoe(p, r);
	return type == ETHER_IP4   ? parse_ip4(p, r)
	       : type == ETHER_IP6 ? parse_ip6(p, r)
				   : PACKET_OTHER;
}

enum packet_kind packet_parse(const struct frame *f, struct packet *ret)
{
	struct rd r = rd_of(f->p, f->n);
	uint16_t type;
	*ret = (struct packet){0};
	if (f->link == LINK_SLL2) { /* the type is at the front */
		type = rd_be16(&r);
		rd_skip(&r, 18);
		return parse_ethertype(ret, type, r);
	}
	if (f->link == LINK_IP || f->link == LINK_LOOPBACK || f->link == LINK_LOOPBACK_BE) {
		/* Loopback: an address family in the byte order and numbering of some system. */
		rd_skip(&r, f->link == LINK_IP ? 0 : 4);
		return r.bad ? PACKET_BROKEN : parse_ip(ret, r);
	}
	if (f->link == LINK_PPPOE)
		return parse_pppoe(ret, r);
	if (f->link != LINK_ETHERNET && f->link != LINK_SLL)
		return PACKET_OTHER;
	rd_skip(&r, f->link == LINK_SLL ? 14 : 12);
	type = rd_be16(&r);
	return parse_ethertype(ret, type, r);
}
