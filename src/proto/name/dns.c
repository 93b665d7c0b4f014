/* SPDX-License-Identifier: Apache-2.0 */
/* DNS over UDP and TCP (RFC 1035), EDNS (RFC 6891). A datagram is a message; over TCP each has its
 * length before it (4.2.2), and messages may follow one another in both directions (RFC 7766). */
#include "proto/name/dns_note.h"

enum { PORT = 53 };

static bool on_port(const struct dissect_ctx *c)
{
	return c->ends->src_port == PORT || c->ends->dst_port == PORT;
}

static enum dissect see_datagram(struct dissect_ctx *c, struct rd *payload)
{
	if (!dns_is_message(*payload, !on_port(c), c->cut))
		return DISSECT_NOT_MINE;
	dns_note(c, c->state, *payload);
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

static enum dissect see_stream(struct dissect_ctx *c, struct rd *payload)
{
	bool seen = false;
	while (rd_left(payload) >= 2) {
		struct rd r = *payload;
		size_t n = rd_be16(&r);
		if (n < DNS_HEADER)
			return DISSECT_NOT_MINE;
		if (n > rd_left(&r) && n + 2 <= DISSECT_HELD_MAX)
			return seen ? DISSECT_MINE : DISSECT_MORE;
		bool whole = n <= rd_left(&r);
		struct rd msg = rd_sub(&r, whole ? n : rd_left(&r));
		if (!dns_is_message(msg, !on_port(c), !whole))
			return DISSECT_NOT_MINE;
		dns_note(c, c->state, msg);
		c->skip = whole ? 0 : n - (size_t)(msg.end - msg.p);
		*payload = r;
		seen = true;
	}
	return seen ? DISSECT_MINE : DISSECT_MORE;
}

static enum dissect dns_see(struct dissect_ctx *c, struct rd *payload)
{
	return c->ends->proto == PROTO_TCP ? see_stream(c, payload) : see_datagram(c, payload);
}

static void dns_end(struct dissect_ctx *c)
{
	dns_note_end(c, c->state);
}

const struct dissector dissector_dns = {
    .name = "dns",
    .title = "Domain Name System",
    .over = OVER_UDP | OVER_TCP,
    .ports = {PORT},
    .state_size = sizeof(struct dns_state),
    .see = dns_see,
    .end = dns_end,
};
