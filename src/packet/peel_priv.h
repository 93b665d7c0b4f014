/* SPDX-License-Identifier: Apache-2.0 */
/* Between peel.c (headers one after another) and peel_tunnel.c (packets in packets). */
#pragma once
#include "packet/peel.h"

enum {
	TYPE_IP4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_TEB = 0x6558, /* Ethernet in GRE and GENEVE */
	TYPE_VLAN = 0x8100,
	TYPE_IP6 = 0x86dd,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_MULTICAST = 0x8848,
	TYPE_PPPOE = 0x8864,
	TYPE_QINQ = 0x88a8,
	TYPE_QINQ_OLD = 0x9100,
	TYPE_ERSPAN2 = 0x88be,
	TYPE_ERSPAN3 = 0x22eb,
	TYPE_GRE_PPP = 0x880b,
	TYPE_LENGTH_MAX = 1500, /* a smaller "type" is the length of an 802.3 frame */
};

enum {
	IP_HOP_OPTIONS = 0,
	IP_ICMP = 1,
	IP_IP4 = 4,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_DCCP = 33,
	IP_IP6 = 41,
	IP_ROUTING = 43,
	IP_FRAGMENT = 44,
	IP_GRE = 47,
	IP_ESP = 50,
	IP_AUTH = 51,
	IP_ICMP6 = 58,
	IP_NONE = 59,
	IP_DEST_OPTIONS = 60,
	IP_L2TP = 115,
	IP_SCTP = 132,
	IP_MOBILITY = 135,
	IP_UDPLITE = 136,
	IP_HIP = 139,
	IP_SHIM6 = 140,
};

/* What comes next. */
enum peel_step {
	STEP_ETHERNET,
	STEP_TYPE, /* what peeling.type names */
	STEP_IP,
	STEP_PPP,
	STEP_MPLS,
	STEP_DONE, /* peeling.kind says what it was */
};

struct peeling {
	struct peel *p;
	struct rd r;
	uint32_t cut;       /* bytes behind r that were not captured */
	uint32_t frame_len; /* of the frame or packet being read, on the wire */
	uint16_t type;
	bool inside; /* in a tunnel: lengths have to fit */
	enum peel_kind kind;
};

/* Peels what begins at t->r. PEEL_BROKEN may leave t->p half written. */
enum peel_kind peel_on(struct peeling *t, enum peel_step step);
/* Look for a tunnel in what an IP packet, or a UDP datagram (t->r is its payload), carries. True:
 * it was peeled and t->kind is what is inside. Else *t and *t->p are as they were. */
bool peel_tunnel_ip(struct peeling *t);
bool peel_tunnel_udp(struct peeling *t);

/* Bytes from t->r on, on the wire. */
static inline uint32_t peel_wire(const struct peeling *t)
{
	return (uint32_t)rd_left(&t->r) + t->cut;
}

static inline enum peel_step peel_broken(struct peeling *t, enum peel_layer layer)
{
	t->p->broken = (uint8_t)layer;
	t->kind = PEEL_BROKEN;
	return STEP_DONE;
}

/* What follows has n bytes on the wire, perhaps fewer than the frame has (padding) or was told. */
static inline void peel_limit(struct peeling *t, uint32_t n)
{
	size_t left = rd_left(&t->r);
	if (n >= left + t->cut)
		return;
	t->cut = n > left ? (uint32_t)(n - left) : 0;
	t->r.end = t->r.p + MIN_OF(n, left);
}
