/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/meter.h"

#include "base/hash.h"
#include "meter/meter_priv.h"
#include "net/crypto.h"
#include "packet/numbers.h"

#include <stdlib.h>
#include <string.h>

enum {
	NS_PER_MS = 1000000,
	NS_PER_S = 1000000000,
	/* Memory for struct flow_extra, of which not every flow has one, and for notes. */
	EXTRA_BYTES_PER_FLOW = 256,
	EXTRA_BYTES_MIN = 16 * 1024 * 1024,
};

/* So far back a packet may be and still be of now: packets of several queues. Time that goes back
 * further has been set, or begins anew in another file: all flows end. */
static const uint64_t back_ns = (uint64_t)60 * 1000 * NS_PER_MS;
/* Longer without a packet or a tick: the line paused. */
static const uint64_t pause_ns = (uint64_t)1000 * NS_PER_MS;

static void set_times(struct meter *m)
{
	const struct meter_opts *o = &m->o;
	uint64_t inactive = o->inactive_ms ? o->inactive_ms : METER_INACTIVE_MS;
	m->active_ns = (o->active_ms ? o->active_ms : METER_ACTIVE_MS) * NS_PER_MS;
	for (size_t i = 0; i < 256; i++)
		m->inactive_ns[i] = inactive * NS_PER_MS;
	if (o->tcp_ms)
		m->inactive_ns[PROTO_TCP] = o->tcp_ms * NS_PER_MS;
	if (o->udp_ms)
		m->inactive_ns[PROTO_UDP] = o->udp_ms * NS_PER_MS;
	if (o->icmp_ms)
		m->inactive_ns[PROTO_ICMP] = m->inactive_ns[PROTO_ICMP6] = o->icmp_ms * NS_PER_MS;
	m->linger_ns = MIN_OF((uint64_t)METER_LINGER_MS * NS_PER_MS, m->inactive_ns[PROTO_TCP]);
}

enum err meter_new(const struct meter_opts *opts, struct meter **ret)
{
	struct meter *m = calloc(1, sizeof(*m));
	size_t flows = opts->max_flows ? opts->max_flows : METER_FLOWS;
	if (!m)
		return ERR_NOMEM;
	flows = MIN_OF(MAX_OF(flows, (size_t)METER_FLOWS_MIN), (size_t)METER_FLOWS_MAX);
	m->max_flows = flows;
	m->o = *opts;
	m->out = batch_new(SHAPE_WIDE);
	if (!m->out || fragments_new(hash_seed(), &m->fragments) ||
	    cache_init(&m->cache, flows + flows / METER_SUMS_SHARE + METER_REST, opts->quality)) {
		meter_free(m);
		return ERR_NOMEM;
	}
	pool_init(&m->pool, MAX_OF(flows * EXTRA_BYTES_PER_FLOW, (size_t)EXTRA_BYTES_MIN));
	pool_init(&m->series_pool, METER_SERIES_BYTES);
	/* Its pages come with the flows. */
	if (series_wanted(&opts->series) &&
	    !(m->series = calloc(m->cache.max, sizeof(*m->series)))) {
		meter_free(m);
		return ERR_NOMEM;
	}
	if (opts->dissect &&
	    dissection_new(opts->dissect_bytes ? opts->dissect_bytes : (size_t)METER_DISSECT_BYTES,
			   opts->appid, &m->dissection)) {
		meter_free(m);
		return ERR_NOMEM;
	}
	if (opts->community_id && crypto_new(&m->crypto)) {
		meter_free(m);
		return ERR_NOMEM;
	}
	if (m->dissection)
		dissection_only(m->dissection, &opts->protocols);
	m->cache.tunnel_key = opts->tunnel_key;
	m->keys = (struct key_opts){
	    .vlan = opts->vlan_key, .tunnel = opts->tunnel_key, .seed = hash_seed()};
	set_times(m);
	*ret = m;
	return ERR_OK;
}

void meter_free(struct meter *m)
{
	if (!m)
		return;
	dissection_free(m->dissection);
	fragments_free(m->fragments);
	pool_fini(&m->pool);
	pool_fini(&m->series_pool);
	free(m->series);
	crypto_free(m->crypto);
	cache_fini(&m->cache);
	batch_free(m->out);
	free(m);
}

