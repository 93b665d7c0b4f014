/* SPDX-License-Identifier: Apache-2.0 */
/* A slot is one word: tag 30 bits | owner 12 bits | end 22 bits. The end is the time, in quarters
 * of a second and modulo 12 days, up to which the owner has covered the flow. 0 = empty. */
#include "enrich/dedup.h"

#include "base/attr.h"
#include "base/hash.h"
#include "model/batch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
	BUCKET_SLOTS = 8, /* a cache line */
	TAG_SHIFT = 34,
	OWNER_SHIFT = 22,
	OWNER_MASK = 0xfff,
	TIME_MASK = (1 << 22) - 1,
	TIME_UNIT_MS = 250,
	/* An end this far ahead of the report is not one: the slot is from twelve days ago. */
	AHEAD_MAX = 3600 * 1000 / TIME_UNIT_MS + DEDUP_WINDOW_MAX_MS / TIME_UNIT_MS,
	SOURCES = 8192, /* places for (exporter, domain) of a thread; at most half are used */
	FLOWS_MIN = 1024,
	ROWS_AT_ONCE = 128, /* buckets asked for before they are looked at: 8 KB of cache */
};

/* All four fields are in the first word of presence. */
#define PRESENT(f) ((uint64_t)1 << field_table[f].present_bit)

struct bucket {
	_Atomic uint64_t slot[BUCKET_SLOTS];
} cache_aligned;

struct dedup {
	struct bucket *buckets;
	uint64_t mask; /* of the number of a bucket */
	uint64_t seed[4];
	uint32_t window; /* in TIME_UNIT_MS */
	uint32_t n_prefer;
	atomic_uint users;
	pthread_mutex_t lock; /* of what follows; taken when a thread meets a new exporter */
	uint32_t n_owners;
	struct ip owner[DEDUP_EXPORTERS_MAX]; /* owner id - 1; the preferred first */
};

struct source {
	struct ip ip;
	uint32_t domain;
	uint16_t owner; /* 0 = takes no part */
	bool used;
	uint64_t marked;
};

struct dedup_thread {
	struct dedup *d;
	uint32_t n_sources;
	struct source nobody; /* rows without exporter, and those of exporters beyond the limit */
	struct source v[SOURCES];
};

enum err dedup_new(const struct dedup_opts *o, struct dedup **ret)
{
	uint64_t flows = FLOWS_MIN;
	if (o->n_prefer > DEDUP_PREFER_MAX || o->window_ms > DEDUP_WINDOW_MAX_MS)
		return ERR_LIMIT;
	while (flows < o->flows)
		flows *= 2;
	struct dedup *d = calloc(1, sizeof(*d));
	if (!d)
		return ERR_NOMEM;
	pthread_mutex_init(&d->lock, NULL);
	atomic_init(&d->users, 1);
	d->mask = flows / BUCKET_SLOTS - 1;
	d->window = (uint32_t)(o->window_ms / TIME_UNIT_MS);
	d->n_prefer = d->n_owners = (uint32_t)o->n_prefer;
	for (size_t i = 0; i < o->n_prefer; i++)
		d->owner[i] = o->prefer[i];
	for (uint64_t i = 0, seed = hash_seed(); i < ARRAY_LEN(d->seed); i++)
		d->seed[i] = hash64(&i, sizeof(i), seed) | 1;
	d->buckets = aligned_alloc(sizeof(struct bucket), flows * sizeof(uint64_t));
	if (!d->buckets) {
		dedup_free(&d);
		return ERR_NOMEM;
	}
	memset(d->buckets, 0, flows * sizeof(uint64_t));
	*ret = d;
	return ERR_OK;
}

