/* SPDX-License-Identifier: Apache-2.0 */
/* Connections written down packet by packet; what they should give is worked out by hand. */
#include "meter/npm.h"

#include "base/attr.h"
#include "noted.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16, C = 0, S = 1 };

/* at: us since the first packet. */
struct line {
	uint32_t at, dir, flags, seq, ack, len, window, scale;
};

/* Memory for the parts of one flow. */
static struct npm_room room_new(void)
{
	struct npm_room room = {.pace = {.size = NPM_PACE_BYTES},
				.trouble = {.size = NPM_TROUBLE_BYTES}};
	room.pace.mem = calloc(1, NPM_PACE_BYTES);
	room.trouble.mem = calloc(1, NPM_TROUBLE_BYTES);
	assert_true(room.pace.mem && room.trouble.mem);
	return room;
}

/* All parts have been given back. */
static void room_end(struct npm_room *room, struct npm *n)
{
	npm_end(room, n);
	assert_in_range(room->pace.top, 0, 1);
	assert_in_range(room->trouble.top, 0, 1);
	assert_int_equal(room->pace.free, room->pace.top);
	assert_int_equal(room->trouble.free, room->trouble.top);
	free(room->pace.mem);
	free(room->trouble.mem);
}

static struct batch *run(const struct line *l, size_t n, bool tcp)
{
	struct npm npm;
	struct npm_room room = room_new();
	uint32_t packets[2] = {0};
	struct batch *b = batch_new(SHAPE_WIDE);
	assert_non_null(b);
	npm_begin(&npm);
	for (size_t i = 0; i < n; i++) {
		struct npm_packet p = {.t_ns = UINT64_C(1000000000000) + l[i].at * UINT64_C(1000),
				       .nth = ++packets[l[i].dir],
				       .tcp = tcp,
				       .dir = (uint8_t)l[i].dir,
				       .flags = (uint8_t)l[i].flags,
				       .scale = (uint8_t)l[i].scale,
				       .window = (uint16_t)l[i].window,
				       .seq = l[i].seq,
				       .ack = l[i].ack,
				       .len = l[i].len};
		npm_see(&room, &npm, &p);
	}
	batch_open_rows(b, 1);
	b->n = 1;
	npm_to_batch(&room, &npm, tcp, packets, b, 0);
	room_end(&room, &npm);
	return b;
}

static void check(struct batch *b, enum field f, uint64_t v)
{
	if (!batch_present(b, f, 0))
		fail_msg("%s is absent", field_table[f].name);
	if (batch_get_num(b, f, 0) != v)
		fail_msg("%s is %llu, not %llu", field_table[f].name,
			 (unsigned long long)batch_get_num(b, f, 0), (unsigned long long)v);
	noted_checked(field_table[f].name);
}

static void absent(struct batch *b, enum field f)
{
	if (batch_present(b, f, 0))
		fail_msg("%s is present", field_table[f].name);
}

/* SYN at 0, SYN-ACK at 20 ms, ACK at 25 ms; a request of two segments at 30 and 31 ms, its answer
 * at 81 ms. */
#define HANDSHAKE                                                                                  \
	{0, C, SYN, 999, 0, 0, 65535, 8}, {20000, S, SYN | ACK, 4999, 1000, 0, 65535, 3},          \
	{                                                                                          \
		25000, C, ACK, 1000, 5000, 0, 512, 0                                               \
	}

