/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/peel.h"

#include "base/attr.h"
#include "packet/peel_priv.h"

enum { STEPS_MAX = 24, TAGS_MAX = 8, EXTENSIONS_MAX = 16 };

static const uint8_t no_address[16];

static enum peel_step ethernet(struct peeling *t)
{
	t->frame_len = peel_wire(t);
	const uint8_t *mac = rd_take(&t->r, 12);
	t->type = rd_be16(&t->r);
	if (t->r.bad)
		return peel_broken(t, LAYER_LINK);
	t->p->dst = mac;
	t->p->src = mac + 6;
	if (!t->p->macs)
		t->p->macs = mac;
	return STEP_TYPE;
}

static bool vlan_tags(struct peeling *t)
{
	bool first = t->p->n_vlans == 0; /* those of an inner frame only if the outer has none */
	for (int i = 0; i < TAGS_MAX && (t->type == ETHER_VLAN || t->type == ETHER_QINQ ||
					 t->type == ETHER_QINQ_OLD);
	     i++) {
		uint16_t tag = rd_be16(&t->r);
		t->type = rd_be16(&t->r);
		if (t->r.bad)
			return false;
		if (first && t->p->n_vlans < PEEL_VLANS)
			t->p->vlan[t->p->n_vlans++] = tag & 0xfff;
	}
	return true;
}

/* Not IP: a flow of its own. */
enum peel_step peel_other(struct peeling *t)
{
	struct peel *p = t->p;
	p->ethertype = t->type;
	p->version = 0;
	p->proto = 0;
	p->len = t->frame_len;
	p->payload = t->r;
	p->payload_wire = peel_wire(t);
	t->kind = PEEL_ETHER;
	return STEP_DONE;
}

/* LLC, and behind AA AA 03 and an OUI of zeros, or of bridges, a type (RFC 1042, IEEE 802.1H).
 * Other LLC has type 0 here. */
static enum peel_step llc(struct peeling *t)
{
	static const uint8_t snap[] = {0xaa, 0xaa, 3, 0, 0};
	enum { SNAP = 8, BRIDGES = 0xf8 };
	t->type = 0;
	const uint8_t *b = t->r.p;
	if (rd_left(&t->r) < SNAP || memcmp(b, snap, sizeof(snap)) != 0 ||
	    (b[5] != 0 && b[5] != BRIDGES))
		return peel_other(t);
	t->type = load_be16(b + 6);
	rd_skip(&t->r, SNAP);
	return STEP_TYPE;
}

/* Headers with a fixed size, between a type and what it stands for. */
static bool shim(struct peeling *t, enum peel_step *ret)
{
	static const struct {
		uint16_t type;
		uint8_t size;
		enum peel_step then; /* STEP_TYPE: the last two bytes are the next type */
	} shims[] = {
	    {ETHER_PBB, 4, STEP_ETHERNET},   /* IEEE 802.1ah */
	    {ETHER_TRILL, 6, STEP_ETHERNET}, /* RFC 6325, without options */
	    {ETHER_VNTAG, 6, STEP_TYPE},     /* of fabric extenders */
	    {ETHER_ETAG, 8, STEP_TYPE},      /* IEEE 802.1BR */
	};
	for (size_t i = 0; i < ARRAY_LEN(shims); i++) {
		if (t->type != shims[i].type)
			continue;
		const uint8_t *b = rd_take(&t->r, shims[i].size);
		if (b && shims[i].then == STEP_TYPE)
			t->type = load_be16(b + shims[i].size - 2);
		*ret = b ? shims[i].then : peel_broken(t, LAYER_LINK);
		return true;
	}
	return false;
}

static enum peel_step ethertype(struct peeling *t)
{
	if (unlikely(t->type != ETHER_IP4)) {
		if (!vlan_tags(t))
			return peel_broken(t, LAYER_LINK);
		if (t->type <= ETHER_LENGTH_MAX) {
			peel_limit(t, t->type);
			return STEP_LLC;
		}
	}
	if (!t->p->ethertype)
		t->p->ethertype = t->type;
	switch (t->type) {
	case ETHER_IP4:
	case ETHER_IP6:
		return STEP_IP;
	case ETHER_MPLS:
	case ETHER_MPLS_MULTICAST:
		return STEP_MPLS;
	case ETHER_PPPOE:
		if (rd_left(&t->r) < 6)
			return peel_broken(t, LAYER_LINK);
		peel_limit(t, 6u + load_be16(t->r.p + 4));
		rd_skip(&t->r, 6);
		return STEP_PPP;
	case ETHER_BRIDGED:
		return STEP_ETHERNET;
	}
	enum peel_step then;
	return shim(t, &then) ? then : peel_other(t);
}

