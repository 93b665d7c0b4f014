/* SPDX-License-Identifier: Apache-2.0 */
/* OpenVPN over UDP and TCP. Known by a client's reset of the sizes that there are, by the server's
 * reset that repeats the client's session, or by data packets that count up. The level of
 * confidence is measured as CESNET's detector does it, packet by packet and repeated ones too, and
 * comes out as FlowTest wants it: 80 times the part of data packets among the large ones where
 * there are enough of them and this is above 60 %, else 100 after a whole handshake and data. */
#include "proto/dissector.h"

enum opcode {
	CLIENT_RESET_V1 = 1,
	SERVER_RESET_V1 = 2,
	SOFT_RESET = 3,
	CONTROL = 4,
	ACK = 5,
	DATA_V1 = 6,
	CLIENT_RESET_V2 = 7,
	SERVER_RESET_V2 = 8,
	DATA_V2 = 9,
	CLIENT_RESET_V3 = 10,
};
enum {
	PORT = 1194,
	SESSION = 8,
	LARGE = 500,         /* bytes of payload above which a packet counts */
	STRIKES = 4,         /* packets out of order until the handshake is forgotten */
	EXPORT_PACKETS = 5,  /* no more than these: no level */
	ENOUGH_PACKETS = 20, /* more than these: a level above 0 */
	COUNTED_UP = 3,      /* data packets in a row that prove the protocol */
	STEP_MAX = 64,       /* how far their numbers may be apart */
	RESET_PLAIN = 14,
	RESET_BACK_PLAIN = 26,
	RESET_MAX = 1200,
	DATA_MIN = 8, /* over TCP: bytes behind the length */
	FRAME_MAX = 2048,
};
enum stage {
	NOTHING,
	RESET_CLIENT,
	RESET_SERVER,
	ACKED,
	HELLO_CLIENT,
	HELLO_SERVER,
	CONTROLLED,
	DATA
};

struct openvpn_state {
	enum stage stage;
	uint8_t client; /* direction of the client */
	int strikes;
	uint32_t packets, large, large_data;
	bool mine, has_session;
	uint8_t session[SESSION]; /* of the client's reset */
	struct {
		uint32_t peer, number;
		unsigned in_row;
	} data[2];
};

/* --- the level */

static bool is_rtp(const struct dissect_ctx *c, const struct rd *p)
{
	unsigned type = rd_left(p) >= 12 ? p->p[1] & 0x7f : 0;
	return c->ends->proto == PROTO_UDP && rd_left(p) >= 12 && p->p[0] >> 6 == 2 &&
	       !(type >= 72 && type <= 95);
}

/* A TLS hello of this type, with or without 28 bytes of tls-auth before it. */
static bool has_hello(const struct rd *p, size_t at, uint8_t type)
{
	for (int i = 0; i < 2; i++, at += 28)
		if (rd_left(p) > at + 5 && p->p[at] == 0x16 && p->p[at + 5] == type)
			return true;
	return false;
}

/* The stage after a control or acknowledging packet; NOTHING if it does not fit where it comes. */
static enum stage after_control(const struct openvpn_state *s, enum opcode op, uint8_t dir,
				const struct rd *p, size_t at)
{
	bool from_client = dir == s->client;
	if (op == ACK && s->stage == RESET_SERVER && from_client)
		return ACKED;
	if (op == CONTROL && s->stage == ACKED && from_client && has_hello(p, at + 14, 1))
		return HELLO_CLIENT;
	if (op == CONTROL && s->stage == HELLO_CLIENT && !from_client && has_hello(p, at + 26, 2))
		return HELLO_SERVER;
	return s->stage == HELLO_SERVER || s->stage == CONTROLLED ? CONTROLLED : NOTHING;
}