static void times(void **state)
{
	(void)state;
	static const struct line l[] = {
	    HANDSHAKE,
	    {30000, C, ACK, 1000, 5000, 100, 512, 0},
	    {31000, C, ACK, 1100, 5000, 50, 512, 0},
	    {81000, S, ACK, 5000, 1150, 500, 1000, 0},
	    {90000, C, ACK, 1150, 5500, 10, 512, 0},
	    {92000, S, ACK, 5500, 1160, 5, 1000, 0},
	};
	struct batch *b = run(l, ARRAY_LEN(l), true);
	check(b, F_npm_rtt_server_us, 20000);
	check(b, F_npm_rtt_client_us, 5000);
	check(b, F_npm_rtt_us, 25000);
	check(b, F_npm_srt_us, 50000);
	check(b, F_npm_srt_min_us, 2000);
	check(b, F_npm_srt_avg_us, 26000);
	check(b, F_npm_srt_max_us, 50000);
	check(b, F_npm_exchanges, 2);
	check(b, F_npm_retransmissions, 0);
	check(b, F_npm_lost_bytes, 0);
	/* from the request's first segment to the acknowledgement of it: 51 ms, 2 ms */
	check(b, F_npm_ack_rtt_min_us, 2000);
	check(b, F_npm_ack_rtt_avg_us, (51000 + 2000) / 2);
	check(b, F_rev_npm_ack_rtt_min_us, 9000);
	check(b, F_rev_npm_ack_rtt_avg_us, 9000); /* what came last is not acknowledged */
	/* windows: 512 << 7; 1000 << 2 */
	check(b, F_npm_window_max, 65536);
	check(b, F_rev_npm_window_max, 4000);
	/* client: 0, 25, 30, 31, 90 ms: gaps 25, 5, 1, 59 */
	check(b, F_npm_delay_min_us, 1000);
	check(b, F_npm_delay_max_us, 59000);
	check(b, F_npm_delay_avg_us, 22500);
	/* population deviation of 25, 5, 1, 59: sqrt(1058 - 506.25 + ...) = sqrt((625+25+1+3481)/4
	 * - 22.5^2) = sqrt(526.75) = 22.951 */
	check(b, F_npm_delay_dev_us, 22951);
	/* changes: 20, 4, 58 */
	check(b, F_npm_jitter_min_us, 4000);
	check(b, F_npm_jitter_max_us, 58000);
	check(b, F_npm_jitter_avg_us, 27333);
	/* sqrt((400 + 16 + 3364) / 3 - 27.333^2) = sqrt(512.889) = 22.647 */
	check(b, F_npm_jitter_dev_us, 22647);
	batch_free(b);
}

/* The same times, of the other side's packets. */
static void other_side(void **state)
{
	(void)state;
	static const struct line l[] = {
	    {0, S, 0, 0, 0, 10, 0, 0},     {25000, S, 0, 0, 0, 10, 0, 0},
	    {30000, S, 0, 0, 0, 10, 0, 0}, {31000, S, 0, 0, 0, 10, 0, 0},
	    {90000, S, 0, 0, 0, 10, 0, 0},
	};
	struct batch *b = run(l, ARRAY_LEN(l), false);
	check(b, F_rev_npm_delay_min_us, 1000);
	check(b, F_rev_npm_delay_max_us, 59000);
	check(b, F_rev_npm_delay_avg_us, 22500);
	check(b, F_rev_npm_delay_dev_us, 22951);
	check(b, F_rev_npm_jitter_min_us, 4000);
	check(b, F_rev_npm_jitter_max_us, 58000);
	check(b, F_rev_npm_jitter_avg_us, 27333);
	check(b, F_rev_npm_jitter_dev_us, 22647);
	absent(b, F_npm_delay_avg_us);
	batch_free(b);
}

/* What the initiator sends again: behind duplicate acknowledgements, and although it was
 * acknowledged. */
static void losses_of_initiator(void **state)
{
	(void)state;
	static const struct line l[] = {
	    HANDSHAKE,
	    {30000, C, ACK, 1000, 5000, 100, 512, 0},
	    {31000, C, ACK, 1200, 5000, 100, 512, 0}, /* 1100 is missing */
	    {31500, S, ACK, 5000, 1100, 0, 1000, 0},
	    {31600, S, ACK, 5000, 1100, 0, 1000, 0},
	    {31700, C, ACK, 1300, 5000, 100, 512, 0},
	    {31800, S, ACK, 5000, 1100, 0, 1000, 0},
	    {40000, C, ACK, 1100, 5000, 100, 512, 0}, /* fast */
	    {41000, S, ACK, 5000, 1400, 0, 1000, 0},
	    {60000, C, ACK, 1000, 5000, 100, 512, 0}, /* spurious */
	};
	struct batch *b = run(l, ARRAY_LEN(l), true);
	check(b, F_npm_retransmissions, 2);
	check(b, F_npm_fast_retransmissions, 1);
	check(b, F_npm_spurious_retransmissions, 1);
	check(b, F_npm_retransmitted_bytes, 200);
	check(b, F_npm_lost_bytes, 0);
	check(b, F_rev_npm_dup_acks, 2);
	batch_free(b);
}

