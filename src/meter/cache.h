/* SPDX-License-Identifier: Apache-2.0 */
/* The flow cache's memory and its index. All of it is reserved when it is made and taken page by
 * page as flows come, so nothing is ever moved or hashed anew, and a cache for ten million flows
 * costs nothing before they come. Freed flows are used again first, so memory stays where it was
 * touched.
 *
 * The index is an array of chains, twice as many as there may be flows; the hash is seeded. */
#pragma once
#include "base/attr.h"
#include "base/err.h"
#include "meter/flow.h"
#include "meter/npm.h"

#include <stdbool.h>
#include <stddef.h>

struct cache {
	struct flow *flow;
	struct flow_more *more;
	struct flow_facts *facts;
	struct flow_wide *wide;
	struct npm *npm; /* NULL without quality */
	struct npm_room room;
	uint32_t *bucket; /* first flow of a chain + 1, 0 = none: pages not touched read as empty */
	uint32_t mask;    /* buckets - 1 */
	uint32_t max;     /* flows there is room for */
	uint32_t n;       /* flows in use */
	uint32_t top;     /* flows from here on were never used */
	uint32_t free;    /* chain of flows used before */
	bool tunnel_key;
	size_t mem_n;
	void *mem;
};

/* A key as packets are looked up by; the order of the members is that of the bytes hashed. */
struct key {
	uint32_t ip4[2];
	uint16_t port[2];
	uint16_t vlan;
	uint8_t proto;
	uint8_t kind;        /* enum flow_kind */
	uint8_t addr[2][16]; /* FLOW_IP6, FLOW_ETHER: lower, upper */
	uint32_t tunnel;     /* tunnel_key: id + 1 of the tunnel, 0 = none */
	uint8_t upper;       /* 1: the packet's source is the upper end */
	uint32_t hash;
};

must_check enum err cache_init(struct cache *t, size_t max_flows, bool quality);
void cache_fini(struct cache *t);

static inline uint32_t *cache_bucket(const struct cache *t, uint32_t hash)
{
	return &t->bucket[hash & t->mask];
}
static inline bool cache_in_use(const struct cache *t, uint32_t i)
{
	return i < t->top && t->flow[i].timer_prev != FLOW_NONE; /* all in use are on the wheel */
}
/* The flow with this key, FLOW_NONE if there is none. */
uint32_t cache_find(const struct cache *t, const struct key *k);
/* A new flow with this key, all else zero; FLOW_NONE if there is no room. */
uint32_t cache_add(struct cache *t, const struct key *k);
/* Takes flow i out of the index and gives its place back. */
void cache_remove(struct cache *t, uint32_t i);
