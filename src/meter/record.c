/* SPDX-License-Identifier: Apache-2.0 */
/* A flow as a row of a batch. What is not known is left out; a direction without packets has only
 * its two counters, zero. */
#include "meter/community.h"
#include "meter/meter_priv.h"
#include "meter/os.h"
#include "packet/numbers.h"
#include "packet/peel.h"

enum { NS_PER_MS = 1000000 };

struct row {
	struct batch *b;
	uint32_t at;
};

/* The field, or its reverse twin. */
static enum field way(enum field f, unsigned dir)
{
	return dir ? (enum field)field_table[f].reverse : f;
}

static void put(const struct row *r, enum field f, uint64_t v)
{
	batch_set_num(r->b, f, r->at, v);
}

static void put_text(const struct row *r, enum field f, const char *s)
{
	batch_use(r->b, f);
	if (batch_put_str(r->b, f, r->at, s, strlen(s)))
		batch_set_present(r->b, f, r->at);
}

static void put_end(const struct meter *m, uint32_t i, const struct row *r, unsigned side)
{
	const struct flow *f = &m->cache.flow[i];
	unsigned upper = ((f->state & FLOW_UPPER_FIRST) != 0) ^ side;
	enum field addr = side ? F_dst_ip : F_src_ip;
	uint8_t four[4];
	struct ip a;
	switch ((enum flow_kind)(f->state & FLOW_KIND_MASK)) {
	case FLOW_ETHER: /* its ends are MAC addresses */
		put(r, side ? F_dst_mac : F_src_mac, load_be(m->cache.wide[i].addr[upper], 6));
		return;
	case FLOW_IP4:
		memcpy(four, &f->ip4[upper], 4);
		a = ip_from_v4(four);
		break;
	case FLOW_IP6:
		memcpy(a.b, m->cache.wide[i].addr[upper], 16);
		break;
	}
	batch_set_ip(r->b, addr, r->at, &a);
	put(r, side ? F_dst_port : F_src_port, f->port[upper]);
}

static void put_link(const struct meter *m, uint32_t i, const struct row *r)
{
	const struct flow *f = &m->cache.flow[i];
	const struct flow_facts *facts = &m->cache.facts[i];
	bool ether = (f->state & FLOW_KIND_MASK) == FLOW_ETHER;
	if (ether)
		put(r, F_ethertype, f->port[0]);
	else if (facts->ethertype)
		put(r, F_ethertype, facts->ethertype);
	if (!ether && (facts->has & FACT_MAC)) {
		put(r, F_src_mac, load_be(facts->mac, 6));
		put(r, F_dst_mac, load_be(facts->mac + 6, 6));
	}
	if (facts->has & FACT_VLAN)
		put(r, F_vlan, facts->vlan[0]);
	if (facts->has & FACT_VLAN_INNER)
		put(r, F_vlan_customer, facts->vlan[1]);
	if (facts->in_if)
		put(r, F_in_if, facts->in_if);
}

/* The bits of IPFIX element 209: in each octet the lower kind stands on the left. */
static uint64_t tcp_option_bits(uint32_t seen)
{
	enum { OPT_FAST_OPEN = 34, BIT_FAST_OPEN = 31 };
	uint64_t bits = 0;
	for (; seen; seen &= seen - 1) {
		unsigned kind = (unsigned)__builtin_ctz(seen);
		if (kind == BIT_FAST_OPEN)
			kind = OPT_FAST_OPEN;
		bits |= (uint64_t)1 << ((kind & ~7u) + 7 - (kind & 7));
	}
	return bits;
}

static void put_tcp(const struct meter *m, uint32_t i, const struct row *r, unsigned dir)
{
	const struct flow_more *more = &m->cache.more[i];
	const struct flow_facts *facts = &m->cache.facts[i];
	put(r, way(F_tcp_flags, dir), more->tcp_flags[dir]);
	put(r, way(F_tcp_options, dir), tcp_option_bits(more->tcp_options[dir]));
	put(r, way(F_tcp_window, dir), facts->window[dir]);
	if (facts->mss[dir])
		put(r, way(F_tcp_mss, dir), facts->mss[dir]);
	if (facts->scale[dir])
		put(r, way(F_tcp_window_scale, dir), facts->scale[dir] - 1u);
	if (!dir && facts->syn_size) {
		put(r, F_tcp_syn_size, facts->syn_size);
		put(r, F_tcp_syn_ttl, facts->syn_ttl);
	}
}

/* What the system says of itself goes before what its packets look like. */
static void put_system(const struct meter *m, uint32_t i, const struct row *r, unsigned dir)
{
	const struct speech *speech = m->cache.more[i].speech;
	uint8_t os = m->cache.facts[i].os[dir];
	if (!os || (speech && notes_has(&speech->notes, way(F_os_name, dir))))
		return;
	put_text(r, way(F_os_name, dir), os_name(os));
	if (*os_version(os))
		put_text(r, way(F_os_version, dir), os_version(os));
}

