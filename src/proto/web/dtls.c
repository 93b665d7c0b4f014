/* SPDX-License-Identifier: Apache-2.0 */
/* DTLS 1.0, 1.2 and 1.3 (RFC 6347, 9147) over UDP on any port: known by a record with a hello whose
 * lengths agree. Messages in fragments are put together in whatever order these come; of a
 * certificate chain longer than is kept the first fragment is read. */
#include "base/attr.h"
#include "proto/dissection.h"
#include "proto/web/tls_message.h"

enum {
	REC_CHANGE_CIPHER = 20,
	REC_ALERT = 21,
	REC_HANDSHAKE = 22,
	REC_DATA = 23,
	REC_TYPE_MAX = 27,
	MESSAGE_HEAD = 12,
	MESSAGE_BYTES = 3072, /* of a message in fragments */
	RANGES = 8,           /* of it, with holes between, that are kept */
	RECORDS_MAX = 64,     /* looked at for the handshake */
	UNIFIED = 0x20,       /* first bits of an encrypted record of 1.3 */
};

struct dtls {
	struct tls_handshake handshake;
	bool known, encrypted[2], set_up;
	uint8_t n_records;
	/* The message that comes in fragments. */
	uint8_t dir, type, n_ranges;
	uint16_t number, length;
	struct range {
		uint16_t from, to;
	} range[RANGES]; /* of bytes that are here: in order, apart from each other */
	uint8_t bytes[MESSAGE_BYTES];
};

struct record {
	uint8_t type;
	uint16_t version, epoch;
	struct rd body;
};

struct fragment {
	uint8_t type;
	uint16_t number;
	uint32_t length, from;
	struct rd body;
};

static bool next_record(struct rd *r, struct record *ret)
{
	struct rd at = *r;
	struct record h;
	h.type = rd_u8(&at);
	h.version = rd_be16(&at);
	h.epoch = rd_be16(&at);
	rd_skip(&at, 6); /* sequence number */
	h.body = rd_sub(&at, rd_be16(&at));
	if (h.body.bad || h.type < REC_CHANGE_CIPHER || h.type >= REC_TYPE_MAX ||
	    (h.version != 0xfeff && h.version != 0xfefd && h.version != 0x0100) ||
	    !rd_left(&h.body))
		return false;
	*ret = h;
	*r = at;
	return true;
}

static bool next_fragment(struct rd *r, struct fragment *ret)
{
	struct fragment f;
	f.type = rd_u8(r);
	f.length = rd_be24(r);
	f.number = rd_be16(r);
	f.from = rd_be24(r);
	f.body = rd_sub(r, rd_be24(r));
	*ret = f;
	return !f.body.bad && f.type < MSG_TYPE_MAX && f.from <= f.length &&
	       rd_left(&f.body) <= f.length - f.from;
}

/* Adds [from, to) to what is here; false: no room for one more piece. */
static bool add_range(struct dtls *d, uint16_t from, uint16_t to)
{
	struct range *v = d->range;
	unsigned i = 0, j;
	while (i < d->n_ranges && v[i].to < from)
		i++;
	for (j = i; j < d->n_ranges && v[j].from <= to; j++) {
		from = MIN_OF(from, v[j].from);
		to = MAX_OF(to, v[j].to);
	}
	unsigned n = d->n_ranges + 1 - (j - i);
	if (n > RANGES)
		return false;
	memmove(&v[i + 1], &v[j], (d->n_ranges - j) * sizeof(*v));
	v[i] = (struct range){from, to};
	d->n_ranges = (uint8_t)n;
	return true;
}

/* Whether f is of the message that is put together, perhaps from now on. One that has begun goes on
 * while its side goes on to later ones: what it lacks may be late, or is sent again. */
