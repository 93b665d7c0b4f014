/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/cache.h"

#include <string.h>
#include <sys/mman.h>

enum { PAGE = 2 * 1024 * 1024, BUCKETS_PER_FLOW = 2 };

static size_t pages(size_t n)
{
	return (n + PAGE - 1) & ~(size_t)(PAGE - 1);
}

enum err cache_init(struct cache *t, size_t max_flows, bool quality)
{
	size_t buckets = 1024;
	while (buckets < max_flows * BUCKETS_PER_FLOW)
		buckets *= 2;
	const size_t sizes[] = {pages(max_flows * sizeof(struct flow)),
				pages(max_flows * sizeof(struct flow_more)),
				pages(max_flows * sizeof(struct flow_facts)),
				pages(max_flows * sizeof(struct flow_wide)),
				pages(buckets * sizeof(uint32_t)),
				quality ? pages(max_flows * sizeof(struct npm)) : 0,
				quality ? pages(max_flows * NPM_PACE_BYTES) : 0,
				quality ? pages(max_flows * NPM_TROUBLE_BYTES) : 0};
	size_t all = PAGE;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		all += sizes[i];
	uint8_t *p = mmap(NULL, all, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return ERR_NOMEM;
	*t = (struct cache){.mem = p,
			    .mem_n = all,
			    .mask = (uint32_t)(buckets - 1),
			    .max = (uint32_t)max_flows,
			    .free = FLOW_NONE};
	/* Big pages: a flow is looked up at random, and every look would miss the TLB. */
	p += PAGE - ((uintptr_t)p & (PAGE - 1));
	(void)madvise(p, all - PAGE, MADV_HUGEPAGE);
	t->flow = (void *)p;
	t->more = (void *)(p += sizes[0]);
	t->facts = (void *)(p += sizes[1]);
	t->wide = (void *)(p += sizes[2]);
	t->bucket = (void *)(p += sizes[3]);
	p += sizes[4];
	if (!quality)
		return ERR_OK;
	t->npm = (void *)p;
	t->room.pace = (struct slots){.mem = p += sizes[5], .size = NPM_PACE_BYTES};
	t->room.trouble = (struct slots){.mem = p + sizes[6], .size = NPM_TROUBLE_BYTES};
	return ERR_OK;
}

void cache_fini(struct cache *t)
{
	if (t->mem)
		(void)munmap(t->mem, t->mem_n);
	*t = (struct cache){0};
}

/* The id of flow i's tunnel + 1, 0 = none. */
static uint32_t tunnel_of(const struct cache *t, uint32_t i)
{
	const struct flow_extra *x = t->more[i].extra;
	return x && x->has_id ? x->tunnel_id + 1 : 0;
}

static bool same(const struct cache *t, uint32_t i, const struct key *k)
{
	const struct flow *f = &t->flow[i];
	if (f->hash != k->hash || f->ip4[0] != k->ip4[0] || f->ip4[1] != k->ip4[1] ||
	    f->port[0] != k->port[0] || f->port[1] != k->port[1] || f->proto != k->proto ||
	    f->vlan != k->vlan || (f->state & FLOW_KIND_MASK) != k->kind)
		return false;
	if (unlikely(t->tunnel_key) && tunnel_of(t, i) != k->tunnel)
		return false;
	return k->kind == FLOW_IP4 || memcmp(t->wide[i].addr, k->addr, sizeof(k->addr)) == 0;
}

uint32_t cache_find(const struct cache *t, const struct key *k)
{
	uint32_t i = *cache_bucket(t, k->hash);
	while (i && !same(t, i - 1, k))
		i = t->flow[i - 1].chain;
	return i - 1;
}

uint32_t cache_add(struct cache *t, const struct key *k)
{
	uint32_t i = t->free;
	if (i != FLOW_NONE)
		t->free = t->flow[i].chain;
	else if (t->top < t->max)
		i = t->top++;
	else
		return FLOW_NONE;
	t->n++;
	uint32_t *bucket = cache_bucket(t, k->hash);
	t->flow[i] = (struct flow){.hash = k->hash,
				   .chain = *bucket,
				   .timer_next = FLOW_NONE,
				   .timer_prev = FLOW_NONE,
				   .ip4 = {k->ip4[0], k->ip4[1]},
				   .port = {k->port[0], k->port[1]},
				   .proto = k->proto,
				   .state = k->kind,
				   .vlan = k->vlan};
	*bucket = i + 1;
	memset(&t->more[i], 0, sizeof(t->more[i]));
	memset(&t->facts[i], 0, sizeof(t->facts[i]));
	if (t->npm)
		npm_begin(&t->npm[i]);
	if (k->kind != FLOW_IP4)
		memcpy(t->wide[i].addr, k->addr, sizeof(k->addr));
	return i;
}

void cache_remove(struct cache *t, uint32_t i)
{
	uint32_t *at = cache_bucket(t, t->flow[i].hash);
	while (*at != i + 1)
		at = &t->flow[*at - 1].chain;
	*at = t->flow[i].chain;
	if (t->npm)
		npm_end(&t->room, &t->npm[i]);
	t->flow[i].chain = t->free;
	t->flow[i].timer_prev = FLOW_NONE;
	t->free = i;
	t->n--;
}
