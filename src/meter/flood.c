/* SPDX-License-Identifier: Apache-2.0 */
/* More flows than there is room for. From seven eighths of max_flows on, each new flow makes the
 * meter look at a few others and end those that are idle: after a second if they are one packet, or
 * connections that never opened, after five else. At max_flows a packet that would begin a flow is
 * added to a flow of its destination, port and protocol without a source; when those are too many
 * as well, to one flow of its protocol. Both say in `flows` how many they stand for. */
#include "meter/meter_priv.h"

enum { LOOKS = 4 };
static const uint64_t half_open_ns = 1000000000, idle_ns = 5000000000;

static bool idle(const struct meter *m, uint32_t i)
{
	const struct flow *f = &m->cache.flow[i];
	uint64_t for_ns = m->now_ns > f->t_last_ns ? m->now_ns - f->t_last_ns : 0;
	bool slight = !f->packets[0] || !f->packets[1];
	return for_ns > (slight ? half_open_ns : idle_ns);
}

void flood_hurry(struct meter *m)
{
	if (likely(m->cache.n < m->max_flows - m->max_flows / 8))
		return;
	for (int k = 0; k < LOOKS; k++) {
		m->hand = m->hand + 1 < m->cache.top ? m->hand + 1 : 0;
		if (!cache_in_use(&m->cache, m->hand) || !idle(m, m->hand))
			continue;
		meter_end(m, m->hand, END_RESOURCES);
		stat_add(m->o.stats, ST_meter_hurried, 1);
	}
}

void flood_key(const struct meter *m, struct met *p)
{
	static const uint8_t nobody[16];
	bool rest = m->cache.n >= m->max_flows + m->max_flows / METER_SUMS_SHARE;
	p->p.src = nobody;
	p->p.src_port = 0;
	if (rest || !p->p.version) {
		p->p.dst = nobody;
		p->p.dst_port = p->p.ethertype = 0;
		p->p.n_vlans = 0;
		p->p.has &= (uint16_t)~PEEL_HAS_TUNNEL_ID;
	}
	key_of(&p->key, &p->p, &m->keys);
}
