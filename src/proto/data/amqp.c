/* SPDX-License-Identifier: Apache-2.0 */
/* AMQP 0-9-1 (amqp0-9-1.pdf): who connects to which virtual host with what, the first exchange or
 * queue used, errors. AMQP 1.0 is named by its header only. */
#include "proto/guess.h"
#include "proto/text.h"

#include <stdio.h>

enum { HEADER = 8, FRAME_HEAD = 7, FRAME_END = 0xce, READ_MAX_AMQP = 2048, FRAME_MAX = 1 << 26 };
enum { METHOD = 1, HEADERS = 2, BODY = 3, HEARTBEAT = 8 };
enum { CONNECTION = 10, CHANNEL = 20, BASIC = 60 };
enum {
	START = 10,
	START_OK = 11,
	OPEN = 40,
	CLOSE = 50,
	CHANNEL_CLOSE = 40,
	CONSUME = 20,
	PUBLISH = 40,
	GET = 70
};
enum { TABLE_MAX = 32, TEXT_MAX = 300 };

struct amqp {
	bool known;
	bool used; /* the first exchange or queue is noted */
};

static struct rd short_string(struct rd *r)
{
	return rd_sub(r, rd_u8(r));
}

static struct rd long_string(struct rd *r)
{
	return rd_sub(r, rd_be32(r));
}

/* The text of a key in a table of properties, whose other values need not be known to find it:
 * texts and tables are what stands before it in practice. */
static void note_property(struct notes *n, enum field f, struct rd table, const char *key)
{
	for (int i = 0; i < TABLE_MAX && rd_left(&table); i++) {
		struct rd name = short_string(&table);
		uint8_t kind = rd_u8(&table);
		struct rd value;
		if (kind == 'S' || kind == 'F' || kind == 'x' || kind == 'A') {
			value = long_string(&table);
		} else {
			size_t len = kind == 't' || kind == 'b' || kind == 'B'   ? 1
				     : kind == 'U' || kind == 'u' || kind == 's' ? 2
				     : kind == 'I' || kind == 'i' || kind == 'f' ? 4
				     : kind == 'V'                               ? 0
										 : 8;
			value = rd_sub(&table, len);
		}
		if (!table.bad && kind == 'S' && text_is(&name, key) && rd_left(&value))
			notes_str_once(n, f, value.p, rd_left(&value));
	}
}

static void see_start_ok(struct notes *n, struct rd r)
{
	note_property(n, F_app_client, long_string(&r), "product");
	struct rd mechanism = short_string(&r), answer = long_string(&r);
	if (r.bad || !text_is(&mechanism, "PLAIN"))
		return;
	(void)text_until(&answer, 0);
	struct rd user = text_until(&answer, 0);
	if (text_printable(&user))
		notes_str_once(n, F_user_name, user.p, rd_left(&user));
}

/* "publish exchange key", "consume queue" */
static void note_use(struct notes *n, struct amqp *s, const char *verb, const struct rd *a,
		     const struct rd *b)
{
	char text[TEXT_MAX];
	int len = snprintf(text, sizeof(text), "%s %.*s%s%.*s", verb, (int)rd_left(a),
			   (const char *)a->p, b && rd_left(a) ? " " : "", b ? (int)rd_left(b) : 0,
			   b ? (const char *)b->p : "");
	if (len > 0 && (size_t)len < sizeof(text))
		notes_str_once(n, F_app_command, text, (size_t)len);
	s->used = true;
}

static void see_basic(struct notes *n, struct amqp *s, uint16_t method, struct rd r)
{
	rd_skip(&r, 2);
	struct rd first = short_string(&r), second = short_string(&r);
	if (r.bad)
		return;
	if (method == PUBLISH)
		note_use(n, s, "publish", &first, &second);
	else if (method == CONSUME)
		note_use(n, s, "consume", &first, NULL);
	else if (method == GET)
		note_use(n, s, "get", &first, NULL);
}

static void see_method(struct dissect_ctx *c, struct amqp *s, struct rd r)
{
	uint16_t class_ = rd_be16(&r), method = rd_be16(&r);
	if (class_ == CONNECTION && method == START) {
		rd_skip(&r, 2);
		note_property(c->notes, F_app_server, long_string(&r), "product");
	} else if (class_ == CONNECTION && method == START_OK) {
		see_start_ok(c->notes, r);
	} else if (class_ == CONNECTION && method == OPEN) {
		struct rd host = short_string(&r);
		if (rd_left(&host))
			notes_str_once(c->notes, F_amqp_vhost, host.p, rd_left(&host));
	} else if ((class_ == CONNECTION && method == CLOSE) ||
		   (class_ == CHANNEL && method == CHANNEL_CLOSE)) {
		if (rd_be16(&r) >= 300 && !r.bad)
			notes_num_add(c->notes, F_app_errors, 1);
	} else if (class_ == BASIC) {
		see_basic(c->notes, s, method, r);
	}
}

/* The header that a client begins with. Minor and revision tell 0-9-1 from 1.0. */
static enum dissect see_header(struct amqp *s, struct rd *r)
{
	if (!guess_may_begin(r, "AMQP"))
		return s->known ? DISSECT_MINE : DISSECT_NOT_MINE;
	if (rd_left(r) < HEADER)
		return s->known ? DISSECT_MINE : DISSECT_MORE;
	const uint8_t *p = r->p;
	bool old = p[4] == 0 && p[5] == 0 && p[6] == 9 && p[7] == 1;
	bool one = p[4] <= 3 && p[5] == 1 && p[6] == 0 && p[7] == 0;
	if (!old && !one)
		return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	rd_skip(r, HEADER);
	s->known = true;
	return one ? DISSECT_DONE : DISSECT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct amqp *s = c->state;
	if (c->gap)
		return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	if (rd_left(r) && *r->p == 'A') {
		enum dissect d = see_header(s, r);
		if (d != DISSECT_MINE || rd_left(r) == 0 || *r->p == 'A')
			return d;
	}
	while (s->known && rd_left(r) && !c->skip) {
		struct rd at = *r;
		uint8_t type = rd_u8(&at);
		rd_skip(&at, 2);
		uint32_t len = rd_be32(&at);
		if (at.bad)
			return DISSECT_MINE;
		if (len > FRAME_MAX ||
		    (type != METHOD && type != HEADERS && type != BODY && type != HEARTBEAT))
			return DISSECT_DONE;
		if (type == METHOD && rd_left(&at) < len && rd_left(&at) < READ_MAX_AMQP)
			return DISSECT_MINE;
		struct rd body = rd_sub(&at, len < rd_left(&at) ? len : rd_left(&at));
		c->skip = len + 1 - (uint64_t)(body.end - body.p);
		if (type == METHOD)
			see_method(c, s, body);
		*r = at;
		if (s->used)
			return DISSECT_DONE;
	}
	return s->known ? DISSECT_MINE : DISSECT_NOT_MINE;
}

const struct dissector dissector_amqp = {
    .name = "amqp",
    .title = "Advanced Message Queuing Protocol",
    .over = OVER_TCP,
    .ports = {5672},
    FIRST_BYTES("AA"),
    .state_size = sizeof(struct amqp),
    .see = see,
};