/* Moves the stage; returns whether it moved, *ret_wrong: the packet should not have come. */
static bool advance(struct openvpn_state *s, enum opcode op, uint8_t dir, const struct rd *p,
		    size_t at, bool *ret_wrong)
{
	enum stage to = NOTHING;
	*ret_wrong = false;
	switch (op) {
	case CLIENT_RESET_V1:
	case CLIENT_RESET_V2:
	case CLIENT_RESET_V3:
		s->client = dir;
		to = RESET_CLIENT;
		break;
	case SERVER_RESET_V1:
	case SERVER_RESET_V2:
		if (s->stage == RESET_CLIENT && dir != s->client)
			to = RESET_SERVER;
		*ret_wrong = to == NOTHING;
		break;
	case CONTROL:
	case ACK:
		to = after_control(s, op, dir, p, at);
		*ret_wrong = op == CONTROL && to == NOTHING;
		break;
	case DATA_V1:
	case DATA_V2:
		if (s->stage == CONTROLLED || s->stage == DATA)
			to = DATA;
		break;
	case SOFT_RESET:
		break;
	}
	if (to != NOTHING)
		s->stage = to;
	return to != NOTHING;
}

static void measure(struct dissect_ctx *c, struct openvpn_state *s, const struct rd *p,
		    uint32_t wire_len)
{
	size_t at = c->ends->proto == PROTO_UDP ? 0 : 2;
	bool wrong;
	s->packets++;
	if (rd_left(p) <= at)
		return;
	enum opcode op = (enum opcode)(p->p[at] >> 3);
	int strikes = advance(s, op, c->dir, p, at, &wrong) ? -1 : s->strikes + wrong;
	if (wire_len > LARGE && !is_rtp(c, p)) {
		s->large++;
		s->large_data += op == DATA_V1 || op == DATA_V2;
	}
	if (strikes >= STRIKES) {
		s->stage = NOTHING;
		strikes = -1;
	}
	s->strikes = strikes + 1;
}

static void openvpn_end(struct dissect_ctx *c)
{
	const struct openvpn_state *s = c->state;
	uint64_t level = 0;
	if (s->packets <= EXPORT_PACKETS)
		return;
	if (s->large > ENOUGH_PACKETS && s->large_data * (uint64_t)10 >= s->large * (uint64_t)6)
		level = s->large_data * (uint64_t)80 / s->large;
	else if (s->packets > ENOUGH_PACKETS && s->stage == DATA)
		level = 100;
	notes_num_put(c->notes, F_ovpn_conf_level, level);
}

/* --- is it? */

/* Sizes of a client's reset: plain; with an HMAC of 16 to 64 bytes (tls-auth) or encrypted
 * (tls-crypt), and a packet number and time; of version 3 with the client's key. */
static bool is_client_reset(struct rd r)
{
	size_t n = rd_left(&r);
	uint8_t first = rd_u8(&r), op = first >> 3;
	if ((first & 7) ||
	    (op != CLIENT_RESET_V1 && op != CLIENT_RESET_V2 && op != CLIENT_RESET_V3))
		return false;
	if (n == RESET_PLAIN)
		return load_be64(r.p) != 0 && r.p[8] == 0 && load_be32(r.p + 9) == 0;
	if (op == CLIENT_RESET_V3)
		return n > 54 && n <= RESET_MAX;
	return n == 38 || n == 42 || n == 50 || n == 54 || n == 70 || n == 86;
}

static bool has_bytes(const struct rd *r, const uint8_t *what, size_t n)
{
	for (const uint8_t *p = r->p; (size_t)(r->end - p) >= n; p++)
		if (memcmp(p, what, n) == 0)
			return true;
	return false;
}

static bool is_server_reset(const struct openvpn_state *s, const struct rd *r)
{
	uint8_t op = *r->p >> 3;
	size_t n = rd_left(r);
	/* Plain, it is known by itself: it acknowledges packet 0 of a session. */
	if (op == SERVER_RESET_V2 && n == RESET_BACK_PLAIN && r->p[9] == 1 &&
	    load_be32(r->p + 10) == 0 && load_be64(r->p + 14) != 0 && load_be32(r->p + 22) == 0)
		return true;
	return (op == SERVER_RESET_V1 || op == SERVER_RESET_V2) && (*r->p & 7) == 0 && n >= 26 &&
	       n <= 128 && s->has_session && (has_bytes(r, s->session, SESSION) || n >= 54);
}

