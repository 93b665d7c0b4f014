/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame begins with where it is not Ethernet: headers of links, of capturing systems and of
 * radios, down to a type, an IP packet, PPP or LLC. Formats: tcpdump.org/linktypes. */
#include "packet/peel_priv.h"

static uint32_t load_le32(const uint8_t *p)
{
	return __builtin_bswap32(load_be32(p));
}

/* Linux cooked captures: the sender's address of up to 8 bytes stands in the header. */
static enum peel_step sll(struct peeling *t, size_t address_at, size_t type_at, size_t size)
{
	enum { TYPE_8023 = 1, TYPE_LLC = 4 };
	const uint8_t *b = rd_take(&t->r, size);
	if (!b)
		return peel_broken(t, LAYER_LINK);
	t->p->src = b + address_at;
	t->type = load_be16(b + type_at);
	if (t->type == TYPE_LLC || t->type == TYPE_8023)
		return STEP_LLC;
	return t->type > ETHER_LENGTH_MAX ? STEP_TYPE : peel_other(t);
}

/* 802.11: data frames in clear with LLC and SNAP; addresses by To DS and From DS. */
static enum peel_step wireless(struct peeling *t)
{
	enum { TYPE_DATA = 2, SUBTYPE_NULL = 4, SUBTYPE_QOS = 8, PROTECTED = 0x40, ORDER = 0x80 };
	const uint8_t *b = rd_take(&t->r, 24);
	if (!b)
		return peel_broken(t, LAYER_LINK);
	unsigned type = b[0] >> 2 & 3, subtype = b[0] >> 4, ds = b[1] & 3;
	t->p->dst = b + (ds & 1 ? 16 : 4);
	t->p->src = b + (ds == 3 ? 24 : ds == 2 ? 16 : 10);
	if (ds == 3 && !rd_take(&t->r, 6))
		return peel_broken(t, LAYER_LINK);
	if (type == TYPE_DATA && (subtype & SUBTYPE_QOS))
		rd_skip(&t->r, b[1] & ORDER ? 6 : 2);
	if (t->r.bad)
		return peel_broken(t, LAYER_LINK);
	t->type = 0;
	if (type != TYPE_DATA || (subtype & SUBTYPE_NULL) || (b[1] & PROTECTED))
		return peel_other(t);
	/* Some radios pad the header to a multiple of four bytes. */
	if (rd_left(&t->r) > 4 && t->r.p[0] != 0xaa && load_be16(t->r.p + 2) == 0xaaaa)
		rd_skip(&t->r, 2);
	return STEP_LLC;
}

static enum peel_step radiotap(struct peeling *t)
{
	const uint8_t *b = rd_take(&t->r, 4);
	size_t size = b ? (size_t)(b[2] | b[3] << 8) : 0;
	if (size < 4 || !rd_take(&t->r, size - 4))
		return peel_broken(t, LAYER_LINK);
	return wireless(t);
}

/* Prism's header has its length in the order of the machine, AVS's in network order. */
static enum peel_step prism(struct peeling *t)
{
	enum { AVS = 0x80211000, AVS_MASK = 0xfffff000u, MAX = 4096 };
	const uint8_t *b = rd_take(&t->r, 8);
	if (!b)
		return peel_broken(t, LAYER_LINK);
	uint32_t size = load_be32(b + 4);
	if ((load_be32(b) & AVS_MASK) != (uint32_t)AVS && size > MAX)
		size = load_le32(b + 4);
	if (size < 8 || size > MAX || !rd_take(&t->r, size - 8))
		return peel_broken(t, LAYER_LINK);
	return wireless(t);
}

/* A header that says its own length and which link type follows. */
static enum peel_step wrapped(struct peeling *t, size_t size, uint32_t link)
{
	if (!rd_take(&t->r, size) || link == LINK_PPI || link == LINK_PKTAP)
		return peel_broken(t, LAYER_LINK);
	return peel_link(t, (enum link_type)link);
}

static enum peel_step ppi(struct peeling *t)
{
	const uint8_t *b = t->r.p;
	if (rd_left(&t->r) < 8)
		return peel_broken(t, LAYER_LINK);
	return wrapped(t, (size_t)(b[2] | b[3] << 8), load_le32(b + 4));
}

static enum peel_step pktap(struct peeling *t)
{
	const uint8_t *b = t->r.p;
	if (rd_left(&t->r) < 12)
		return peel_broken(t, LAYER_LINK);
	return wrapped(t, load_le32(b), load_le32(b + 8));
}

/* RFC 2427, and Cisco's way: a type at once. */
static enum peel_step frame_relay(struct peeling *t)
{
	enum { LAST = 1, UI = 3, NLPID_SNAP = 0x80, NLPID_IP6 = 0x8e, NLPID_IP4 = 0xcc };
	while (rd_left(&t->r) && !(rd_u8(&t->r) & LAST))
		;
	if (rd_left(&t->r) < 2)
		return peel_broken(t, LAYER_LINK);
	if (*t->r.p != UI) {
		t->type = rd_be16(&t->r);
		return STEP_TYPE;
	}
	rd_skip(&t->r, t->r.p[1] == 0 ? 2 : 1);
	uint8_t nlpid = rd_u8(&t->r);
	if (nlpid == NLPID_IP4 || nlpid == NLPID_IP6)
		return STEP_IP;
	t->type = 0;
	if (nlpid != NLPID_SNAP)
		return peel_other(t);
	rd_skip(&t->r, 3);
	t->type = rd_be16(&t->r);
	return t->r.bad ? peel_broken(t, LAYER_LINK) : STEP_TYPE;
}

/* FDDI and Token Ring: a few bytes of control, two addresses, of Token Ring perhaps a route, LLC.
 */
