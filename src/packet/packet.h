/* SPDX-License-Identifier: Apache-2.0 */
/* A frame down to its UDP or TCP payload: Ethernet with VLAN tags, Linux cooked v1 and v2,
 * loopback, PPPoE, raw IP; IPv4, IPv6 with extension headers. Reads one frame, keeps nothing;
 * lengths in headers only ever shorten what was captured. Fragments go through packet/reassembly.h.
 */
#pragma once
#include "base/ip.h"
#include "base/rd.h"
#include "packet/capture.h"

enum packet_kind {
	PACKET_OTHER,    /* not IP, or a protocol other than UDP and TCP */
	PACKET_BROKEN,   /* headers that end early or lie */
	PACKET_FRAGMENT, /* part of a bigger IP packet: `fragment` is set */
	PACKET_UDP,
	PACKET_TCP,
	PACKET_KIND_MAX
};

struct packet {
	struct ip src, dst;
	uint8_t ip_version, proto; /* proto: after the extension headers */
	uint8_t tcp_flags;
	uint16_t src_port, dst_port;
	uint32_t tcp_seq;
	struct rd
	    payload; /* borrowed from the frame; of UDP or TCP, of the IP packet for a fragment */
	struct {
		uint32_t id;
		uint32_t off; /* bytes */
		bool more;
	} fragment;
};

enum packet_kind packet_parse(const struct frame *f, struct packet *ret);
/* Goes on where packet_parse stopped: r is what the IP packet carries, p->proto says what it is. */
enum packet_kind packet_transport(struct packet *p, struct rd r);
