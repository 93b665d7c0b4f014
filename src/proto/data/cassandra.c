/* SPDX-License-Identifier: Apache-2.0 */
/* Cassandra's native protocol, versions 3 to 5 (native_protocol_v4.spec): driver, user, first
 * statement, errors. Answers find their requests by the number of their stream. */
#include "proto/asked.h"
#include "proto/dissector.h"
#include "proto/text.h"

enum { HEAD_CQL = 9, READ_MAX_CQL = 1024, FRAME_MAX = 256 << 20, VERSION_5 = 5, ANSWER = 0x80 };
enum {
	ERROR = 0,
	STARTUP = 1,
	OPTIONS = 5,
	QUERY = 7,
	PREPARE = 9,
	REGISTER = 11,
	EVENT = 12,
	AUTH_RESPONSE = 15,
	LAST_OPCODE = 16,
	MAP_MAX = 16
};

struct cassandra {
	struct asked open;
	bool known;
};

struct frame {
	uint8_t version, flags, opcode;
	uint16_t stream;
	uint32_t len;
};

static struct frame head_of(struct rd r)
{
	struct frame f;
	f.version = rd_u8(&r);
	f.flags = rd_u8(&r);
	f.stream = rd_be16(&r);
	f.opcode = rd_u8(&r);
	f.len = rd_be32(&r);
	return f;
}

static bool is_frame(const struct frame *f)
{
	uint8_t version = f->version & 0x7f;
	return version >= 3 && version <= VERSION_5 && f->flags < 0x20 &&
	       f->opcode <= LAST_OPCODE && f->opcode != 4 && f->len <= FRAME_MAX;
}

/* Only the beginning of a connection proves it: the client's options or start-up. */
static bool is_first(const struct frame *f, const struct rd *body)
{
	static const char version[] = "CQL_VERSION";
	if (f->version & ANSWER)
		return false;
	return (f->opcode == OPTIONS && f->len == 0 && f->stream < 256) ||
	       (f->opcode == STARTUP && text_find(body, version, sizeof(version) - 1));
}

static struct rd short_string(struct rd *r)
{
	return rd_sub(r, rd_be16(r));
}

static void see_startup(struct notes *n, struct rd r)
{
	uint16_t pairs = rd_be16(&r);
	for (int i = 0; i < pairs && i < MAP_MAX && !r.bad; i++) {
		struct rd key = short_string(&r), value = short_string(&r);
		if (text_is(&key, "DRIVER_NAME") && rd_left(&value))
			notes_str_once(n, F_app_client, value.p, rd_left(&value));
	}
}

static void see_request(struct dissect_ctx *c, struct cassandra *s, const struct frame *f,
			struct rd r)
{
	struct rd text;
	uint32_t n;
	switch (f->opcode) {
	case STARTUP:
		see_startup(c->notes, r);
		break;
	case QUERY:
	case PREPARE:
		n = rd_be32(&r);
		text = rd_sub(&r, n < rd_left(&r) ? n : rd_left(&r));
		if (rd_left(&text))
			notes_str_once(c->notes, F_cql_query, text.p, rd_left(&text));
		break;
	case AUTH_RESPONSE: /* SASL PLAIN */
		rd_skip(&r, 4);
		(void)text_until(&r, 0);
		text = text_until(&r, 0);
		if (text_printable(&text))
			notes_str_once(c->notes, F_user_name, text.p, rd_left(&text));
		break;
	}
	asked_ask(&s->open, c, f->stream, f->opcode);
}

static void see_answer(struct dissect_ctx *c, struct cassandra *s, const struct frame *f,
		       struct rd r)
{
	if (f->opcode == EVENT)
		return;
	asked_answer(&s->open, c, f->stream, f->opcode == ERROR);
	if (f->opcode != ERROR)
		return;
	uint32_t code = rd_be32(&r);
	struct rd text = short_string(&r);
	if (r.bad)
		return;
	notes_num_once(c->notes, F_cql_error, code);
	if (text_printable(&text))
		notes_str_once(c->notes, F_cql_error_text, text.p, rd_left(&text));
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct cassandra *s = c->state;
	if (c->gap)
		return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	while (rd_left(r) && !c->skip) {
		enum dissect no = s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		struct rd at = *r;
		if ((*r->p & 0x7f) < 3 || (*r->p & 0x7f) > VERSION_5)
			return no;
		if (rd_left(r) < HEAD_CQL)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		struct frame f = head_of(at);
		rd_skip(&at, HEAD_CQL);
		if (!is_frame(&f) || (!s->known && f.opcode != OPTIONS && f.opcode != STARTUP))
			return no;
		if (rd_left(&at) < f.len && rd_left(&at) < READ_MAX_CQL)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		struct rd body = rd_sub(&at, f.len < rd_left(&at) ? f.len : rd_left(&at));
		if (!s->known && !is_first(&f, &body))
			return no;
		s->known = true;
		c->skip = f.len - (uint64_t)(body.end - body.p);
		*r = at;
		if (f.version & ANSWER)
			see_answer(c, s, &f, body);
		else
			see_request(c, s, &f, body);
		c->first_ns = c->t_ns; /* frames behind the first came now */
	}
	return DISSECT_MINE;
}

const struct dissector dissector_cassandra = {
    .name = "cassandra",
    .title = "Cassandra native protocol",
    .over = OVER_TCP,
    .ports = {9042},
    FIRST_BYTES("\3\5\x83\x85"),
    .state_size = sizeof(struct cassandra),
    .see = see,
};
