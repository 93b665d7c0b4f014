/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos 5 (RFC 4120) over UDP and, with a length before each message, TCP. */
#include "proto/asked.h"
#include "proto/ber.h"
#include "proto/dissector.h"

enum { MESSAGE_MAX_KRB = 65536, NAME_MAX_KRB = 512, PARTS_MAX = 8 };
enum {
	AS_REQ = 10,
	AS_REP = 11,
	TGS_REQ = 12,
	TGS_REP = 13,
	AP_REQ = 14,
	AP_REP = 15,
	KRB_SAFE = 20,
	KRB_PRIV = 21,
	KRB_CRED = 22,
	KRB_ERROR = 30
};
enum { TICKET_TAG = 1, PREAUTH_REQUIRED = 25 };

struct kerberos {
	struct asked open;
	bool known;
};

/* The body of [tag] in a sequence, looked for from *r on. */
static bool member(struct rd *r, uint32_t tag, struct rd *ret)
{
	struct ber b;
	while (rd_left(r) && ber_next(r, &b))
		if (b.class_ == BER_CONTEXT && b.tag == tag) {
			*ret = b.body;
			return true;
		}
	return false;
}

static bool number(struct rd seq, uint32_t tag, int64_t *ret)
{
	struct rd body, value;
	return member(&seq, tag, &body) && ber_expect(&body, BER_UNIVERSAL, BER_INTEGER, &value) &&
	       ber_integer(value, ret);
}

static bool text(struct rd seq, uint32_t tag, struct rd *ret)
{
	enum { GENERAL_STRING = 27 };
	struct rd body;
	return member(&seq, tag, &body) && ber_expect(&body, BER_UNIVERSAL, GENERAL_STRING, ret);
}

static void note_text(struct notes *n, enum field f, struct rd seq, uint32_t tag)
{
	struct rd value;
	if (text(seq, tag, &value) && rd_left(&value))
		notes_str_once(n, f, value.p, rd_left(&value));
}

/* A PrincipalName: its parts with / between them. */
static void note_name(struct notes *n, enum field f, struct rd seq, uint32_t tag)
{
	enum { GENERAL_STRING = 27 };
	struct rd body, name, parts, list, part;
	char out[NAME_MAX_KRB];
	size_t len = 0;
	if (!member(&seq, tag, &body) || !ber_expect(&body, BER_UNIVERSAL, BER_SEQUENCE, &name) ||
	    !member(&name, 1, &parts) || !ber_expect(&parts, BER_UNIVERSAL, BER_SEQUENCE, &list))
		return;
	for (int i = 0; i < PARTS_MAX && ber_expect(&list, BER_UNIVERSAL, GENERAL_STRING, &part);
	     i++) {
		size_t left = rd_left(&part);
		if (len + left + 1 > sizeof(out))
			return;
		if (i)
			out[len++] = '/';
		if (left)
			memcpy(out + len, part.p, left);
		len += left;
	}
	if (len)
		notes_str_once(n, f, out, len);
}

static bool sequence(struct rd *r, enum ber_class class_, uint32_t tag, struct rd *ret)
{
	struct rd body;
	return ber_expect(r, class_, tag, &body) &&
	       ber_expect(&body, BER_UNIVERSAL, BER_SEQUENCE, ret);
}

/* EncryptedData, or a Ticket's: the encryption type. */
static void note_etype(struct notes *n, struct rd encrypted)
{
	int64_t etype;
	struct rd seq;
	if (ber_expect(&encrypted, BER_UNIVERSAL, BER_SEQUENCE, &seq) && number(seq, 0, &etype))
		notes_num_once(n, F_krb_etype, (uint16_t)etype);
}

static void note_ticket(struct notes *n, struct rd seq, uint32_t tag)
{
	struct rd body, ticket, encrypted;
	if (!member(&seq, tag, &body) || !sequence(&body, BER_APPLICATION, TICKET_TAG, &ticket))
		return;
	note_text(n, F_krb_realm, ticket, 1);
	note_name(n, F_krb_service, ticket, 2);
	if (member(&ticket, 3, &encrypted))
		note_etype(n, encrypted);
}

