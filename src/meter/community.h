/* SPDX-License-Identifier: Apache-2.0 */
/* Community ID version 1, seed 0 (Corelight's specification): one text for both directions of a
 * flow, the same from every tool, such as 1:LQU9qZlK+B5F3KDmev6m5PMibrg=. The store computes it
 * of what collectors receive (store/community.h). */
#pragma once
#include "base/ip.h"
#include "net/crypto.h"

enum { COMMUNITY_TEXT = 2 + 28 };

struct community_flow {
	struct ip src, dst;
	uint16_t src_port, dst_port;
	uint8_t proto;
	uint8_t icmp_type, icmp_code;
};

/* COMMUNITY_TEXT bytes, no NUL; false without memory. */
must_check bool community_id(struct crypto *c, const struct community_flow *f,
			     char ret[COMMUNITY_TEXT]);