void dedup_free(struct dedup **dp)
{
	struct dedup *d = *dp;
	*dp = NULL;
	if (!d || atomic_fetch_sub(&d->users, 1) != 1)
		return;
	free(d->buckets);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

struct dedup *dedup_get(struct dedup *d)
{
	if (d)
		atomic_fetch_add(&d->users, 1);
	return d;
}

enum err dedup_thread_new(struct dedup *d, struct dedup_thread **ret)
{
	struct dedup_thread *t = calloc(1, sizeof(*t));
	if (!t)
		return ERR_NOMEM;
	t->d = d;
	*ret = t;
	return ERR_OK;
}

void dedup_thread_free(struct dedup_thread **t)
{
	free(*t);
	*t = NULL;
}

/* --- who reports */

static uint16_t owner_of(struct dedup *d, const struct ip *ip)
{
	uint32_t i = 0;
	pthread_mutex_lock(&d->lock);
	while (i < d->n_owners && !ip_equal(&d->owner[i], ip))
		i++;
	if (i == d->n_owners && i < DEDUP_EXPORTERS_MAX) {
		d->owner[i] = *ip;
		d->n_owners++;
	}
	pthread_mutex_unlock(&d->lock);
	return i < DEDUP_EXPORTERS_MAX ? (uint16_t)(i + 1) : 0;
}

void dedup_thread_use(struct dedup_thread *t, struct dedup *d)
{
	if (t->d == d)
		return;
	t->d = d;
	for (uint32_t i = 0; i < SOURCES && d; i++)
		if (t->v[i].used)
			t->v[i].owner = owner_of(d, &t->v[i].ip);
}

/* The place of (ip, domain), used or free. */
static uint32_t place_of(const struct dedup_thread *t, const struct ip *ip, uint32_t domain)
{
	uint32_t i = (uint32_t)hash64(ip->b, sizeof(ip->b), domain) % SOURCES;
	while (t->v[i].used && (t->v[i].domain != domain || !ip_equal(&t->v[i].ip, ip)))
		i = (i + 1) % SOURCES;
	return i;
}

static struct source *source_of(struct dedup_thread *t, const struct ip *ip, uint32_t domain)
{
	struct source *s = &t->v[place_of(t, ip, domain)];
	if (s->used)
		return s;
	if (t->n_sources >= SOURCES / 2)
		return &t->nobody;
	t->n_sources++;
	*s =
	    (struct source){.ip = *ip, .domain = domain, .owner = owner_of(t->d, ip), .used = true};
	return s;
}

uint64_t dedup_marked(const struct dedup_thread *t, const struct ip *exporter, uint32_t domain)
{
	if (!t)
		return 0;
	const struct source *s = &t->v[place_of(t, exporter, domain)];
	return s->used ? s->marked : 0;
}

/* --- flows */

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 m = (unsigned __int128)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

/* The columns a flow is told by, and whose it is. */
struct columns {
	const struct ip *src, *dst, *exporter;
	const uint16_t *sport, *dport;
	const uint8_t *proto;
	const uint32_t *domain;
	const int64_t *first, *last;
	const uint64_t *present; /* the word that has the bits of the addresses */
};

static void columns_of(const struct batch *b, struct columns *c)
{
	static const uint32_t none[BATCH_ROWS];
#define COLUMN(f) (batch_has(b, f) ? b->col[f] : (const void *)none)
	*c = (struct columns){.src = batch_ip(b, F_src_ip),
			      .dst = batch_ip(b, F_dst_ip),
			      .exporter = batch_ip(b, F_exporter_ip),
			      .sport = COLUMN(F_src_port),
			      .dport = COLUMN(F_dst_port),
			      .proto = COLUMN(F_proto),
			      .domain = COLUMN(F_observation_domain),
			      .first = batch_ms(b, F_t_first),
			      .last = batch_ms(b, F_t_last),
			      .present = b->present[0]};
#undef COLUMN
}

/* Pass 1: the hashes of some rows, their buckets on the way into the cache. */
static void hash_rows(const struct dedup *d, const struct columns *c, uint32_t from, uint32_t n,
		      uint64_t *hash)
{
	const uint64_t k0 = d->seed[0], k1 = d->seed[1], k2 = d->seed[2], k3 = d->seed[3];
	for (uint32_t k = 0; k < n; k++) {
		const uint8_t *s = c->src[from + k].b, *t = c->dst[from + k].b;
		uint64_t rest = (uint64_t)c->sport[from + k] << 24 |
				(uint64_t)c->dport[from + k] << 8 | c->proto[from + k];
		uint64_t h = mix(load64(s) ^ k0, load64(s + 8) ^ k1) +
			     mix(load64(t) ^ k2, load64(t + 8) ^ k3);
		hash[k] = mix(h ^ rest, k0 ^ k3);
		__builtin_prefetch(&d->buckets[hash[k] & d->mask], 1);
	}
}

/* a - b on the circle of times. */
static inline int32_t time_diff(uint32_t a, uint32_t b)
{
	return (int32_t)((a - b) << 10) >> 10;
}

static inline uint32_t time_of(int64_t ms)
{
	return (uint32_t)((uint64_t)ms / TIME_UNIT_MS) & TIME_MASK;
}

struct report {
	uint64_t tag; /* in place */
	uint32_t first, last;
	uint16_t owner;
};

static inline uint64_t slot_word(const struct report *r, uint32_t end)
{
	return r->tag | (uint64_t)r->owner << OWNER_SHIFT | end;
}

static inline uint16_t slot_owner(uint64_t w)
{
	return (uint16_t)(w >> OWNER_SHIFT & OWNER_MASK);
}

/* What a report means for the slot of its flow; true = it is a duplicate. */
static bool meet(const struct dedup *d, _Atomic uint64_t *slot, uint64_t w, const struct report *r)
{
	uint32_t end = (uint32_t)w & TIME_MASK;
	uint16_t owner = slot_owner(w);
	bool covered =
	    time_diff(r->first, end) <= (int32_t)d->window && time_diff(end, r->last) <= AHEAD_MAX;
	bool better = r->owner < owner && r->owner <= d->n_prefer;
	if (covered && owner != r->owner && !better)
		return true;
	if (!covered || time_diff(r->last, end) > 0)
		end = r->last;
	if (slot_word(r, end) != w)
		atomic_store_explicit(slot, slot_word(r, end), memory_order_relaxed);
	return false;
}

/* The end lies in the past by this much; one far ahead is of twelve days ago. */
static inline int32_t age_of(uint64_t w, const struct report *r)
{
	int32_t a = time_diff(r->last, (uint32_t)w & TIME_MASK);
	return a < -AHEAD_MAX ? INT32_MAX : a;
}

/* Takes one report; true = it is a duplicate. */
static bool see(const struct dedup *d, struct bucket *b, const struct report *r)
{
	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		uint64_t w = atomic_load_explicit(&b->slot[i], memory_order_relaxed);
		if ((w ^ r->tag) >> TAG_SHIFT == 0 && w)
			return meet(d, &b->slot[i], w, r);
		if (w == 0) { /* slots fill in order */
			atomic_store_explicit(&b->slot[i], slot_word(r, r->last),
					      memory_order_relaxed);
			return false;
		}
	}
	/* Full: the older of two makes room, which are others for every flow. */
	unsigned x = (unsigned)(r->tag >> TAG_SHIFT) % BUCKET_SLOTS;
	unsigned y = (x + 1 + (unsigned)(r->tag >> 60) % (BUCKET_SLOTS - 1)) % BUCKET_SLOTS;
	uint64_t wx = atomic_load_explicit(&b->slot[x], memory_order_relaxed);
	uint64_t wy = atomic_load_explicit(&b->slot[y], memory_order_relaxed);
	atomic_store_explicit(&b->slot[age_of(wx, r) >= age_of(wy, r) ? x : y],
			      slot_word(r, r->last), memory_order_relaxed);
	return false;
}

