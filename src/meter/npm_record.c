/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of quality, from what was measured (meter/npm.c). */
#include "base/attr.h"
#include "meter/npm.h"

#include <math.h>

static uint64_t deviation(const struct npm_spread *s, uint32_t n)
{
	double mean = (double)s->sum / n;
	double of_squares = (double)s->squares / n;
	double variance = of_squares - mean * mean;
	return variance > 0 ? (uint64_t)(sqrt(variance) + 0.5) : 0;
}

static uint64_t average(uint64_t sum, uint32_t n)
{
	return (sum + n / 2) / n;
}

static enum field of_side(enum field f, int side)
{
	return side ? (enum field)field_table[f].reverse : f;
}

static void put(struct batch *b, enum field f, int side, uint32_t row, uint64_t v)
{
	batch_set_num(b, of_side(f, side), row, MIN_OF(v, UINT32_MAX));
}

static void put_spreads(const struct npm_pace *p, uint32_t packets, int side, struct batch *b,
			uint32_t row)
{
	if (packets > 1) {
		put(b, F_npm_delay_dev_us, side, row, deviation(&p->delay, packets - 1));
		put(b, F_npm_delay_avg_us, side, row, average(p->delay.sum, packets - 1));
		put(b, F_npm_delay_min_us, side, row, p->delay.min);
		put(b, F_npm_delay_max_us, side, row, p->delay.max);
	}
	if (packets > 2) {
		put(b, F_npm_jitter_dev_us, side, row, deviation(&p->jitter, packets - 2));
		put(b, F_npm_jitter_avg_us, side, row, average(p->jitter.sum, packets - 2));
		put(b, F_npm_jitter_min_us, side, row, p->jitter.min);
		put(b, F_npm_jitter_max_us, side, row, p->jitter.max);
	}
	if (p->ack_rtt_n) {
		put(b, F_npm_ack_rtt_min_us, side, row, p->ack_rtt_min_us);
		put(b, F_npm_ack_rtt_avg_us, side, row, p->ack_rtt_sum_us / p->ack_rtt_n);
	}
}

static void put_trouble(const struct npm_trouble *t, const struct npm_side *s, int side,
			struct batch *b, uint32_t row)
{
	uint64_t lost = t->lost_bytes, zero_us = t->zero_sum_us;
	for (unsigned i = 0; i < t->n_gaps; i++)
		lost += t->gap[i].to - t->gap[i].from;
	if (t->zero_ns)
		zero_us += npm_us_between(t->zero_ns, s->last_ns);
	put(b, F_npm_retransmissions, side, row, t->retransmissions);
	put(b, F_npm_retransmitted_bytes, side, row, t->retransmitted_bytes);
	put(b, F_npm_fast_retransmissions, side, row, t->fast);
	put(b, F_npm_spurious_retransmissions, side, row, t->spurious);
	put(b, F_npm_out_of_order, side, row, t->out_of_order);
	put(b, F_npm_lost_bytes, side, row, lost);
	put(b, F_npm_dup_acks, side, row, t->dup_acks);
	put(b, F_npm_keepalives, side, row, t->keepalives);
	put(b, F_npm_zero_windows, side, row, t->zero_windows);
	if (t->zero_windows)
		put(b, F_npm_zero_window_us, side, row, zero_us);
}

static void put_windows(const struct npm *n, int side, struct batch *b, uint32_t row)
{
	const struct npm_side *s = &n->side[side];
	unsigned shift = n->side[0].scale && n->side[1].scale ? s->scale - 1u : 0;
	if (s->window_min > s->window_max)
		return;
	put(b, F_npm_window_min, side, row, (uint64_t)s->window_min << shift);
	put(b, F_npm_window_max, side, row, (uint64_t)s->window_max << shift);
}

static void put_times(const struct npm *n, struct batch *b, uint32_t row)
{
	const struct npm_side *client = &n->side[0], *server = &n->side[1];
	const struct npm_response *r = &n->response;
	if (server->timed)
		put(b, F_npm_rtt_server_us, 0, row, server->rtt_us);
	if (client->timed) {
		put(b, F_npm_rtt_client_us, 0, row, client->rtt_us);
		put(b, F_npm_rtt_us, 0, row, (uint64_t)server->rtt_us + client->rtt_us);
	}
	if (r->n) {
		put(b, F_npm_srt_us, 0, row, r->first_us);
		put(b, F_npm_srt_min_us, 0, row, r->min_us);
		put(b, F_npm_srt_max_us, 0, row, r->max_us);
		put(b, F_npm_srt_avg_us, 0, row, average(r->sum_us, r->n));
		put(b, F_npm_exchanges, 0, row, r->n);
	}
}

void npm_to_batch(const struct npm_room *room, const struct npm *n, bool tcp,
		  const uint32_t packets[2], struct batch *b, uint32_t row)
{
	static const struct npm_trouble none[2];
	static const struct npm_pace steady[2];
	const struct npm_trouble *trouble =
	    n->trouble ? slots_at(&room->trouble, n->trouble) : none;
	const struct npm_pace *pace = n->pace ? slots_at(&room->pace, n->pace) : steady;
	put_times(n, b, row);
	if (tcp)
		put(b, F_npm_syn_retransmissions, 0, row, trouble[0].syn_repeats);
	for (int side = 0; side < 2; side++) {
		if (packets[side] == 0)
			continue;
		put_spreads(&pace[side], packets[side], side, b, row);
		if (!tcp)
			continue;
		put_trouble(&trouble[side], &n->side[side], side, b, row);
		put_windows(n, side, b, row);
	}
}