static void losses(void **state)
{
	(void)state;
	static const struct line l[] = {
	    HANDSHAKE,
	    {30000, S, ACK, 5000, 1000, 100, 1000, 0},
	    {31000, S, ACK, 5200, 1000, 100, 1000, 0}, /* 5100 is missing */
	    {31500, C, ACK, 1000, 5100, 0, 512, 0},
	    {31600, C, ACK, 1000, 5100, 0, 512, 0}, /* duplicate */
	    {31700, S, ACK, 5300, 1000, 100, 1000, 0},
	    {31800, C, ACK, 1000, 5100, 0, 512, 0},    /* duplicate */
	    {40000, S, ACK, 5100, 1000, 100, 1000, 0}, /* fast retransmission, fills the gap */
	    {41000, C, ACK, 1000, 5400, 0, 512, 0},
	    {42000, S, ACK, 5500, 1000, 100, 1000, 0}, /* 5400 comes late */
	    {43000, S, ACK, 5400, 1000, 100, 1000,
	     0}, /* within the round trip of 25 ms: out of order */
	    {50000, S, ACK, 5700, 1000, 100, 1000, 0}, /* 5600 never comes */
	    {60000, S, ACK, 5000, 1000, 100, 1000, 0}, /* acknowledged long ago: spurious */
	    {90000, S, ACK, 5700, 1000, 100, 1000, 0}, /* plain retransmission */
	};
	struct batch *b = run(l, ARRAY_LEN(l), true);
	check(b, F_rev_npm_retransmissions, 3);
	check(b, F_rev_npm_fast_retransmissions, 1);
	check(b, F_rev_npm_spurious_retransmissions, 1);
	check(b, F_rev_npm_retransmitted_bytes, 300);
	check(b, F_rev_npm_out_of_order, 1);
	check(b, F_rev_npm_lost_bytes, 100);
	check(b, F_npm_dup_acks, 2);
	check(b, F_npm_retransmissions, 0);
	batch_free(b);
}

/* What only looks like loss: keep-alives, probes of a closed window, numbers around 2^32. */
static void no_loss(void **state)
{
	(void)state;
	static const struct line l[] = {
	    {0, C, ACK, 0xffffffce, 5000, 100, 512, 0}, /* joined midway; 50 bytes on each side of 0
							 */
	    {1000, S, ACK, 5000, 50, 0, 0, 0},          /* closes its window */
	    {2000, C, ACK, 50, 5000, 1, 512, 0},        /* probe */
	    {3000, C, ACK, 50, 5000, 1, 512, 0},        /* probe */
	    {9000, S, ACK, 5000, 50, 0, 800, 0},        /* opens it */
	    {10000, C, ACK, 50, 5000, 100, 512, 0},
	    {11000, C, ACK, 149, 5000, 1, 512, 0}, /* keep-alive */
	    {12000, C, ACK, 149, 5000, 0, 512, 0}, /* keep-alive */
	};
	struct batch *b = run(l, ARRAY_LEN(l), true);
	check(b, F_npm_retransmissions, 0);
	check(b, F_npm_out_of_order, 0);
	check(b, F_npm_lost_bytes, 0);
	check(b, F_npm_keepalives, 2);
	check(b, F_rev_npm_zero_windows, 1);
	check(b, F_rev_npm_zero_window_us, 8000);
	check(b, F_rev_npm_window_min, 0);
	check(b, F_npm_window_min, 512);
	absent(b, F_npm_rtt_us);
	batch_free(b);
	/* the initiator's window, the other side's probes and keep-alives */
	struct line turned[ARRAY_LEN(l)];
	for (size_t i = 0; i < ARRAY_LEN(l); i++) {
		turned[i] = l[i];
		turned[i].dir = !l[i].dir;
	}
	b = run(turned, ARRAY_LEN(turned), true);
	check(b, F_npm_zero_windows, 1);
	check(b, F_npm_zero_window_us, 8000);
	check(b, F_npm_window_min, 0);
	check(b, F_rev_npm_keepalives, 2);
	check(b, F_rev_npm_retransmissions, 0);
	batch_free(b);
}