static enum peel_step ring(struct peeling *t, size_t control)
{
	enum { ROUTED = 0x80, ROUTE_LENGTH = 0x1f, FRAME_KIND = 0xc0, KIND_LLC = 0x40 };
	const uint8_t *b = rd_take(&t->r, control + 12);
	if (!b)
		return peel_broken(t, LAYER_LINK);
	t->p->dst = b + control;
	t->p->src = b + control + 6;
	if (control == 2 && (*t->p->src & ROUTED) && rd_left(&t->r))
		rd_skip(&t->r, *t->r.p & ROUTE_LENGTH);
	t->type = 0;
	if (t->r.bad)
		return peel_broken(t, LAYER_LINK);
	return (b[control - 1] & FRAME_KIND) == KIND_LLC ? STEP_LLC : peel_other(t);
}

/* Values of type, length and contents, in the order of the machine that wrote them; one is the
 * packet. */
static enum peel_step nflog(struct peeling *t)
{
	enum { HEAD = 4, PAYLOAD = 9 };
	rd_skip(&t->r, HEAD);
	while (rd_left(&t->r) >= HEAD) {
		const uint8_t *b = rd_take(&t->r, HEAD);
		size_t n = (size_t)(b[0] | b[1] << 8);
		unsigned type = (unsigned)(b[2] | b[3] << 8);
		if (n < HEAD)
			break;
		if (type == PAYLOAD)
			return STEP_IP;
		rd_skip(&t->r, ((n + 3) & ~(size_t)3) - HEAD);
	}
	return peel_broken(t, LAYER_LINK);
}

/* A log of packets: its length is padded to a multiple of four. */
static enum peel_step pflog(struct peeling *t)
{
	size_t size = rd_u8(&t->r);
	rd_skip(&t->r, size ? ((size + 3) & ~(size_t)3) - 1 : 0);
	return t->r.bad ? peel_broken(t, LAYER_LINK) : STEP_IP;
}

static enum peel_step sll1(struct peeling *t)
{
	return sll(t, 6, 14, 16);
}

static enum peel_step sll2(struct peeling *t)
{
	return sll(t, 12, 0, 20); /* the type is at the front */
}

static enum peel_step fddi(struct peeling *t)
{
	return ring(t, 1);
}

static enum peel_step token_ring(struct peeling *t)
{
	return ring(t, 2);
}

static const struct link_row {
	enum link_type link;
	/* Bytes to be passed over; before STEP_TYPE the last two of them are the type. */
	uint8_t size;
	enum peel_step step;
	enum peel_step (*read)(struct peeling *t); /* where there is more to it */
} rows[] = {
    /* Loopback: an address family in the byte order and numbering of some system. */
    {LINK_LOOPBACK, 4, STEP_IP, NULL},
    {LINK_LOOPBACK_BE, 4, STEP_IP, NULL},
    {LINK_ETHERNET, 0, STEP_ETHERNET, NULL},
    {LINK_IP, 0, STEP_IP, NULL},
    {LINK_IP4, 0, STEP_IP, NULL},
    {LINK_IP6, 0, STEP_IP, NULL},
    {LINK_IP_12, 0, STEP_IP, NULL},
    {LINK_IP_14, 0, STEP_IP, NULL},
    {LINK_SLIP, 0, STEP_IP, NULL},
    {LINK_ENC, 12, STEP_IP, NULL},
    {LINK_PPP, 0, STEP_PPP, NULL},
    {LINK_PPP_SERIAL, 0, STEP_PPP, NULL},
    {LINK_PPP_PPPD, 1, STEP_PPP, NULL},
    {LINK_PPP_DIRECTION, 1, STEP_PPP, NULL},
    {LINK_PPPOE, 6, STEP_PPP, NULL},
    {LINK_MPLS, 0, STEP_MPLS, NULL},
    {LINK_ATM, 0, STEP_LLC, NULL},
    {LINK_NETANALYZER, 4, STEP_ETHERNET, NULL},
    {LINK_CISCO_HDLC, 4, STEP_TYPE, NULL},
    {LINK_IP_1394, 18, STEP_TYPE, NULL},
    {LINK_SLL, 0, STEP_DONE, sll1},
    {LINK_SLL2, 0, STEP_DONE, sll2},
    {LINK_FDDI, 0, STEP_DONE, fddi},
    {LINK_TOKEN_RING, 0, STEP_DONE, token_ring},
    {LINK_80211, 0, STEP_DONE, wireless},
    {LINK_RADIOTAP, 0, STEP_DONE, radiotap},
    {LINK_PRISM, 0, STEP_DONE, prism},
    {LINK_AVS, 0, STEP_DONE, prism},
    {LINK_PPI, 0, STEP_DONE, ppi},
    {LINK_PKTAP, 0, STEP_DONE, pktap},
    {LINK_NFLOG, 0, STEP_DONE, nflog},
    {LINK_PFLOG, 0, STEP_DONE, pflog},
    {LINK_FRAME_RELAY, 0, STEP_DONE, frame_relay},
};

static const struct link_row *row_of(enum link_type link)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].link == link)
			return &rows[i];
	return NULL;
}

bool peel_knows(enum link_type link)
{
	return row_of(link) != NULL;
}

enum peel_step peel_link(struct peeling *t, enum link_type link)
{
	const struct link_row *l = row_of(link);
	if (!l)
		return peel_broken(t, LAYER_LINK);
	if (l->read)
		return l->read(t);
	const uint8_t *b = rd_take(&t->r, l->size);
	if (!b)
		return peel_broken(t, LAYER_LINK);
	if (l->step == STEP_TYPE)
		t->type = load_be16(b + l->size - 2);
	return l->step;
}
