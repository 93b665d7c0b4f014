/* SPDX-License-Identifier: Apache-2.0 */
/* QUIC versions 1 and 2 and late drafts (RFC 9000, 9001, 9369) on any port: known by its long
 * headers. Initial packets are decrypted; the CRYPTO frames in them, in any order and over several
 * datagrams, are put together to the hellos of TLS. Then everything is encrypted, and this is done.
 */
#include "proto/dissection.h"
#include "proto/web/quic_packet.h"
#include "proto/web/tls_message.h"

enum {
	CRYPTO_BYTES = 3200, /* of a hello; post-quantum ones have about 1800 */
	PIECES = 24,         /* of a hello that are apart from each other */
	PACKETS_MAX = 24,    /* looked at for the hellos */
	FRAMES_MAX = 512,    /* of one packet */
	USER_AGENT = 0x3129, /* Google's transport parameter */
};

enum quic_frame {
	FRAME_PADDING = 0,
	FRAME_PING = 1,
	FRAME_ACK = 2,
	FRAME_ACK_ECN = 3,
	FRAME_CRYPTO = 6,
};

struct piece {
	uint16_t from, to;
};

struct quic {
	struct tls_handshake handshake;
	struct quic_keys keys[2];           /* of the client, of the server */
	uint32_t keys_version[2];           /* that they are for; 0: none yet */
	uint8_t dcid[QUIC_CID_MAX], dcid_n; /* that they follow from */
	uint8_t client_dir;
	uint8_t n_packets;
	bool known, server_seen;
	/* The hello being put together: the client's, then the server's. */
	uint8_t n_pieces;
	bool of_server;
	struct piece piece[PIECES]; /* by offset, apart from each other */
	uint8_t bytes[CRYPTO_BYTES];
};

/* --- CRYPTO frames */

/* Adds [from, to) to the pieces; false: no room. */
static bool add_piece(struct quic *q, uint16_t from, uint16_t to)
{
	unsigned i = 0, end;
	while (i < q->n_pieces && q->piece[i].to < from)
		i++;
	for (end = i; end < q->n_pieces && q->piece[end].from <= to; end++) {
		from = MIN_OF(from, q->piece[end].from);
		to = MAX_OF(to, q->piece[end].to);
	}
	if (end == i && q->n_pieces == PIECES)
		return false;
	memmove(&q->piece[i + 1], &q->piece[end], (q->n_pieces - end) * sizeof q->piece[0]);
	q->n_pieces = (uint8_t)(q->n_pieces + 1 - (end - i));
	q->piece[i] = (struct piece){from, to};
	return true;
}

static void take_crypto(struct quic *q, uint64_t offset, struct rd data)
{
	size_t n = rd_left(&data);
	if (offset >= CRYPTO_BYTES || n > CRYPTO_BYTES - offset || !n)
		return;
	if (add_piece(q, (uint16_t)offset, (uint16_t)(offset + n)))
		memcpy(q->bytes + offset, data.p, n);
}

static void skip_ack(struct rd *r, bool ecn)
{
	quic_varint(r); /* largest */
	quic_varint(r); /* delay */
	uint64_t ranges = quic_varint(r);
	quic_varint(r);
	for (uint64_t i = 0; i < ranges && !r->bad; i++) {
		quic_varint(r);
		quic_varint(r);
	}
	for (int i = 0; ecn && i < 3; i++)
		quic_varint(r);
}

static void read_frames(struct quic *q, struct rd r)
{
	for (unsigned i = 0; i < FRAMES_MAX && rd_left(&r); i++) {
		switch ((enum quic_frame)rd_u8(&r)) {
		case FRAME_PADDING:
			while (rd_left(&r) && *r.p == FRAME_PADDING)
				r.p++;
			break;
		case FRAME_PING:
			break;
		case FRAME_ACK:
			skip_ack(&r, false);
			break;
		case FRAME_ACK_ECN:
			skip_ack(&r, true);
			break;
		case FRAME_CRYPTO: {
			uint64_t offset = quic_varint(&r);
			uint64_t n = quic_varint(&r);
			take_crypto(q, offset, rd_sub(&r, n));
			break;
		}
		default: /* frames that have no place here, or end the connection */
			return;
		}
	}
}

/* --- hellos */

static void note_parameters(struct dissect_ctx *c, struct rd r)
{
	while (rd_left(&r)) {
		uint64_t id = quic_varint(&r), n = quic_varint(&r);
		struct rd value = rd_sub(&r, n);
		if (!value.bad && id == USER_AGENT)
			notes_str_once(c->notes, F_quic_user_agent, value.p, rd_left(&value));
	}
}

/* The hello that has been put together, once it is whole. */
static void read_hello(struct dissect_ctx *c, struct quic *q)
{
	struct rd r = rd_of(q->bytes, q->n_pieces && !q->piece[0].from ? q->piece[0].to : 0);
	struct tls_hello hello;
	uint8_t type = rd_u8(&r);
	struct rd body = rd_sub(&r, rd_be24(&r));
	if (body.bad || type != (q->of_server ? MSG_SERVER_HELLO : MSG_CLIENT_HELLO))
		return;
	if (!tls_message(c, &q->handshake, TLS_ON_QUIC, type, body, true))
		return;
	if (!q->of_server && tls_client_hello(body, TLS_ON_QUIC, &hello))
		note_parameters(c, hello.quic_parameters);
	q->n_pieces = 0;
}