/* Data packets with a peer id and numbers that follow one another. */
static bool counts_up(struct openvpn_state *s, uint8_t dir, struct rd r)
{
	uint32_t first = rd_be32(&r), number = rd_be32(&r);
	if (r.bad || first >> 27 != DATA_V2) {
		s->data[dir].in_row = 0;
		return false;
	}
	bool follows = s->data[dir].in_row && s->data[dir].peer == first &&
		       number - s->data[dir].number - 1 < STEP_MAX;
	s->data[dir].in_row = follows ? s->data[dir].in_row + 1 : 1;
	s->data[dir].peer = first;
	s->data[dir].number = number;
	return s->data[dir].in_row >= COUNTED_UP;
}

static enum dissect see_datagram(struct dissect_ctx *c, struct rd *payload)
{
	struct openvpn_state *s = c->state;
	bool on_port = c->ends->src_port == PORT || c->ends->dst_port == PORT;
	if (rd_left(payload) == 0)
		return DISSECT_NOT_MINE;
	measure(c, s, payload, (uint32_t)rd_left(payload));
	if (s->mine)
		return DISSECT_MINE;
	if (is_client_reset(*payload)) {
		s->has_session = true;
		memcpy(s->session, payload->p + 1, SESSION);
		s->mine = on_port || rd_left(payload) == RESET_PLAIN;
	} else {
		s->mine = is_server_reset(s, payload) || counts_up(s, c->dir, *payload);
	}
	if (s->mine)
		return DISSECT_MINE;
	return s->has_session || s->data[c->dir].in_row ? DISSECT_MORE : DISSECT_NOT_MINE;
}

/* Two data packets with the same peer id, each behind its length. */
static bool is_data_pair(struct rd r)
{
	struct rd one = rd_sub(&r, rd_be16(&r)), two = rd_sub(&r, rd_be16(&r));
	uint32_t peer = rd_be32(&one);
	return !one.bad && peer >> 27 == DATA_V2 && rd_be32(&two) == peer;
}

static enum dissect see_stream(struct dissect_ctx *c, struct rd *payload)
{
	struct openvpn_state *s = c->state;
	if (!s->mine) {
		struct rd r = *payload;
		uint16_t n = rd_be16(&r);
		if (r.bad)
			return DISSECT_MORE;
		uint8_t op = rd_left(&r) ? *r.p >> 3 : 0;
		bool reset =
		    op == CLIENT_RESET_V1 || op == CLIENT_RESET_V2 || op == CLIENT_RESET_V3;
		if (n < DATA_MIN || n > FRAME_MAX || (rd_left(&r) && !reset && op != DATA_V2))
			return DISSECT_NOT_MINE;
		if (rd_left(&r) < n)
			return DISSECT_MORE;
		s->mine = is_client_reset(rd_sub(&r, n)) || is_data_pair(*payload);
		if (!s->mine)
			return reset ? DISSECT_NOT_MINE : DISSECT_MORE;
	}
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

static enum dissect openvpn_see(struct dissect_ctx *c, struct rd *payload)
{
	return c->ends->proto == PROTO_UDP ? see_datagram(c, payload) : see_stream(c, payload);
}

static void openvpn_packet(struct dissect_ctx *c, const struct rd *payload, uint32_t wire_len)
{
	if (c->ends->proto != PROTO_UDP)
		measure(c, c->state, payload, wire_len);
}

const struct dissector dissector_openvpn = {
    .name = "openvpn",
    .title = "OpenVPN",
    .over = OVER_UDP | OVER_TCP,
    .ports = {PORT},
    FIRST_BYTES("\0\x57"),
    .state_size = sizeof(struct openvpn_state),
    .see = openvpn_see,
    .packet = openvpn_packet,
    .end = openvpn_end,
};
