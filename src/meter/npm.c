/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/npm.h"

#include "base/attr.h"

#include <string.h>

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16, NS_PER_US = 1000 };
enum {
	REORDER_NS =
	    3000000,        /* out of order within this, where no handshake gave a better measure */
	FAST_NS = 20000000, /* a fast retransmission follows the last duplicate within this */
	FAR = 1 << 30,
};

/* a before b, modulo 2^32. */
static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

void npm_begin(struct npm *n)
{
	memset(n, 0, sizeof(*n));
	n->side[0].window_min = n->side[1].window_min = UINT16_MAX;
}

/* --- the parts that not every flow has */

static struct npm_pace *pace_of(struct npm_room *room, struct npm *n, unsigned dir)
{
	if (unlikely(!n->pace))
		n->pace = slots_take(&room->pace);
	return (struct npm_pace *)slots_at(&room->pace, n->pace) + dir;
}

static struct npm_trouble *trouble_of(struct npm_room *room, struct npm *n, unsigned dir)
{
	if (!n->trouble)
		n->trouble = slots_take(&room->trouble);
	return (struct npm_trouble *)slots_at(&room->trouble, n->trouble) + dir;
}

/* NULL: nothing went wrong. */
static struct npm_trouble *trouble_if(const struct npm_room *room, const struct npm *n,
				      unsigned dir)
{
	if (likely(!n->trouble))
		return NULL;
	return (struct npm_trouble *)slots_at(&room->trouble, n->trouble) + dir;
}

/* --- between packets */

static void spread_add(struct npm_spread *s, uint32_t v, bool first)
{
	s->min = first || v < s->min ? v : s->min;
	s->max = MAX_OF(s->max, v);
	s->sum += v;
	if (unlikely(__builtin_add_overflow(s->squares, (uint64_t)v * v, &s->squares)))
		s->squares = UINT64_MAX;
}

static void see_delay(struct npm_room *room, struct npm *n, const struct npm_packet *p)
{
	struct npm_side *s = &n->side[p->dir];
	if (p->nth > 1) {
		struct npm_pace *pace = pace_of(room, n, p->dir);
		uint32_t delay = npm_us_between(s->last_ns, p->t_ns), last = pace->last_delay_us;
		spread_add(&pace->delay, delay, p->nth == 2);
		if (p->nth > 2)
			spread_add(&pace->jitter, delay > last ? delay - last : last - delay,
				   p->nth == 3);
		pace->last_delay_us = delay;
	}
	s->last_ns = p->t_ns;
}

/* --- request and answer: from the last packet of what the initiator asked to the first of what the
 * other side says */

static void see_turn(struct npm *n, const struct npm_packet *p)
{
	if (p->len == 0)
		return;
	if (p->dir == 0) {
		n->request_ns = p->t_ns;
	} else if (n->request_ns) {
		struct npm_response *r = &n->response;
		uint32_t us = npm_us_between(n->request_ns, p->t_ns);
		bool first = r->n++ == 0;
		r->first_us = first ? us : r->first_us;
		r->min_us = first ? us : MIN_OF(r->min_us, us);
		r->max_us = MAX_OF(r->max_us, us);
		r->sum_us += us;
		n->request_ns = 0;
	}
}

/* --- the handshake */

static void see_handshake(struct npm_room *room, struct npm *n, const struct npm_packet *p)
{
	struct npm_side *client = &n->side[0], *server = &n->side[1];
	bool syn = p->flags & SYN, ack = p->flags & ACK;
	if (syn && p->scale)
		n->side[p->dir].scale = MIN_OF(p->scale, NPM_SCALE_MAX + 1u) & 15u;
	if (syn && !ack && p->dir == 0) {
		if (client->syn)
			trouble_of(room, n, 0)->syn_repeats++;
		client->syn = true;
		if (!client->timed) { /* the answer to be timed is the one to the last SYN */
			n->shake_ns = p->t_ns;
			server->timed = false;
		}
	} else if (syn && ack && p->dir == 1) {
		if (client->syn && !server->timed) {
			server->rtt_us = npm_us_between(n->shake_ns, p->t_ns);
			server->timed = true;
		}
		n->shake_ns = p->t_ns;
	} else if (ack && !syn && p->dir == 0 && server->timed && !client->timed &&
		   !(p->flags & RST)) {
		client->rtt_us = npm_us_between(n->shake_ns, p->t_ns);
		client->timed = true;
	}
}

/* --- sequence numbers */

static void gap_remove(struct npm_trouble *s, unsigned i)
{
	s->n_gaps--;
	memmove(&s->gap[i], &s->gap[i + 1], (s->n_gaps - i) * sizeof(s->gap[0]));
}

