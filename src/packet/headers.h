/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of one frame, from the link down to ports: for sampled packets (sFlow, IPFIX elements
 * 315, 313 and 104), where only the first bytes of a frame are there. Reads one frame, keeps
 * nothing, follows no length beyond the bytes it was given, and stops where they end: what was
 * read up to there holds.
 *
 * Tunnels (IP in IP, 6in4, GRE, VXLAN, GENEVE): ends, ports, flags, tos and ttl are those of the
 * innermost IP packet whose header is whole; tunnel_* those of the outermost one around it. MAC
 * addresses, VLANs, labels and Ethernet type are those of the frame on the link. Why: docs/sflow.md
 */
#pragma once
#include "base/ip.h"
#include "base/rd.h"

/* What the bytes begin with. */
enum headers_start {
	HEADERS_ETHERNET,
	HEADERS_IP, /* IPv4 or IPv6, by the version in its first byte */
	HEADERS_MPLS,
	HEADERS_PPP, /* a PPP protocol number, perhaps after address and control (RFC 1662) */
};

enum { HEADERS_VLANS = 2, HEADERS_LABELS = 10 };

/* Bits of headers.has: which members were in the frame. */
enum {
	HEADERS_HAS_MAC = 1,
	HEADERS_HAS_ETHERTYPE = 1 << 1,
	HEADERS_HAS_IP = 1 << 2,
	HEADERS_HAS_PORTS = 1 << 3,
	HEADERS_HAS_TCP_FLAGS = 1 << 4,
	HEADERS_HAS_ICMP = 1 << 5,
	HEADERS_HAS_FLOW_LABEL = 1 << 6,
	HEADERS_HAS_TUNNEL = 1 << 7,
	HEADERS_HAS_TUNNEL_ID = 1 << 8,
	HEADERS_HAS_TTL = 1 << 9,
	HEADERS_HAS_FRAGMENT = 1 << 10, /* frag_flags: IPv4, or IPv6 with a fragment header */
};

struct headers {
	uint32_t has;
	/* The link. */
	uint64_t src_mac, dst_mac;
	uint16_t ethertype;           /* behind VLAN tags */
	uint16_t vlan[HEADERS_VLANS]; /* VLAN ids, outer first */
	uint8_t n_vlans, n_labels;
	uint32_t label[HEADERS_LABELS]; /* label << 4 | class << 1 | bottom, top first */
	/* The (innermost) IP packet. */
	struct ip src, dst;
	uint8_t ip_version, proto, tos, ttl; /* proto: after the extension headers */
	uint8_t frag_flags;                  /* as IPFIX element 197: 0x40 DF, 0x20 MF */
	uint16_t frag_offset;                /* bytes */
	uint32_t flow_label;
	uint16_t src_port, dst_port, tcp_flags;
	uint8_t icmp_type, icmp_code;
	/* The outermost IP packet around it. */
	struct ip tunnel_src, tunnel_dst;
	uint8_t tunnel_proto;
	uint32_t tunnel_id; /* VXLAN, GENEVE network id or GRE key, of the innermost that has one */
	/* Bytes of the frame up to the end of the outermost IP packet, by that packet's own length;
	 * 0 = there is none. For exporters that do not say how long the frame was. */
	uint32_t frame_len;
};

/* A frame of nothing: what `has` does not name has no value. */
static inline void headers_clear(struct headers *h)
{
	h->has = 0;
	h->n_vlans = h->n_labels = 0;
	h->frame_len = 0;
}

/* Never fails. */
void headers_parse(enum headers_start start, const uint8_t *p, size_t n, struct headers *ret);
