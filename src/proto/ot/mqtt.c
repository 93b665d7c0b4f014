/* SPDX-License-Identifier: Apache-2.0 */
/* MQTT 3.1, 3.1.1 and 5: known by its CONNECT anywhere, by well-formed packets at its port where
 * the flow was joined midway. Masks and values as CESNET's elements have them. */
#include "proto/dissector.h"

enum { PORT = 1883, HEADER_MAX = 5, LEVEL_MIN = 3, LEVEL_MAX = 5, V5 = 5 };
enum type { CONNECT = 1, CONNACK = 2, PUBLISH = 3, PUBREL = 6, SUBSCRIBE = 8, UNSUBSCRIBE = 10 };
enum { FLAG_USER = 0x80, FLAG_WILL = 4, FLAG_RESERVED = 1 };

struct mqtt_state {
	bool mine;
};

/* The variable-length number of bytes that follow: 1 to 4 bytes (2.1.4). 0 = not whole, -1 = none.
 */
static int read_remaining(struct rd *r, uint32_t *ret)
{
	uint32_t v = 0;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t b = rd_u8(r);
		if (r->bad)
			return 0;
		v |= (b & 0x7fu) << 7 * i;
		if (!(b & 0x80)) {
			*ret = v;
			return 1;
		}
	}
	return -1;
}

static struct rd string(struct rd *r)
{
	return rd_sub(r, rd_be16(r));
}

static void skip_properties(struct rd *r)
{
	uint32_t n = 0;
	if (read_remaining(r, &n) == 1)
		rd_skip(r, n);
}

/* False: it is none, nothing noted. */
static bool note_connect(struct notes *n, struct rd r)
{
	struct rd name = string(&r);
	uint8_t level = rd_u8(&r), flags = rd_u8(&r);
	uint16_t keep_alive = rd_be16(&r);
	bool known = (rd_left(&name) == 4 && memcmp(name.p, "MQTT", 4) == 0) ||
		     (rd_left(&name) == 6 && memcmp(name.p, "MQIsdp", 6) == 0);
	if (r.bad || !known || (level & 0x7f) < LEVEL_MIN || (level & 0x7f) > LEVEL_MAX ||
	    (flags & FLAG_RESERVED))
		return false;
	notes_num_once(n, F_mqtt_version, level);
	notes_num_once(n, F_mqtt_connect_flags, flags);
	notes_num_once(n, F_mqtt_keep_alive, keep_alive);
	if (level == V5)
		skip_properties(&r);
	struct rd client = string(&r);
	if (!client.bad && rd_left(&client) > 0)
		notes_str_once(n, F_mqtt_client, client.p, rd_left(&client));
	if (flags & FLAG_WILL) {
		if (level == V5)
			skip_properties(&r);
		(void)string(&r);
		(void)string(&r);
	}
	struct rd user = flags & FLAG_USER ? string(&r) : (struct rd){.bad = true};
	if (!user.bad)
		notes_str_once(n, F_mqtt_user, user.p, rd_left(&user));
	return true;
}

static void note_packet(struct notes *n, uint8_t first, struct rd r)
{
	enum type type = (enum type)(first >> 4);
	struct rd topic = {.bad = true};
	uint64_t version = 0;
	if (type == CONNACK) {
		rd_skip(&r, 1);
		uint8_t code = rd_u8(&r);
		if (!r.bad)
			notes_num_put(n, F_mqtt_return_code, code);
	} else if (type == PUBLISH) {
		notes_num_or(n, F_mqtt_publish_flags, first & 15);
		topic = string(&r);
	} else if (type == SUBSCRIBE) {
		rd_skip(&r, 2);
		if (notes_num(n, F_mqtt_version, &version) && version == V5)
			skip_properties(&r);
		topic = string(&r);
	}
	if (!topic.bad && rd_left(&topic) > 0)
		notes_str_once(n, F_mqtt_topics, topic.p, rd_left(&topic));
}

/* Flags of the first byte are fixed but for PUBLISH (2.1.3). */
static bool flags_fit(uint8_t first)
{
	enum type type = (enum type)(first >> 4);
	if (type == PUBLISH)
		return (first & 6) != 6;
	bool two = type == PUBREL || type == SUBSCRIBE || type == UNSUBSCRIBE;
	return type >= CONNECT && (first & 15) == (two ? 2 : 0);
}

static enum dissect mqtt_see(struct dissect_ctx *c, struct rd *payload)
{
	struct mqtt_state *s = c->state;
	bool on_port = c->ends->src_port == PORT || c->ends->dst_port == PORT;
	while (rd_left(payload) >= 2) {
		struct rd r = *payload;
		uint8_t first = rd_u8(&r);
		uint32_t n = 0;
		if (!flags_fit(first) || (!s->mine && !on_port && first >> 4 != CONNECT))
			return DISSECT_NOT_MINE;
		int got = read_remaining(&r, &n);
		if (got < 0)
			return DISSECT_NOT_MINE;
		bool whole = n <= rd_left(&r);
		if (got == 0 || (!whole && n + HEADER_MAX <= DISSECT_HELD_MAX))
			break;
		struct rd body = rd_sub(&r, whole ? n : rd_left(&r));
		if (first >> 4 == CONNECT && !note_connect(c->notes, body))
			return DISSECT_NOT_MINE;
		c->skip = whole ? 0 : n - (size_t)(body.end - body.p);
		note_packet(c->notes, first, body);
		notes_num_or(c->notes, F_mqtt_types, 1u << (first >> 4));
		*payload = r;
		s->mine = true;
	}
	return s->mine ? DISSECT_MINE : DISSECT_MORE;
}

const struct dissector dissector_mqtt = {
    .name = "mqtt",
    .title = "MQTT",
    .over = OVER_TCP,
    .ports = {PORT},
    .state_size = sizeof(struct mqtt_state),
    .see = mqtt_see,
};
