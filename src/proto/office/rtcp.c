/* SPDX-License-Identifier: Apache-2.0 */
/* RTCP (RFC 3550 6): sender and receiver reports. */
#include "proto/office/rtp.h"

enum {
	SENDER_REPORT = 200,
	RECEIVER_REPORT = 201,
	LAST_TYPE = 207,
	VERSION_2 = 2,
	BLOCK = 24,
	PACKETS_MAX = 16
};
enum { SR_LEAST = 28, RR_LEAST = 8 };

static size_t least(uint8_t type, unsigned blocks)
{
	return type == SENDER_REPORT     ? SR_LEAST + blocks * (size_t)BLOCK
	       : type == RECEIVER_REPORT ? RR_LEAST + blocks * (size_t)BLOCK
					 : 4;
}

bool rtcp_is(const struct rd *r)
{
	struct rd at = *r;
	uint8_t first = rd_left(r) >= 8 ? r->p[1] : 0;
	if (first != SENDER_REPORT && first != RECEIVER_REPORT)
		return false;
	while (rd_left(&at)) {
		uint8_t head = rd_u8(&at), type = rd_u8(&at);
		size_t len = 4 * ((size_t)rd_be16(&at) + 1);
		if (head >> 6 != VERSION_2 || type < SENDER_REPORT || type > LAST_TYPE ||
		    len < least(type, head & 31))
			return false;
		rd_skip(&at, len - 4);
	}
	return !at.bad;
}

static void see_block(struct dissect_ctx *c, struct rtcp *s, struct rd *r)
{
	rd_skip(r, 4); /* whose packets it reports on */
	uint8_t fraction = rd_u8(r);
	uint32_t lost = rd_be24(r);
	rd_skip(r, 8); /* highest sequence number, jitter */
	uint32_t last = rd_be32(r), delay = rd_be32(r);
	if (r->bad)
		return;
	notes_num_max(c->notes, dissect_field(c, F_rtcp_fraction_lost), fraction);
	if (lost < 0x800000) /* it is signed */
		notes_num_put(c->notes, dissect_field(c, F_rtcp_lost), lost);
	uint8_t other = !c->dir;
	if (last == 0 || s->sent[other].middle != last || c->t_ns < s->sent[other].t_ns)
		return;
	uint64_t since = c->t_ns - s->sent[other].t_ns,
		 waited = delay * UINT64_C(1000000000) >> 16; /* in 65536ths of a second */
	if (since >= waited)
		notes_num_once(c->notes, dissect_field(c, F_rtcp_rtt_us), (since - waited) / 1000);
}

static void see_sender(struct dissect_ctx *c, struct rtcp *s, struct rd *r)
{
	rd_skip(r, 2);
	uint32_t middle = rd_be32(r);
	rd_skip(r, 2 + 4); /* rest of the NTP time, RTP time */
	uint32_t packets = rd_be32(r), octets = rd_be32(r);
	if (r->bad)
		return;
	s->sent[c->dir].t_ns = c->t_ns;
	s->sent[c->dir].middle = middle;
	notes_num_put(c->notes, dissect_field(c, F_rtcp_packets), packets);
	notes_num_put(c->notes, dissect_field(c, F_rtcp_octets), octets);
}

void rtcp_see(struct dissect_ctx *c, struct rtcp *s, struct rd r)
{
	for (int i = 0; i < PACKETS_MAX && rd_left(&r); i++) {
		uint8_t blocks = rd_u8(&r) & 31, type = rd_u8(&r);
		struct rd body = rd_sub(&r, 4 * (size_t)rd_be16(&r));
		if (type != SENDER_REPORT && type != RECEIVER_REPORT)
			continue;
		notes_num_once(c->notes, dissect_field(c, F_rtp_ssrc), rd_be32(&body));
		notes_num_put(c->notes, dissect_field(c, F_rtcp_sources), blocks);
		if (type == SENDER_REPORT)
			see_sender(c, s, &body);
		for (unsigned b = 0; b < blocks && rd_left(&body); b++)
			see_block(c, s, &body);
	}
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	if (!rtcp_is(r))
		return DISSECT_NOT_MINE;
	rtcp_see(c, c->state, *r);
	rd_skip(r, rd_left(r));
	return DISSECT_MINE;
}

const struct dissector dissector_rtcp = {
    .name = "rtcp",
    .title = "RTP Control Protocol",
    .over = OVER_UDP,
    .ports = {5005},
    FIRST_BYTES("\x80\xbf"),
    .state_size = sizeof(struct rtcp),
    .see = see,
};
