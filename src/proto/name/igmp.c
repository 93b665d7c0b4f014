/* SPDX-License-Identifier: Apache-2.0 */
/* IGMP v1 to v3 (RFC 1112, 2236, 9776): which multicast group is asked for or joined. */
#include "proto/dissector.h"

enum { QUERY = 0x11, REPORT_V1 = 0x12, REPORT_V2 = 0x16, LEAVE = 0x17, REPORT_V3 = 0x22 };

static enum dissect igmp_see(struct dissect_ctx *c, struct rd *payload)
{
	uint8_t type = rd_u8(payload);
	rd_skip(payload, 3);
	/* A report of version 3 has a count here, then records that each name a group. */
	if (type == REPORT_V3)
		rd_skip(payload, 2 + 2 + 4);
	const uint8_t *group = rd_take(payload, 4);
	bool known = type == QUERY || type == REPORT_V1 || type == REPORT_V2 || type == LEAVE ||
		     type == REPORT_V3 || (type >= 0x13 && type <= 0x1f);
	if (!known || (payload->bad && type != REPORT_V3))
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, F_igmp_type, type);
	if (group && load_be32(group)) {
		struct ip ip = ip_from_v4(group);
		notes_ip_once(c->notes, F_igmp_group, &ip);
	}
	return DISSECT_MINE;
}

const struct dissector dissector_igmp = {
    .name = "igmp",
    .title = "Internet Group Management Protocol",
    .over = OVER_IP,
    .ports_only = true,
    .ports = {PROTO_IGMP},
    .see = igmp_see,
};
