/* SPDX-License-Identifier: Apache-2.0 */
/* What the dissectors of DNS, multicast DNS and LLMNR have in common: is this a message, and what
 * of it is noted. Queries are paired with their answers for response times. */
#pragma once
#include "proto/dissector.h"
#include "proto/name/dns_wire.h"

/* Queries of a flow that wait for their answer; when there are more the oldest counts as
 * unanswered. */
enum { DNS_PENDING = 16 };

struct dns_state {
	struct dns_query {
		uint64_t t_ns;
		uint64_t hash; /* of the questions */
		uint16_t id;
		uint8_t dir;
		bool waiting;
	} pending[DNS_PENDING];
	uint8_t next;
	bool asked, answered; /* a query, an answer was noted */
};

/* Whether the bytes are one whole message: known operation, counts that fit, names and records that
 * parse up to its end. strict: where no port speaks for it, only what a resolver would send. cut:
 * the message may end early. */
bool dns_is_message(struct rd msg, bool strict, bool cut);
/* Notes a message that dns_is_message. */
void dns_note(struct dissect_ctx *c, struct dns_state *s, struct rd msg);
/* The flow ends: what waits was not answered. */
void dns_note_end(struct dissect_ctx *c, struct dns_state *s);
