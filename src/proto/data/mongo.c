/* SPDX-License-Identifier: Apache-2.0 */
/* MongoDB wire protocol: messages with a head of 16 little-endian bytes; OP_MSG, and OP_QUERY and
 * OP_REPLY of older versions. Of a command its name, collection and database are read, of an answer
 * whether it failed. */
#include "proto/asked.h"
#include "proto/text.h"

#include <stdio.h>

enum {
	HEAD = 16,
	OP_REPLY = 1,
	OP_QUERY = 2004,
	OP_COMPRESSED = 2012,
	OP_MSG = 2013,
	MESSAGE_MAX = 48 << 20,
	READ_MAX = 4096, /* bytes of a message that are looked at */
	ELEMENTS_MAX = 64,
	BSON_DOUBLE = 1,
	BSON_STRING = 2,
	BSON_DOCUMENT = 3,
	BSON_ARRAY = 4,
	BSON_BINARY = 5,
	BSON_OBJECTID = 7,
	BSON_BOOL = 8,
	BSON_DATE = 9,
	BSON_NULL = 10,
	BSON_INT32 = 16,
	BSON_TIMESTAMP = 17,
	BSON_INT64 = 18,
	BSON_DECIMAL = 19,
};

struct mongo {
	struct asked open;
	bool known;
};

/* An element of a document: bson.org/spec.html. */
struct element {
	uint8_t type;
	struct rd name, value; /* value of STRING: its text; of DOCUMENT: its elements */
};

static bool element_next(struct rd *r, struct element *ret)
{
	ret->type = rd_u8(r);
	if (r->bad || ret->type == 0)
		return false;
	ret->name = text_until(r, 0);
	size_t n = 0;
	switch (ret->type) {
	case BSON_DOUBLE:
	case BSON_DATE:
	case BSON_TIMESTAMP:
	case BSON_INT64:
		n = 8;
		break;
	case BSON_STRING:
		n = rd_le32(r);
		break;
	case BSON_DOCUMENT:
	case BSON_ARRAY:
		n = rd_le32(r);
		n = n >= 5 ? n - 4 : 0;
		break;
	case BSON_BINARY:
		n = (size_t)rd_le32(r) + 1;
		break;
	case BSON_OBJECTID:
		n = 12;
		break;
	case BSON_BOOL:
		n = 1;
		break;
	case BSON_NULL:
		break;
	case BSON_INT32:
		n = 4;
		break;
	case BSON_DECIMAL:
		n = 16;
		break;
	default:
		r->bad = true;
		return false;
	}
	size_t have = rd_left(r);
	ret->value = rd_sub(r, n < have ? n : have); /* cut at what is looked at */
	if (ret->type == BSON_STRING && rd_left(&ret->value) == n && n)
		ret->value.end--; /* its NUL */
	return !r->bad;
}