enum { LINE = 64 };
/* GCC takes a call of a function that only prefetches for nothing, and leaves it out. */
#define fetching static inline __attribute__((always_inline)) void

fetching fetch(const void *p, size_t n)
{
	for (size_t at = 0; at < n; at += LINE)
		__builtin_prefetch((const char *)p + at, 1);
}

/* Of the flow that is looked at next, if there is one. */
fetching fetch_flow(const struct cache *t, uint32_t i)
{
	if (i >= t->top)
		return;
	__builtin_prefetch(&t->flow[i], 1);
	__builtin_prefetch(&t->more[i]);
	__builtin_prefetch(&t->facts[i]);
	if (t->npm)
		fetch(&t->npm[i], sizeof(struct npm));
}

static void emit(struct meter *m)
{
	if (!m->out->n)
		return;
	batch_set_days(m->out, 0, !m->o.live);
	m->o.emit(m->o.ctx, m->out);
	batch_reset(m->out);
}

static void export(struct meter *m, uint32_t i, enum end_reason reason)
{
	const struct flow *f = &m->cache.flow[i];
	if (!(f->packets[0] | f->packets[1]))
		return; /* nothing since its last record */
	if (!batch_room(m->out))
		emit(m);
	speech_told(m, i);
	record_write(m, i, reason);
	stat_add(m->o.stats, ST_meter_exported, 1);
}

/* The flow leaves the cache; it is not on the wheel any more. */
static void drop(struct meter *m, uint32_t i)
{
	speech_drop(m, i);
	if (m->series)
		series_clear(&m->series[i], &m->series_pool);
	pool_give(&m->pool, m->cache.more[i].extra, sizeof(struct flow_extra));
	cache_remove(&m->cache, i);
}

void meter_end(struct meter *m, uint32_t i, enum end_reason reason)
{
	wheel_remove(&m->wheel, &m->cache, i);
	export(m, i, reason);
	drop(m, i);
}

static bool ended(const struct flow *f)
{
	return (f->state & FLOW_RST) ||
	       (f->state & (FLOW_FIN0 | FLOW_FIN1)) == (FLOW_FIN0 | FLOW_FIN1);
}

static uint64_t idle_at(const struct meter *m, const struct flow *f)
{
	return f->t_last_ns + (ended(f) ? m->linger_ns : m->inactive_ns[f->proto]);
}

static uint64_t due_at(const struct meter *m, uint32_t i)
{
	uint64_t idle = idle_at(m, &m->cache.flow[i]);
	uint64_t active = m->cache.more[i].t_first_ns + m->active_ns;
	return MIN_OF(idle, active);
}

/* A flow whose slot of the wheel is over. */
static void look_at(struct meter *m, uint32_t i)
{
	const struct flow *f = &m->cache.flow[i];
	if (idle_at(m, f) <= m->now_ns) {
		export(m, i, ended(f) ? END_DETECTED : END_IDLE);
		drop(m, i);
		return;
	}
	if (m->cache.more[i].t_first_ns + m->active_ns <= m->now_ns) {
		export(m, i, END_ACTIVE);
		flow_turn(m, i);
		m->cache.more[i].t_first_ns = m->now_ns;
	}
	wheel_put(&m->wheel, &m->cache, i, due_at(m, i));
}

/* Flows of several meters that run at once have different numbers; those of a file the same ones
 * every time. */
static uint64_t serial_base(const struct meter *m, uint64_t now_ns)
{
	uint64_t upper = now_ns / NS_PER_S;
	if (m->o.live)
		upper = hash64(&m, sizeof(m), hash_seed() ^ now_ns);
	return upper << 32;
}

