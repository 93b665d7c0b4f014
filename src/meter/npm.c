/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/npm.h"

#include "base/attr.h"

#include <math.h>
#include <string.h>

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16, NS_PER_US = 1000 };
enum {
	REORDER_NS =
	    3000000,        /* out of order within this, where no handshake gave a better measure */
	FAST_NS = 20000000, /* a fast retransmission follows the last duplicate within this */
	FAR = 1 << 30,
};

static uint32_t us_between(uint64_t from_ns, uint64_t to_ns)
{
	uint64_t us = to_ns > from_ns ? (to_ns - from_ns) / NS_PER_US : 0;
	return (uint32_t)MIN_OF(us, UINT32_MAX);
}

/* a before b, modulo 2^32. */
static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static void spread_add(struct npm_spread *s, uint32_t v)
{
	s->min = s->n == 0 || v < s->min ? v : s->min;
	s->max = MAX_OF(s->max, v);
	s->sum += v;
	s->squares += (uint64_t)v * v;
	s->n++;
}

void npm_begin(struct npm *n, bool tcp)
{
	memset(n, 0, sizeof(*n));
	n->tcp = tcp;
}

/* --- between packets */

static void see_delay(struct npm_side *s, uint64_t t_ns)
{
	if (s->packets++ > 0) {
		uint32_t delay = us_between(s->last_ns, t_ns);
		spread_add(&s->delay, delay);
		if (s->packets > 2)
			spread_add(&s->jitter, delay > s->last_delay_us ? delay - s->last_delay_us
									: s->last_delay_us - delay);
		s->last_delay_us = delay;
	}
	s->last_ns = t_ns;
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
		uint32_t us = us_between(n->request_ns, p->t_ns);
		if (n->response.n == 0)
			n->first_response_us = us;
		spread_add(&n->response, us);
		n->request_ns = 0;
	}
}

/* --- the handshake */

static void see_handshake(struct npm *n, const struct npm_packet *p)
{
	bool syn = p->flags & SYN, ack = p->flags & ACK;
	if (syn && p->scale) {
		n->side[p->dir].scale = (uint8_t)MIN_OF(p->scale - 1, 14);
		n->side[p->dir].scaled = true;
	}
	if (syn && !ack && p->dir == 0) {
		n->syn_repeats += n->syn_ns != 0;
		n->syn_ns = p->t_ns;
	} else if (syn && ack && p->dir == 1) {
		n->syn_ack_ns = p->t_ns;
		if (n->syn_ns && n->shook == 0) {
			n->rtt_server_us = us_between(n->syn_ns, p->t_ns);
			n->shook = 1;
		}
	} else if (ack && !syn && p->dir == 0 && n->shook == 1 && !(p->flags & RST)) {
		n->rtt_client_us = us_between(n->syn_ack_ns, p->t_ns);
		n->shook = 2;
	}
}

/* --- sequence numbers */

static void gap_remove(struct npm_side *s, unsigned i)
{
	s->n_gaps--;
	memmove(&s->gap[i], &s->gap[i + 1], (s->n_gaps - i) * sizeof(s->gap[0]));
}

static void gap_push(struct npm_side *s, uint32_t from, uint32_t to, uint64_t t_ns)
{
	if (s->n_gaps == NPM_GAPS) {
		s->lost_bytes += s->gap[0].to - s->gap[0].from;
		gap_remove(s, 0);
	}
	s->gap[s->n_gaps++] = (struct npm_gap){from, to, t_ns};
}

/* Takes [from, to) out of the gaps. Returns the bytes that were in one; *ret_ns: when it opened. */
static uint32_t gap_fill(struct npm_side *s, uint32_t from, uint32_t to, uint64_t *ret_ns)
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
		*ret_ns = g->t_ns;
		bool head = a != g->from, tail = b != g->to;
		if (head && tail) {
			uint32_t end = g->to;
			uint64_t t_ns = g->t_ns;
			g->to = a;
			gap_push(s, b, end, t_ns);
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
	uint64_t rtt_us = (uint64_t)n->rtt_server_us + n->rtt_client_us;
	return n->shook == 2 && rtt_us ? rtt_us * NS_PER_US : REORDER_NS;
}

/* A segment that begins before what is expected. */
static void see_repeat(struct npm *n, struct npm_side *s, const struct npm_side *other,
		       const struct npm_packet *p, uint32_t end)
{
	uint64_t gap_ns = 0;
	uint32_t upto = before(s->next, end) ? s->next : end;
	uint32_t filled = gap_fill(s, p->seq, upto, &gap_ns);
	bool spurious = filled == 0 && other->acked && !before(other->ack, upto);
	bool fast = !spurious && other->dup_run >= 2 && other->acked && p->seq == other->ack &&
		    p->t_ns - other->ack_ns <= FAST_NS;
	if (filled && !fast && p->t_ns - s->progress_ns <= reorder_ns(n)) {
		s->out_of_order++;
		return;
	}
	s->retransmissions++;
	s->fast += fast;
	s->spurious += spurious;
	s->retransmitted_bytes += upto - p->seq;
	/* A sample that spans a repeat says nothing (Karn). */
	if (before(p->seq, s->sample_end))
		s->sample_ns = 0;
}