/* A protocol number of one or two bytes, perhaps after address and control (RFC 1661, 1662); or
 * Cisco's HDLC, whose addresses are its own (RFC 1547 4.3.1). */
static enum peel_step ppp(struct peeling *t)
{
	enum { CISCO_UNICAST = 0x0f, CISCO_MULTICAST = 0x8f };
	const uint8_t *b = t->r.p;
	if (rd_left(&t->r) >= 4 && (b[0] == CISCO_UNICAST || b[0] == CISCO_MULTICAST) && !b[1]) {
		rd_skip(&t->r, 2);
		t->type = rd_be16(&t->r);
		return STEP_TYPE;
	}
	if (rd_left(&t->r) >= 2 && b[0] == 0xff && b[1] == 3)
		rd_skip(&t->r, 2);
	uint16_t proto = rd_u8(&t->r);
	if (!(proto & 1))
		proto = (uint16_t)(proto << 8 | rd_u8(&t->r));
	if (t->r.bad)
		return peel_broken(t, LAYER_LINK);
	if (proto == PPP_IP4 || proto == PPP_IP6)
		return STEP_IP;
	if (proto == PPP_MPLS)
		return STEP_MPLS;
	/* Control protocols of the link. */
	t->type = ETHER_PPPOE;
	return peel_other(t);
}

/* What follows the bottom label nobody says (RFC 3032): an IP packet begins with its version; a
 * pseudowire with a control word of zeros, or with an Ethernet header at once (RFC 4448). */
static enum peel_step mpls(struct peeling *t)
{
	enum { CONTROL_WORD = 4, LABEL_BOTTOM = 1 };
	struct peel *p = t->p;
	uint32_t entry = 0;
	for (int i = 0; i < STEPS_MAX && !(entry & LABEL_BOTTOM); i++) {
		entry = rd_be32(&t->r) >> 8;
		if (t->r.bad)
			return peel_broken(t, LAYER_LINK);
		if (p->n_labels < PEEL_LABELS)
			p->label[p->n_labels++] = entry;
	}
	if (rd_left(&t->r) < CONTROL_WORD)
		return peel_broken(t, LAYER_LINK);
	uint8_t first = *t->r.p >> 4;
	if (first == 4 || first == 6)
		return STEP_IP;
	if (first == 0)
		rd_skip(&t->r, CONTROL_WORD);
	return STEP_ETHERNET;
}

/* Kinds of options of a segment as IPFIX element 209 has them: a bit per kind, the first of each
 * octet on the left. */
static void tcp(struct peeling *t)
{
	struct peel *p = t->p;
	const uint8_t *b = rd_take(&t->r, 20);
	if (!b) {
		p->has |= PEEL_CUT;
		return;
	}
	size_t header = (size_t)(b[12] >> 4) * 4;
	p->seq = load_be32(b + 4);
	p->ack = load_be32(b + 8);
	p->tcp_flags = load_be16(b + 12) & 0xfff; /* as IPFIX element 6 */
	p->window = load_be16(b + 14);
	p->has |= PEEL_HAS_TCP;
	if (header < 20 || header - 20 > peel_wire(t)) {
		p->has |= PEEL_BAD_TRANSPORT;
		peel_limit(t, 0);
		return;
	}
	size_t options = MIN_OF(header - 20, rd_left(&t->r));
	p->options = t->r.p;
	p->options_n = (uint8_t)options;
	rd_skip(&t->r, options);
	t->cut -= (uint32_t)(header - 20 - options);
}

static void udp(struct peeling *t)
{
	struct peel *p = t->p;
	const uint8_t *b = rd_take(&t->r, 8);
	if (!b) {
		p->has |= PEEL_CUT;
		return;
	}
	/* 0: longer than the field can say, or left to the network card. */
	uint16_t len = load_be16(b + 4);
	if (len && len < 8) {
		p->has |= PEEL_BAD_TRANSPORT;
		return;
	}
	if (!len)
		return;
	if (p->has & PEEL_FRAGMENT)
		t->cut += len - 8u > peel_wire(t) ? len - 8u - peel_wire(t) : 0;
	peel_limit(t, len - 8u);
}

