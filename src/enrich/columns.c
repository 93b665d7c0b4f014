/* SPDX-License-Identifier: Apache-2.0 */
/* The receive path: loops over columns, one look-up per address. A text that many rows share goes
 * into the heap of the batch once. */
#include "enrich/snapshot.h"

#include "model/batch.h"

#include <stdlib.h>

enum { MEMO_BITS = 11, MEMO = 1 << MEMO_BITS };

/* IPv4 addresses repeat: what was last found for one that falls here. */
struct memo {
	uint64_t key; /* the address + MEMO_USED; 0 = empty */
	uint64_t place;
};
static const uint64_t MEMO_USED = 1ull << 32;

struct enrich_scratch {
	uint64_t generation; /* of the snapshot that all this is of */
	struct memo memo[MEMO];
	uint64_t place[BATCH_ROWS];
	/* Texts that stand in the heap of the batch: those with the stamp of now. */
	uint32_t *stamp, now, n;
	struct span *span;
	bool failed;
};

enum err enrich_scratch_new(struct enrich_scratch **ret)
{
	struct enrich_scratch *x = calloc(1, sizeof(*x));
	if (!x)
		return ERR_NOMEM;
	*ret = x;
	return ERR_OK;
}

void enrich_scratch_free(struct enrich_scratch *x)
{
	if (!x)
		return;
	free(x->stamp);
	free(x->span);
	free(x);
}

/* Another snapshot: other numbers. */
static bool adopt(struct enrich_scratch *x, const struct snapshot *s)
{
	if (x->generation != s->generation) {
		free(x->stamp);
		free(x->span);
		x->stamp = calloc(s->texts.n, sizeof(x->stamp[0]));
		x->span = calloc(s->texts.n, sizeof(x->span[0]));
		x->now = 0;
		x->generation = x->stamp && x->span ? s->generation : 0;
		memset(x->memo, 0, sizeof(x->memo));
	}
	if (x->generation == 0)
		return false;
	if (++x->now == 0) {
		memset(x->stamp, 0, s->texts.n * sizeof(x->stamp[0]));
		x->now = 1;
	}
	x->failed = false;
	return true;
}

static void put_text(struct enrich_scratch *x, const struct snapshot *s, struct batch *b,
		     uint32_t number)
{
	const struct text_at *t = &s->texts.v[number];
	x->stamp[number] = x->now;
	x->span[number] = (struct span){0, 0};
	if (t->len == 0)
		return;
	if (!buf_reserve(&b->heap, t->len)) {
		x->failed = true;
		return;
	}
	x->span[number] = (struct span){(uint32_t)b->heap.n, t->len};
	buf_put(&b->heap, s->texts.bytes + t->off, t->len);
}

static inline struct span text_of(struct enrich_scratch *x, const struct snapshot *s,
				  struct batch *b, uint32_t number)
{
	if (x->stamp[number] != x->now)
		put_text(x, s, b, number);
	return x->span[number];
}

/* The place of each address of a column into x->place; returns all of them or-ed. */
static uint64_t look_up(const struct snapshot *s, struct enrich_scratch *x, const struct batch *b,
			enum field f)
{
	const struct ip *a = batch_ip(b, f);
	uint64_t any = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		uint64_t place;
		if (ip_is_v4(&a[i])) {
			uint32_t v4 = ranges_v4_of(&a[i]);
			struct memo *m = &x->memo[v4 * 0x9e3779b1u >> (32 - MEMO_BITS)];
			if (m->key != (v4 | MEMO_USED))
				*m = (struct memo){v4 | MEMO_USED, ranges_find(&s->places, &a[i])};
			place = m->place;
		} else {
			place = ranges_find(&s->places, &a[i]);
		}
		x->place[i] = place;
		any |= place;
	}
	return any;
}

/* Writes a text into the rows that have none yet. */
static inline void put_row(struct batch *b, enum field f, uint32_t i, struct span t, unsigned bit)
{
	uint64_t *present = &b->present[bit / 64][i];
	if (*present >> (bit % 64) & 1)
		return;
	batch_span(b, f)[i] = t;
	*present |= (uint64_t)(t.len != 0) << (bit % 64);
}