static void see_sequence(struct npm *n, const struct npm_packet *p)
{
	struct npm_side *s = &n->side[p->dir];
	const struct npm_side *other = &n->side[!p->dir];
	uint32_t len = p->len + ((p->flags & SYN) != 0) + ((p->flags & FIN) != 0);
	uint32_t end = p->seq + len;
	int32_t ahead = (int32_t)(p->seq - s->next);
	if (p->flags & RST)
		return;
	if (!s->started || ahead > FAR || ahead < -FAR) {
		s->started = true;
		s->next = end;
		s->progress_ns = p->t_ns;
		return;
	}
	if (ahead == -1 && p->len <= 1 && !(p->flags & (SYN | FIN))) {
		s->keepalives++;
		return;
	}
	if (len == 0)
		return;
	if (ahead == 0 && p->len == 1 && other->zero_ns && !(p->flags & (SYN | FIN)))
		return; /* a probe of a closed window: its byte comes again */
	if (ahead < 0) {
		see_repeat(n, s, other, p, end);
		if (!before(s->next, end))
			return;
	} else if (ahead > 0) {
		gap_push(s, s->next, p->seq, p->t_ns);
	}
	s->next = end;
	s->progress_ns = p->t_ns;
	if (ahead >= 0 && p->len && s->sample_ns == 0) {
		s->sample_ns = p->t_ns;
		s->sample_end = end;
	}
}

/* --- acknowledgements and windows */

static void see_sample(struct npm_side *sender, const struct npm_packet *p)
{
	if (sender->sample_ns == 0 || before(p->ack, sender->sample_end))
		return;
	uint32_t us = us_between(sender->sample_ns, p->t_ns);
	sender->ack_rtt_min_us =
	    sender->ack_rtt_n == 0 || us < sender->ack_rtt_min_us ? us : sender->ack_rtt_min_us;
	sender->ack_rtt_sum_us += us;
	sender->ack_rtt_n++;
	sender->sample_ns = 0;
}

static void see_window(struct npm *n, struct npm_side *s, const struct npm_packet *p)
{
	if (p->flags & (SYN | RST | FIN))
		return;
	bool scaled = n->side[0].scaled && n->side[1].scaled;
	uint32_t window = (uint32_t)p->window << (scaled ? s->scale : 0);
	s->window_min = !s->windowed || window < s->window_min ? window : s->window_min;
	s->window_max = MAX_OF(s->window_max, window);
	s->windowed = true;
	if (window == 0) {
		s->zero_windows++;
		s->zero_ns = s->zero_ns ? s->zero_ns : p->t_ns;
	} else if (s->zero_ns) {
		s->zero_sum_us += us_between(s->zero_ns, p->t_ns);
		s->zero_ns = 0;
	}
}

static void see_ack(struct npm *n, const struct npm_packet *p)
{
	struct npm_side *s = &n->side[p->dir], *sender = &n->side[!p->dir];
	bool bare = p->len == 0 && !(p->flags & (SYN | FIN | RST));
	if (!(p->flags & ACK))
		return;
	bool waits = sender->started && before(p->ack, sender->next);
	if (s->acked && bare && p->ack == s->ack && p->window == s->window && waits &&
	    (!s->started || p->seq == s->next)) {
		s->dup_acks++;
		s->dup_run++;
	} else if (!s->acked || before(s->ack, p->ack)) {
		s->dup_run = 0;
	}
	if (!s->acked || before(s->ack, p->ack)) {
		s->ack = p->ack;
		s->acked = true;
		see_sample(sender, p);
	}
	s->ack_ns = p->t_ns;
	s->window = p->window;
	see_window(n, s, p);
}

void npm_see(struct npm *n, const struct npm_packet *p)
{
	see_delay(&n->side[p->dir], p->t_ns);
	if (n->tcp) {
		bool keepalive = n->side[p->dir].started && p->len <= 1 &&
				 p->seq == n->side[p->dir].next - 1 && !(p->flags & (SYN | FIN));
		see_handshake(n, p);
		see_sequence(n, p);
		see_ack(n, p);
		if (keepalive)
			return;
	}
	see_turn(n, p);
}

/* --- fields */

static uint64_t deviation(const struct npm_spread *s)
{
	double mean = (double)s->sum / s->n;
	double of_squares = (double)s->squares / s->n;
	double variance = of_squares - mean * mean;
	return variance > 0 ? (uint64_t)(sqrt(variance) + 0.5) : 0;
}

static uint64_t average(const struct npm_spread *s)
{
	return (s->sum + s->n / 2) / s->n;
}

