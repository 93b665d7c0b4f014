/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the applications that no dissector of ours knows, from libndpi (docs/dependencies.md).
 * One struct appid per thread; it sees whole IP packets, a few of each flow, and keeps nothing of a
 * flow but an appid_flow, of which there are at most `max_flows` at once. Protocols that we have a
 * dissector for are switched off in it, so that ours alone claim them.
 *
 * Counters: rows appid_* of stats.def. */
#pragma once
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct appid;
struct appid_flow;
struct stats;

enum {
	APPID_PACKETS = 5,      /* of a flow that are shown by default */
	APPID_PACKETS_MAX = 16, /* and at most */
	APPID_FLOWS_MAX = 16384,
	APPID_PACKET_MAX =
	    512, /* bytes of a packet that are looked at: the library scans all it sees */
};

struct appid_opts {
	unsigned packets;    /* of a flow; 0: APPID_PACKETS */
	size_t max_flows;    /* 0: APPID_FLOWS_MAX */
	bool at_once;        /* load the library's tables now, not with the first flow */
	struct stats *stats; /* borrowed */
};

/* The tables take some 20 ms and 5 MB, and not by two threads at a time: a program of several
 * threads takes at_once. ERR_UNSUPPORTED: built without libndpi, or with another one than is here.
 */
must_check enum err appid_new(const struct appid_opts *o, struct appid **ret);
void appid_free(struct appid *a);
unsigned appid_packets(const struct appid *a);

/* NULL, counted: too many flows at once, or no memory. */
struct appid_flow *appid_begin(struct appid *a);
void appid_end(struct appid *a, struct appid_flow *f);
/* The next packet of a flow, from its IP header on. Returns nDPI's number of its application if its
 * bytes prove it, else 0; what only ports or addresses suggest is none. */
uint16_t appid_see(struct appid *a, struct appid_flow *f, struct rd ip_packet, uint64_t t_ns);
/* The name for people of such a number; NULL if there is none. */
const char *appid_name(uint16_t number);
