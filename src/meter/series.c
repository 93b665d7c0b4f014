/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/series.h"

#include "base/attr.h"
#include "meter/entropy.h"
#include "meter/nettisa.h"

#include <string.h>

enum { NS_PER_MS = 1000000, FIRST_BIN_BITS = 4 };

/* Times within a record are kept in ms from its first one; a packet may be older than that. */
struct series_list {
	uint64_t base_ms;
	uint32_t backward; /* a bit per packet: not from the initiator */
	uint8_t n;
	uint8_t flags[SERIES_PACKETS_MAX];
	uint16_t len[SERIES_PACKETS_MAX];
	int32_t at_ms[SERIES_PACKETS_MAX];
};

struct series_histogram {
	uint64_t last_ms;
	uint32_t lengths[SERIES_BINS], gaps[SERIES_BINS];
	bool seen;
};

struct series_burst {
	uint32_t packets, bytes;
	int32_t from_ms, to_ms;
};

/* burst[n] is the one that goes on, or is not known to be one. */
struct series_bursts {
	uint64_t base_ms;
	uint8_t n;
	struct series_burst burst[SERIES_BURSTS_MAX];
};

static int32_t ms_from(uint64_t base_ms, uint64_t t_ms)
{
	return (int32_t)MIN_OF(MAX_OF((int64_t)(t_ms - base_ms), (int64_t)INT32_MIN),
			       (int64_t)INT32_MAX);
}

static void *take_zeroed(struct pool *pool, size_t n)
{
	void *p = pool_take(pool, n);
	return p ? memset(p, 0, n) : NULL;
}

/* --- the first packets */

static bool list_see(struct series *s, const struct series_opts *o, struct pool *pool,
		     const struct series_packet *p)
{
	uint64_t t_ms = p->t_ns / NS_PER_MS;
	struct series_list *l = s->packets;
	if (!l) {
		if (!(l = take_zeroed(pool, sizeof(*l))))
			return false;
		l->base_ms = t_ms;
		s->packets = l;
	}
	if (l->n == MIN_OF((unsigned)o->packets, (unsigned)SERIES_PACKETS_MAX))
		return true;
	l->len[l->n] = (uint16_t)MIN_OF(p->len, (uint32_t)UINT16_MAX);
	l->at_ms[l->n] = ms_from(l->base_ms, t_ms);
	l->flags[l->n] = p->flags;
	l->backward |= (uint32_t)p->dir << l->n;
	l->n++;
	return true;
}

/* --- histograms */

static unsigned bin_of(uint64_t v)
{
	if (v >> FIRST_BIN_BITS == 0)
		return 0;
	unsigned log2 = 63 - (unsigned)__builtin_clzll(v);
	return MIN_OF(log2 - FIRST_BIN_BITS + 1, (unsigned)SERIES_BINS - 1);
}

static bool histogram_see(struct series *s, struct pool *pool, const struct series_packet *p)
{
	uint64_t t_ms = p->t_ns / NS_PER_MS;
	struct series_histogram *h = s->histogram[p->dir];
	if (!h && !(h = s->histogram[p->dir] = take_zeroed(pool, sizeof(*h))))
		return false;
	h->lengths[bin_of(p->len)]++;
	if (h->seen)
		h->gaps[bin_of(t_ms > h->last_ms ? t_ms - h->last_ms : 0)]++;
	h->seen = true;
	h->last_ms = t_ms;
	return true;
}

/* --- bursts */

static bool is_burst(const struct series_bursts *b)
{
	return b->n < SERIES_BURSTS_MAX && b->burst[b->n].packets >= SERIES_BURST_PACKETS;
}

static bool bursts_see(struct series *s, struct pool *pool, const struct series_packet *p)
{
	uint64_t t_ms = p->t_ns / NS_PER_MS;
	struct series_bursts *b = s->bursts[p->dir];
	if (!b) {
		if (!(b = take_zeroed(pool, sizeof(*b))))
			return false;
		b->base_ms = t_ms;
		s->bursts[p->dir] = b;
	}
	if (b->n == SERIES_BURSTS_MAX)
		return true;
	int32_t at_ms = ms_from(b->base_ms, t_ms);
	struct series_burst *last = &b->burst[b->n];
	if (last->packets && (int64_t)at_ms - last->to_ms >= SERIES_BURST_GAP_MS) {
		b->n += is_burst(b);
		if (b->n == SERIES_BURSTS_MAX)
			return true;
		last = &b->burst[b->n];
		last->packets = 0;
	}
	if (!last->packets)
		*last = (struct series_burst){.from_ms = at_ms, .to_ms = at_ms};
	last->packets++;
	last->bytes += p->len;
	last->to_ms = MAX_OF(last->to_ms, at_ms);
	return true;
}

/* --- all of them */

static bool nettisa_take(struct series *s, struct pool *pool, const struct series_packet *p)
{
	if (!s->nettisa) {
		if (!(s->nettisa = pool_take(pool, sizeof(*s->nettisa))))
			return false;
		nettisa_begin(s->nettisa, p->t_ns);
	}
	nettisa_see(s->nettisa, p->t_ns, p->len);
	return true;
}