static enum peel_step carried(struct peeling *t)
{
	struct peel *p = t->p;
	t->kind = PEEL_IP;
	switch (p->proto) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_UDPLITE:
	case PROTO_SCTP:
	case PROTO_DCCP:
		if (rd_left(&t->r) < 4) {
			p->has |= PEEL_CUT;
			break;
		}
		p->src_port = load_be16(t->r.p);
		p->dst_port = load_be16(t->r.p + 2);
		p->has |= PEEL_HAS_PORTS;
		if (p->proto == PROTO_TCP)
			tcp(t);
		else if (p->proto == PROTO_UDP)
			udp(t);
		break;
	case PROTO_ICMP:
	case PROTO_ICMP6:
		if (rd_left(&t->r) < 2) {
			p->has |= PEEL_CUT;
			break;
		}
		p->icmp_type = t->r.p[0];
		p->icmp_code = t->r.p[1];
		p->has |= PEEL_HAS_ICMP;
		break;
	case PROTO_IP4:
	case PROTO_IP6:
	case PROTO_GRE:
	case PROTO_L2TP:
		if (peel_tunnel_ip(t))
			return STEP_DONE;
		break;
	}
	if (p->proto == PROTO_UDP && !(p->has & PEEL_CUT) && peel_tunnel_udp(t))
		return STEP_DONE;
	t->r.bad = false;
	p->payload = t->r;
	p->payload_wire = peel_wire(t);
	return STEP_DONE;
}

/* Not the first part of a packet: it has no ports. */
static enum peel_step later_fragment(struct peeling *t)
{
	t->p->has |= PEEL_LATER_FRAGMENT;
	t->p->payload = t->r;
	t->p->payload_wire = peel_wire(t);
	t->kind = PEEL_IP;
	return STEP_DONE;
}

/* IPv4 options as IPFIX element 208 has them: a bit per option number, the 5 low bits of the type.
 */
static uint32_t ip4_options(const uint8_t *b, size_t n)
{
	uint32_t seen = 0;
	for (size_t i = 0; i < n && b[i];) {
		seen |= (uint32_t)1 << (b[i] & 31);
		if (b[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= n || b[i + 1] < 2)
			break;
		i += b[i + 1];
	}
	return seen;
}

static enum peel_step ip4(struct peeling *t)
{
	enum { MORE = 0x2000, OFFSET = 0x1fff };
	struct peel *p = t->p;
	uint32_t wire = peel_wire(t);
	const uint8_t *b = rd_take(&t->r, 20);
	if (!b || b[0] >> 4 != 4)
		return peel_broken(t, LAYER_IP);
	uint32_t header = (b[0] & 15u) * 4, total = load_be16(b + 2);
	/* Total length 0: segmentation was left to the network card. */
	if (!total)
		total = wire;
	if (header < 20 || total < header || (t->inside && total > wire))
		return peel_broken(t, LAYER_IP);
	uint16_t fragment = load_be16(b + 6);
	p->ip = b;
	p->version = 4;
	p->len = total;
	p->tos = b[1];
	p->ttl = b[8];
	p->proto = b[9];
	p->src = b + 12;
	p->dst = b + 16;
	p->ip_flags = (uint8_t)(fragment >> 8 & 0xe0);
	peel_limit(t, total - 20);
	if (unlikely(header > 20)) {
		if (rd_left(&t->r) < header - 20)
			return peel_broken(t, LAYER_IP);
		p->ext_headers = ip4_options(t->r.p, header - 20);
		rd_skip(&t->r, header - 20);
	}
	if (unlikely(fragment & (MORE | OFFSET))) {
		p->has |= PEEL_FRAGMENT;
		p->frag_id = load_be16(b + 4);
		p->frag_offset = (uint16_t)((fragment & OFFSET) * 8);
		if (p->frag_offset)
			return later_fragment(t);
	}
	return carried(t);
}

/* Bits of IPFIX element 64: those of RFC 7012, the first named on the left. */
static const struct {
	uint8_t header;
	uint32_t bit;
} extension_bits[] = {
    {PROTO_DEST_OPTIONS, 1u << 0}, {PROTO_HOP_OPTIONS, 1u << 1}, {PROTO_AUTH, 1u << 7},
    {PROTO_ESP, 1u << 8},          {PROTO_ROUTING, 1u << 5},     {PROTO_FRAGMENT, 1u << 4},
};

static void note_extension(struct peel *p, uint8_t header)
{
	for (size_t i = 0; i < ARRAY_LEN(extension_bits); i++)
		if (extension_bits[i].header == header)
			p->ext_headers |= extension_bits[i].bit;
}

/* The headers between that of IPv6 and what it carries (RFC 8200 4). A mobility header (RFC 6275)
 * with nothing behind it is itself what is carried. */
static enum peel_step extensions(struct peeling *t)
{
	struct peel *p = t->p;
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		uint8_t what = p->proto;
		size_t size;
		switch (what) {
		case PROTO_MOBILITY:
		case PROTO_HIP:
		case PROTO_SHIM6:
			if (rd_left(&t->r) < 1 || *t->r.p == PROTO_NONE)
				return carried(t);
			break;
		case PROTO_HOP_OPTIONS:
		case PROTO_ROUTING:
		case PROTO_DEST_OPTIONS:
		case PROTO_AUTH:
		case PROTO_FRAGMENT:
			break;
		case PROTO_ESP:
			note_extension(p, what);
			return carried(t);
		default: /* what is carried */
			return carried(t);
		}
		const uint8_t *b = rd_take(&t->r, 8);
		if (!b)
			return peel_broken(t, LAYER_IP);
		p->proto = b[0];
		note_extension(p, what);
		if (what == PROTO_FRAGMENT) {
			uint16_t flags = load_be16(b + 2);
			if ((flags & 0xfff9) == 0)
				continue; /* an atomic fragment (RFC 6946) */
			p->has |= PEEL_FRAGMENT;
			p->ip_flags = flags & 1 ? 0x20 : 0;
			p->frag_id = load_be32(b + 4);
			p->frag_offset = flags & 0xfff8;
			if (p->frag_offset)
				return later_fragment(t);
			continue;
		}
		size = what == PROTO_AUTH ? (size_t)b[1] * 4 : (size_t)b[1] * 8;
		rd_skip(&t->r, size);
		if (t->r.bad)
			return peel_broken(t, LAYER_IP);
	}
	return peel_broken(t, LAYER_IP);
}

