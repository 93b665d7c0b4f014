/* SPDX-License-Identifier: Apache-2.0 */
/* RDP (MS-RDPBCGR 2.2.1): the connection request with its cookie, what security is asked for and
 * chosen; then TLS, or of old servers the client's name in the clear. */
#include "proto/asked.h"
#include "proto/guess.h"
#include "proto/office/starttls.h"
#include "proto/text.h"

enum { TPKT = 3, TPKT_HEAD = 4, REQUEST = 0xe0, CONFIRM = 0xd0, DATA = 0xf0, PDU_MAX = 8192 };
enum { NEG_REQUEST = 1, NEG_RESPONSE = 2, NEG_FAILURE = 3, NEG_LEN = 8 };

struct rdp {
	struct asked open;
	bool known;
};

/* The security negotiation at the end of a request or confirm; false: there is none. */
static bool negotiation(struct rd r, uint8_t *ret_type, uint32_t *ret_value)
{
	if (rd_left(&r) < NEG_LEN)
		return false;
	*ret_type = rd_u8(&r);
	rd_skip(&r, 1);
	uint16_t len = rd_le16(&r);
	*ret_value = rd_le32(&r);
	return len == NEG_LEN && *ret_type >= NEG_REQUEST && *ret_type <= NEG_FAILURE;
}

static bool see_request(struct dissect_ctx *c, struct rdp *s, struct rd r)
{
	struct rd line, user = rd_none();
	uint8_t type;
	uint32_t protocols;
	bool cookie = text_begins_nocase(&r, "Cookie: ");
	if (cookie && text_line(&r, &line)) {
		(void)text_until(&line, '=');
		user = line;
	}
	bool offers = negotiation(r, &type, &protocols) && type == NEG_REQUEST;
	if (!cookie && !offers && !(rd_left(&r) == 0 && guess_port(c->ends, 3389)))
		return false;
	if (rd_left(&user) && text_printable(&user))
		notes_str_once(c->notes, F_user_name, user.p, rd_left(&user));
	if (offers)
		notes_num_once(c->notes, F_rdp_requested, protocols);
	asked_ask(&s->open, c, 0, REQUEST);
	return true;
}

/* *ret_tls: what follows is TLS. */
static bool see_confirm(struct dissect_ctx *c, struct rdp *s, struct rd r, bool *ret_tls)
{
	uint8_t type = 0;
	uint32_t value = 0;
	bool told = negotiation(r, &type, &value);
	if (!s->known && (!told || type == NEG_REQUEST))
		return false;
	asked_answer(&s->open, c, 0, told && type == NEG_FAILURE);
	if (told && type == NEG_RESPONSE) {
		notes_num_once(c->notes, F_rdp_selected, value);
		*ret_tls = value != 0;
	}
	return true;
}

/* The client's computer in its core data (2.2.1.3.2). */
static void note_client(struct notes *n, const struct rd *pdu)
{
	static const uint8_t core[] = {0x01, 0xc0};
	enum { NAME_AT = 20, NAME_BYTES = 32 };
	uint8_t name[NAME_BYTES];
	const uint8_t *at = text_find(pdu, core, sizeof(core));
	if (!at)
		return;
	struct rd r = rd_of(at + 2, (size_t)(pdu->end - at) - 2);
	if (rd_le16(&r) < NAME_AT + NAME_BYTES)
		return;
	rd_skip(&r, NAME_AT);
	size_t len = text_from_utf16le(rd_sub(&r, NAME_BYTES), name, sizeof(name));
	const uint8_t *end = len ? memchr(name, 0, len) : NULL;
	if (end)
		len = (size_t)(end - name);
	if (len)
		notes_str_once(n, F_app_client, name, len);
}

static enum dissect see_pdu(struct dissect_ctx *c, struct rdp *s, struct rd pdu)
{
	struct rd r = pdu;
	bool mine = s->known, tls = false;
	uint8_t len = rd_u8(&r), code = rd_u8(&r);
	if (code == DATA && s->known) {
		note_client(c->notes, &pdu);
		return c->dir == 0 ? DISSECT_DONE : DISSECT_MINE;
	}
	rd_skip(&r, 5); /* references, class */
	if (r.bad || len + 1u != rd_left(&pdu))
		mine = false;
	else if (code == REQUEST)
		mine = see_request(c, s, r);
	else if (code == CONFIRM)
		mine = see_confirm(c, s, r, &tls);
	if (!mine)
		return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	s->known = true;
	return tls ? starttls(c) : DISSECT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct rdp *s = c->state;
	enum dissect got = DISSECT_MINE;
	if (c->gap)
		return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	while (got == DISSECT_MINE && rd_left(r)) {
		struct rd at = *r;
		if (*r->p != TPKT)
			return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		uint16_t version = rd_be16(&at), len = rd_be16(&at);
		if (at.bad)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		if (version != TPKT << 8 || len < TPKT_HEAD + 3 || len > PDU_MAX)
			return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		struct rd pdu = rd_sub(&at, (size_t)len - TPKT_HEAD);
		if (pdu.bad)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		got = see_pdu(c, s, pdu);
		if (got != DISSECT_NOT_MINE)
			*r = at;
	}
	return got;
}

const struct dissector dissector_rdp = {
    .name = "rdp",
    .title = "Remote Desktop Protocol",
    .over = OVER_TCP,
    .ports = {3389},
    FIRST_BYTES("\3\3"),
    .state_size = sizeof(struct rdp),
    .see = see,
};