static void see_request(struct dissect_ctx *c, struct kerberos *s, struct rd seq, int64_t type)
{
	struct rd body, req;
	if (!member(&seq, 4, &body) || !ber_expect(&body, BER_UNIVERSAL, BER_SEQUENCE, &req))
		return;
	note_text(c->notes, F_krb_realm, req, 2);
	note_name(c->notes, F_krb_client, req, 1);
	note_name(c->notes, F_krb_service, req, 3);
	asked_ask(&s->open, c, 0, (uint8_t)type);
}

static void see_reply(struct dissect_ctx *c, struct kerberos *s, struct rd seq)
{
	struct rd encrypted, at = seq;
	asked_answer(&s->open, c, 0, false);
	note_text(c->notes, F_krb_realm, seq, 3);
	note_name(c->notes, F_krb_client, seq, 4);
	note_ticket(c->notes, seq, 5);
	if (member(&at, 6, &encrypted))
		note_etype(c->notes, encrypted);
}

static void see_error(struct dissect_ctx *c, struct kerberos *s, struct rd seq)
{
	int64_t code = 0;
	bool told = number(seq, 6, &code);
	asked_answer(&s->open, c, 0, told && code != PREAUTH_REQUIRED);
	if (told && code >= 0)
		notes_num_once(c->notes, F_krb_error, (uint64_t)code);
	note_name(c->notes, F_krb_client, seq, 8);
	note_text(c->notes, F_krb_realm, seq, 9);
	note_name(c->notes, F_krb_service, seq, 10);
}

/* One message; false: it is none. */
static bool see_message(struct dissect_ctx *c, struct kerberos *s, struct rd r)
{
	struct ber outer;
	struct rd seq;
	int64_t version, type;
	if (!ber_next(&r, &outer) || outer.class_ != BER_APPLICATION || rd_left(&r) ||
	    !ber_expect(&outer.body, BER_UNIVERSAL, BER_SEQUENCE, &seq))
		return false;
	bool request =
	    outer.tag == AS_REQ || outer.tag == TGS_REQ; /* RFC 4120 5.4.1: from [1] on */
	if (!number(seq, request ? 1 : 0, &version) || version != 5 ||
	    !number(seq, request ? 2 : 1, &type) || type != outer.tag)
		return false;
	notes_num_once(c->notes, F_krb_type, (uint64_t)type);
	switch (type) {
	case AS_REQ:
	case TGS_REQ:
		see_request(c, s, seq, type);
		break;
	case AS_REP:
	case TGS_REP:
		see_reply(c, s, seq);
		break;
	case AP_REQ:
		note_ticket(c->notes, seq, 3);
		break;
	case KRB_ERROR:
		see_error(c, s, seq);
		break;
	}
	return true;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct kerberos *s = c->state;
	if (c->ends->proto != PROTO_TCP) {
		bool is = rd_left(r) > 8 && (*r->p & 0xe0) == 0x60 && see_message(c, s, *r);
		s->known |= is;
		rd_skip(r, rd_left(r));
		return s->known ? DISSECT_MINE : DISSECT_NOT_MINE;
	}
	if (c->gap)
		return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	while (rd_left(r)) {
		struct rd at = *r;
		if (!s->known && *r->p != 0)
			return DISSECT_NOT_MINE;
		uint32_t len = rd_be32(&at);
		if (at.bad)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		if (len < 8 || len > MESSAGE_MAX_KRB || (rd_left(&at) && (*at.p & 0xe0) != 0x60))
			return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		struct rd msg = rd_sub(&at, len);
		if (msg.bad)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		if (!see_message(c, s, msg))
			return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		s->known = true;
		*r = at;
		c->first_ns = c->t_ns; /* messages behind the first came now */
	}
	return DISSECT_MINE;
}

const struct dissector dissector_kerberos = {
    .name = "kerberos",
    .title = "Kerberos",
    .over = OVER_TCP | OVER_UDP,
    .ports = {88},
    FIRST_BYTES("\0\0\x60\x7f"),
    .state_size = sizeof(struct kerberos),
    .see = see,
};