static enum peel_step ip6(struct peeling *t)
{
	enum { HEADER = 40 };
	struct peel *p = t->p;
	uint32_t wire = peel_wire(t);
	const uint8_t *b = rd_take(&t->r, HEADER);
	if (!b || b[0] >> 4 != 6)
		return peel_broken(t, LAYER_IP);
	uint32_t first = load_be32(b), len = load_be16(b + 4);
	/* 0: a jumbogram, or left to the network card; or really nothing. */
	if (!len && b[6] != PROTO_NONE)
		len = wire - HEADER;
	if (t->inside && len + HEADER > wire)
		return peel_broken(t, LAYER_IP);
	p->ip = b;
	p->version = 6;
	p->len = len + HEADER;
	p->tos = (uint8_t)(first >> 20);
	p->flow_label = first & 0xfffff;
	p->proto = b[6];
	p->ttl = b[7];
	p->src = b + 8;
	p->dst = b + 24;
	peel_limit(t, len);
	if (likely(p->proto == PROTO_TCP || p->proto == PROTO_UDP))
		return carried(t);
	return extensions(t);
}

static enum peel_step ip(struct peeling *t)
{
	if (rd_left(&t->r) == 0)
		return peel_broken(t, LAYER_IP);
	return *t->r.p >> 4 == 4 ? ip4(t) : ip6(t);
}

enum peel_kind peel_on(struct peeling *t, enum peel_step step)
{
	for (int i = 0; i < STEPS_MAX; i++) {
		switch (step) {
		case STEP_ETHERNET:
			step = ethernet(t);
			break;
		case STEP_TYPE:
			step = ethertype(t);
			break;
		case STEP_LLC:
			step = llc(t);
			break;
		case STEP_IP:
			step = ip(t);
			break;
		case STEP_PPP:
			step = ppp(t);
			break;
		case STEP_MPLS:
			step = mpls(t);
			break;
		case STEP_DONE:
			return t->kind;
		}
	}
	(void)peel_broken(t, LAYER_LINK);
	return t->kind;
}

enum peel_kind peel(const struct frame *f, struct peel *ret)
{
	memset(ret, 0, offsetof(struct peel, label));
	ret->src = ret->dst = no_address;
	struct peeling t = {.p = ret,
			    .r = rd_of(f->p, f->n),
			    .cut = f->wire_n > f->n ? (uint32_t)(f->wire_n - f->n) : 0,
			    .kind = PEEL_BROKEN};
	t.frame_len = peel_wire(&t);
	if (likely(f->link == LINK_ETHERNET))
		return peel_on(&t, STEP_ETHERNET);
	return peel_on(&t, peel_link(&t, f->link));
}
