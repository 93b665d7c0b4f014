/* SPDX-License-Identifier: Apache-2.0 */
/* The control connection of L2TP v2 (RFC 2661): tunnels and calls being set up. What goes through
 * the tunnel is unpacked by the meter. Known by its flags, its length and a first attribute that
 * says which message it is. */
#include "proto/dissector.h"

enum {
	CONTROL = 0xc802, /* type, length, sequence, version 2 */
	CONTROL_MASK = 0xcb0f,
	HEADER = 12,
	AVP_MIN = 6,
	AVP_LENGTH = 0x3ff,
	AVP_HIDDEN = 0x4000,
	ATTR_MESSAGE = 0,
	ATTR_HOST = 7,
	MESSAGE_MAX = 16,
};

static void note_avps(struct notes *n, struct rd r)
{
	while (rd_left(&r) > 0) {
		uint16_t head = rd_be16(&r), vendor = rd_be16(&r), type = rd_be16(&r);
		size_t len = head & AVP_LENGTH;
		struct rd v = rd_sub(&r, len < AVP_MIN ? SIZE_MAX : len - AVP_MIN);
		if (v.bad)
			return;
		if (vendor == 0 && type == ATTR_HOST && !(head & AVP_HIDDEN))
			notes_str_once(n, F_l2tp_host, v.p, rd_left(&v));
	}
}

static enum dissect l2tp_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	uint16_t flags = rd_be16(&r), len = rd_be16(&r);
	if ((flags & CONTROL_MASK) != CONTROL || len < HEADER ||
	    (c->cut ? len < rd_left(payload) : len != rd_left(payload)))
		return DISSECT_NOT_MINE;
	rd_skip(&r, 8);
	if (rd_left(&r) == 0) /* an acknowledgement */
		return c->ends->src_port == 1701 || c->ends->dst_port == 1701 ? DISSECT_MINE
									      : DISSECT_NOT_MINE;
	struct rd first = r;
	uint16_t head = rd_be16(&first), vendor = rd_be16(&first), type = rd_be16(&first);
	uint16_t message = rd_be16(&first);
	if (first.bad || (head & AVP_LENGTH) != 8 || vendor != 0 || type != ATTR_MESSAGE ||
	    message == 0 || message > MESSAGE_MAX)
		return DISSECT_NOT_MINE;
	note_avps(c->notes, r);
	return DISSECT_MINE;
}

const struct dissector dissector_l2tp = {
    .name = "l2tp",
    .title = "Layer Two Tunneling Protocol, control",
    .over = OVER_UDP,
    .ports = {1701},
    FIRST_BYTES("\xc0\xff"),
    .see = l2tp_see,
};
