/* SPDX-License-Identifier: Apache-2.0 */
/* Oracle Net (TNS): packets with a head of 8 bytes; connect, accept, refuse, data. The connect
 * string is text in brackets. Statements are found in the calls that carry them (TTC 03 5E) as the
 * text they are, because the layout around them changes with each version. */
#include "proto/asked.h"
#include "proto/text.h"

enum {
	HEAD = 8,
	CONNECT = 1,
	ACCEPT = 2,
	REFUSE = 4,
	REDIRECT = 5,
	DATA = 6,
	RESEND = 11,
	MARKER = 12,
	LAST_TYPE = 14,
	LONG_LENGTHS = 315, /* from this version on 4 bytes of length after the accept */
	CONNECT_MIN = 34,
	READ_MAX = 2048,
};

struct tns {
	struct asked open;
	uint8_t client;
	bool known, accepted, asked, long_lengths;
};

/* The value of KEY in "(... (KEY=value) ...)". */
static bool bracket(const struct rd *text, const char *key, struct rd *ret)
{
	struct rd at = *text;
	while (rd_left(&at)) {
		(void)text_until(&at, '(');
		if (!text_begins_nocase(&at, key))
			continue;
		struct rd rest = at;
		rd_skip(&rest, strlen(key));
		if (rd_left(&rest) == 0 || *rest.p != '=')
			continue;
		rd_skip(&rest, 1);
		*ret = text_until(&rest, ')');
		return rd_left(ret) > 0 && text_printable(ret);
	}
	return false;
}

static void connect_text(struct dissect_ctx *c, struct rd text)
{
	static const struct {
		const char *key;
		enum field f;
	} keys[] = {{"SERVICE_NAME", F_tns_service},
		    {"SID", F_tns_service},
		    {"USER", F_tns_user},
		    {"PROGRAM", F_tns_program}};
	struct rd v;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (bracket(&text, keys[i].key, &v))
			notes_str_once(c->notes, keys[i].f, v.p, rd_left(&v));
	/* the client's own name stands in CID, those of servers in ADDRESS */
	const uint8_t *cid = text_find(&text, "(CID=", 5);
	if (cid) {
		struct rd in = rd_of(cid, (size_t)(text.end - cid));
		if (bracket(&in, "HOST", &v))
			notes_str_once(c->notes, F_tns_host, v.p, rd_left(&v));
	}
}

static enum dissect connect(struct dissect_ctx *c, struct tns *s, struct rd packet)
{
	struct rd r = packet;
	rd_skip(&r, HEAD);
	uint16_t version = rd_be16(&r), compatible = rd_be16(&r);
	rd_skip(&r, 12);
	uint16_t n = rd_be16(&r), at = rd_be16(&r);
	if (r.bad || version < 200 || version > 500 || compatible > version || at < CONNECT_MIN)
		return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	s->client = c->dir;
	s->known = true;
	notes_num_once(c->notes, F_tns_version, version);
	rd_skip(&packet, at);
	connect_text(c, rd_sub(&packet, n < rd_left(&packet) ? n : rd_left(&packet)));
	return DISSECT_MINE;
}

static void accept(struct dissect_ctx *c, struct tns *s, struct rd r)
{
	uint16_t version = rd_be16(&r);
	if (r.bad)
		return;
	notes_num_put(c->notes, F_tns_version, version);
	s->accepted = true;
	s->long_lengths = version >= LONG_LENGTHS;
}

static void refuse(struct dissect_ctx *c, struct rd r)
{
	struct rd v;
	uint64_t code;
	rd_skip(&r, 4);
	if (bracket(&r, "ERR", &v) && text_number(&v, &code))
		notes_num_once(c->notes, F_tns_refused, code);
}

static bool is_text_byte(uint8_t b)
{
	return (b >= 0x20 && b != 0x7f) || b == '\t' || b == '\n' || b == '\r';
}

/* A statement in a call: where one of the words that begin one stands, as far as it is text. */
static void statement(struct dissect_ctx *c, struct rd r)
{
	static const char *const words[] = {"SELECT", "INSERT", "UPDATE", "DELETE",  "BEGIN",
					    "ALTER",  "CREATE", "DROP",   "MERGE",   "DECLARE",
					    "WITH",   "CALL",   "GRANT",  "TRUNCATE"};
	struct rd at = r;
	const uint8_t *call = text_find(&r, "\x03\x5e", 2);
	if (!call)
		return;
	rd_skip(&at, (size_t)(call - r.p) + 2);
	for (; rd_left(&at) > 6; rd_skip(&at, 1))
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (!text_begins_nocase(&at, words[i]))
				continue;
			size_t n = 0, left = rd_left(&at), word = strlen(words[i]);
			while (n < left && is_text_byte(at.p[n]))
				n++;
			if (n <= word || (at.p[word] > ' ' && at.p[word] != '('))
				continue;
			notes_str_once(c->notes, F_tns_query, at.p, n);
			return;
		}
}

static void data(struct dissect_ctx *c, struct tns *s, struct rd r)
{
	rd_skip(&r, 2);
	if (c->dir != s->client) {
		if (s->asked)
			asked_answer(&s->open, c, 0, false);
		s->asked = false;
		return;
	}
	if (!s->accepted) {
		connect_text(c, r); /* a connect string too long for the connect packet */
		return;
	}
	statement(c, r);
	if (!s->asked)
		asked_ask(&s->open, c, 0, 0);
	s->asked = true;
}

static enum dissect packet(struct dissect_ctx *c, struct tns *s, uint8_t type, struct rd whole)
{
	struct rd body = whole;
	rd_skip(&body, HEAD);
	switch (type) {
	case CONNECT:
		return connect(c, s, whole);
	case ACCEPT:
		accept(c, s, body);
		break;
	case REFUSE:
		refuse(c, body);
		return DISSECT_DONE;
	case REDIRECT:
		return DISSECT_DONE;
	case DATA:
		data(c, s, body);
		break;
	}
	return DISSECT_MINE;
}

static enum dissect tns_see(struct dissect_ctx *c, struct rd *payload)
{
	struct tns *s = c->state;
	enum dissect got = DISSECT_MORE;
	if (c->gap)
		return DISSECT_DONE;
	while (rd_left(payload) >= HEAD) {
		const uint8_t *h = payload->p;
		size_t have = rd_left(payload);
		size_t len = s->long_lengths ? load_be32(h) : load_be16(h);
		if (s->long_lengths && load_be16(h) && load_be16(h + 2) == 0)
			len = load_be16(h); /* the accept's own successor may still be short */
		size_t look = len < READ_MAX ? len : READ_MAX;
		uint8_t type = h[4];
		if (len < HEAD || type == 0 || type > LAST_TYPE || (!s->known && type != CONNECT))
			return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		if (have < look)
			return got;
		struct rd whole = rd_of(h, len < have ? len : have);
		got = packet(c, s, type, whole);
		if (got != DISSECT_MINE)
			return got;
		rd_skip(payload, rd_left(&whole));
		c->skip = len - rd_left(&whole);
	}
	return got;
}

const struct dissector dissector_tns = {
    .name = "tns",
    .title = "Oracle Net (TNS)",
    .over = OVER_TCP,
    .ports = {1521, 1522, 1526, 1527, 1575},
    .state_size = sizeof(struct tns),
    .see = tns_see,
};
