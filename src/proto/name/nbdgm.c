/* SPDX-License-Identifier: Apache-2.0 */
/* The NetBIOS datagram service (RFC 1002 4.4): who announces himself to whom on a Windows network.
 * The sender's own address and port stand in each datagram. */
#include "proto/name/netbios.h"

enum { DIRECT_UNIQUE = 0x10, QUERY_NEGATIVE = 0x16, DIRECT_BROADCAST = 0x12, ERROR = 0x13 };

static enum dissect nbdgm_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	uint8_t type = rd_u8(&r), flags = rd_u8(&r);
	rd_skip(&r, 6); /* id, source address */
	uint16_t port = rd_be16(&r);
	uint16_t from = c->dir ? c->ends->dst_port : c->ends->src_port;
	if (r.bad || type < DIRECT_UNIQUE || type > QUERY_NEGATIVE || (flags & 0xf0) ||
	    port != from)
		return DISSECT_NOT_MINE;
	if (type == ERROR)
		return DISSECT_MINE;
	if (type <= DIRECT_BROADCAST)
		rd_skip(&r, 4); /* length, offset */
	return netbios_note_name(c->notes, &r) ? DISSECT_MINE : DISSECT_NOT_MINE;
}

const struct dissector dissector_nbdgm = {
    .name = "netbios-dgm",
    .title = "NetBIOS datagram service",
    .over = OVER_UDP,
    .ports = {138},
    FIRST_BYTES("\x10\x16"),
    .see = nbdgm_see,
};
