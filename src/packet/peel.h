/* SPDX-License-Identifier: Apache-2.0 */
/* A frame down to its flow, in one pass and without copies: link, VLAN tags, labels, IP, transport,
 * and through tunnels to the innermost packet, which is the flow. What it finds points into the
 * frame. Reads one frame, keeps nothing; lengths in headers only ever shorten what was captured.
 *
 * A tunnel over UDP is peeled only on strong signs: its header is exact and what is inside is a
 * packet that fits. Otherwise the outer packet is the flow. docs/probe.md, "Tunnels". */
#pragma once
#include "base/rd.h"
#include "packet/capture.h"

enum peel_kind {
	PEEL_IP,    /* IPv4 or IPv6: version, src, dst, proto... */
	PEEL_ETHER, /* not IP: macs, ethertype, payload; src and dst are the addresses of 6 bytes */
	PEEL_BROKEN, /* headers that end early or lie: `broken` says which; there is no flow */
};

/* Where a frame broke. */
enum peel_layer { LAYER_LINK, LAYER_IP, LAYER_TRANSPORT, LAYER_MAX };

enum tunnel {
	TUNNEL_NONE,
	TUNNEL_IPIP, /* any IP in IP: 4in4, 6in4, 4in6, 6in6 */
	TUNNEL_GRE,
	TUNNEL_PPTP,
	TUNNEL_ERSPAN,
	TUNNEL_VXLAN,
	TUNNEL_VXLAN_GPE,
	TUNNEL_GENEVE,
	TUNNEL_GTPU,
	TUNNEL_TEREDO,
	TUNNEL_L2TP,
	TUNNEL_MPLS, /* labels in UDP */
	TUNNEL_MAX
};

enum { PEEL_VLANS = 2, PEEL_LABELS = 10, PEEL_TUNNELS = 4 };

/* Bits of peel.has. */
enum {
	PEEL_HAS_PORTS = 1,
	PEEL_HAS_TCP = 1 << 1,
	PEEL_HAS_ICMP = 1 << 2,
	PEEL_HAS_TUNNEL_ID = 1 << 3,
	PEEL_FRAGMENT = 1 << 4,       /* part of an IP packet: frag_* */
	PEEL_LATER_FRAGMENT = 1 << 5, /* not its first part: no ports */
	PEEL_CUT = 1 << 6,            /* the transport header was not captured whole */
	PEEL_BAD_TRANSPORT = 1 << 7,  /* it was, and lies about its length */
};

struct peel {
	/* All of these are cleared before a frame. */
	const uint8_t *macs; /* destination, source: 12 bytes of the outermost Ethernet; or NULL */
	const uint8_t *src, *dst;
	const uint8_t *ip;                      /* the innermost IP header */
	const uint8_t *tunnel_src, *tunnel_dst; /* of the outermost IP packet, if there are two */
	const uint8_t *options;                 /* TCP options */
	struct rd payload;     /* of TCP, UDP; of IP or Ethernet where there is no such */
	uint32_t payload_wire; /* bytes that the payload had on the wire */
	uint32_t len;       /* of the innermost IP packet by its header; frame length if not IP */
	uint32_t outer_len; /* of the outermost IP packet, if there are two */
	uint32_t tunnel_id;
	uint32_t flow_label;
	uint32_t frag_id;
	uint32_t ext_headers; /* IPv6: as IPFIX element 64; IPv4 options: element 208 */
	uint32_t seq, ack;
	uint16_t has;
	uint16_t
	    ethertype; /* of the outermost frame, behind its tags; of PEEL_ETHER the innermost */
	uint16_t vlan[PEEL_VLANS];   /* ids, outer first */
	uint16_t src_port, dst_port; /* ICMP: 0 */
	uint16_t tcp_flags, window;
	uint16_t frag_offset; /* bytes */
	uint8_t version;      /* of the innermost IP packet */
	uint8_t proto, tos, ttl;
	uint8_t ip_flags; /* as IPFIX element 197: 0x40 DF, 0x20 MF */
	uint8_t icmp_type, icmp_code;
	uint8_t options_n;
	uint8_t n_vlans, n_labels, n_tunnels;
	uint8_t tunnel;         /* enum tunnel, of the innermost */
	uint8_t tunnel_version; /* IP version of the outermost packet */
	uint8_t tunnel_proto;   /* IP protocol that the outermost packet carries */
	uint8_t broken;         /* enum peel_layer */
	/* Written as far as n_labels says. */
	uint32_t label[PEEL_LABELS]; /* label << 4 | class << 1 | bottom, top first */
};

enum peel_kind peel(const struct frame *f, struct peel *ret);
/* Whether frames of that type can be read at all. */
bool peel_knows(enum link_type link);

/* "vxlan"; NULL for TUNNEL_NONE. */
const char *tunnel_name(enum tunnel t);
