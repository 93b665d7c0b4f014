/* SPDX-License-Identifier: Apache-2.0 */
/* Media streams and their reports (RFC 3550): what rtp.c and rtcp.c share. */
#pragma once
#include "proto/dissector.h"

/* Flows that SIP announced are RTP by that; others must prove it over several packets. */
extern const struct dissector dissector_rtp, dissector_rtp_media, dissector_rtcp;

/* The last sender report of each direction, for round trips. */
struct rtcp {
	struct {
		uint64_t t_ns;
		uint32_t middle; /* of its NTP time */
	} sent[2];
};

/* Whether a datagram is a compound of RTCP packets whose lengths fit. */
bool rtcp_is(const struct rd *r);
/* Notes what the packets report. */
void rtcp_see(struct dissect_ctx *c, struct rtcp *s, struct rd r);