/* --- packets */

static bool derive(struct dissect_ctx *c, struct quic *q, uint32_t version, bool server)
{
	struct crypto *crypto = dissect_crypto(c);
	const struct quic_version *v = quic_version(version);
	if (q->keys_version[server] == version)
		return true;
	if (!crypto || !v ||
	    !quic_keys(crypto, v, rd_of(q->dcid, q->dcid_n), server, &q->keys[server]))
		return false;
	q->keys_version[server] = version;
	return true;
}

static void set_dcid(struct quic *q, struct rd dcid)
{
	q->dcid_n = (uint8_t)rd_left(&dcid);
	memcpy(q->dcid, dcid.p, q->dcid_n);
	q->keys_version[0] = q->keys_version[1] = 0;
}

static bool open_with(struct dissect_ctx *c, struct quic *q, const struct quic_packet *p,
		      bool server, struct rd *ret)
{
	return derive(c, q, p->version, server) &&
	       quic_open(dissect_crypto(c), &q->keys[server], p, dissect_scratch(c), ret);
}

static void note_client(struct dissect_ctx *c, struct quic *q, const struct quic_packet *p)
{
	q->client_dir = c->dir;
	set_dcid(q, p->dcid);
	notes_num_once(c->notes, F_quic_client_version, p->version);
	notes_num_once(c->notes, F_quic_version, p->version);
	tls_note_hex(c, F_quic_original_cid, p->dcid);
	if (rd_left(&p->scid))
		tls_note_hex(c, F_quic_client_cid, p->scid);
	if (p->token_n)
		notes_num_once(c->notes, F_quic_token_length, p->token_n);
}

/* Keys of another id: after a retry, or the flow's first packet was the server's. */
static bool open_anew(struct dissect_ctx *c, struct quic *q, const struct quic_packet *p,
		      bool *server, struct rd *ret)
{
	uint8_t dcid[QUIC_CID_MAX], n = q->dcid_n;
	memcpy(dcid, q->dcid, sizeof dcid);
	set_dcid(q, p->dcid);
	if (open_with(c, q, p, false, ret)) {
		q->client_dir = c->dir;
		*server = false;
		return true;
	}
	set_dcid(q, rd_of(dcid, n));
	return false;
}

/* Initial packets; false: not decrypted. */
static bool read_initial(struct dissect_ctx *c, struct quic *q, const struct quic_packet *p)
{
	bool server = c->dir != q->client_dir;
	struct rd text;
	bool open = open_with(c, q, p, server, &text);
	if (!open && !q->handshake.server)
		open = open_anew(c, q, p, &server, &text);
	if (!open || (server ? q->handshake.server : q->handshake.client))
		return open;
	if (q->of_server != server) {
		q->of_server = server;
		q->n_pieces = 0;
	}
	read_frames(q, text);
	read_hello(c, q);
	return true;
}

static void note_server(struct dissect_ctx *c, struct quic *q, const struct quic_packet *p)
{
	if (p->type == QUIC_RETRY) {
		tls_note_hex(c, F_quic_retry_cid, p->scid);
		return;
	}
	if (!q->server_seen) {
		notes_num_put(c->notes, F_quic_version, p->version);
		if (rd_left(&p->scid))
			tls_note_hex(c, F_quic_server_cid, p->scid);
	}
	q->server_seen = true;
}

/* The first packet of a flow. */
static bool begins(struct dissect_ctx *c, struct quic *q, const struct quic_packet *p)
{
	if (p->type != QUIC_INITIAL && p->type != QUIC_HANDSHAKE)
		return false;
	q->known = true;
	if (p->type == QUIC_INITIAL)
		note_client(c, q, p);
	else
		q->client_dir = c->dir;
	return true;
}

static enum dissect quic_see(struct dissect_ctx *c, struct rd *payload)
{
	struct quic *q = c->state;
	struct quic_packet p;
	bool any = false;
	if (!q->known && (rd_left(payload) < 21 || (*payload->p & 0xc0) != 0xc0))
		return DISSECT_NOT_MINE;
	while (rd_left(payload) && quic_packet(payload, &p)) {
		any = true;
		if (!q->known && !begins(c, q, &p))
			return DISSECT_NOT_MINE;
		if (c->dir != q->client_dir)
			note_server(c, q, &p);
		if (p.type == QUIC_INITIAL)
			(void)read_initial(c, q, &p);
		else if (p.type == QUIC_0RTT)
			notes_num_once(c->notes, F_tls_early_data, 1);
	}
	if (!q->known)
		return DISSECT_NOT_MINE;
	rd_skip(payload, rd_left(payload));
	q->n_packets++;
	bool both = q->handshake.client && q->handshake.server;
	return both || q->n_packets >= PACKETS_MAX || (!any && q->n_packets > PACKETS_MAX / 2)
		   ? DISSECT_DONE
		   : DISSECT_MINE;
}

const struct dissector dissector_quic = {
    .name = "quic",
    .title = "QUIC",
    .over = OVER_UDP,
    .ports = {443, 8443, 853, 784, 80},
    FIRST_BYTES("\xc0\xff"),
    .state_size = sizeof(struct quic),
    .see = quic_see,
};
