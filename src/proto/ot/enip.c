/* SPDX-License-Identifier: Apache-2.0 */
/* EtherNet/IP (ODVA CIP volume 2): commands with the length of what follows; requests to an object
 * (CIP) inside of SendRRData and SendUnitData. */
#include "proto/ot/frames.h"

enum {
	HEADER = 24,
	SEND_RR = 0x6f,
	SEND_UNIT = 0x70,
	ITEMS_MAX = 4,
	ITEM_DATA = 0xb2,
	ITEM_CONNECTED = 0xb1
};

static bool command_known(uint16_t c)
{
	return c == 0 || c == 4 || (c >= 0x63 && c <= 0x66) || c == SEND_RR || c == SEND_UNIT ||
	       c == 0x72 || c == 0x73;
}

static bool status_known(uint32_t s)
{
	return s <= 3 || s == 0x64 || s == 0x65 || s == 0x69;
}

static size_t enip_length(const struct dissect_ctx *c, const uint8_t *h)
{
	(void)c;
	struct rd r = rd_of(h, HEADER);
	uint16_t command = rd_le16(&r), len = rd_le16(&r);
	rd_skip(&r, 4);
	uint32_t status = rd_le32(&r);
	rd_skip(&r, 8);
	bool fits = command_known(command) && status_known(status) && rd_le32(&r) == 0;
	return fits && (command || len) ? (size_t)len + HEADER : 0;
}

static void note_cip(struct notes *n, struct rd r)
{
	rd_skip(&r, 6); /* interface, time-out */
	uint16_t items = rd_le16(&r);
	for (int i = 0; i < ITEMS_MAX && i < items; i++) {
		uint16_t type = rd_le16(&r);
		struct rd item = rd_sub(&r, rd_le16(&r));
		if (type == ITEM_CONNECTED)
			rd_skip(&item, 2); /* sequence */
		uint8_t service = rd_u8(&item);
		if ((type == ITEM_DATA || type == ITEM_CONNECTED) && !item.bad)
			notes_num_once(n, F_enip_service, service & 0x7f);
	}
}

static bool enip_note(struct dissect_ctx *c, struct rd m)
{
	uint16_t command = rd_le16(&m);
	rd_skip(&m, 6);
	uint32_t status = rd_le32(&m);
	rd_skip(&m, 12);
	notes_num_once(c->notes, F_enip_command, command);
	if (status)
		notes_num_once(c->notes, F_enip_status, status);
	if (command == SEND_RR || command == SEND_UNIT)
		note_cip(c->notes, m);
	return true;
}

static enum dissect enip_see(struct dissect_ctx *c, struct rd *payload)
{
	static const struct frames frames = {HEADER, enip_length, enip_note};
	return frames_see(&frames, c, payload);
}

const struct dissector dissector_enip = {
    .name = "enip",
    .title = "EtherNet/IP",
    .over = OVER_TCP | OVER_UDP,
    .ports = {44818},
    FIRST_BYTES("\0\0\4\4cs"),
    .see = enip_see,
};