static void pass_time(struct meter *m, uint64_t now_ns)
{
	if (unlikely(now_ns + back_ns < m->now_ns || !m->begun)) {
		if (m->begun)
			meter_flush(m);
		m->begun = true;
		wheel_init(&m->wheel, now_ns);
		m->serial_base = serial_base(m, now_ns);
		m->now_ns = now_ns;
	}
	if (now_ns <= m->now_ns)
		return;
	m->now_ns = now_ns;
	if (likely(now_ns >> WHEEL_SHIFT == m->wheel.to))
		return;
	wheel_turn(&m->wheel, now_ns);
	fragments_expire(m->fragments, now_ns, false);
	for (uint32_t i; (i = wheel_next(&m->wheel, &m->cache)) != FLOW_NONE;) {
		fetch_flow(&m->cache, m->wheel.slot[m->wheel.at % WHEEL_SLOTS]);
		look_at(m, i);
	}
}

/* Whether this packet belongs to a TCP connection that was seen to open and is still open. */
static bool is_open(const struct flow *f, const struct met *p)
{
	return (f->state & FLOW_SYN) && !ended(f) && !(p->p.tcp_flags & TCP_SYN);
}

/* Whether this packet begins another flow with the key of flow i. A connection that was silent for
 * longer than its time-out, while nothing else came that could have told the time, goes on. */
static bool is_another(const struct meter *m, uint32_t i, const struct met *p)
{
	const struct flow *f = &m->cache.flow[i];
	if (p->t_ns >= f->t_last_ns + m->inactive_ns[f->proto])
		return !is_open(f, p);
	/* A SYN after the end: the ports are used again, unless it is the same SYN. */
	return unlikely((p->p.tcp_flags & TCP_SYN_ACK) == TCP_SYN) &&
	       (f->state & (FLOW_RST | FLOW_FIN0 | FLOW_FIN1)) &&
	       !((f->state & FLOW_SYN) && m->cache.more[i].isn[0] == p->p.seq);
}

static uint32_t begin(struct meter *m, struct met *p)
{
	flood_hurry(m);
	bool full = m->cache.n >= m->max_flows;
	uint32_t i = FLOW_NONE;
	if (unlikely(full)) {
		flood_key(m, p);
		i = cache_find(&m->cache, &p->key);
		stat_add(m->o.stats, ST_meter_summed, 1);
	}
	if (i == FLOW_NONE) {
		i = cache_add(&m->cache, &p->key);
		flow_begin(m, i, p);
		m->cache.more[i].quiet = full;
		wheel_put(&m->wheel, &m->cache, i, due_at(m, i));
		stat_add(m->o.stats, ST_meter_flows, 1);
	}
	m->cache.more[i].summed += full;
	return i;
}

static void measure(struct meter *m, uint32_t i, const struct met *p, unsigned dir)
{
	const struct flow *f = &m->cache.flow[i];
	const struct peel *q = &p->p;
	bool syn = q->tcp_flags & TCP_SYN;
	/* Only differences of times are taken, and 0 is none. */
	const struct npm_packet n = {.t_ns = p->t_ns + 1,
				     .nth = f->packets[dir],
				     .tcp = f->proto == PROTO_TCP,
				     .dir = (uint8_t)dir,
				     .flags = (uint8_t)q->tcp_flags,
				     .scale = syn ? m->cache.facts[i].scale[dir] : 0,
				     .window = q->window,
				     .seq = q->seq,
				     .ack = q->ack,
				     .len = q->payload_wire};
	npm_see(&m->cache.room, &m->cache.npm[i], &n);
}

static void see_series(struct meter *m, uint32_t i, const struct met *p, unsigned dir)
{
	const struct series_packet q = {.t_ns = p->t_ns,
					.len = p->p.payload_wire,
					.flags = (uint8_t)p->p.tcp_flags,
					.dir = (uint8_t)dir,
					.payload = p->p.payload};
	if (m->cache.more[i].summed)
		return;
	if (!series_see(&m->series[i], &m->o.series, &m->series_pool, &q))
		stat_add(m->o.stats, ST_meter_series_full, 1);
}