/* Pass 2: asks the table about some rows; the numbers of those that are duplicates. */
static uint32_t see_rows(struct dedup_thread *t, const struct columns *c, uint32_t from, uint32_t n,
			 const uint64_t *hash, uint16_t *ret_rows)
{
	const uint64_t needs = PRESENT(F_src_ip) | PRESENT(F_dst_ip) | PRESENT(F_exporter_ip);
	struct source *s = NULL;
	uint32_t found = 0;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = from + k;
		if (!s || c->domain[i] != s->domain || !ip_equal(&c->exporter[i], &s->ip))
			s = source_of(t, &c->exporter[i], c->domain[i]);
		if (s->owner == 0 || (c->present[i] & needs) != needs)
			continue;
		const struct report r = {.tag = hash[k] >> TAG_SHIFT << TAG_SHIFT,
					 .first = time_of(c->first[i]),
					 .last = time_of(c->last[i]),
					 .owner = s->owner};
		bool duplicate = see(t->d, &t->d->buckets[hash[k] & t->d->mask], &r);
		ret_rows[found] = (uint16_t)i;
		found += duplicate;
		s->marked += duplicate;
	}
	return found;
}

static void mark(struct batch *b, const uint16_t *rows, uint32_t n)
{
	batch_use(b, F_duplicate);
	uint8_t *column = batch_u8(b, F_duplicate);
	for (uint32_t i = 0; i < n; i++) {
		column[rows[i]] = 1;
		b->present[0][rows[i]] |= PRESENT(F_duplicate);
	}
}

uint32_t dedup_mark(struct dedup_thread *t, struct batch *b)
{
	uint64_t hash[ROWS_AT_ONCE];
	uint16_t rows[BATCH_ROWS];
	uint32_t found = 0;
	struct columns c;
	if (!t || !t->d || !batch_has(b, F_src_ip) || !batch_has(b, F_dst_ip) ||
	    !batch_has(b, F_exporter_ip))
		return 0;
	columns_of(b, &c);
	for (uint32_t from = 0; from < b->n; from += ROWS_AT_ONCE) {
		uint32_t n = MIN_OF(b->n - from, (uint32_t)ROWS_AT_ONCE);
		hash_rows(t->d, &c, from, n, hash);
		found += see_rows(t, &c, from, n, hash, rows + found);
	}
	if (found)
		mark(b, rows, found);
	return found;
}

enum err dedup_prefer_parse(const char *text, struct ip *out, size_t max, size_t *ret_n,
			    struct diag *reterr)
{
	size_t n = 0;
	for (const char *p = text + strspn(text, " ,"); *p; p += strspn(p, " ,")) {
		size_t len = strcspn(p, " ,");
		if (n == max)
			return diag_set(reterr, ERR_LIMIT, 0, 0, "more than %zu addresses", max);
		if (ip_parse(p, len, &out[n]))
			return diag_set(reterr, ERR_CONFIG, 0, 0, "'%.*s' is no address",
					(int)MIN_OF(len, (size_t)60), p);
		n++;
		p += len;
	}
	*ret_n = n;
	return ERR_OK;
}
