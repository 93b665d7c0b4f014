/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ot/tpkt.h"

enum { VERSION = 3, HEADER = 4, LEN_MIN = 7, CR = 0xe0, CC = 0xd0, DR = 0x80, DT = 0xf0 };

enum tpkt tpkt_next(struct rd *r, struct rd *ret_data)
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
