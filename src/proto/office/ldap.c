/* SPDX-License-Identifier: Apache-2.0 */
/* LDAP (RFC 4511) over TCP, and CLDAP over UDP: binds, operations, results, until the connection
 * goes over to TLS or to a security layer of SASL. */
#include "proto/asked.h"
#include "proto/ber.h"
#include "proto/office/ntlm.h"
#include "proto/office/starttls.h"
#include "proto/text.h"

enum { READ_MAX_LDAP = 8192, HEAD_LDAP = 24, MESSAGE_MAX_LDAP = 1 << 24 };
enum op {
	BIND = 0,
	BIND_RESPONSE = 1,
	UNBIND = 2,
	SEARCH = 3,
	SEARCH_ENTRY = 4,
	SEARCH_DONE = 5,
	MODIFY = 6,
	MODIFY_RESPONSE = 7,
	ADD = 8,
	ADD_RESPONSE = 9,
	DELETE = 10,
	DELETE_RESPONSE = 11,
	MODIFY_DN = 12,
	MODIFY_DN_RESPONSE = 13,
	COMPARE = 14,
	COMPARE_RESPONSE = 15,
	ABANDON = 16,
	SEARCH_REFERENCE = 19,
	EXTENDED = 23,
	EXTENDED_RESPONSE = 24,
	INTERMEDIATE = 25
};
/* result codes that are no failure: success, compareFalse, compareTrue, referral, a bind goes on */
static const uint8_t good_results[] = {0, 5, 6, 10, 14};

struct ldap {
	struct asked open;
	bool known, tls_asked;
	uint32_t tls_id;
};

/* Requests by tag, and what answers them. */
static bool is_request(uint32_t op)
{
	const uint32_t requests = 1u << BIND | 1u << UNBIND | 1u << SEARCH | 1u << MODIFY |
				  1u << ADD | 1u << DELETE | 1u << MODIFY_DN | 1u << COMPARE |
				  1u << ABANDON | 1u << EXTENDED;
	return op < 32 && requests >> op & 1;
}

static bool is_result(uint32_t op)
{
	const uint32_t results = 1u << BIND_RESPONSE | 1u << SEARCH_DONE | 1u << MODIFY_RESPONSE |
				 1u << ADD_RESPONSE | 1u << DELETE_RESPONSE |
				 1u << MODIFY_DN_RESPONSE | 1u << COMPARE_RESPONSE |
				 1u << EXTENDED_RESPONSE;
	return op < 32 && results >> op & 1;
}

static void note_octets(struct notes *n, enum field f, struct rd *r)
{
	struct rd text;
	if (ber_expect(r, BER_UNIVERSAL, BER_OCTETS, &text) && rd_left(&text))
		notes_str_once(n, f, text.p, rd_left(&text));
}

static void see_bind(struct notes *n, struct rd r)
{
	struct rd version, sasl;
	if (!ber_expect(&r, BER_UNIVERSAL, BER_INTEGER, &version))
		return;
	note_octets(n, F_user_name, &r);
	if (ber_expect(&r, BER_CONTEXT, 3, &sasl))
		ntlm_note(n, sasl);
}

static void see_request(struct dissect_ctx *c, struct ldap *s, uint32_t op, uint32_t id,
			struct rd r)
{
	static const char start_tls[] = "1.3.6.1.4.1.1466.20037";
	struct rd oid;
	notes_num_or(c->notes, F_ldap_operations, UINT32_C(1) << op);
	switch (op) {
	case BIND:
		see_bind(c->notes, r);
		break;
	case SEARCH:
	case MODIFY:
	case ADD:
	case MODIFY_DN:
	case COMPARE:
		note_octets(c->notes, F_ldap_base, &r);
		break;
	case DELETE:
		notes_str_once(c->notes, F_ldap_base, r.p, rd_left(&r));
		break;
	case EXTENDED:
		if (ber_expect(&r, BER_CONTEXT, 0, &oid) && text_is(&oid, start_tls)) {
			s->tls_asked = true;
			s->tls_id = id;
		}
		break;
	}
	if (op != UNBIND && op != ABANDON)
		asked_ask(&s->open, c, id, (uint8_t)op);
}