static void take(struct meter *m, struct met *p)
{
	uint32_t i = cache_find(&m->cache, &p->key);
	if (i != FLOW_NONE && unlikely(is_another(m, i, p))) {
		const struct flow *f = &m->cache.flow[i];
		bool detected = (f->state & (FLOW_RST | FLOW_FIN0 | FLOW_FIN1)) != 0;
		meter_end(m, i, detected ? END_DETECTED : END_IDLE);
		i = FLOW_NONE;
	}
	if (i == FLOW_NONE)
		i = begin(m, p);
	struct flow *f = &m->cache.flow[i];
	struct flow_more *more = &m->cache.more[i];
	if (unlikely(p->t_ns >= more->t_first_ns + m->active_ns) &&
	    (f->packets[0] | f->packets[1])) {
		export(m, i, END_ACTIVE);
		flow_turn(m, i);
	}
	if (unlikely(!(f->packets[0] | f->packets[1])))
		more->t_first_ns = p->t_ns;
	unsigned dir = p->key.upper != ((f->state & FLOW_UPPER_FIRST) != 0);
	bool was_ended = ended(f);
	flow_add(m, i, p, dir);
	if (m->cache.npm)
		measure(m, i, p, dir);
	if (unlikely(m->series != NULL))
		see_series(m, i, p, dir);
	if (m->dissection && !more->quiet)
		speech_hear(m, i, p, dir);
	if (unlikely(!was_ended && ended(f))) {
		wheel_remove(&m->wheel, &m->cache, i);
		wheel_put(&m->wheel, &m->cache, i, due_at(m, i));
	}
}

/* The packet that ends a pause of the line is taken before what ran out during the pause. A live
 * line has no pauses: it is told the time (meter_tick). */
static void take_in_time(struct meter *m, struct met *p)
{
	bool paused = m->begun && p->t_ns > m->now_ns + pause_ns;
	if (likely(!paused))
		pass_time(m, p->t_ns);
	take(m, p);
	if (unlikely(paused))
		pass_time(m, p->t_ns);
}

/* Flow sampling: by the hash, which is the same for both directions and all time. */
static bool left_out(const struct meter *m, const struct met *p)
{
	return (uint64_t)p->key.hash * m->o.sample_flows >> 32 != 0;
}

/* Fragments that have waited long enough, for their first one or for nothing. */
static void take_fragments(struct meter *m)
{
	bool found;
	for (const struct met *p; (p = fragments_next(m->fragments, &found));) {
		struct met copy = *p;
		stat_add(m->o.stats, found ? ST_meter_fragments_waited : ST_meter_fragments_lost,
			 1);
		key_of(&copy.key, &copy.p, &m->keys);
		if (m->o.sample_flows > 1 && left_out(m, &copy)) {
			stat_add(m->o.stats, ST_unmetered_sampled, 1);
			continue;
		}
		take(m, &copy);
		stat_add(m->o.stats, ST_meter_packets, 1);
		stat_add(m->o.stats, ST_meter_bytes, copy.p.len);
	}
}

struct burst_counts {
	uint64_t fragments, transport, sampled, broken[LAYER_MAX];
};

/* Whether the frame goes into a flow now; then it is in *p, with its key. */
static bool read_frame(struct meter *m, const struct frame *f, struct met *p,
		       struct burst_counts *c)
{
	if (unlikely(m->o.sample_packets > 1) && ++m->sampled < m->o.sample_packets) {
		c->sampled++;
		return false;
	}
	m->sampled = 0;
	if (unlikely(peel(f, &p->p) == PEEL_BROKEN)) {
		c->broken[p->p.broken]++;
		return false;
	}
	p->t_ns = f->t_ns < 0 ? 0 : (uint64_t)f->t_ns;
	p->in_if = f->if_index;
	if (unlikely(p->p.has & (PEEL_BAD_TRANSPORT | PEEL_FRAGMENT))) {
		c->transport += (p->p.has & PEEL_BAD_TRANSPORT) != 0;
		c->fragments += (p->p.has & PEEL_FRAGMENT) != 0;
		pass_time(m, p->t_ns);
		if ((p->p.has & PEEL_FRAGMENT) && !fragments_see(m->fragments, p))
			return false;
	}
	key_of(&p->key, &p->p, &m->keys);
	if (unlikely(m->o.sample_flows > 1) && left_out(m, p)) {
		c->sampled++;
		return false;
	}
	return true;
}