static void gap_push(struct npm_trouble *s, uint32_t from, uint32_t to)
{
	if (s->n_gaps == NPM_GAPS) {
		s->lost_bytes += s->gap[0].to - s->gap[0].from;
		gap_remove(s, 0);
	}
	s->gap[s->n_gaps++] = (struct npm_gap){from, to};
}

/* Takes [from, to) out of the gaps. Returns the bytes that were in one. */
static uint32_t gap_fill(struct npm_trouble *s, uint32_t from, uint32_t to)
{
	uint32_t filled = 0;
	for (unsigned i = 0; i < s->n_gaps;) {
		struct npm_gap *g = &s->gap[i];
		uint32_t a = before(from, g->from) ? g->from : from;
		uint32_t b = before(to, g->to) ? to : g->to;
		if (!before(a, b)) {
			i++;
			continue;
		}
		filled += b - a;
		bool head = a != g->from, tail = b != g->to;
		if (head && tail) {
			uint32_t end = g->to;
			g->to = a;
			gap_push(s, b, end);
			break;
		}
		if (!head && !tail) {
			gap_remove(s, i);
			continue;
		}
		if (head)
			g->to = a;
		else
			g->from = b;
		i++;
	}
	return filled;
}

static uint64_t reorder_ns(const struct npm *n)
{
	uint64_t rtt_us = (uint64_t)n->side[0].rtt_us + n->side[1].rtt_us;
	return n->side[0].timed && rtt_us ? rtt_us * NS_PER_US : REORDER_NS;
}

/* A segment that begins before what is expected. */
static void see_repeat(struct npm_room *room, struct npm *n, const struct npm_packet *p,
		       uint32_t end)
{
	struct npm_side *s = &n->side[p->dir];
	const struct npm_side *other = &n->side[!p->dir];
	struct npm_trouble *t = trouble_of(room, n, p->dir), *others = trouble_of(room, n, !p->dir);
	uint32_t upto = before(s->next, end) ? s->next : end;
	uint32_t filled = gap_fill(t, p->seq, upto);
	bool spurious = p->len && filled == 0 && other->acked && !before(other->ack, upto);
	bool fast = !spurious && others->dup_run >= 2 && other->acked && p->seq == other->ack &&
		    p->t_ns - others->ack_ns <= FAST_NS;
	if (filled && !fast && p->t_ns - t->progress_ns <= reorder_ns(n)) {
		t->out_of_order++;
		return;
	}
	t->retransmissions++;
	t->fast += fast;
	t->spurious += spurious;
	t->retransmitted_bytes += upto - p->seq;
	/* A sample that spans a repeat says nothing (Karn). */
	if (before(p->seq, s->sample_end))
		s->sample_ns = 0;
}

/* The segment has the highest number so far. */
static void see_progress(struct npm_room *room, struct npm *n, const struct npm_packet *p,
			 uint32_t end)
{
	struct npm_trouble *t = trouble_if(room, n, p->dir);
	n->side[p->dir].next = end;
	if (t)
		t->progress_ns = p->t_ns;
}

static void see_sequence(struct npm_room *room, struct npm *n, const struct npm_packet *p)
{
	struct npm_side *s = &n->side[p->dir];
	const struct npm_trouble *others = trouble_if(room, n, !p->dir);
	uint32_t len = p->len + ((p->flags & SYN) != 0) + ((p->flags & FIN) != 0);
	uint32_t end = p->seq + len;
	int32_t ahead = (int32_t)(p->seq - s->next);
	if (p->flags & RST)
		return;
	/* A SYN ahead is of another connection, or of one that was joined midway. */
	bool anew = ahead > FAR || ahead < -FAR || ((p->flags & SYN) && ahead > 0);
	if (!s->started || anew) {
		s->started = true;
		see_progress(room, n, p, end);
		return;
	}
	if (ahead == -1 && p->len <= 1 && !(p->flags & (SYN | FIN))) {
		trouble_of(room, n, p->dir)->keepalives++;
		return;
	}
	if (len == 0 && ahead <= 0)
		return;
	if (ahead == 0 && p->len == 1 && others && others->zero_ns && !(p->flags & (SYN | FIN)))
		return; /* a probe of a closed window: its byte comes again */
	if (ahead < 0) {
		see_repeat(room, n, p, end);
		if (!before(s->next, end))
			return;
	} else if (ahead > 0) {
		gap_push(trouble_of(room, n, p->dir), s->next, p->seq);
	}
	see_progress(room, n, p, end);
	if (ahead >= 0 && p->len && s->sample_ns == 0) {
		s->sample_ns = p->t_ns;
		s->sample_end = end;
	}
}

/* --- acknowledgements and windows */

