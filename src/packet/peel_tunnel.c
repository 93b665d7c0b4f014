/* SPDX-License-Identifier: Apache-2.0 */
/* Packets in packets. Each function reads the header of one kind of tunnel, says whether its signs
 * are all there, and which header follows; tunnel() then peels on, and takes it all back when what
 * is inside does not fit. */
#include "base/attr.h"
#include "packet/peel_priv.h"

/* What the header of a tunnel says. */
struct inside {
	enum tunnel tunnel;
	enum peel_step step;
	uint32_t id;
	bool has_id;
	bool ip_only; /* weak signs: only an IP packet that fits is taken */
};

const char *tunnel_name(enum tunnel t)
{
	static const char *const names[TUNNEL_MAX] = {
	    [TUNNEL_IPIP] = "ipip",     [TUNNEL_GRE] = "gre",     [TUNNEL_PPTP] = "pptp",
	    [TUNNEL_ERSPAN] = "erspan", [TUNNEL_VXLAN] = "vxlan", [TUNNEL_VXLAN_GPE] = "vxlan-gpe",
	    [TUNNEL_GENEVE] = "geneve", [TUNNEL_GTPU] = "gtp-u",  [TUNNEL_TEREDO] = "teredo",
	    [TUNNEL_L2TP] = "l2tp",     [TUNNEL_MPLS] = "mpls"};
	return names[t];
}

/* The packet read so far becomes the tunnel around what follows. */
static void enter(struct peel *p, const struct inside *in)
{
	if (!p->n_tunnels++) {
		p->tunnel_src = p->src;
		p->tunnel_dst = p->dst;
		p->tunnel_version = p->version;
		p->tunnel_proto = p->proto;
		p->outer_len = p->len;
	}
	p->tunnel = (uint8_t)in->tunnel;
	if (in->has_id) {
		p->tunnel_id = in->id;
		p->has |= PEEL_HAS_TUNNEL_ID;
	}
	p->has &= PEEL_HAS_TUNNEL_ID;
	p->src_port = p->dst_port = 0;
	p->flow_label = p->ext_headers = 0;
	p->ip_flags = 0;
	p->ip = NULL;
}

/* Peels what follows the header that t->r has just passed; `before` is t from before it. */
static bool tunnel(struct peeling *t, const struct peeling *before, const struct inside *in)
{
	const struct peel outer = *t->p;
	enter(t->p, in);
	t->inside = true;
	t->kind = PEEL_BROKEN;
	t->frame_len = peel_wire(t);
	enum peel_kind kind = t->r.bad ? PEEL_BROKEN : peel_on(t, in->step);
	if (kind != PEEL_BROKEN && !(in->ip_only && kind != PEEL_IP))
		return true;
	*t->p = outer;
	*t = *before;
	return false;
}

/* RFC 2784, RFC 2890; version 1 is PPTP (RFC 2637), whose key is a length and a call id. */
static bool gre(struct peeling *t, struct inside *in)
{
	enum { CHECKSUM = 0x8000, ROUTING = 0x4000, KEY = 0x2000, SEQUENCE = 0x1000, ACK = 0x80 };
	uint16_t flags = rd_be16(&t->r);
	t->type = rd_be16(&t->r);
	unsigned version = flags & 7;
	if (t->r.bad || (flags & ROUTING) || version > 1)
		return false;
	rd_skip(&t->r, flags & CHECKSUM ? 4 : 0);
	uint32_t key = flags & KEY ? rd_be32(&t->r) : 0;
	rd_skip(&t->r, flags & SEQUENCE ? 4 : 0);
	rd_skip(&t->r, version == 1 && (flags & ACK) ? 4 : 0);
	*in = (struct inside){.tunnel = version ? TUNNEL_PPTP : TUNNEL_GRE,
			      .step = STEP_TYPE,
			      .id = version ? key & 0xffff : key,
			      .has_id = flags & KEY};
	switch (t->type) {
	case ETHER_GRE_PPP:
		in->step = STEP_PPP;
		in->ip_only = true;
		return !t->r.bad;
	case ETHER_ERSPAN2:
	case ETHER_ERSPAN3: {
		/* Type I has no sequence number and no header of its own; in II and III the session
		 * is the low 10 bits of the first word. */
		bool has_header = t->type == ETHER_ERSPAN3 || (flags & SEQUENCE);
		uint32_t word = has_header ? rd_be32(&t->r) : 0;
		if (has_header)
			rd_skip(&t->r, 4);
		uint32_t last = t->type == ETHER_ERSPAN3 ? rd_be32(&t->r) : 0;
		rd_skip(&t->r, last & 1 ? 8 : 0);
		in->tunnel = TUNNEL_ERSPAN;
		in->step = STEP_ETHERNET;
		in->id = word & 0x3ff;
		in->has_id = has_header;
		return !t->r.bad;
	}
	case ETHER_IP4:
	case ETHER_IP6:
	case ETHER_BRIDGED:
	case ETHER_MPLS:
	case ETHER_MPLS_MULTICAST:
		return !t->r.bad && version == 0;
	}
	return false; /* keep-alives, routing protocols: the flow is GRE itself */
}

