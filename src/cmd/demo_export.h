/* SPDX-License-Identifier: Apache-2.0 */
/* The two routers of `weir demo`: an edge router that speaks IPFIX and a branch router that speaks
 * sampled NetFlow v5. Each puts records into datagrams of at most 1400 bytes; sequence numbers are
 * kept as the RFCs want them. */
#pragma once
#include "base/buf.h"
#include "cmd/demo_traffic.h"

enum { DEMO_BRANCH_SAMPLING = 10 };

struct demo_router {
	struct buf datagram;        /* the one being filled */
	uint32_t records, sequence; /* in the datagram; sent before it */
	int64_t second;             /* export time of the datagram */
	int64_t boot_ms;            /* NetFlow v5: when sysUptime was 0 */
	/* Sends one datagram; ctx is given back. */
	void (*send)(void *ctx, const void *p, size_t n);
	void *ctx;
};

/* Adds a record to the edge router's IPFIX message; sends the message when it is full. */
void demo_ipfix_add(struct demo_router *r, int64_t second, const struct demo_flow *f);
void demo_ipfix_flush(struct demo_router *r);
/* The same for the branch router's NetFlow v5; counters are divided by the sampling rate. */
void demo_nf5_add(struct demo_router *r, int64_t second, const struct demo_flow *f);
void demo_nf5_flush(struct demo_router *r);
