/* SPDX-License-Identifier: Apache-2.0 */
/* BACnet/IP (ANSI/ASHRAE 135 annex J): the link head has the datagram's length, then network and
 * application layer. */
#include "proto/dissector.h"

enum { TYPE_IP = 0x81, FUNCTION_MAX = 0x0c, FORWARDED = 4, NPDU_VERSION = 1 };
enum { NPDU_NETWORK = 0x80, NPDU_DESTINATION = 0x20, NPDU_SOURCE = 8 };
enum { CONFIRMED = 0, UNCONFIRMED = 1, SIMPLE_ACK = 2, COMPLEX_ACK = 3, ERROR = 5, SEGMENTED = 8 };

static void skip_npdu_address(struct rd *r)
{
	rd_skip(r, 2);
	rd_skip(r, rd_u8(r));
}

/* Where the service stands differs by kind of message (20.1). */
static void note_apdu(struct notes *n, struct rd r)
{
	uint8_t first = rd_u8(&r), type = first >> 4;
	bool in_pieces = first & SEGMENTED;
	if (r.bad)
		return;
	if (type == CONFIRMED)
		rd_skip(&r, in_pieces ? 4 : 2);
	else if (type == COMPLEX_ACK)
		rd_skip(&r, in_pieces ? 3 : 1);
	else if (type == SIMPLE_ACK || type == ERROR)
		rd_skip(&r, 1);
	else if (type != UNCONFIRMED)
		r.bad = true;
	uint8_t service = rd_u8(&r);
	notes_num_once(n, F_bacnet_type, type);
	if (!r.bad)
		notes_num_once(n, F_bacnet_service, service);
}

static enum dissect bacnet_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	uint8_t type = rd_u8(&r), function = rd_u8(&r);
	uint16_t len = rd_be16(&r);
	if (type != TYPE_IP || function > FUNCTION_MAX ||
	    (c->cut ? len < rd_left(payload) : len != rd_left(payload)) || r.bad)
		return DISSECT_NOT_MINE;
	if (function < FORWARDED || function == 5 || function == 6 || function == 7 ||
	    function == 8 || function == FUNCTION_MAX)
		return DISSECT_MINE; /* between devices that forward broadcasts */
	if (function == FORWARDED)
		rd_skip(&r, 6);
	uint8_t version = rd_u8(&r), control = rd_u8(&r);
	if (version != NPDU_VERSION || r.bad)
		return DISSECT_NOT_MINE;
	if (control & NPDU_DESTINATION)
		skip_npdu_address(&r);
	if (control & NPDU_SOURCE)
		skip_npdu_address(&r);
	if (control & NPDU_DESTINATION)
		rd_skip(&r, 1); /* hops left */
	if (!(control & NPDU_NETWORK))
		note_apdu(c->notes, r);
	return DISSECT_MINE;
}

const struct dissector dissector_bacnet = {
    .name = "bacnet",
    .title = "BACnet/IP",
    .over = OVER_UDP,
    .ports = {47808},
    FIRST_BYTES("\x81\x81"),
    .see = bacnet_see,
};
