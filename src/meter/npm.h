/* SPDX-License-Identifier: Apache-2.0 */
/* How well the network carried a flow: network and server response times, losses, windows of TCP;
 * delays between packets and their variation for every flow. Constant memory per flow, no
 * allocation, no division per packet. Durations in us.
 *
 * Sequence numbers are followed with a small stack of gaps: bytes beyond the expected one open a
 * gap; a segment behind it fills a gap or repeats what was seen. What a repeat is called follows
 * the precedence that Wireshark documents for its TCP analysis (keep-alive, zero-window probe,
 * spurious and fast retransmission, out of order within a round trip, retransmission), because that
 * is what engineers compare with. Gaps that are never filled are bytes lost before the probe. All
 * of it holds for one direction alone and for connections joined midway. */
#pragma once
#include "model/batch.h"

#include <stdbool.h>
#include <stdint.h>

enum { NPM_GAPS = 4 };

struct npm_gap {
	uint32_t from, to; /* sequence numbers; to is behind it */
	uint64_t t_ns;     /* when the segment behind it came */
};

/* Sum, least, greatest of something in us. */
struct npm_spread {
	__extension__ unsigned __int128 squares;
	uint64_t sum;
	uint32_t n, min, max;
};

struct npm_side {
	uint64_t last_ns;       /* its last packet */
	uint32_t last_delay_us; /* of `packets` > 1 */
	uint32_t packets;
	struct npm_spread delay, jitter;
	/* TCP */
	struct npm_gap gap[NPM_GAPS];
	uint64_t progress_ns; /* the segment with the highest number */
	uint64_t ack_ns;      /* the last acknowledgement it sent */
	uint64_t zero_ns;     /* since when its window is closed, 0 = it is open */
	uint64_t sample_ns;   /* when the segment that is timed was sent, 0 = none is */
	uint64_t zero_sum_us, ack_rtt_sum_us;
	uint32_t next, ack, sample_end;
	uint32_t ack_rtt_n, ack_rtt_min_us;
	uint32_t retransmissions, fast, spurious, out_of_order, keepalives;
	uint32_t dup_acks, dup_run, zero_windows;
	uint64_t retransmitted_bytes, lost_bytes;
	uint32_t window_min, window_max;
	uint16_t window; /* as last sent */
	uint8_t scale;   /* shift of its windows */
	uint8_t n_gaps;
	bool started;  /* next is known */
	bool acked;    /* ack is known */
	bool windowed; /* window_min, window_max are known */
	bool scaled;   /* its SYN had a window scale */
};

struct npm {
	struct npm_side side[2];     /* 0: the initiator */
	uint64_t syn_ns, syn_ack_ns; /* the last ones */
	uint32_t rtt_server_us, rtt_client_us, syn_repeats;
	uint64_t
	    request_ns; /* last packet with payload of side 0 that has no answer yet; 0 = none */
	struct npm_spread response;
	uint32_t first_response_us;
	uint8_t shook; /* 1: rtt_server_us is known, 2: both are */
	bool tcp;
};

/* One packet of a flow. */
struct npm_packet {
	uint64_t t_ns;
	uint8_t dir;     /* 0 from the initiator */
	uint8_t flags;   /* TCP */
	uint8_t scale;   /* of a SYN: window scale + 1, 0 = no such option */
	uint16_t window; /* as in the header */
	uint32_t seq, ack;
	uint32_t len; /* bytes of payload on the wire, also for UDP and others */
};

/* Zeroes it. */
void npm_begin(struct npm *n, bool tcp);
void npm_see(struct npm *n, const struct npm_packet *p);
/* Writes the fields into an open row of a wide batch. */
void npm_to_batch(const struct npm *n, struct batch *b, uint32_t row);
/* The record was written and the flow goes on: counts begin anew, what is known of the connection
 * stays. */
void npm_go_on(struct npm *n);
