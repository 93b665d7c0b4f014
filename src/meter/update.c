/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/meter_priv.h"
#include "meter/os.h"
#include "packet/numbers.h"

#include <string.h>

enum { OPT_END = 0, OPT_NOP = 1, OPT_MSS = 2, OPT_SCALE = 3 };

/* The initiator: who sent the SYN, or did not send the SYN-ACK, else the first. */
static bool by_initiator(const struct peel *p)
{
	return (p->tcp_flags & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK);
}

void flow_begin(struct meter *m, uint32_t i, const struct met *p)
{
	struct flow *f = &m->cache.flow[i];
	struct flow_facts *facts = &m->cache.facts[i];
	if (by_initiator(&p->p) == p->key.upper)
		f->state |= FLOW_UPPER_FIRST;
	facts->serial = ++m->serial;
	facts->in_if = p->in_if;
	facts->ethertype = p->p.ethertype;
	if (p->p.macs) {
		bool turned = !by_initiator(&p->p);
		memcpy(facts->mac, p->p.macs + (turned ? 0 : 6), 6);
		memcpy(facts->mac + 6, p->p.macs + (turned ? 6 : 0), 6);
		facts->has |= FACT_MAC;
	}
	if (p->p.n_vlans) {
		facts->vlan[0] = p->p.vlan[0];
		facts->has |= FACT_VLAN;
	}
	if (p->p.n_vlans > 1) {
		facts->vlan[1] = p->p.vlan[1];
		facts->has |= FACT_VLAN_INNER;
	}
	f->t_last_ns = p->t_ns;
	m->cache.more[i].t_first_ns = p->t_ns;
}

static uint32_t option_bit(unsigned kind)
{
	enum { OPT_FAST_OPEN = 34, BIT_FAST_OPEN = 31 };
	return kind < BIT_FAST_OPEN    ? (uint32_t)1 << kind
	       : kind == OPT_FAST_OPEN ? (uint32_t)1 << BIT_FAST_OPEN
				       : 0;
}

static void syn_option(struct flow_facts *facts, unsigned dir, const uint8_t *b)
{
	if (b[0] == OPT_MSS && b[1] == 4)
		facts->mss[dir] = load_be16(b + 2);
	else if (b[0] == OPT_SCALE && b[1] == 3)
		facts->scale[dir] = (uint8_t)(MIN_OF(b[2], 14) + 1);
}

static uint32_t tcp_options(const struct peel *p, struct flow_facts *syn, unsigned dir)
{
	/* Nearly all segments with options have only time stamps. */
	enum { TIMES = 0x0101080a };
	const uint8_t *b = p->options;
	size_t n = p->options_n;
	if (n == 12 && load_be32(b) == TIMES)
		return option_bit(1) | option_bit(8);
	uint32_t seen = 0;
	for (size_t i = 0; i < n;) {
		seen |= option_bit(b[i]);
		if (b[i] == OPT_END)
			break;
		if (b[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= n || b[i + 1] < 2 || b[i + 1] > n - i)
			break;
		if (syn)
			syn_option(syn, dir, b + i);
		i += b[i + 1];
	}
	return seen;
}

static void add_tcp(struct meter *m, uint32_t i, const struct peel *p, unsigned dir)
{
	struct flow *f = &m->cache.flow[i];
	struct flow_more *more = &m->cache.more[i];
	struct flow_facts *facts = &m->cache.facts[i];
	bool syn = p->tcp_flags & TCP_SYN;
	more->tcp_flags[dir] |= p->tcp_flags;
	if (p->options_n)
		more->tcp_options[dir] |= tcp_options(p, syn ? facts : NULL, dir);
	if (likely(!(p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST))))
		return;
	if (syn) {
		bool reply = p->tcp_flags & TCP_ACK;
		facts->has |= dir ? FACT_SYN1 : FACT_SYN0;
		if (m->o.os && !facts->os[dir])
			facts->os[dir] = os_of_segment(p);
		more->isn[dir] = p->seq;
		f->state |= dir ? FLOW_SYN_ACK : FLOW_SYN;
		if (!dir && !reply) {
			facts->syn_size = (uint16_t)MIN_OF(p->len, UINT16_MAX);
			facts->syn_ttl = p->ttl;
		}
	}
	if (p->tcp_flags & TCP_FIN)
		f->state |= dir ? FLOW_FIN1 : FLOW_FIN0;
	if (p->tcp_flags & TCP_RST)
		f->state |= FLOW_RST;
}

