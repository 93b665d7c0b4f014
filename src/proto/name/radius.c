/* SPDX-License-Identifier: Apache-2.0 */
/* RADIUS (RFC 2865, 2866, 5176). Known by a code, a length that is the datagram's, and attributes
 * that add up to it. */
#include "proto/dissector.h"

enum {
	HEADER = 20,
	MESSAGE_MAX = 4096,
	ACCESS_REQUEST = 1,
	ACCESS_ACCEPT = 2,
	ACCESS_REJECT = 3,
	ACCOUNTING_REQUEST = 4,
	ACCOUNTING_RESPONSE = 5,
	ACCESS_CHALLENGE = 11,
	STATUS_SERVER = 12,
	DISCONNECT_REQUEST = 40,
	COA_NAK = 45,
	ATTR_USER = 1,
	ATTR_NAS_IP = 4,
	ATTR_FRAMED_IP = 8,
	ATTR_CALLED = 30,
	ATTR_CALLING = 31,
	ATTR_NAS_ID = 32,
	ATTR_STATUS = 40,
	ATTR_SESSION = 44,
	REQUESTS = 4,
};

struct radius_state {
	struct {
		uint64_t t_ns;
		uint8_t id, dir;
		bool waiting;
	} request[REQUESTS];
	uint8_t next;
};

static bool is_request(uint8_t code)
{
	return code == ACCESS_REQUEST || code == ACCOUNTING_REQUEST || code == STATUS_SERVER ||
	       code == 40 || code == 43;
}

static bool is_code(uint8_t code)
{
	return (code >= ACCESS_REQUEST && code <= ACCOUNTING_RESPONSE) ||
	       (code >= ACCESS_CHALLENGE && code <= 13) ||
	       (code >= DISCONNECT_REQUEST && code <= COA_NAK);
}

static bool adds_up(struct rd r)
{
	while (rd_left(&r) > 0) {
		uint8_t type = rd_u8(&r), len = rd_u8(&r);
		if (type == 0 || len < 2)
			return false;
		rd_skip(&r, (size_t)len - 2);
	}
	return !r.bad;
}

static void note_attribute(struct notes *n, uint8_t type, struct rd v)
{
	static const struct {
		uint8_t type;
		enum field f;
	} known[] = {
	    {ATTR_USER, F_radius_user},       {ATTR_CALLING, F_radius_calling},
	    {ATTR_CALLED, F_radius_called},   {ATTR_NAS_ID, F_radius_nas_id},
	    {ATTR_SESSION, F_radius_session}, {ATTR_NAS_IP, F_radius_nas_ip},
	    {ATTR_STATUS, F_radius_status},   {ATTR_FRAMED_IP, F_radius_framed_ip},
	};
	size_t len = rd_left(&v);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].type != type)
			continue;
		if (field_table[known[i].f].ctype == CT_STR) {
			notes_str_once(n, known[i].f, v.p, len);
		} else if (len == 4 && field_table[known[i].f].ctype == CT_IP) {
			struct ip ip = ip_from_v4(v.p);
			notes_ip_once(n, known[i].f, &ip);
		} else if (len == 4) {
			notes_num_once(n, known[i].f, load_be32(v.p));
		}
	}
}

static void note_time(struct dissect_ctx *c, uint8_t id, bool request)
{
	struct radius_state *s = c->state;
	if (request) {
		unsigned i = s->next++ % REQUESTS;
		s->request[i].t_ns = c->t_ns;
		s->request[i].id = id;
		s->request[i].dir = c->dir;
		s->request[i].waiting = true;
		return;
	}
	for (unsigned i = 0; i < REQUESTS; i++) {
		if (!s->request[i].waiting || s->request[i].id != id ||
		    s->request[i].dir == c->dir || c->t_ns < s->request[i].t_ns)
			continue;
		s->request[i].waiting = false;
		notes_num_once(c->notes, F_radius_rt_us, (c->t_ns - s->request[i].t_ns) / 1000);
	}
}

static enum dissect radius_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	uint8_t code = rd_u8(&r), id = rd_u8(&r);
	uint16_t len = rd_be16(&r);
	if (!is_code(code) || len < HEADER || len > MESSAGE_MAX ||
	    (c->cut ? len < rd_left(payload) : len != rd_left(payload)))
		return DISSECT_NOT_MINE;
	rd_skip(&r, 16);
	if (r.bad || (!c->cut && !adds_up(r)))
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, is_request(code) ? F_radius_request : F_radius_response, code);
	note_time(c, id, is_request(code));
	while (rd_left(&r) > 0) {
		uint8_t type = rd_u8(&r), size = rd_u8(&r);
		struct rd v = rd_sub(&r, size < 2 ? 0 : (size_t)size - 2);
		if (!v.bad && rd_left(&v) > 0)
			note_attribute(c->notes, type, v);
	}
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

const struct dissector dissector_radius = {
    .name = "radius",
    .title = "Remote Authentication Dial In User Service",
    .over = OVER_UDP,
    .ports = {1812, 1813, 1645, 1646, 3799},
    FIRST_BYTES("\x01\x7f"),
    .state_size = sizeof(struct radius_state),
    .see = radius_see,
};
