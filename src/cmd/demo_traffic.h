/* SPDX-License-Identifier: Apache-2.0 */
/* The office of `weir demo`: which flows end in a given second. The same second always gives the
 * same flows, so a demo can be repeated and compared. Addresses are private ones inside and
 * documentation ones outside (RFC 5737, RFC 3849), AS numbers those of RFC 5398. */
#pragma once
#include "base/ip.h"

#include <stdint.h>

/* One exported record: unidirectional, as a router meters it. */
struct demo_flow {
	struct ip src, dst;
	int64_t first_ms, last_ms;
	uint64_t bytes, packets;
	uint32_t in_if, out_if, src_as, dst_as;
	uint16_t src_port, dst_port;
	uint8_t proto, tcp_flags, tos;
	bool branch; /* metered by the branch router (sampled) instead of the edge router */
};

enum { DEMO_FLOWS_PER_SECOND_MAX = 4096 };

/* Writes the flows whose last packet is in the second `second` (s since the epoch) to out; returns
 * how many. */
size_t demo_second(int64_t second, struct demo_flow out[DEMO_FLOWS_PER_SECOND_MAX]);
