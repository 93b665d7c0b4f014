/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/meter_priv.h"
#include "packet/numbers.h"

static struct ip end_of(const struct meter *m, uint32_t i, unsigned upper)
{
	const struct flow *f = &m->cache.flow[i];
	struct ip a = {{0}};
	uint8_t four[4];
	switch ((enum flow_kind)(f->state & FLOW_KIND_MASK)) {
	case FLOW_IP4:
		memcpy(four, &f->ip4[upper], 4);
		return ip_from_v4(four);
	case FLOW_IP6:
		memcpy(a.b, m->cache.wide[i].addr[upper], 16);
		break;
	case FLOW_ETHER:
		break;
	}
	return a;
}

static struct talk_ends ends_of(const struct meter *m, uint32_t i, const struct met *p)
{
	const struct flow *f = &m->cache.flow[i];
	unsigned first = (f->state & FLOW_UPPER_FIRST) != 0;
	bool ether = (f->state & FLOW_KIND_MASK) == FLOW_ETHER;
	return (struct talk_ends){.src = end_of(m, i, first),
				  .dst = end_of(m, i, !first),
				  .src_port = ether ? 0 : f->port[first],
				  .dst_port = ether ? 0 : f->port[!first],
				  .ethertype = ether ? f->port[0] : 0,
				  .proto = f->proto,
				  .ip_version = p->p.version};
}

/* The handshake came before there was anything to be read. */
static void tell_handshake(struct meter *m, uint32_t i, struct speech *s, const struct met *p)
{
	const struct flow *f = &m->cache.flow[i];
	for (uint8_t dir = 0; dir < 2; dir++) {
		if (!(f->state & (dir ? FLOW_SYN_ACK : FLOW_SYN)))
			continue;
		const struct talk_segment syn = {.payload = rd_of(p->p.payload.p, 0),
						 .seq = m->cache.more[i].isn[dir],
						 .dir = dir,
						 .syn = true,
						 .t_ns = p->t_ns};
		(void)talk_see(m->dissection, s->talk, &s->notes, &syn);
	}
}

static struct speech *speech_begin(struct meter *m, uint32_t i, const struct met *p)
{
	struct speech *s = pool_take(&m->pool, sizeof(*s));
	if (!s)
		return NULL;
	const struct talk_ends ends = ends_of(m, i, p);
	*s = (struct speech){.talk = talk_new(m->dissection, &ends), .notes = notes_of(&m->pool)};
	if (!s->talk) {
		pool_give(&m->pool, s, sizeof(*s));
		return NULL;
	}
	m->cache.more[i].speech = s;
	if (p->p.proto == PROTO_TCP && p->p.version && !(p->p.tcp_flags & TCP_SYN))
		tell_handshake(m, i, s, p);
	return s;
}

static void speech_end(struct meter *m, uint32_t i, uint64_t t_ns)
{
	struct speech *s = m->cache.more[i].speech;
	talk_end(m->dissection, s->talk, &s->notes, t_ns);
	talk_free(m->dissection, s->talk);
	s->talk = NULL;
}

void speech_hear(struct meter *m, uint32_t i, const struct met *p, unsigned dir)
{
	struct flow_more *more = &m->cache.more[i];
	struct speech *s = more->speech;
	const struct peel *q = &p->p;
	bool tcp = q->has & PEEL_HAS_TCP;
	bool fin = tcp && (q->tcp_flags & (TCP_FIN | TCP_RST));
	if (q->has & PEEL_LATER_FRAGMENT)
		return;
	if (!q->payload_wire && !(s && fin))
		return;
	if (!s && !(s = speech_begin(m, i, p))) {
		more->quiet = 1;
		return;
	}
	const struct talk_segment segment = {
	    .payload = q->payload,
	    .wire_len = q->payload_wire,
	    .seq = q->seq,
	    .dir = (uint8_t)dir,
	    .syn = tcp && (q->tcp_flags & TCP_SYN),
	    .fin = fin,
	    .t_ns = p->t_ns,
	    .ip_packet = q->ip ? rd_of(q->ip, (size_t)(q->payload.end - q->ip)) : rd_of("", 0)};
	if (talk_see(m->dissection, s->talk, &s->notes, &segment))
		return;
	more->quiet = 1;
	speech_end(m, i, p->t_ns);
}

void speech_told(struct meter *m, uint32_t i)
{
	struct speech *s = m->cache.more[i].speech;
	if (s && s->talk)
		talk_end(m->dissection, s->talk, &s->notes, m->now_ns);
}

void speech_drop(struct meter *m, uint32_t i)
{
	struct speech *s = m->cache.more[i].speech;
	if (!s)
		return;
	if (s->talk)
		talk_free(m->dissection, s->talk);
	notes_clear(&s->notes);
	pool_give(&m->pool, s, sizeof(*s));
	m->cache.more[i].speech = NULL;
}