/* { application: { name }, driver: { name, version }, ... } of hello */
static void client_metadata(struct dissect_ctx *c, struct rd doc)
{
	struct rd app = rd_none(), driver = rd_none();
	struct element e, in;
	for (int i = 0; i < ELEMENTS_MAX && element_next(&doc, &e); i++) {
		bool is_app = text_is(&e.name, "application"),
		     is_driver = text_is(&e.name, "driver");
		if (e.type != BSON_DOCUMENT || (!is_app && !is_driver))
			continue;
		for (int j = 0; j < ELEMENTS_MAX && element_next(&e.value, &in); j++)
			if (in.type == BSON_STRING && text_is(&in.name, "name"))
				*(is_app ? &app : &driver) = in.value;
	}
	char text[256];
	int n = snprintf(text, sizeof(text), "%.*s%s%.*s", (int)rd_left(&driver),
			 rd_left(&driver) ? (const char *)driver.p : "",
			 rd_left(&driver) && rd_left(&app) ? " " : "", (int)rd_left(&app),
			 rd_left(&app) ? (const char *)app.p : "");
	if (n > 0)
		notes_str_once(c->notes, F_mongo_client, text,
			       (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static void command(struct dissect_ctx *c, struct rd doc)
{
	struct element e;
	rd_skip(&doc, 4);
	for (int i = 0; i < ELEMENTS_MAX && element_next(&doc, &e); i++) {
		if (i == 0) {
			notes_str_once(c->notes, F_mongo_command, e.name.p, rd_left(&e.name));
			if (e.type == BSON_STRING)
				notes_str_once(c->notes, F_mongo_collection, e.value.p,
					       rd_left(&e.value));
		} else if (e.type == BSON_STRING && text_is(&e.name, "$db")) {
			notes_str_once(c->notes, F_mongo_database, e.value.p, rd_left(&e.value));
		} else if (e.type == BSON_DOCUMENT && text_is(&e.name, "client")) {
			client_metadata(c, e.value);
		}
	}
}

static void answer(struct dissect_ctx *c, struct rd doc)
{
	static const uint8_t zeros[8];
	struct element e;
	rd_skip(&doc, 4);
	for (int i = 0; i < ELEMENTS_MAX && element_next(&doc, &e); i++)
		if (text_is(&e.name, "ok") && rd_left(&e.value) &&
		    memcmp(e.value.p, zeros, rd_left(&e.value)) == 0)
			asked_failed(c);
}

/* The first document of a message; false: there is none that can be read. */
static bool document(uint32_t op, struct rd r, struct dissect_ctx *c, struct rd *ret)
{
	if (op == OP_MSG) {
		rd_skip(&r, 4);
		if (rd_u8(&r) != 0)
			return false;
	} else if (op == OP_QUERY) {
		rd_skip(&r, 4);
		struct rd name = text_until(&r, 0), db = text_until(&name, '.');
		notes_str_once(c->notes, F_mongo_database, db.p, rd_left(&db));
		rd_skip(&r, 8);
	} else if (op == OP_REPLY) {
		rd_skip(&r, 20);
	} else {
		return false;
	}
	*ret = r;
	return !r.bad && rd_left(&r) > 5;
}

/* Whether a document stands there: its own length, no longer than what is left of the message. */
static bool fits(const struct rd *doc, const uint8_t *begin, uint32_t message)
{
	struct rd r = *doc;
	uint32_t len = rd_le32(&r), before = (uint32_t)(doc->p - begin);
	return !r.bad && len >= 5 && len <= message - before && rd_left(&r) && *r.p <= BSON_DECIMAL;
}

static enum dissect mongo_see(struct dissect_ctx *c, struct rd *payload)
{
	struct mongo *s = c->state;
	enum dissect got = DISSECT_MORE;
	if (c->gap)
		return DISSECT_DONE;
	while (rd_left(payload) >= HEAD) {
		struct rd h = *payload, doc;
		uint32_t len = rd_le32(&h);
		(void)rd_le32(&h);
		uint32_t to = rd_le32(&h), op = rd_le32(&h);
		size_t have = rd_left(payload), look = len < READ_MAX ? len : READ_MAX;
		if (len < HEAD + 5 || len > MESSAGE_MAX ||
		    (op != OP_MSG && op != OP_QUERY && op != OP_REPLY && op != OP_COMPRESSED) ||
		    (op == OP_REPLY && to == 0))
			return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		if (have < look)
			return got;
		struct rd body = rd_sub(&h, look - HEAD);
		bool readable = document(op, body, c, &doc);
		/* The first message must hold a document that fits, but for a compressed one. */
		if (!s->known && (op == OP_COMPRESSED || !readable || !fits(&doc, payload->p, len)))
			return DISSECT_NOT_MINE;
		s->known = true;
		size_t here = len < have ? len : have;
		rd_skip(payload, here);
		c->skip = len - here;
		if (to == 0) {
			if (readable)
				command(c, doc);
			asked_ask(&s->open, c, 0, 0);
		} else {
			asked_answer(&s->open, c, 0, false);
			if (readable)
				answer(c, doc);
		}
		got = DISSECT_MINE;
	}
	return got;
}

const struct dissector dissector_mongo = {
    .name = "mongodb",
    .title = "MongoDB",
    .over = OVER_TCP,
    .ports = {27017, 27018, 27019},
    .state_size = sizeof(struct mongo),
    .see = mongo_see,
};
