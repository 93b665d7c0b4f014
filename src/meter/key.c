/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/key.h"

#include "base/hash.h"

#include <string.h>

enum { HASHED_IP4 = offsetof(struct key, addr), HASHED_WIDE = HASHED_IP4 + 32 };

void key_hash(struct key *k, const struct key_opts *o)
{
	k->hash = (uint32_t)hash64(k, k->kind == FLOW_IP4 ? HASHED_IP4 : HASHED_WIDE,
				   o->seed ^ k->tunnel);
}

static void ends_ip4(struct key *k, const struct peel *p)
{
	uint32_t src, dst;
	memcpy(&src, p->src, 4);
	memcpy(&dst, p->dst, 4);
	bool upper = src > dst || (src == dst && p->src_port > p->dst_port);
	k->upper = upper;
	k->ip4[upper] = src;
	k->ip4[!upper] = dst;
	k->port[upper] = p->src_port;
	k->port[!upper] = p->dst_port;
}

static void ends_wide(struct key *k, const struct peel *p, size_t n)
{
	int order = memcmp(p->src, p->dst, n);
	bool upper = order > 0 || (order == 0 && p->src_port > p->dst_port);
	k->upper = upper;
	memset(k->addr, 0, sizeof(k->addr));
	memcpy(k->addr[upper], p->src, n);
	memcpy(k->addr[!upper], p->dst, n);
	k->ip4[0] = k->ip4[1] = 0;
	k->port[upper] = p->src_port;
	k->port[!upper] = p->dst_port;
}

void key_of(struct key *ret, const struct peel *p, const struct key_opts *o)
{
	ret->proto = p->proto;
	ret->vlan = o->vlan && p->n_vlans ? p->vlan[0] + 1 : 0;
	ret->tunnel = o->tunnel && (p->has & PEEL_HAS_TUNNEL_ID) ? p->tunnel_id + 1 : 0;
	if (p->version == 4) {
		ret->kind = FLOW_IP4;
		ends_ip4(ret, p);
	} else if (p->version == 6) {
		ret->kind = FLOW_IP6;
		ends_wide(ret, p, 16);
	} else {
		ret->kind = FLOW_ETHER;
		ends_wide(ret, p, 6);
		ret->port[0] = ret->port[1] = p->ethertype;
	}
	key_hash(ret, o);
}