static bool entropy_take(struct series *s, uint16_t most, struct pool *pool,
			 const struct series_packet *p)
{
	struct entropy **e = &s->entropy[p->dir];
	if (!*e && !(*e = take_zeroed(pool, sizeof(**e))))
		return false;
	entropy_see(*e, p->payload, most);
	return true;
}

bool series_see(struct series *s, const struct series_opts *o, struct pool *pool,
		const struct series_packet *p)
{
	bool ok = true, counts = p->len || o->empty;
	if (o->packets && counts)
		ok &= list_see(s, o, pool, p);
	if (o->histograms && counts)
		ok &= histogram_see(s, pool, p);
	if (o->bursts && p->len)
		ok &= bursts_see(s, pool, p);
	if (o->nettisa)
		ok &= nettisa_take(s, pool, p);
	if (o->entropy && rd_left(&p->payload))
		ok &= entropy_take(s, o->entropy, pool, p);
	return ok;
}

void series_clear(struct series *s, struct pool *pool)
{
	pool_give(pool, s->packets, sizeof(*s->packets));
	pool_give(pool, s->nettisa, sizeof(*s->nettisa));
	for (unsigned dir = 0; dir < 2; dir++) {
		pool_give(pool, s->histogram[dir], sizeof(*s->histogram[dir]));
		pool_give(pool, s->bursts[dir], sizeof(*s->bursts[dir]));
		pool_give(pool, s->entropy[dir], sizeof(*s->entropy[dir]));
	}
	*s = (struct series){0};
}

/* --- fields */

/* A list that is being written. */
struct list {
	struct batch *b;
	enum field f;
	uint32_t row;
};

static struct list open_list(struct batch *b, enum field f, unsigned dir, uint32_t row)
{
	struct list l = {b, dir ? (enum field)field_table[f].reverse : f, row};
	batch_use(b, l.f);
	batch_set_present(b, l.f, row);
	return l;
}

static void push(const struct list *l, uint32_t v)
{
	(void)batch_push_u32(l->b, l->f, l->row, v);
}

static void push_time(const struct list *l, uint64_t base_ms, int32_t at_ms, uint64_t t_first_ms)
{
	int64_t v = (int64_t)(base_ms - t_first_ms) + at_ms;
	push(l, v < 0 ? 0 : (uint32_t)MIN_OF((uint64_t)v, (uint64_t)UINT32_MAX));
}

static void put_packets(const struct series_list *s, struct batch *b, uint32_t row,
			uint64_t t_first_ms)
{
	struct list l = open_list(b, F_packet_lengths, 0, row);
	for (unsigned i = 0; i < s->n; i++)
		push(&l, s->len[i]);
	l = open_list(b, F_packet_times_ms, 0, row);
	for (unsigned i = 0; i < s->n; i++)
		push_time(&l, s->base_ms, s->at_ms[i], t_first_ms);
	l = open_list(b, F_packet_flags, 0, row);
	for (unsigned i = 0; i < s->n; i++)
		push(&l, s->flags[i]);
	l = open_list(b, F_packet_directions, 0, row);
	for (unsigned i = 0; i < s->n; i++)
		push(&l, s->backward >> i & 1);
}

static void put_histogram(const struct series_histogram *h, struct batch *b, unsigned dir,
			  uint32_t row)
{
	struct list l = open_list(b, F_histogram_lengths, dir, row);
	for (unsigned i = 0; i < SERIES_BINS; i++)
		push(&l, h->lengths[i]);
	l = open_list(b, F_histogram_gaps, dir, row);
	for (unsigned i = 0; i < SERIES_BINS; i++)
		push(&l, h->gaps[i]);
}

static void put_bursts(const struct series_bursts *s, struct batch *b, unsigned dir, uint32_t row,
		       uint64_t t_first_ms)
{
	unsigned n = s->n + is_burst(s);
	if (n == 0)
		return;
	struct list l = open_list(b, F_burst_packets, dir, row);
	for (unsigned i = 0; i < n; i++)
		push(&l, s->burst[i].packets);
	l = open_list(b, F_burst_bytes, dir, row);
	for (unsigned i = 0; i < n; i++)
		push(&l, s->burst[i].bytes);
	l = open_list(b, F_burst_first_ms, dir, row);
	for (unsigned i = 0; i < n; i++)
		push_time(&l, s->base_ms, s->burst[i].from_ms, t_first_ms);
	l = open_list(b, F_burst_last_ms, dir, row);
	for (unsigned i = 0; i < n; i++)
		push_time(&l, s->base_ms, s->burst[i].to_ms, t_first_ms);
}

void series_to_batch(const struct series *s, struct batch *b, uint32_t row, uint64_t t_first_ms)
{
	if (s->packets)
		put_packets(s->packets, b, row, t_first_ms);
	for (unsigned dir = 0; dir < 2; dir++) {
		if (s->histogram[dir])
			put_histogram(s->histogram[dir], b, dir, row);
		if (s->bursts[dir])
			put_bursts(s->bursts[dir], b, dir, row, t_first_ms);
		if (s->entropy[dir])
			batch_set_num(b, dir ? F_rev_payload_entropy : F_payload_entropy, row,
				      entropy_value(s->entropy[dir]));
	}
	if (s->nettisa)
		nettisa_to_batch(s->nettisa, b, row);
}