static bool is_of_message(struct dissect_ctx *c, struct dtls *d, const struct fragment *f)
{
	bool begun = d->n_ranges && d->dir == c->dir;
	if (begun && d->type == f->type && d->number == f->number && d->length == f->length)
		return true;
	if (begun && d->number < f->number)
		return false;
	d->dir = c->dir;
	d->type = f->type;
	d->number = f->number;
	d->length = (uint16_t)f->length;
	d->n_ranges = 0;
	return true;
}

/* A fragment of a message of which more is needed. */
static void put_together(struct dissect_ctx *c, struct dtls *d, const struct fragment *f)
{
	uint16_t n = (uint16_t)rd_left(&f->body), from = (uint16_t)f->from;
	if (f->length > MESSAGE_BYTES) {
		if (f->from == 0 && f->type == MSG_CERTIFICATE)
			(void)tls_message(c, &d->handshake, TLS_ON_UDP, f->type, f->body, false);
		return;
	}
	if (!n || !is_of_message(c, d, f) || !add_range(d, from, (uint16_t)(from + n)))
		return;
	memcpy(d->bytes + from, f->body.p, n);
	if (d->range[0].from || d->range[0].to < d->length)
		return;
	d->n_ranges = 0;
	(void)tls_message(c, &d->handshake, TLS_ON_UDP, d->type, rd_of(d->bytes, d->length), true);
}

static bool read_handshake(struct dissect_ctx *c, struct dtls *d, struct rd r)
{
	while (rd_left(&r)) {
		struct fragment f;
		if (!next_fragment(&r, &f))
			return false;
		if (!d->known && (f.type < MSG_CLIENT_HELLO || f.type > MSG_VERIFY_REQUEST))
			return false;
		if (rd_left(&f.body) < f.length) {
			put_together(c, d, &f);
		} else if (!tls_message(c, &d->handshake, TLS_ON_UDP, f.type, f.body, true)) {
			return false;
		}
		d->known = true;
	}
	return true;
}

static void note_encrypted(struct dissect_ctx *c, struct dtls *d)
{
	d->encrypted[c->dir] = true;
	if (d->encrypted[!c->dir] && !d->set_up) {
		d->set_up = true;
		tls_note_setup(c, &d->handshake);
	}
}

/* False: no record of it. */
static bool read_record(struct dissect_ctx *c, struct dtls *d, const struct record *r)
{
	struct rd body = r->body;
	if (r->epoch) {
		if (!d->known && r->type != REC_DATA)
			return false;
		d->known = true;
		note_encrypted(c, d);
	} else if (r->type == REC_HANDSHAKE) {
		if (!read_handshake(c, d, body))
			return d->known;
	} else if (!d->known) {
		return false;
	} else if (r->type == REC_ALERT && rd_left(&body) == 2) {
		uint8_t level = rd_u8(&body);
		tls_note_alert(c, level, rd_u8(&body));
	}
	if (r->type <= REC_DATA + 1)
		tls_note_content(c, &d->handshake, r->type);
	return true;
}

static enum dissect dtls_see(struct dissect_ctx *c, struct rd *payload)
{
	struct dtls *d = c->state;
	struct record r;
	while (rd_left(payload)) {
		if (d->known && (*payload->p & 0xe0) == UNIFIED) {
			note_encrypted(c, d);
			break;
		}
		if (!next_record(payload, &r) || !read_record(c, d, &r)) {
			if (!d->known)
				return DISSECT_NOT_MINE;
			break;
		}
		if (d->n_records < RECORDS_MAX)
			d->n_records++;
	}
	rd_skip(payload, rd_left(payload));
	bool done = (d->encrypted[0] && d->encrypted[1]) || d->n_records >= RECORDS_MAX;
	return done ? DISSECT_DONE : DISSECT_MINE;
}

const struct dissector dissector_dtls = {
    .name = "dtls",
    .title = "Datagram Transport Layer Security",
    .over = OVER_UDP,
    .ports = {443, 4433, 5684, 2083, 5061, 5349, 3478},
    FIRST_BYTES("\x14\x1a"),
    .state_size = sizeof(struct dtls),
    .see = dtls_see,
};