/* One direction only; UDP; a single packet. */
static void half(void **state)
{
	(void)state;
	static const struct line tcp[] = {
	    {0, C, SYN, 0, 0, 0, 512, 0},
	    {1000000, C, SYN, 0, 0, 0, 512, 0},
	    {1200000, C, ACK, 1, 1, 10, 512, 0},
	    {1300000, C, ACK, 1, 1, 10, 512, 0},
	};
	struct batch *b = run(tcp, ARRAY_LEN(tcp), true);
	absent(b, F_npm_rtt_us);
	absent(b, F_npm_rtt_server_us);
	absent(b, F_npm_srt_us);
	absent(b, F_rev_npm_retransmissions);
	check(b, F_npm_syn_retransmissions, 1);
	check(b, F_npm_retransmissions, 2); /* the SYN and the data */
	batch_free(b);
	static const struct line udp[] = {{0, C, 0, 0, 0, 30, 0, 0}, {700, S, 0, 0, 0, 90, 0, 0}};
	b = run(udp, 2, false);
	check(b, F_npm_srt_us, 700);
	absent(b, F_npm_delay_avg_us);
	absent(b, F_npm_retransmissions);
	batch_free(b);
}

/* Handshakes with losses: the SYN that was answered is timed, the answer of a keep-alive is no
 * duplicate, an acknowledgement that is repeated without need is one. */
static void repeated_handshake(void **state)
{
	(void)state;
	static const struct line l[] = {
	    {0, C, SYN, 999, 0, 0, 65535, 0},
	    {40, S, SYN | ACK, 4999, 1000, 0, 65535, 0}, /* lost behind us */
	    {1000000, C, SYN, 999, 0, 0, 65535, 0},
	    {1000030, S, SYN | ACK, 4999, 1000, 0, 65535, 0},
	    {1000050, C, ACK, 1000, 5000, 0, 512, 0},
	    {1000060, C, ACK, 1000, 5000, 0, 512, 0}, /* duplicate: nothing is outstanding */
	    {1000070, C, ACK, 1000, 5000, 10, 512, 0},
	    {1000080, S, ACK, 5000, 1010, 0, 700, 0},
	    {1500000, C, ACK, 1009, 5000, 0, 512, 0}, /* keep-alive */
	    {1500010, S, ACK, 5000, 1010, 0, 700, 0},
	};
	struct batch *b = run(l, ARRAY_LEN(l), true);
	check(b, F_npm_rtt_server_us, 30);
	check(b, F_npm_rtt_client_us, 20);
	check(b, F_npm_rtt_us, 50);
	check(b, F_npm_syn_retransmissions, 1);
	check(b, F_npm_retransmissions, 1);
	check(b, F_npm_spurious_retransmissions, 0); /* of data only */
	check(b, F_npm_dup_acks, 1);
	check(b, F_npm_keepalives, 1);
	check(b, F_rev_npm_retransmissions, 1);
	check(b, F_rev_npm_dup_acks, 0);
	batch_free(b);
}

