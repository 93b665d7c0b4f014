/* SPDX-License-Identifier: Apache-2.0 */
/* LLDP (IEEE 802.1AB): what a switch says of itself on each of its links. */
#include "proto/dissector.h"

enum { TLV_END = 0, TLV_CHASSIS = 1, TLV_PORT = 2, TLV_TTL = 3, TLV_NAME = 5, TLV_SYSTEM = 6 };
/* Subtypes of an id that are a MAC or a network address (8.5.2.2, 8.5.3.2); the others are text. */
enum { CHASSIS_MAC = 4, CHASSIS_NET = 5, PORT_MAC = 3, PORT_NET = 4 };

static void note_id(struct notes *n, enum field f, struct rd r, uint8_t mac, uint8_t net)
{
	uint8_t subtype = rd_u8(&r);
	char text[IP_TEXT_MAX];
	size_t len = rd_left(&r);
	const uint8_t *p = rd_take(&r, len);
	if (!p || len == 0)
		return;
	if (subtype == mac && len == 6) {
		notes_str_once(n, f, text, mac_format(load_be(p, 6), text));
	} else if (subtype == net && len == 5 && p[0] == 1) {
		struct ip ip = ip_from_v4(p + 1);
		notes_str_once(n, f, text, ip_format(&ip, text));
	} else {
		notes_str_once(n, f, p, len);
	}
}

static enum dissect lldp_see(struct dissect_ctx *c, struct rd *payload)
{
	unsigned order = 0;
	while (rd_left(payload) > 0) {
		uint16_t head = rd_be16(payload);
		unsigned type = head >> 9;
		struct rd value = rd_sub(payload, head & 0x1ff);
		if (value.bad)
			return order >= TLV_TTL ? DISSECT_MINE : DISSECT_NOT_MINE;
		/* The first three are these, in this order (9.2.7.7.1). */
		if (order < TLV_TTL && type != ++order)
			return DISSECT_NOT_MINE;
		if (type == TLV_END)
			break;
		if (type == TLV_CHASSIS)
			note_id(c->notes, F_lldp_chassis, value, CHASSIS_MAC, CHASSIS_NET);
		else if (type == TLV_PORT)
			note_id(c->notes, F_lldp_port, value, PORT_MAC, PORT_NET);
		else if (type == TLV_NAME)
			notes_str_once(c->notes, F_lldp_system, value.p, rd_left(&value));
		else if (type == TLV_SYSTEM)
			notes_str_once(c->notes, F_lldp_description, value.p, rd_left(&value));
	}
	return order >= TLV_TTL ? DISSECT_MINE : DISSECT_NOT_MINE;
}

const struct dissector dissector_lldp = {
    .name = "lldp",
    .title = "Link Layer Discovery Protocol",
    .over = OVER_ETHER,
    .ports_only = true,
    .ports = {ETHER_LLDP},
    .see = lldp_see,
};
