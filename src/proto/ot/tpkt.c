/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ot/tpkt.h"

enum { VERSION = 3, HEADER = 4, LEN_MIN = 7, CR = 0xe0, CC = 0xd0, DR = 0x80, DT = 0xf0 };

enum tpkt {
	TPKT_MORE,    /* not a whole packet yet */
	TPKT_BROKEN,  /* none */
	TPKT_CONNECT, /* a connection is asked for, accepted or given up: no data */
	TPKT_DATA,
};

/* The next packet, consumed; of DATA *ret_data is what it carries. */
static enum tpkt next(struct rd *r, struct rd *ret_data)
{
	struct rd v = *r;
	if (rd_left(r) >= 2 && (r->p[0] != VERSION || r->p[1] != 0))
		return TPKT_BROKEN;
	rd_skip(&v, 2);
	uint16_t len = rd_be16(&v);
	if (v.bad)
		return TPKT_MORE;
	if (len < LEN_MIN)
		return TPKT_BROKEN;
	if (rd_left(&v) < (size_t)len - HEADER)
		return TPKT_MORE;
	struct rd packet = rd_sub(&v, (size_t)len - HEADER);
	struct rd head = rd_sub(&packet, rd_u8(&packet));
	uint8_t type = rd_u8(&head) & 0xf0;
	if (head.bad || (type != CR && type != CC && type != DR && type != DT))
		return TPKT_BROKEN;
	*r = v;
	*ret_data = packet;
	return type == DT ? TPKT_DATA : TPKT_CONNECT;
}

enum dissect tpkt_see(struct dissect_ctx *c, struct rd *payload,
		      bool (*note)(struct dissect_ctx *c, struct rd data))
{
	struct rd data, r = *payload;
	bool seen = false;
	for (;;) {
		switch (next(&r, &data)) {
		case TPKT_MORE:
			return seen ? DISSECT_MINE : DISSECT_MORE;
		case TPKT_BROKEN:
			return DISSECT_NOT_MINE;
		case TPKT_CONNECT:
			break;
		case TPKT_DATA:
			if (rd_left(&data) > 0 && !note(c, data))
				return DISSECT_NOT_MINE;
			seen |= rd_left(&data) > 0;
			break;
		}
		*payload = r;
	}
}
