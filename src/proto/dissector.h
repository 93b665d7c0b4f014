/* SPDX-License-Identifier: Apache-2.0 */
/* What a dissector is: one file per protocol in a family folder (proto/web/, proto/mail/...), one
 * row in dissectors.def. It is shown the payload of one flow, keeps a small state of its own, and
 * notes fields (proto/notes.h). It knows no packets, no files, no clock and no other flow,
 * allocates nothing and never looks beyond the bytes it is given (struct rd).
 *
 * Datagrams are shown one by one. Streams (TCP) are shown in order: what is left unread in *payload
 * is shown again, with more behind it, when more has come. Bytes that were lost are announced
 * (c->gap), never papered over. */
#pragma once
#include "base/ip.h"
#include "base/rd.h"
#include "packet/numbers.h"
#include "proto/notes.h"

enum dissect {
	DISSECT_NOT_MINE, /* another protocol; also: it was mine, and is broken beyond help */
	DISSECT_MORE,     /* cannot tell yet, or half a message: wait. Nothing need be consumed */
	DISSECT_MINE,     /* it is; consumed what was understood */
	DISSECT_DONE,     /* it is, and nothing more is to be learned from this flow */
	DISSECT_SWITCH,   /* c->next goes on with what is left (STARTTLS, upgrades) */
};

enum dissect_over {
	OVER_TCP = 1,
	OVER_UDP = 2,
	OVER_IP = 4,    /* ports are IP protocol numbers; payload = what the IP packet carries */
	OVER_ETHER = 8, /* ports are Ethernet types; payload = what the frame carries */
};

enum {
	DISSECT_PORTS = 12,
	DISSECT_STATE_MAX = 4096, /* bytes of state of a dissector */
	DISSECT_HELD_MAX =
	    16384, /* bytes of one direction kept unread (a ClientHello, a certificate chain) */
	DISSECT_GUESS_PACKETS = 6,  /* payloads looked at before a flow is given up */
	DISSECT_GUESS_BYTES = 4096, /* bytes of a direction shown to those that cannot tell yet */
	DISSECT_MAX = 128,          /* rows of dissectors.def */
};

/* Who talks: the initiator first, as the flow's record will say. */
struct talk_ends {
	struct ip src, dst;
	uint16_t src_port, dst_port;
	uint16_t ethertype; /* of OVER_ETHER, else 0 */
	uint8_t proto;
	uint8_t ip_version;
};

struct dissector;
struct dissection;

struct dissect_ctx {
	struct notes *notes;
	void *state;   /* state_size bytes, zero at first; one per flow and dissector */
	uint64_t t_ns; /* when the packet came that is shown now */
	uint64_t
	    first_ns;  /* when the packet came that began what is held unread; datagrams: t_ns */
	uint64_t skip; /* set it: so many bytes of this direction, after those consumed, need not be
			  shown (a body, a file) */
	uint32_t gap;  /* so many bytes were lost just before these: find the next message, or
			  DISSECT_DONE. 0 = none */
	uint8_t dir;   /* 0 from the initiator, 1 from the other side. Of a flow that was joined
			  midway   the initiator may be the server: tell by the bytes where you can */
	bool cut;      /* the packet was captured only in part: *payload ends early */
	struct rd ip_packet; /* the packet shown now, from its IP header on (classifiers) */
	const struct talk_ends *ends;
	const struct dissector *next;  /* with DISSECT_SWITCH */
	struct dissection *dissection; /* proto/dissection.h: expectations, scratch memory */
};

/* Ranges of bytes, each its first and its last: FIRST_BYTES("AZ\r\r"). */
#define FIRST_BYTES(ranges) .first = (ranges), .first_n = sizeof(ranges) - 1

struct dissector {
	const char *name;  /* the application name of its flows: "dns" */
	const char *title; /* for people: "Domain Name System" */
	uint8_t over;      /* enum dissect_over, or several */
	bool ports_only; /* asked only on its ports, or where a dissector expects it: what it knows
			    its protocol by is weak */
	uint16_t ports[DISSECT_PORTS]; /* asked first on these; 0 ends the list */
	/* FIRST_BYTES: what the first payload of a direction begins with where it is his; he is not
	 * asked about others. Not given: with any byte. */
	const char *first;
	uint8_t first_n;
	uint16_t state_size;
	enum dissect (*see)(struct dissect_ctx *c, struct rd *payload);
	/* Every packet with payload of a flow that is his, as captured and when it was: of a stream
	 * repeated and overtaken ones too. For those who count packets; NULL otherwise. */
	void (*packet)(struct dissect_ctx *c, const struct rd *payload, uint32_t wire_len);
	/* The flow ends, or its record is exported while it goes on: note what the state knows.
	 * NULL where everything is noted as it is seen. Called with dir 0 and no payload. */
	void (*end)(struct dissect_ctx *c);
	/* The state is forgotten: give back what it holds of dissect_pool(). Mostly NULL. Who holds
	 * any has said DISSECT_MINE or DISSECT_DONE. */
	void (*drop)(void *state);
};

/* The field for what this direction carries: f, or its rev_ twin when the other side sends. */
static inline enum field dissect_field(const struct dissect_ctx *c, enum field f)
{
	return c->dir && field_table[f].reverse >= 0 ? (enum field)field_table[f].reverse : f;
}