/* A host that is asked for what it never heard of answers every time with another number. */
static void backscatter(void **state)
{
	(void)state;
	static const struct line l[] = {
	    {0, S, SYN | ACK, 1000, 77, 0, 4096, 0},
	    {100, S, SYN | ACK, 300000000, 77, 0, 4096, 0},
	    {200, S, ACK, 300000001, 78, 5, 4096, 0},
	};
	struct batch *b = run(l, ARRAY_LEN(l), true);
	check(b, F_rev_npm_lost_bytes, 0);
	check(b, F_rev_npm_retransmissions, 0);
	batch_free(b);
}

/* Every second segment is missing and comes after all others; an acknowledgement tells of bytes
 * that nobody saw. */
static void many_gaps(void **state)
{
	(void)state;
	struct line l[NPM_GAPS * 2 + 2];
	uint32_t n = 0;
	for (uint32_t i = 0; i <= NPM_GAPS; i++)
		l[n++] = (struct line){i, C, ACK, 1000 + i * 200, 1, 100, 512, 0};
	for (uint32_t i = 0; i < NPM_GAPS; i++)
		l[n++] = (struct line){1000 + i, C, ACK, 1100 + i * 200, 1, 100, 512, 0};
	l[n++] = (struct line){5000, C, ACK, 1000 + NPM_GAPS * 200 + 170, 1, 0, 512, 0};
	struct batch *b = run(l, n, true);
	check(b, F_npm_out_of_order, NPM_GAPS);
	check(b, F_npm_retransmissions, 0);
	check(b, F_npm_lost_bytes, 70);
	batch_free(b);
}

/* A hole that is filled piece by piece, from its middle on. */
static void pieces(void **state)
{
	(void)state;
	static const struct line l[] = {
	    {0, C, ACK, 1000, 1, 100, 512, 0},    {1000, C, ACK, 1400, 1, 100, 512, 0},
	    {1100, C, ACK, 1200, 1, 100, 512, 0}, {1200, C, ACK, 1100, 1, 100, 512, 0},
	    {1300, C, ACK, 1300, 1, 50, 512, 0},
	};
	struct batch *b = run(l, ARRAY_LEN(l), true);
	check(b, F_npm_out_of_order, 3);
	check(b, F_npm_retransmissions, 0);
	check(b, F_npm_lost_bytes, 50);
	batch_free(b);
}

/* Numbers a hostile sender picks: nothing but that it ends, and counts fit. */
static void hostile(void **state)
{
	(void)state;
	struct npm n;
	struct npm_room room = room_new();
	uint32_t packets[2] = {0};
	uint64_t x = 88172645463325252;
	npm_begin(&n);
	for (int i = 0; i < 200000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		struct npm_packet p = {.t_ns = x >> 20,
				       .nth = ++packets[x & 1],
				       .tcp = true,
				       .dir = x & 1,
				       .flags = (uint8_t)(x >> 8),
				       .scale = (uint8_t)(x >> 16),
				       .window = (uint16_t)(x >> 24),
				       .seq = (uint32_t)(x >> 32) >> (x & 16),
				       .ack = (uint32_t)x,
				       .len = (uint32_t)(x >> 5) & 0xffff};
		npm_see(&room, &n, &p);
		const struct npm_trouble *t = (const void *)room.trouble.mem;
		assert_true(t[0].n_gaps <= NPM_GAPS && t[1].n_gaps <= NPM_GAPS);
		if (i % 1000 == 0) {
			npm_go_on(&room, &n);
			packets[0] = packets[1] = 0;
		}
	}
	struct batch *b = batch_new(SHAPE_WIDE);
	batch_open_rows(b, 1);
	b->n = 1;
	npm_to_batch(&room, &n, true, packets, b, 0);
	room_end(&room, &n);
	batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times),
	    cmocka_unit_test(losses),
	    cmocka_unit_test(no_loss),
	    cmocka_unit_test(other_side),
	    cmocka_unit_test(losses_of_initiator),
	    cmocka_unit_test(half),
	    cmocka_unit_test(pieces),
	    cmocka_unit_test(hostile),
	    cmocka_unit_test(repeated_handshake),
	    cmocka_unit_test(many_gaps),
	    cmocka_unit_test(backscatter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
