/* SPDX-License-Identifier: Apache-2.0 */
/* How well the network carried a flow: network and server response times, losses, windows of TCP;
 * delays between packets and their variation for every flow. Constant memory per flow, in parts:
 *
 *   npm          128 bytes: what nearly every packet needs
 *   npm_pace     64 bytes a direction, from the first delay or round trip on
 *   npm_trouble  120 bytes a direction, from the first loss, repeat or closed window on
 *
 * No division per packet. Durations in us.
 *
 * Sequence numbers are followed with a small stack of gaps: bytes beyond the expected one open a
 * gap; a segment behind it fills a gap or repeats what was seen. What a repeat is called follows
 * the precedence that Wireshark documents for its TCP analysis (keep-alive, zero-window probe,
 * spurious and fast retransmission, out of order within a round trip, retransmission), because that
 * is what engineers compare with. Gaps that are never filled are bytes lost before the probe. All
 * of it holds for one direction alone and for connections joined midway. */
#pragma once
#include "meter/slots.h"
#include "model/batch.h"

#include <stdbool.h>
#include <stdint.h>

enum { NPM_GAPS = 16, NPM_SCALE_MAX = 14 };

struct npm_gap {
	uint32_t from, to; /* sequence numbers; to is behind it */
};

/* One direction: what went wrong. */
struct npm_trouble {
	struct npm_gap gap[NPM_GAPS];
	uint64_t progress_ns; /* the segment with the highest number, since a gap opened */
	uint64_t ack_ns;      /* the last acknowledgement it sent, since one was a duplicate */
	uint64_t zero_ns;     /* since when its window is closed, 0 = it is open */
	uint64_t zero_sum_us, retransmitted_bytes, lost_bytes;
	uint32_t retransmissions, fast, spurious, out_of_order, keepalives;
	uint32_t dup_acks, dup_run, zero_windows;
	uint32_t syn_repeats; /* of the initiator */
	uint32_t n_gaps;
};

/* Of something in us; how many they are stands elsewhere. */
struct npm_spread {
	uint64_t squares, sum; /* squares stop at 2^64: 71 minutes */
	uint32_t min, max;
};

/* One direction: its rhythm, and how soon what it sends is acknowledged. */
struct npm_pace {
	struct npm_spread delay, jitter; /* of the second packet on, of the third on */
	uint32_t last_delay_us;
	uint32_t ack_rtt_n, ack_rtt_min_us;
	uint32_t ack_rtt_sum_us; /* one is timed at once: no more than the record's time */
};

struct npm_side {
	uint64_t last_ns;   /* its last packet, of the record's */
	uint64_t sample_ns; /* when the segment that is timed was sent, 0 = none is */
	uint32_t next, ack, sample_end;
	uint32_t rtt_us;                         /* its share of the handshake */
	uint16_t window, window_min, window_max; /* as last sent; all, as in the header */
	uint8_t scale : 4;                       /* of its SYN: shift + 1, 0 = no such option */
	uint8_t started : 1;                     /* next is known */
	uint8_t acked : 1;                       /* ack is known */
	uint8_t timed : 1;                       /* rtt_us is known */
	uint8_t syn : 1;                         /* it sent a SYN, as initiator */
	uint8_t keeps_alive : 1;                 /* its last packet was a keep-alive */
};

/* From the last packet of what the initiator asked to the first of what the other side says. */
struct npm_response {
	uint64_t sum_us;
	uint32_t n, min_us, max_us, first_us;
};

struct npm {
	struct npm_side side[2]; /* 0: the initiator */
	uint64_t shake_ns; /* the last SYN, then the last SYN-ACK, until both sides are timed */
	uint64_t
	    request_ns; /* last packet with payload of side 0 that has no answer yet; 0 = none */
	struct npm_response response;
	uint32_t pace, trouble; /* slots of npm_room, 0 = none */
};
_Static_assert(sizeof(struct npm_pace) == 64, "a cache line a direction");
_Static_assert(sizeof(struct npm) == 128, "two cache lines");

/* Where the parts are that not every flow has: of both directions each. */
struct npm_room {
	struct slots pace, trouble;
};
enum {
	NPM_PACE_BYTES = 2 * sizeof(struct npm_pace),
	NPM_TROUBLE_BYTES = 2 * sizeof(struct npm_trouble),
};

/* 0 if time went back. */
static inline uint32_t npm_us_between(uint64_t from_ns, uint64_t to_ns)
{
	uint64_t us = to_ns > from_ns ? (to_ns - from_ns) / 1000 : 0;
	return (uint32_t)(us < UINT32_MAX ? us : UINT32_MAX);
}

/* One packet of a flow. */
struct npm_packet {
	uint64_t t_ns;
	uint32_t nth;    /* packet of its direction in the record, from 1 on */
	bool tcp;        /* the flow is TCP: flags, scale, window, seq, ack */
	uint8_t dir;     /* 0 from the initiator */
	uint8_t flags;   /* TCP */
	uint8_t scale;   /* of a SYN: window scale + 1, 0 = no such option */
	uint16_t window; /* as in the header */
	uint32_t seq, ack;
	uint32_t len; /* bytes of payload on the wire, also for UDP and others */
};

void npm_begin(struct npm *n);
void npm_see(struct npm_room *room, struct npm *n, const struct npm_packet *p);
/* Writes the fields into an open row of a wide batch. packets: of each direction in the record. */
void npm_to_batch(const struct npm_room *room, const struct npm *n, bool tcp,
		  const uint32_t packets[2], struct batch *b, uint32_t row);
/* The record was written and the flow goes on: counts begin anew, what is known of the connection
 * stays. */
void npm_go_on(struct npm_room *room, struct npm *n);
/* Gives its parts back. */
void npm_end(struct npm_room *room, struct npm *n);
