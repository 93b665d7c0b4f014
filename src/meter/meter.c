/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/meter.h"

#include "base/hash.h"
#include "meter/meter_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
	NS_PER_MS = 1000000,
	NS_PER_S = 1000000000,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMP6 = 58,
	/* Memory for struct flow_extra, of which not every flow has one, and for notes. */
	EXTRA_BYTES_PER_FLOW = 256,
	EXTRA_BYTES_MIN = 16 * 1024 * 1024,
	TCP_SYN_ACK = 0x12,
	TCP_SYN = 2,
};

/* So far back a packet may be and still be of now: packets of several queues. Time that goes back
 * further has been set, or begins anew in another file: all flows end. */
static const uint64_t back_ns = (uint64_t)60 * 1000 * NS_PER_MS;

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
	m->o = *opts;
	m->out = batch_new(SHAPE_WIDE);
	if (!m->out || cache_init(&m->cache, flows)) {
		meter_free(m);
		return ERR_NOMEM;
	}
	pool_init(&m->pool, MAX_OF(flows * EXTRA_BYTES_PER_FLOW, (size_t)EXTRA_BYTES_MIN));
	if (opts->dissect &&
	    dissection_new(opts->dissect_bytes ? opts->dissect_bytes : (size_t)METER_DISSECT_BYTES,
			   &m->dissection)) {
		meter_free(m);
		return ERR_NOMEM;
	}
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
	pool_fini(&m->pool);
	cache_fini(&m->cache);
	batch_free(m->out);
	free(m);
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
	pool_give(&m->pool, m->cache.more[i].extra, sizeof(struct flow_extra));
	cache_remove(&m->cache, i);
}

static void end(struct meter *m, uint32_t i, enum end_reason reason)
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

static void pass_time(struct meter *m, uint64_t now_ns)
{
	if (unlikely(now_ns + back_ns < m->now_ns) || !m->now_ns) {
		meter_flush(m);
		wheel_init(&m->wheel, now_ns);
		m->serial_base = now_ns / NS_PER_S << 32;
		m->now_ns = now_ns;
	}
	if (now_ns <= m->now_ns)
		return;
	m->now_ns = now_ns;
	if (likely(now_ns >> WHEEL_SHIFT == m->wheel.to))
		return;
	wheel_turn(&m->wheel, now_ns);
	for (uint32_t i; (i = wheel_next(&m->wheel, &m->cache)) != FLOW_NONE;)
		look_at(m, i);
}

/* Whether this packet begins another flow with the key of flow i. */
static bool is_another(const struct meter *m, uint32_t i, const struct met *p)
{
	const struct flow *f = &m->cache.flow[i];
	if (p->t_ns >= f->t_last_ns + m->inactive_ns[f->proto])
		return true;
	/* A SYN after the end: the ports are used again, unless it is the same SYN. */
	return unlikely((p->p.tcp_flags & TCP_SYN_ACK) == TCP_SYN) &&
	       (f->state & (FLOW_RST | FLOW_FIN0 | FLOW_FIN1)) &&
	       !((f->state & FLOW_SYN) && m->cache.more[i].isn[0] == p->p.seq);
}

static uint32_t begin(struct meter *m, const struct met *p)
{
	uint32_t i = cache_add(&m->cache, &p->key);
	if (i == FLOW_NONE)
		return i;
	flow_begin(m, i, p);
	wheel_put(&m->wheel, &m->cache, i, due_at(m, i));
	stat_add(m->o.stats, ST_meter_flows, 1);
	return i;
}

static void take(struct meter *m, const struct met *p)
{
	uint32_t i = cache_find(&m->cache, &p->key);
	if (i != FLOW_NONE && unlikely(is_another(m, i, p))) {
		const struct flow *f = &m->cache.flow[i];
		bool detected = (f->state & (FLOW_RST | FLOW_FIN0 | FLOW_FIN1)) != 0;
		end(m, i, detected ? END_DETECTED : END_IDLE);
		i = FLOW_NONE;
	}
	if (i == FLOW_NONE) {
		i = begin(m, p);
		if (i == FLOW_NONE)
			return;
	}
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
	if (m->dissection && !more->quiet)
		speech_hear(m, i, p, dir);
	if (unlikely(!was_ended && ended(f))) {
		wheel_remove(&m->wheel, &m->cache, i);
		wheel_put(&m->wheel, &m->cache, i, due_at(m, i));
	}
}

/* Looks at a burst: keys, then their chains, then their flows, so that memory is fetched for all
 * while the first are worked on. */
static void burst(struct meter *m, const struct frame *frames, size_t n)
{
	uint64_t packets = 0, bytes = 0, broken[LAYER_MAX] = {0};
	size_t k = 0;
	for (size_t j = 0; j < n; j++) {
		struct met *p = &m->burst[k];
		p->kind = peel(&frames[j], &p->p);
		if (unlikely(p->kind == PEEL_BROKEN)) {
			broken[p->p.broken]++;
			continue;
		}
		p->t_ns = (uint64_t)frames[j].t_ns;
		p->wire_n = (uint32_t)frames[j].wire_n;
		p->in_if = frames[j].if_index;
		packets++;
		bytes += p->p.len;
		key_of(&p->key, &p->p, &m->keys);
		__builtin_prefetch(cache_bucket(&m->cache, p->key.hash));
		k++;
	}
	for (size_t j = 0; j < k; j++) {
		uint32_t i = *cache_bucket(&m->cache, m->burst[j].key.hash);
		if (!i)
			continue;
		__builtin_prefetch(&m->cache.flow[i - 1], 1);
		__builtin_prefetch(&m->cache.more[i - 1], 1);
	}
	for (size_t j = 0; j < k; j++) {
		pass_time(m, m->burst[j].t_ns);
		take(m, &m->burst[j]);
	}
	stat_add(m->o.stats, ST_meter_packets, packets);
	stat_add(m->o.stats, ST_meter_bytes, bytes);
	stat_add(m->o.stats, ST_unmetered_link, broken[LAYER_LINK]);
	stat_add(m->o.stats, ST_unmetered_ip, broken[LAYER_IP]);
}

void meter_frames(struct meter *m, const struct frame *frames, size_t n)
{
	for (size_t at = 0; at < n; at += METER_BURST)
		burst(m, frames + at, MIN_OF(n - at, (size_t)METER_BURST));
}

void meter_tick(struct meter *m, int64_t now_ns)
{
	pass_time(m, (uint64_t)now_ns);
	emit(m);
}

void meter_flush(struct meter *m)
{
	/* Every flow in use is on the wheel. */
	for (size_t s = 0; m->cache.n && s < WHEEL_SLOTS; s++)
		while (m->wheel.slot[s] != FLOW_NONE)
			end(m, m->wheel.slot[s], END_FORCED);
	emit(m);
}

size_t meter_flows(const struct meter *m)
{
	return m->cache.n;
}
