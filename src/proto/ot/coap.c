/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP (RFC 7252) over UDP. Its four bytes of header prove little: away from its port a request
 * with a printable path is believed, whose options parse to the end. */
#include "proto/dissector.h"
#include "proto/text.h"

enum {
	PORT = 5683,
	PORT_ALSO = 5684,
	MARKER = 0xff,
	TOKEN_MAX = 8,
	REQUEST_MAX = 7,
	OPTIONS_MAX = 64,
	TEXT = 512
};
enum option { URI_HOST = 3, URI_PATH = 11, CONTENT_FORMAT = 12, URI_QUERY = 15, ACCEPT = 17 };

struct text {
	size_t n;
	uint8_t s[TEXT];
};

struct coap {
	uint8_t type, code;
	uint16_t id, options;
	struct rd token, host;
	struct text path, query;
	bool has_accept, has_format;
	uint64_t accept, format;
};

static void join(struct text *t, char between, struct rd v)
{
	size_t n = rd_left(&v);
	if (t->n + 1 + n > sizeof(t->s))
		return;
	if (t->n > 0 || between == '/')
		t->s[t->n++] = (uint8_t)between;
	memcpy(t->s + t->n, v.p, n);
	t->n += n;
}

/* A nibble, and what it says follows in one or two bytes (3.1). */
static uint32_t extended(struct rd *r, uint8_t nibble)
{
	if (nibble < 13)
		return nibble;
	if (nibble == 13)
		return rd_u8(r) + 13u;
	if (nibble == 14)
		return rd_be16(r) + 269u;
	r->bad = true;
	return 0;
}

static void take_option(struct coap *m, uint32_t number, struct rd v)
{
	size_t n = rd_left(&v);
	switch (number) {
	case URI_HOST:
		m->host = v;
		break;
	case URI_PATH:
		join(&m->path, '/', v);
		break;
	case URI_QUERY:
		join(&m->query, '&', v);
		break;
	case CONTENT_FORMAT:
		m->has_format = n <= 2;
		m->format = n <= 2 ? load_be(v.p, n) : 0;
		break;
	case ACCEPT:
		m->has_accept = n <= 2;
		m->accept = n <= 2 ? load_be(v.p, n) : 0;
		break;
	}
}

static bool read_options(struct rd *r, struct coap *m, bool cut)
{
	uint32_t number = 0;
	while (rd_left(r) > 0 && m->options < OPTIONS_MAX) {
		uint8_t head = rd_u8(r);
		if (head == MARKER)
			return rd_left(r) > 0; /* a marker without payload is an error (3) */
		number += extended(r, head >> 4);
		struct rd v = rd_sub(r, extended(r, head & 15));
		if (v.bad)
			return cut;
		m->options++;
		take_option(m, number, v);
	}
	return !r->bad;
}

static bool read_message(struct rd r, struct coap *m, bool cut)
{
	uint8_t first = rd_u8(&r), class;
	m->code = rd_u8(&r);
	m->id = rd_be16(&r);
	m->type = first >> 4 & 3;
	class = m->code >> 5;
	if (r.bad || first >> 6 != 1 || (first & 15) > TOKEN_MAX || class == 1 || class == 3 ||
	    class > 5 || (class == 0 && m->code > REQUEST_MAX))
		return false;
	m->token = rd_sub(&r, first & 15);
	/* Code 0.00 is an empty message: nothing may follow (4.1). */
	if (m->token.bad || (m->code == 0 && (rd_left(&r) > 0 || rd_left(&m->token) > 0)))
		return false;
	return read_options(&r, m, cut);
}

static void note(struct notes *n, const struct coap *m)
{
	char hex[2 * TOKEN_MAX];
	size_t token = rd_left(&m->token);
	notes_num_once(n, F_coap_version, 1);
	notes_num_once(n, F_coap_id, m->id);
	notes_num_once(n, F_coap_code, m->code);
	notes_num_once(n, F_coap_type, m->type);
	notes_num_once(n, F_coap_options, m->options);
	notes_num_once(n, F_coap_token_length, token);
	if (token > 0 && !notes_has(n, F_coap_token)) {
		text_hex(m->token.p, token, hex);
		notes_str_once(n, F_coap_token, hex, 2 * token);
	}
	if (m->has_accept)
		notes_num_once(n, F_coap_accept, m->accept);
	if (m->has_format)
		notes_num_once(n, F_coap_format, m->format);
	if (rd_left(&m->host) > 0)
		notes_str_once(n, F_coap_host, m->host.p, rd_left(&m->host));
	if (m->path.n)
		notes_str_once(n, F_coap_path, m->path.s, m->path.n);
	if (m->query.n)
		notes_str_once(n, F_coap_query, m->query.s, m->query.n);
	if (m->code >> 5 >= 2)
		notes_num_once(n, F_coap_response, m->code);
}

static enum dissect coap_see(struct dissect_ctx *c, struct rd *payload)
{
	const struct talk_ends *e = c->ends;
	bool on_port = e->src_port == PORT || e->dst_port == PORT || e->src_port == PORT_ALSO ||
		       e->dst_port == PORT_ALSO;
	struct coap m = {.token = {0}};
	if (!read_message(*payload, &m, c->cut))
		return DISSECT_NOT_MINE;
	struct rd path = rd_of(m.path.s, m.path.n);
	bool believed = on_port || notes_has(c->notes, F_coap_version) ||
			(m.code >= 1 && m.code <= 4 && m.path.n > 0 && text_printable(&path));
	if (!believed)
		return DISSECT_NOT_MINE;
	note(c->notes, &m);
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

const struct dissector dissector_coap = {
    .name = "coap",
    .title = "Constrained Application Protocol",
    .over = OVER_UDP,
    .ports = {PORT},
    FIRST_BYTES("\x40\x7f"),
    .see = coap_see,
};