/* L2TPv3 (RFC 3931): session, then a cookie of 0, 4 or 8 bytes and perhaps 4 bytes more that only
 * the ends know of: the place where an Ethernet frame with IP in it fits is the right one. */
static bool l2tpv3(struct peeling *t)
{
	const struct peeling before = *t;
	struct inside in = {
	    .tunnel = TUNNEL_L2TP, .step = STEP_ETHERNET, .has_id = true, .ip_only = true};
	in.id = rd_be32(&t->r);
	for (size_t cookie = 0; in.id && cookie <= 12; cookie += 4) {
		*t = before;
		rd_skip(&t->r, 4 + cookie);
		if (tunnel(t, &before, &in))
			return true;
	}
	*t = before;
	return false;
}

bool peel_tunnel_ip(struct peeling *t)
{
	const struct peeling before = *t;
	struct inside in = {.tunnel = TUNNEL_IPIP, .step = STEP_IP, .ip_only = true};
	if (t->p->n_tunnels >= PEEL_TUNNELS)
		return false;
	if (t->p->proto == PROTO_L2TP)
		return l2tpv3(t);
	if (t->p->proto == PROTO_GRE && !gre(t, &in)) {
		*t = before;
		return false;
	}
	return tunnel(t, &before, &in);
}

/* RFC 7348: the flag that the id is valid, and reserved bits of zero; with a group policy
 * (draft-smith-vxlan-group-policy) two bytes more are in use. */
static bool vxlan(struct peeling *t, struct inside *in)
{
	uint32_t flags = rd_be32(&t->r), id = rd_be32(&t->r);
	bool policy = flags >> 24 == 0x88;
	*in = (struct inside){
	    .tunnel = TUNNEL_VXLAN, .step = STEP_ETHERNET, .id = id >> 8, .has_id = true};
	return !t->r.bad && (policy || flags == 0x08000000) && !(id & 0xff);
}

/* draft-ietf-nvo3-vxlan-gpe: flags I and P, and what follows in the last byte of the first word. */
static bool vxlan_gpe(struct peeling *t, struct inside *in)
{
	enum { GPE_IP4 = 1, GPE_IP6 = 2, GPE_ETHERNET = 3 };
	uint32_t flags = rd_be32(&t->r), id = rd_be32(&t->r), next = flags & 0xff;
	*in = (struct inside){.tunnel = TUNNEL_VXLAN_GPE,
			      .step = next == GPE_ETHERNET ? STEP_ETHERNET : STEP_IP,
			      .id = id >> 8,
			      .has_id = true};
	return !t->r.bad && flags >> 8 == 0x0c0000 && next >= GPE_IP4 && next <= GPE_ETHERNET &&
	       !(id & 0xff);
}

/* RFC 8926: version 0, options in units of 4 bytes, a type. */
static bool geneve(struct peeling *t, struct inside *in)
{
	uint16_t first = rd_be16(&t->r);
	t->type = rd_be16(&t->r);
	uint32_t id = rd_be32(&t->r);
	rd_skip(&t->r, (size_t)(first >> 8 & 0x3f) * 4);
	*in = (struct inside){
	    .tunnel = TUNNEL_GENEVE, .step = STEP_TYPE, .id = id >> 8, .has_id = true};
	return !t->r.bad && !(first >> 14) && !(first & 0x3f) && !(id & 0xff) &&
	       (t->type == ETHER_BRIDGED || t->type == ETHER_IP4 || t->type == ETHER_IP6);
}