static void put_way(const struct meter *m, uint32_t i, const struct row *r, unsigned dir)
{
	const struct flow *f = &m->cache.flow[i];
	const struct flow_more *more = &m->cache.more[i];
	const struct flow_facts *facts = &m->cache.facts[i];
	unsigned kind = f->state & FLOW_KIND_MASK;
	put(r, way(F_bytes, dir), f->bytes[dir]);
	put(r, way(F_packets, dir), f->packets[dir]);
	if (!f->packets[dir])
		return;
	put(r, way(F_min_ip_len, dir), more->min_len[dir]);
	put(r, way(F_max_ip_len, dir), more->max_len[dir]);
	if (kind == FLOW_ETHER)
		return;
	put(r, way(F_tos, dir), facts->tos[dir]);
	put(r, way(F_ip_ttl, dir), facts->ttl[dir]);
	put(r, way(F_min_ttl, dir), more->min_ttl[dir]);
	put(r, way(F_max_ttl, dir), more->max_ttl[dir]);
	put(r, way(F_ip_frag_flags, dir), more->ip_flags[dir]);
	if (kind == FLOW_IP6)
		put(r, way(F_flow_label, dir), facts->flow_label[dir]);
	if (facts->ext_headers[dir])
		put(r, way(kind == FLOW_IP6 ? F_ip6_headers : F_ip4_options, dir),
		    facts->ext_headers[dir]);
	if (facts->has & (dir ? FACT_ICMP1 : FACT_ICMP0)) {
		put(r, way(F_icmp_type, dir), facts->icmp_type[dir]);
		put(r, way(F_icmp_code, dir), facts->icmp_code[dir]);
	}
	if (f->proto == PROTO_TCP) {
		put_tcp(m, i, r, dir);
		put_system(m, i, r, dir);
	}
}

static void put_extra(const struct flow_extra *x, const struct row *r)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		if (x->fragments[dir])
			put(r, way(F_fragments, dir), x->fragments[dir]);
		if (x->tunnel)
			put(r, way(F_outer_bytes, dir), x->outer_bytes[dir]);
		enum field labels = way(F_mpls_labels, dir);
		if (!x->n_labels[dir])
			continue;
		batch_use(r->b, labels);
		batch_set_present(r->b, labels, r->at);
		for (unsigned k = 0; k < x->n_labels[dir]; k++)
			(void)batch_push_u32(r->b, labels, r->at, x->label[dir][k]);
	}
	if (!x->tunnel)
		return;
	put_text(r, F_tunnel_type, tunnel_name((enum tunnel)x->tunnel));
	put(r, F_tunnel_proto, x->tunnel_proto);
	batch_set_ip(r->b, F_tunnel_src_ip, r->at, &x->tunnel_src);
	batch_set_ip(r->b, F_tunnel_dst_ip, r->at, &x->tunnel_dst);
	if (x->has_id)
		put(r, F_tunnel_id, x->tunnel_id);
}

static uint64_t number(const struct row *r, enum field f)
{
	return batch_has(r->b, f) ? batch_get_num(r->b, f, r->at) : 0;
}

static void put_community(const struct meter *m, const struct row *r)
{
	char text[COMMUNITY_TEXT];
	const struct community_flow f = {.src = batch_ip(r->b, F_src_ip)[r->at],
					 .dst = batch_ip(r->b, F_dst_ip)[r->at],
					 .src_port = (uint16_t)number(r, F_src_port),
					 .dst_port = (uint16_t)number(r, F_dst_port),
					 .proto = (uint8_t)number(r, F_proto),
					 .icmp_type = (uint8_t)number(r, F_icmp_type),
					 .icmp_code = (uint8_t)number(r, F_icmp_code)};
	if (!community_id(m->crypto, &f, text))
		return;
	batch_use(r->b, F_community_id);
	if (batch_put_str(r->b, F_community_id, r->at, text, sizeof(text)))
		batch_set_present(r->b, F_community_id, r->at);
}

void record_write(struct meter *m, uint32_t i, enum end_reason reason)
{
	const struct flow *f = &m->cache.flow[i];
	const struct flow_more *more = &m->cache.more[i];
	const struct row r = {m->out, m->out->n};
	unsigned kind = f->state & FLOW_KIND_MASK;
	batch_open_next(m->out);
	put(&r, F_t_first, more->t_first_ns / NS_PER_MS);
	put(&r, F_t_last, f->t_last_ns / NS_PER_MS);
	if (m->o.live)
		put(&r, F_t_recv, m->now_ns / NS_PER_MS);
	put_end(m, i, &r, 0);
	put_end(m, i, &r, 1);
	if (kind != FLOW_ETHER) {
		put(&r, F_ip_version, kind == FLOW_IP6 ? 6 : 4);
		put(&r, F_proto, f->proto);
	}
	put(&r, F_end_reason, reason);
	put(&r, F_flow_id, m->serial_base + m->cache.facts[i].serial);
	put_link(m, i, &r);
	put_way(m, i, &r, 0);
	put_way(m, i, &r, 1);
	if (more->extra)
		put_extra(more->extra, &r);
	if (m->o.domain)
		put(&r, F_observation_domain, m->o.domain);
	if (more->summed)
		put(&r, F_flows, more->summed);
	if (m->o.sample_packets > 1)
		put(&r, F_sampling_rate, m->o.sample_packets);
	if (m->o.sample_flows > 1)
		put(&r, F_flow_sampling_rate, m->o.sample_flows);
	if (m->cache.npm)
		npm_to_batch(&m->cache.room, &m->cache.npm[i], f->proto == PROTO_TCP, f->packets,
			     m->out, r.at);
	if (m->series)
		series_to_batch(&m->series[i], m->out, r.at, more->t_first_ns / NS_PER_MS);
	if (more->speech)
		notes_to_batch(&more->speech->notes, m->out, r.at);
	if (m->crypto && kind != FLOW_ETHER && !more->summed)
		put_community(m, &r);
	m->out->n++;
}
