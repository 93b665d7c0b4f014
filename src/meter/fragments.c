/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/fragments.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = UINT16_MAX, BUCKETS = FRAGMENT_PACKETS * 2, NS_PER_MS = 1000000 };

/* What makes fragments those of one packet (RFC 791, RFC 8200 4.5). */
struct whole {
	uint8_t src[16], dst[16];
	uint32_t id;
	uint8_t version, proto; /* proto: of IPv4 only, IPv6 says it in the first fragment */
	uint8_t pad[2];
};

struct entry {
	struct whole whole;
	uint64_t t_ns;
	uint16_t bucket, chain;
	uint16_t held; /* first of its waiting fragments */
	uint16_t src_port, dst_port;
	uint8_t proto;
	bool known; /* the first fragment came */
};

/* A copy of a fragment, with what its pointers point to. */
struct held {
	struct met met;
	uint8_t src[16], dst[16], tunnel_src[16], tunnel_dst[16], macs[12];
	uint16_t next;
	bool found;
};

struct fragments {
	uint64_t seed;
	uint32_t first, n; /* entries in use are a ring, the oldest first */
	uint16_t free_held, ready, last_ready, given;
	uint16_t bucket[BUCKETS];
	struct entry entry[FRAGMENT_PACKETS];
	struct held held[FRAGMENT_HELD];
};

enum err fragments_new(uint64_t seed, struct fragments **ret)
{
	struct fragments *f = calloc(1, sizeof(*f));
	if (!f)
		return ERR_NOMEM;
	f->seed = seed;
	f->ready = f->last_ready = f->given = NONE;
	for (size_t i = 0; i < BUCKETS; i++)
		f->bucket[i] = NONE;
	for (uint16_t i = 0; i < FRAGMENT_HELD; i++)
		f->held[i].next = i + 1 < FRAGMENT_HELD ? (uint16_t)(i + 1) : NONE;
	*ret = f;
	return ERR_OK;
}

void fragments_free(struct fragments *f)
{
	free(f);
}

static struct whole whole_of(const struct peel *p)
{
	struct whole w = {.id = p->frag_id, .version = p->version};
	size_t n = p->version == 4 ? 4 : 16;
	memcpy(w.src, p->src, n);
	memcpy(w.dst, p->dst, n);
	if (p->version == 4)
		w.proto = p->proto;
	return w;
}

/* Moves the fragments that wait for e to those that are ready. */
static void release(struct fragments *f, struct entry *e)
{
	for (uint16_t i = e->held; i != NONE;) {
		struct held *h = &f->held[i];
		uint16_t next = h->next;
		h->found = e->known;
		if (e->known) {
			h->met.p.src_port = e->src_port;
			h->met.p.dst_port = e->dst_port;
			h->met.p.proto = e->proto;
		}
		h->next = NONE;
		if (f->last_ready == NONE)
			f->ready = i;
		else
			f->held[f->last_ready].next = i;
		f->last_ready = i;
		i = next;
	}
	e->held = NONE;
}

static void forget_oldest(struct fragments *f)
{
	uint16_t oldest = (uint16_t)f->first;
	struct entry *e = &f->entry[oldest];
	release(f, e);
	uint16_t *at = &f->bucket[e->bucket];
	while (*at != oldest)
		at = &f->entry[*at].chain;
	*at = e->chain;
	f->first = (f->first + 1) % FRAGMENT_PACKETS;
	f->n--;
}

static struct entry *find(struct fragments *f, const struct whole *w, uint64_t t_ns)
{
	uint16_t bucket = (uint16_t)(hash64(w, sizeof(*w), f->seed) % BUCKETS);
	for (uint16_t i = f->bucket[bucket]; i != NONE; i = f->entry[i].chain)
		if (memcmp(&f->entry[i].whole, w, sizeof(*w)) == 0)
			return &f->entry[i];
	if (f->n == FRAGMENT_PACKETS)
		forget_oldest(f);
	uint16_t i = (uint16_t)((f->first + f->n++) % FRAGMENT_PACKETS);
	f->entry[i] = (struct entry){
	    .whole = *w, .t_ns = t_ns, .bucket = bucket, .chain = f->bucket[bucket], .held = NONE};
	f->bucket[bucket] = i;
	return &f->entry[i];
}

static void give_back(struct fragments *f)
{
	if (f->given == NONE)
		return;
	f->held[f->given].next = f->free_held;
	f->free_held = f->given;
	f->given = NONE;
}

static const uint8_t *keep(uint8_t *to, const uint8_t *from, size_t n)
{
	if (!from)
		return NULL;
	memcpy(to, from, n);
	return to;
}

static bool hold(struct fragments *f, struct entry *e, const struct met *p)
{
	uint16_t i = f->free_held;
	if (i == NONE)
		return false;
	struct held *h = &f->held[i];
	f->free_held = h->next;
	size_t n = p->p.version == 4 ? 4 : 16, outer = p->p.tunnel_version == 4 ? 4 : 16;
	h->met = *p;
	h->met.p.src = keep(h->src, p->p.src, n);
	h->met.p.dst = keep(h->dst, p->p.dst, n);
	h->met.p.tunnel_src = keep(h->tunnel_src, p->p.tunnel_src, outer);
	h->met.p.tunnel_dst = keep(h->tunnel_dst, p->p.tunnel_dst, outer);
	h->met.p.macs = keep(h->macs, p->p.macs, sizeof(h->macs));
	h->met.p.ip = NULL;
	h->met.p.payload = rd_of(h->macs, 0);
	h->next = e->held;
	e->held = i;
	return true;
}

bool fragments_see(struct fragments *f, struct met *p)
{
	const struct whole w = whole_of(&p->p);
	give_back(f);
	struct entry *e = find(f, &w, p->t_ns);
	if (!(p->p.has & PEEL_LATER_FRAGMENT)) {
		e->known = true;
		e->src_port = p->p.src_port;
		e->dst_port = p->p.dst_port;
		e->proto = p->p.proto;
		release(f, e);
		return true;
	}
	if (!e->known)
		return !hold(f, e, p);
	p->p.src_port = e->src_port;
	p->p.dst_port = e->dst_port;
	p->p.proto = e->proto;
	return true;
}

void fragments_expire(struct fragments *f, uint64_t now_ns, bool all)
{
	while (f->n &&
	       (all || f->entry[f->first].t_ns + (uint64_t)FRAGMENT_MS * NS_PER_MS <= now_ns))
		forget_oldest(f);
}

const struct met *fragments_next(struct fragments *f, bool *ret_found)
{
	give_back(f);
	uint16_t i = f->ready;
	if (i == NONE)
		return NULL;
	f->ready = f->held[i].next;
	if (f->ready == NONE)
		f->last_ready = NONE;
	f->given = i;
	*ret_found = f->held[i].found;
	return &f->held[i].met;
}
