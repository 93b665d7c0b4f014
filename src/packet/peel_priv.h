/* SPDX-License-Identifier: Apache-2.0 */
/* Between peel.c (headers one after another), peel_link.c (what a frame begins with) and
 * peel_tunnel.c (packets in packets). */
#pragma once
#include "packet/numbers.h"
#include "packet/peel.h"

/* What comes next. */
enum peel_step {
	STEP_ETHERNET,
	STEP_TYPE, /* what peeling.type names */
	STEP_LLC,
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
/* Reads what stands in front of the first header that peel_on knows. */
enum peel_step peel_link(struct peeling *t, enum link_type link);
/* Not IP: a flow of its own. */
enum peel_step peel_other(struct peeling *t);
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
