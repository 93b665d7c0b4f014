/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/unclaimed.h"

#include "base/attr.h"
#include "proto/appid.h"

struct waiting {
	uint8_t *p; /* from the IP header on */
	uint64_t t_ns;
	uint16_t n;
};

struct unclaimed {
	struct appid_flow *flow; /* NULL: nothing was asked yet, or all was */
	uint16_t found;          /* nDPI's number, 0 = none */
	uint8_t n_waiting, n_asked;
	bool over; /* found, given up, or no room to ask */
	struct waiting waiting[APPID_PACKETS_MAX];
};

static void end(struct appid *a, struct unclaimed *u)
{
	appid_end(a, u->flow);
	u->flow = NULL;
	u->over = true;
}

static void ask(struct appid *a, struct unclaimed *u, struct rd packet, uint64_t t_ns)
{
	if (u->over)
		return;
	if (!u->flow && !(u->flow = appid_begin(a))) {
		u->over = true;
		return;
	}
	u->found = appid_see(a, u->flow, packet, t_ns);
	if (u->found || ++u->n_asked >= appid_packets(a))
		end(a, u);
}

static void give_waiting(struct pool *pool, struct unclaimed *u)
{
	for (unsigned i = 0; i < u->n_waiting; i++)
		pool_give(pool, u->waiting[i].p, u->waiting[i].n);
	u->n_waiting = 0;
}

void unclaimed_ask(struct appid *a, struct pool *pool, struct unclaimed *u)
{
	for (unsigned i = 0; i < u->n_waiting; i++)
		ask(a, u, rd_of(u->waiting[i].p, u->waiting[i].n), u->waiting[i].t_ns);
	give_waiting(pool, u);
}

static void wait_with(struct appid *a, struct pool *pool, struct unclaimed *u,
		      const struct talk_segment *s)
{
	size_t n = MIN_OF(rd_left(&s->ip_packet), (size_t)APPID_PACKET_MAX);
	struct waiting *w = &u->waiting[u->n_waiting];
	if (u->over || u->n_waiting + u->n_asked >= appid_packets(a) ||
	    !(w->p = pool_take(pool, n)))
		return;
	memcpy(w->p, s->ip_packet.p, n);
	w->n = (uint16_t)n;
	w->t_ns = s->t_ns;
	u->n_waiting++;
}

bool unclaimed_see(struct appid *a, struct pool *pool, struct unclaimed **u,
		   const struct talk_segment *s, bool asking)
{
	if (!*u && (*u = pool_take(pool, sizeof(**u))))
		memset(*u, 0, sizeof(**u));
	if (!*u)
		return false;
	bool told = s->wire_len && rd_left(&s->ip_packet);
	if (asking)
		unclaimed_ask(a, pool, *u);
	if (told && asking)
		ask(a, *u, s->ip_packet, s->t_ns);
	else if (told)
		wait_with(a, pool, *u, s);
	return !(*u)->over;
}

bool unclaimed_note(const struct unclaimed *u, struct notes *notes)
{
	const char *name = u->found ? appid_name(u->found) : NULL;
	if (!name)
		return false;
	notes_str_once(notes, F_app_name, name, strlen(name));
	notes_num_once(notes, F_ndpi_proto, u->found);
	return true;
}

void unclaimed_drop(struct appid *a, struct pool *pool, struct unclaimed **u)
{
	if (!*u)
		return;
	give_waiting(pool, *u);
	appid_end(a, (*u)->flow);
	pool_give(pool, *u, sizeof(**u));
	*u = NULL;
}
