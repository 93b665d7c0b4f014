/* SPDX-License-Identifier: Apache-2.0 */
/* The receive path: loops over columns, one look-up per address. A text that many rows share goes
 * into the heap of the batch once. */
#include "enrich/snapshot.h"

#include "model/batch.h"

#include <stdlib.h>

/* Which texts stand in the heap of the batch already: those with the stamp of now. */
struct placed {
	uint64_t generation; /* of what the texts belong to; 0 = none */
	uint32_t *stamp, now;
	struct span *span;
};

struct enrich_scratch {
	uint64_t place[BATCH_ROWS];
	struct placed known, told; /* the snapshot's texts; those of exporters */
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
	free(x->known.stamp);
	free(x->known.span);
	free(x->told.stamp);
	free(x->told.span);
	free(x);
}

/* A new batch, perhaps with other texts than before; false = no memory. */
static bool begin(struct placed *p, uint64_t generation, const struct texts *texts)
{
	if (p->generation != generation) {
		free(p->stamp);
		free(p->span);
		p->stamp = calloc(texts->n, sizeof(p->stamp[0]));
		p->span = calloc(texts->n, sizeof(p->span[0]));
		p->now = 0;
		p->generation = p->stamp && p->span ? generation : 0;
	}
	if (p->generation && ++p->now == 0) {
		memset(p->stamp, 0, texts->n * sizeof(p->stamp[0]));
		p->now = 1;
	}
	return p->generation != 0;
}

static void place_text(struct placed *p, const struct texts *texts, struct batch *b,
		       uint32_t number)
{
	const struct text_at *t = &texts->v[number];
	p->span[number] = (struct span){0, 0};
	if (t->len && buf_reserve(&b->heap, t->len)) {
		p->span[number] = (struct span){(uint32_t)b->heap.n, t->len};
		buf_put(&b->heap, texts->bytes + t->off, t->len);
	}
	p->stamp[number] = p->now;
}

static inline struct span text_of(struct placed *p, const struct texts *texts, struct batch *b,
				  uint32_t number)
{
	if (p->stamp[number] != p->now)
		place_text(p, texts, b, number);
	return p->span[number];
}

/* The place of each address of a column into x->place; returns all of them or-ed. */
static uint64_t look_up(const struct snapshot *s, struct enrich_scratch *x, const struct batch *b,
			enum field f)
{
	const struct ip *a = batch_ip(b, f);
	uint64_t any = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		x->place[i] = ranges_find(&s->places, &a[i]);
		any |= x->place[i];
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
		put_row(b, f, i, text_of(&x->known, &s->texts, b, place_country(x->place[i])), bit);
}

static void put_networks(const struct snapshot *s, struct enrich_scratch *x, struct batch *b,
			 enum field f, enum net_text t)
{
	unsigned bit = field_table[f].present_bit;
	batch_use(b, f);
	for (uint32_t i = 0; i < b->n; i++)
		put_row(
		    b, f, i,
		    text_of(&x->known, &s->texts, b, s->networks.v[place_net(x->place[i])].text[t]),
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
		put_row(b, F_app_name, i,
			text_of(&x->known, &s->texts, b,
				s->apps.name[apps_find(&s->apps, proto[i], src[i], dst[i])]),
			bit);
}

/* Exporters that look into packets say it by nDPI's numbers. */
static void enrich_ndpi(const struct snapshot *s, struct enrich_scratch *x, struct batch *b)
{
	unsigned bit = field_table[F_app_name].present_bit;
	if (!s->apps.n || !b->col[F_ndpi_proto] || !batch_has(b, F_ndpi_proto))
		return;
	const uint32_t *number = batch_u32(b, F_ndpi_proto);
	batch_use(b, F_app_name);
	for (uint32_t i = 0; i < b->n; i++)
		if (batch_present(b, F_ndpi_proto, i) && number[i] < APP_NDPI_MAX)
			put_row(b, F_app_name, i,
				text_of(&x->known, &s->texts, b, s->apps.ndpi[number[i]]), bit);
}

/* What exporters call their applications. */
static void enrich_told(const struct app_names *a, struct enrich_scratch *x, struct batch *b)
{
	unsigned bit = field_table[F_app_name].present_bit;
	if (!a || a->n == 0 || !b->col[F_app_id] || !batch_has(b, F_app_id) ||
	    !batch_has(b, F_exporter_ip) || !begin(&x->told, a->generation, &a->texts))
		return;
	const uint32_t *id = batch_u32(b, F_app_id);
	const struct ip *exporter = batch_ip(b, F_exporter_ip);
	batch_use(b, F_app_name);
	for (uint32_t i = 0; i < b->n; i++)
		if (batch_present(b, F_app_id, i))
			put_row(
			    b, F_app_name, i,
			    text_of(&x->told, &a->texts, b, app_names_find(a, &exporter[i], id[i])),
			    bit);
}

bool snapshot_enrich(const struct snapshot *s, const struct app_names *told,
		     struct enrich_scratch *x, struct batch *b)
{
	if (b->n == 0)
		return true;
	if (!begin(&x->known, s->generation, &s->texts))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		enrich_end(s, x, b, &ends[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		enrich_other(s, x, b, others[i].addr, others[i].country);
	enrich_told(told, x, b);
	enrich_ndpi(s, x, b);
	enrich_ports(s, x, b);
	return !b->heap.bad;
}