/* 3GPP TS 29.281: version 1, a user's packet, then extension headers in units of 4 bytes. */
static bool gtpu(struct peeling *t, struct inside *in)
{
	enum { T_PDU = 255, EXTENSIONS = 8, ANY_OPTION = 7, HAS_EXTENSION = 4 };
	uint8_t flags = rd_u8(&t->r), message = rd_u8(&t->r);
	uint16_t len = rd_be16(&t->r);
	*in = (struct inside){
	    .tunnel = TUNNEL_GTPU, .step = STEP_IP, .has_id = true, .ip_only = true};
	in->id = rd_be32(&t->r);
	if (t->r.bad || (flags & 0xf8) != 0x30 || message != T_PDU || len > peel_wire(t))
		return false;
	if (!(flags & ANY_OPTION))
		return true;
	rd_skip(&t->r, 3);
	uint8_t next = rd_u8(&t->r);
	for (int i = 0; i < EXTENSIONS && (flags & HAS_EXTENSION) && next; i++) {
		size_t units = rd_u8(&t->r);
		if (!units)
			return false;
		rd_skip(&t->r, units * 4 - 2);
		next = rd_u8(&t->r);
	}
	return !t->r.bad;
}

/* RFC 4380: perhaps an authentication and an origin header, then IPv6. */
static bool teredo(struct peeling *t, struct inside *in)
{
	*in = (struct inside){.tunnel = TUNNEL_TEREDO, .step = STEP_IP, .ip_only = true};
	if (rd_left(&t->r) >= 4 && load_be16(t->r.p) == 1)
		rd_skip(&t->r, 4u + t->r.p[2] + t->r.p[3] + 9);
	if (rd_left(&t->r) >= 2 && load_be16(t->r.p) == 0)
		rd_skip(&t->r, 8);
	return rd_left(&t->r) >= 40 && *t->r.p >> 4 == 6 &&
	       load_be16(t->r.p + 4) + 40u == peel_wire(t);
}

/* RFC 2661: a data message of version 2, with PPP in it; version 3: l2tpv3(). */
static bool l2tp(struct peeling *t, struct inside *in)
{
	enum { CONTROL = 0x8000, LENGTH = 0x4000, SEQUENCE = 0x800, OFFSET = 0x200 };
	enum { RESERVED = 0x34f0 };
	uint32_t wire = peel_wire(t);
	uint16_t flags = rd_be16(&t->r);
	if ((flags & (CONTROL | RESERVED)) || (flags & 15) != 2)
		return false;
	if ((flags & LENGTH) && rd_be16(&t->r) != wire)
		return false;
	uint32_t id = rd_be32(&t->r);
	rd_skip(&t->r, flags & SEQUENCE ? 4 : 0);
	if (flags & OFFSET)
		rd_skip(&t->r, rd_be16(&t->r));
	*in = (struct inside){
	    .tunnel = TUNNEL_L2TP, .step = STEP_PPP, .id = id, .has_id = true, .ip_only = true};
	return !t->r.bad && id;
}

/* RFC 8086: GRE itself, never PPTP's. */
static bool gre_in_udp(struct peeling *t, struct inside *in)
{
	return gre(t, in) && in->tunnel != TUNNEL_PPTP;
}

/* RFC 7510: labels, and an IP packet behind them. */
static bool mpls_in_udp(struct peeling *t, struct inside *in)
{
	*in = (struct inside){.tunnel = TUNNEL_MPLS, .step = STEP_MPLS, .ip_only = true};
	return rd_left(&t->r) >= 4;
}

bool peel_tunnel_udp(struct peeling *t)
{
	typedef bool tunnel_fn(struct peeling *, struct inside *);
	static const struct {
		uint16_t port;
		bool either; /* the port may be the sender's too */
		tunnel_fn *read;
	} tunnels[] = {
	    {PORT_GRE, false, gre_in_udp},  {PORT_VXLAN, false, vxlan},
	    {PORT_VXLAN_OLD, false, vxlan}, {PORT_VXLAN_GPE, false, vxlan_gpe},
	    {PORT_GENEVE, false, geneve},   {PORT_MPLS, false, mpls_in_udp},
	    {PORT_GTPU, true, gtpu},        {PORT_TEREDO, true, teredo},
	    {PORT_L2TP, true, l2tp},
	};
	const struct peel *p = t->p;
	uint16_t src = p->src_port, dst = p->dst_port;
	if (likely(dst < PORT_L2TP && src < PORT_L2TP) || p->n_tunnels >= PEEL_TUNNELS)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(tunnels); i++) {
		if (dst != tunnels[i].port && !(tunnels[i].either && src == tunnels[i].port))
			continue;
		const struct peeling before = *t;
		struct inside in;
		if (tunnels[i].read(t, &in))
			return tunnel(t, &before, &in);
		*t = before;
		if (tunnels[i].port == PORT_L2TP && rd_left(&t->r) > 4 &&
		    load_be32(t->r.p) == 0x00030000) {
			rd_skip(&t->r, 4);
			if (l2tpv3(t))
				return true;
			*t = before;
		}
		return false;
	}
	return false;
}