static enum field of_side(enum field f, int side)
{
	return side ? (enum field)field_table[f].reverse : f;
}

static void put(struct batch *b, enum field f, int side, uint32_t row, uint64_t v)
{
	batch_set_num(b, of_side(f, side), row, MIN_OF(v, UINT32_MAX));
}

static void put_spreads(const struct npm_side *s, int side, struct batch *b, uint32_t row)
{
	if (s->delay.n) {
		put(b, F_npm_delay_dev_us, side, row, deviation(&s->delay));
		put(b, F_npm_delay_avg_us, side, row, average(&s->delay));
		put(b, F_npm_delay_min_us, side, row, s->delay.min);
		put(b, F_npm_delay_max_us, side, row, s->delay.max);
	}
	if (s->jitter.n) {
		put(b, F_npm_jitter_dev_us, side, row, deviation(&s->jitter));
		put(b, F_npm_jitter_avg_us, side, row, average(&s->jitter));
		put(b, F_npm_jitter_min_us, side, row, s->jitter.min);
		put(b, F_npm_jitter_max_us, side, row, s->jitter.max);
	}
}

static void put_tcp(const struct npm_side *s, int side, struct batch *b, uint32_t row)
{
	uint64_t lost = s->lost_bytes, zero_us = s->zero_sum_us;
	for (unsigned i = 0; i < s->n_gaps; i++)
		lost += s->gap[i].to - s->gap[i].from;
	if (s->zero_ns)
		zero_us += us_between(s->zero_ns, s->last_ns);
	put(b, F_npm_retransmissions, side, row, s->retransmissions);
	put(b, F_npm_retransmitted_bytes, side, row, s->retransmitted_bytes);
	put(b, F_npm_fast_retransmissions, side, row, s->fast);
	put(b, F_npm_spurious_retransmissions, side, row, s->spurious);
	put(b, F_npm_out_of_order, side, row, s->out_of_order);
	put(b, F_npm_lost_bytes, side, row, lost);
	put(b, F_npm_dup_acks, side, row, s->dup_acks);
	put(b, F_npm_keepalives, side, row, s->keepalives);
	put(b, F_npm_zero_windows, side, row, s->zero_windows);
	if (s->zero_windows)
		put(b, F_npm_zero_window_us, side, row, zero_us);
	if (s->windowed) {
		put(b, F_npm_window_min, side, row, s->window_min);
		put(b, F_npm_window_max, side, row, s->window_max);
	}
	if (s->ack_rtt_n) {
		put(b, F_npm_ack_rtt_min_us, side, row, s->ack_rtt_min_us);
		put(b, F_npm_ack_rtt_avg_us, side, row, s->ack_rtt_sum_us / s->ack_rtt_n);
	}
}

static void put_times(const struct npm *n, struct batch *b, uint32_t row)
{
	if (n->shook >= 1)
		put(b, F_npm_rtt_server_us, 0, row, n->rtt_server_us);
	if (n->shook == 2) {
		put(b, F_npm_rtt_client_us, 0, row, n->rtt_client_us);
		put(b, F_npm_rtt_us, 0, row, (uint64_t)n->rtt_server_us + n->rtt_client_us);
	}
	if (n->tcp)
		put(b, F_npm_syn_retransmissions, 0, row, n->syn_repeats);
	if (n->response.n) {
		put(b, F_npm_srt_us, 0, row, n->first_response_us);
		put(b, F_npm_srt_min_us, 0, row, n->response.min);
		put(b, F_npm_srt_max_us, 0, row, n->response.max);
		put(b, F_npm_srt_avg_us, 0, row, average(&n->response));
		put(b, F_npm_exchanges, 0, row, n->response.n);
	}
}

void npm_to_batch(const struct npm *n, struct batch *b, uint32_t row)
{
	put_times(n, b, row);
	for (int side = 0; side < 2; side++) {
		if (n->side[side].packets == 0)
			continue;
		put_spreads(&n->side[side], side, b, row);
		if (n->tcp)
			put_tcp(&n->side[side], side, b, row);
	}
}

static void side_go_on(struct npm_side *s)
{
	struct npm_side fresh = {.next = s->next,
				 .ack = s->ack,
				 .progress_ns = s->progress_ns,
				 .ack_ns = s->ack_ns,
				 .zero_ns = s->zero_ns ? s->last_ns : 0,
				 .sample_ns = s->sample_ns,
				 .sample_end = s->sample_end,
				 .window = s->window,
				 .scale = s->scale,
				 .started = s->started,
				 .acked = s->acked,
				 .scaled = s->scaled};
	/* Gaps still open were counted as lost in the record just written. */
	*s = fresh;
}

void npm_go_on(struct npm *n)
{
	for (int side = 0; side < 2; side++)
		side_go_on(&n->side[side]);
	n->response = (struct npm_spread){0};
	n->syn_repeats = 0;
}