/* The parts that are found through others, once these have come. */
fetching fetch_parts(const struct meter *m, size_t k)
{
	const struct cache *t = &m->cache;
	for (size_t j = 0; j < k; j++) {
		uint32_t i = *cache_bucket(t, m->burst[j].key.hash);
		if (!i--)
			continue;
		if (t->npm && t->npm[i].pace)
			fetch(slots_at(&t->room.pace, t->npm[i].pace), NPM_PACE_BYTES);
		if (!t->more[i].quiet)
			__builtin_prefetch(t->more[i].speech, 1);
	}
}

/* The talks of those that are still being listened to: what they need of each packet. */
fetching fetch_talks(const struct meter *m, size_t k)
{
	enum { TALK_BYTES = 4 * LINE };
	for (size_t j = 0; j < k; j++) {
		uint32_t i = *cache_bucket(&m->cache, m->burst[j].key.hash);
		const struct flow_more *more = &m->cache.more[i ? i - 1 : 0];
		if (i && !more->quiet && more->speech && more->speech->talk)
			fetch(more->speech->talk, TALK_BYTES);
	}
}

/* Looks at a burst: keys, then their chains, then their flows, so that memory is fetched for all
 * while the first are worked on. */
static void burst(struct meter *m, const struct frame *frames, size_t n)
{
	struct burst_counts c = {0};
	uint64_t bytes = 0;
	size_t k = 0;
	for (size_t j = 0; j < n; j++) {
		struct met *p = &m->burst[k];
		if (unlikely(!read_frame(m, &frames[j], p, &c)))
			continue;
		__builtin_prefetch(cache_bucket(&m->cache, p->key.hash));
		k++;
	}
	for (size_t j = 0; j < k; j++) {
		uint32_t i = *cache_bucket(&m->cache, m->burst[j].key.hash);
		if (!i)
			continue;
		__builtin_prefetch(&m->cache.flow[i - 1], 1);
		__builtin_prefetch(&m->cache.more[i - 1], 1);
		if (m->cache.npm)
			fetch(&m->cache.npm[i - 1], sizeof(struct npm));
	}
	fetch_parts(m, k);
	if (m->dissection)
		fetch_talks(m, k);
	for (size_t j = 0; j < k; j++) {
		take_in_time(m, &m->burst[j]);
		bytes += m->burst[j].p.len;
	}
	if (unlikely(c.fragments))
		take_fragments(m);
	stat_add(m->o.stats, ST_meter_packets, k);
	stat_add(m->o.stats, ST_meter_bytes, bytes);
	stat_set(m->o.stats, ST_meter_live, m->cache.n);
	stat_add(m->o.stats, ST_unmetered_sampled, c.sampled);
	stat_add(m->o.stats, ST_meter_fragments, c.fragments);
	stat_add(m->o.stats, ST_meter_bad_transport, c.transport);
	stat_add(m->o.stats, ST_unmetered_link, c.broken[LAYER_LINK]);
	stat_add(m->o.stats, ST_unmetered_ip, c.broken[LAYER_IP]);
}

void meter_frames(struct meter *m, const struct frame *frames, size_t n)
{
	for (size_t at = 0; at < n; at += METER_BURST)
		burst(m, frames + at, MIN_OF(n - at, (size_t)METER_BURST));
}

void meter_tick(struct meter *m, int64_t now_ns)
{
	pass_time(m, (uint64_t)now_ns);
	take_fragments(m);
	emit(m);
}

void meter_flush(struct meter *m)
{
	fragments_expire(m->fragments, 0, true);
	take_fragments(m);
	/* Every flow in use is on the wheel. */
	for (size_t s = 0; m->cache.n && s < WHEEL_SLOTS; s++)
		for (uint32_t i; (i = m->wheel.slot[s]) != FLOW_NONE;) {
			fetch_flow(&m->cache, m->cache.flow[i].timer_next);
			meter_end(m, i, END_FORCED);
		}
	emit(m);
}

size_t meter_flows(const struct meter *m)
{
	return m->cache.n;
}