/* An acknowledgement from the other side of dir. */
static void see_sample(struct npm_room *room, struct npm *n, unsigned dir,
		       const struct npm_packet *p)
{
	struct npm_side *sender = &n->side[dir];
	if (sender->sample_ns == 0 || before(p->ack, sender->sample_end))
		return;
	struct npm_pace *pace = pace_of(room, n, dir);
	uint32_t us = npm_us_between(sender->sample_ns, p->t_ns);
	bool least = pace->ack_rtt_n == 0 || us < pace->ack_rtt_min_us;
	pace->ack_rtt_min_us = least ? us : pace->ack_rtt_min_us;
	if (__builtin_add_overflow(pace->ack_rtt_sum_us, us, &pace->ack_rtt_sum_us))
		pace->ack_rtt_sum_us = UINT32_MAX;
	pace->ack_rtt_n++;
	sender->sample_ns = 0;
}

static void see_window(struct npm_room *room, struct npm *n, const struct npm_packet *p)
{
	struct npm_side *s = &n->side[p->dir];
	struct npm_trouble *t;
	if (p->flags & (SYN | RST | FIN))
		return;
	s->window_min = MIN_OF(s->window_min, p->window);
	s->window_max = MAX_OF(s->window_max, p->window);
	if (unlikely(p->window == 0)) {
		t = trouble_of(room, n, p->dir);
		t->zero_windows++;
		t->zero_ns = t->zero_ns ? t->zero_ns : p->t_ns;
	} else if (unlikely((t = trouble_if(room, n, p->dir)) && t->zero_ns)) {
		t->zero_sum_us += npm_us_between(t->zero_ns, p->t_ns);
		t->zero_ns = 0;
	}
}

/* One more of the same, and neither the answer to a keep-alive nor to a probe of a closed window.
 */
static bool is_duplicate(const struct npm *n, const struct npm_packet *p)
{
	const struct npm_side *s = &n->side[p->dir];
	bool bare = p->len == 0 && !(p->flags & (SYN | FIN | RST));
	return s->acked && bare && p->ack == s->ack && p->window && p->window == s->window &&
	       (!s->started || p->seq == s->next) && !n->side[!p->dir].keeps_alive;
}

static void see_ack(struct npm_room *room, struct npm *n, const struct npm_packet *p)
{
	struct npm_side *s = &n->side[p->dir];
	struct npm_trouble *t;
	if (!(p->flags & ACK))
		return;
	bool forward = !s->acked || before(s->ack, p->ack);
	if (unlikely(is_duplicate(n, p))) {
		t = trouble_of(room, n, p->dir);
		t->dup_acks++;
		t->dup_run++;
	} else if (forward && unlikely((t = trouble_if(room, n, p->dir)))) {
		t->dup_run = 0;
	}
	if (forward) {
		s->ack = p->ack;
		s->acked = true;
		see_sample(room, n, !p->dir, p);
	}
	if (unlikely((t = trouble_if(room, n, p->dir))))
		t->ack_ns = p->t_ns;
	s->window = p->window;
	see_window(room, n, p);
}

void npm_see(struct npm_room *room, struct npm *n, const struct npm_packet *p)
{
	see_delay(room, n, p);
	if (p->tcp) {
		bool keepalive = n->side[p->dir].started && p->len <= 1 &&
				 p->seq == n->side[p->dir].next - 1 && !(p->flags & (SYN | FIN));
		see_handshake(room, n, p);
		see_sequence(room, n, p);
		see_ack(room, n, p);
		n->side[p->dir].keeps_alive = keepalive;
		if (keepalive)
			return;
	}
	see_turn(n, p);
}

/* --- records */

/* A window that is closed stays closed; gaps still open were counted as lost in the record just
 * written. */
static void trouble_go_on(struct npm_room *room, struct npm *n)
{
	struct npm_trouble *t = trouble_if(room, n, 0);
	bool closed = t && (t[0].zero_ns || t[1].zero_ns);
	if (!closed) {
		slots_give(&room->trouble, n->trouble);
		n->trouble = 0;
		return;
	}
	for (int side = 0; side < 2; side++)
		t[side] =
		    (struct npm_trouble){.zero_ns = t[side].zero_ns ? n->side[side].last_ns : 0};
}

void npm_go_on(struct npm_room *room, struct npm *n)
{
	trouble_go_on(room, n);
	slots_give(&room->pace, n->pace);
	n->pace = 0;
	n->response = (struct npm_response){0};
	for (int side = 0; side < 2; side++) {
		n->side[side].last_ns = 0;
		n->side[side].window_min = UINT16_MAX;
		n->side[side].window_max = 0;
	}
}

void npm_end(struct npm_room *room, struct npm *n)
{
	slots_give(&room->trouble, n->trouble);
	slots_give(&room->pace, n->pace);
	n->trouble = n->pace = 0;
}