/* What the first packet of a direction says. */
static void first_of(struct flow_more *more, struct flow_facts *facts, const struct peel *p,
		     unsigned dir)
{
	facts->ttl[dir] = more->min_ttl[dir] = more->max_ttl[dir] = p->ttl;
	facts->tos[dir] = p->tos;
	facts->flow_label[dir] = p->flow_label;
	facts->window[dir] = p->window;
	more->min_len[dir] = UINT16_MAX;
	if (p->has & PEEL_HAS_ICMP) {
		facts->icmp_type[dir] = p->icmp_type;
		facts->icmp_code[dir] = p->icmp_code;
		facts->has |= dir ? FACT_ICMP1 : FACT_ICMP0;
	}
}

static struct flow_extra *extra_of(struct meter *m, uint32_t i)
{
	struct flow_more *more = &m->cache.more[i];
	if (!more->extra) {
		more->extra = pool_take(&m->pool, sizeof(*more->extra));
		if (!more->extra)
			return NULL;
		memset(more->extra, 0, sizeof(*more->extra));
	}
	return more->extra;
}

static struct ip ip_of(const uint8_t *p, uint8_t version)
{
	struct ip a;
	if (version == 4)
		return ip_from_v4(p);
	memcpy(a.b, p, sizeof(a.b));
	return a;
}

/* Tunnels, labels, fragments. */
static void add_extra(struct meter *m, uint32_t i, const struct peel *p, unsigned dir)
{
	struct flow_extra *x = extra_of(m, i);
	if (!x)
		return;
	if (p->has & PEEL_FRAGMENT)
		x->fragments[dir]++;
	if (p->n_labels && !x->n_labels[dir]) {
		x->n_labels[dir] = p->n_labels;
		memcpy(x->label[dir], p->label, p->n_labels * sizeof(p->label[0]));
	}
	if (!p->n_tunnels)
		return;
	x->outer_bytes[dir] += p->outer_len;
	if (x->tunnel)
		return;
	x->tunnel = p->tunnel;
	x->tunnel_proto = p->tunnel_proto;
	x->tunnel_id = p->tunnel_id;
	x->has_id = (p->has & PEEL_HAS_TUNNEL_ID) != 0;
	struct ip ends[2] = {ip_of(p->tunnel_src, p->tunnel_version),
			     ip_of(p->tunnel_dst, p->tunnel_version)};
	x->tunnel_src = ends[dir];
	x->tunnel_dst = ends[!dir];
}

void flow_add(struct meter *m, uint32_t i, const struct met *p, unsigned dir)
{
	struct flow *f = &m->cache.flow[i];
	struct flow_more *more = &m->cache.more[i];
	const struct peel *q = &p->p;
	if (unlikely(!f->packets[dir]))
		first_of(more, &m->cache.facts[i], q, dir);
	f->bytes[dir] += q->len;
	f->packets[dir]++;
	if (p->t_ns > f->t_last_ns)
		f->t_last_ns = p->t_ns;
	else if (unlikely(p->t_ns < more->t_first_ns))
		more->t_first_ns = p->t_ns;
	uint16_t len = (uint16_t)MIN_OF(q->len, UINT16_MAX);
	if (len < more->min_len[dir])
		more->min_len[dir] = len;
	if (len > more->max_len[dir])
		more->max_len[dir] = len;
	if (q->ttl < more->min_ttl[dir])
		more->min_ttl[dir] = q->ttl;
	if (q->ttl > more->max_ttl[dir])
		more->max_ttl[dir] = q->ttl;
	more->ip_flags[dir] |= q->ip_flags;
	if (q->has & PEEL_HAS_TCP)
		add_tcp(m, i, q, dir);
	if (unlikely(q->ext_headers))
		m->cache.facts[i].ext_headers[dir] |= q->ext_headers;
	if (unlikely(q->n_tunnels | q->n_labels | (q->has & PEEL_FRAGMENT)))
		add_extra(m, i, q, dir);
}

void flow_turn(struct meter *m, uint32_t i)
{
	struct flow *f = &m->cache.flow[i];
	struct flow_more *more = &m->cache.more[i];
	for (unsigned dir = 0; dir < 2; dir++) {
		f->packets[dir] = 0;
		f->bytes[dir] = 0;
		more->tcp_options[dir] = 0;
		more->tcp_flags[dir] = 0;
		more->max_len[dir] = 0;
		more->ip_flags[dir] = 0;
		if (more->extra)
			more->extra->outer_bytes[dir] = more->extra->fragments[dir] = 0;
	}
	if (m->cache.npm)
		npm_go_on(&m->cache.room, &m->cache.npm[i]);
	if (more->speech)
		notes_go_on(&more->speech->notes);
	if (m->series)
		series_clear(&m->series[i], &m->series_pool);
}
