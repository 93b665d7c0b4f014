/* SPDX-License-Identifier: Apache-2.0 */
/* What an exporter's sequence numbers say was lost on the way to us. Pure arithmetic on 32-bit
 * serial numbers.
 *
 * A number ahead of the expected one opens a gap. A gap stays provisional while the next
 * SEQUENCE_WINDOW datagrams may still fill it (UDP reorders); then it counts as lost. A number far
 * away, or several numbers in a row behind the expected one, or a device that says so itself
 * (sysUpTime fell) is a restart: the count begins anew and nothing is called lost. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { SEQUENCE_WINDOW = 32, SEQUENCE_GAPS = 8, SEQUENCE_BEHIND = 3, SEQUENCE_FAR = 1 << 28 };

struct sequence_gap {
	uint32_t from, n; /* missing units [from, from + n) */
	uint32_t tick;    /* datagram that opened it */
};

struct sequence {
	bool started;
	bool loose;    /* the last datagram held an unknown number of units */
	uint32_t next; /* expected */
	uint32_t tick; /* datagrams seen */
	uint32_t behind_next;
	uint8_t behind_n, n_gaps;
	struct sequence_gap gaps[SEQUENCE_GAPS]; /* oldest first */
	uint64_t lost;                           /* for certain */
	uint64_t restarts;
	uint64_t late;     /* datagrams that filled a gap */
	uint64_t repeated; /* datagrams that came again; the newest are judged by what follows */
};

struct sequence_step {
	uint32_t seq;
	uint32_t units;     /* by how much this datagram moves the sequence */
	uint32_t options;   /* of the units, option records */
	bool units_unknown; /* it holds more, but nobody knows how much */
	bool restarted;     /* the device started anew since the last datagram */
};
/* Takes one datagram. lost and restarts grow accordingly. */
void sequence_see(struct sequence *s, const struct sequence_step *step);
/* Lost for certain, plus the gaps that may still be filled. */
uint64_t sequence_lost(const struct sequence *s);