static void put_countries(const struct snapshot *s, struct enrich_scratch *x, struct batch *b,
			  enum field f)
{
	unsigned bit = field_table[f].present_bit;
	batch_use(b, f);
	for (uint32_t i = 0; i < b->n; i++)
		put_row(b, f, i, text_of(x, s, b, place_country(x->place[i])), bit);
}

static void put_networks(const struct snapshot *s, struct enrich_scratch *x, struct batch *b,
			 enum field f, enum net_text t)
{
	unsigned bit = field_table[f].present_bit;
	batch_use(b, f);
	for (uint32_t i = 0; i < b->n; i++)
		put_row(b, f, i, text_of(x, s, b, s->networks.v[place_net(x->place[i])].text[t]),
			bit);
}

static void put_as(const struct snapshot *s, const struct enrich_scratch *x, struct batch *b,
		   enum field f)
{
	unsigned bit = field_table[f].present_bit;
	uint64_t *present = b->present[bit / 64];
	batch_use(b, f);
	uint32_t *as = batch_u32(b, f);
	for (uint32_t i = 0; i < b->n; i++) {
		uint32_t known = place_as(x->place[i]), own = as[i];
		bool data = s->as_from == ENRICH_AS_FLOW ? own == 0 : known != 0;
		as[i] = data ? known : own;
		present[i] |= (uint64_t)(known != 0) << (bit % 64);
	}
}

static const struct end {
	enum field addr, country, as, text[NET_TEXTS];
} ends[] = {
    {F_src_ip, F_src_country, F_src_as, {F_src_net, F_src_site, F_src_role, F_src_tenant}},
    {F_dst_ip, F_dst_country, F_dst_as, {F_dst_net, F_dst_site, F_dst_role, F_dst_tenant}},
};

static void enrich_end(const struct snapshot *s, struct enrich_scratch *x, struct batch *b,
		       const struct end *end)
{
	if (!batch_has(b, end->addr))
		return;
	uint64_t any = look_up(s, x, b, end->addr);
	if (place_country(any))
		put_countries(s, x, b, end->country);
	if (place_as(any) && s->as_from != ENRICH_AS_OFF)
		put_as(s, x, b, end->as);
	for (unsigned t = 0; place_net(any) && t < NET_TEXTS; t++)
		if (s->has_text[t])
			put_networks(s, x, b, end->text[t], (enum net_text)t);
}

/* Addresses of which the country is wanted. */
static const struct {
	enum field addr, country;
} others[] = {
    {F_post_nat_src_ip, F_post_nat_src_country},
    {F_post_nat_dst_ip, F_post_nat_dst_country},
    {F_tunnel_src_ip, F_tunnel_src_country},
    {F_tunnel_dst_ip, F_tunnel_dst_country},
};

static void enrich_other(const struct snapshot *s, struct enrich_scratch *x, struct batch *b,
			 enum field addr, enum field country)
{
	if (b->col[addr] && batch_has(b, addr) && place_country(look_up(s, x, b, addr)))
		put_countries(s, x, b, country);
}

static void enrich_ports(const struct snapshot *s, struct enrich_scratch *x, struct batch *b)
{
	unsigned bit = field_table[F_app_name].present_bit;
	if (!s->apps.n || !batch_has(b, F_proto) || !batch_has(b, F_dst_port) ||
	    !batch_has(b, F_src_port))
		return;
	const uint8_t *proto = batch_u8(b, F_proto);
	const uint16_t *src = batch_u16(b, F_src_port), *dst = batch_u16(b, F_dst_port);
	batch_use(b, F_app_name);
	for (uint32_t i = 0; i < b->n; i++)
		put_row(
		    b, F_app_name, i,
		    text_of(x, s, b, s->apps.name[apps_find(&s->apps, proto[i], src[i], dst[i])]),
		    bit);
}

bool snapshot_enrich(const struct snapshot *s, struct enrich_scratch *x, struct batch *b)
{
	if (!adopt(x, s))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		enrich_end(s, x, b, &ends[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		enrich_other(s, x, b, others[i].addr, others[i].country);
	enrich_ports(s, x, b);
	return !x->failed;
}