/* True: TLS begins now. */
static bool see_answer(struct dissect_ctx *c, struct ldap *s, uint32_t op, uint32_t id, struct rd r)
{
	struct rd body;
	int64_t code = 0;
	uint64_t noted;
	if (op == SEARCH_ENTRY || op == SEARCH_REFERENCE) {
		if (asked_find(&s->open, id) != ASKED_OPEN)
			asked_answer(&s->open, c, id, false);
		return false;
	}
	if (!is_result(op) || !ber_expect(&r, BER_UNIVERSAL, BER_ENUMERATED, &body) ||
	    !ber_integer(body, &code) || code < 0)
		return false;
	bool good = code < 256 && memchr(good_results, (int)code, sizeof(good_results));
	if (!notes_num(c->notes, F_ldap_result, &noted) || (noted == 0 && !good))
		notes_num_put(c->notes, F_ldap_result, good ? 0 : (uint64_t)code);
	if (!good || asked_find(&s->open, id) != ASKED_OPEN)
		asked_answer(&s->open, c, id, !good);
	return op == EXTENDED_RESPONSE && s->tls_asked && s->tls_id == id && code == 0;
}

/* The length of the message that r begins with, its id and operation, out of what is there. */
static size_t message(const struct rd *r, uint32_t *ret_id, uint32_t *ret_op, struct rd *ret_body)
{
	size_t len = *r->p == 0x30 ? ber_whole(r) : 0;
	struct rd at = *r, id;
	if (len < 7 || len > MESSAGE_MAX_LDAP)
		return 0;
	uint8_t more = at.p[1] & 0x80 ? at.p[1] & 0x7f : 0;
	rd_skip(&at, 2 + (size_t)more);
	int64_t v;
	if (!ber_expect(&at, BER_UNIVERSAL, BER_INTEGER, &id) || !ber_integer(id, &v) || v < 0 ||
	    v > INT32_MAX || rd_left(&at) < 2 || (*at.p & 0xc0) != BER_APPLICATION ||
	    (*at.p & 0x1f) > INTERMEDIATE)
		return 0;
	*ret_id = (uint32_t)v;
	*ret_op = *at.p & 0x1f;
	if (len <= rd_left(r))
		at.end = r->p + len;
	struct ber b;
	*ret_body = ber_next(&at, &b) ? b.body : rd_none();
	return len;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct ldap *s = c->state;
	enum dissect not_mine = s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	if (c->gap)
		return not_mine;
	while (rd_left(r) && !c->skip) {
		uint32_t id, op;
		struct rd body;
		size_t have = rd_left(r);
		if (*r->p != 0x30)
			return not_mine; /* a security layer, too */
		size_t len = have >= 7 ? message(r, &id, &op, &body) : 0;
		if (len == 0 && have < HEAD_LDAP)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		if (len == 0 || (!is_request(op) && !is_result(op) && op != SEARCH_ENTRY &&
				 op != SEARCH_REFERENCE && op != INTERMEDIATE))
			return not_mine;
		if (have < len && have < READ_MAX_LDAP && op != SEARCH_ENTRY)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		s->known = true;
		rd_skip(r, len < have ? len : have);
		c->skip = len < have ? 0 : len - have;
		if (is_request(op))
			see_request(c, s, op, id, body);
		else if (see_answer(c, s, op, id, body))
			return starttls(c);
		c->first_ns = c->t_ns; /* messages behind the first came now */
	}
	return DISSECT_MINE;
}

const struct dissector dissector_ldap = {
    .name = "ldap",
    .title = "Lightweight Directory Access Protocol",
    .over = OVER_TCP | OVER_UDP,
    .ports = {389, 3268},
    FIRST_BYTES("00"),
    .state_size = sizeof(struct ldap),
    .see = see,
};
