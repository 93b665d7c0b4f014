/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the IANA and IEEE registries that headers name what follows by. */
#pragma once

/* Ethernet types. */
enum {
	ETHER_LENGTH_MAX = 1500, /* a smaller "type" is the length of an 802.3 frame */
	ETHER_IP4 = 0x0800,
	ETHER_ARP = 0x0806,
	ETHER_ERSPAN3 = 0x22eb,
	ETHER_TRILL = 0x22f3,
	ETHER_BRIDGED = 0x6558, /* Ethernet in GRE and GENEVE */
	ETHER_RARP = 0x8035,
	ETHER_VLAN = 0x8100,
	ETHER_IP6 = 0x86dd,
	ETHER_GRE_PPP = 0x880b,
	ETHER_MPLS = 0x8847,
	ETHER_MPLS_MULTICAST = 0x8848,
	ETHER_PPPOE = 0x8864,
	ETHER_QINQ = 0x88a8,
	ETHER_GOOSE = 0x88b8,
	ETHER_ERSPAN2 = 0x88be,
	ETHER_LLDP = 0x88cc,
	ETHER_PBB = 0x88e7, /* IEEE 802.1ah */
	ETHER_VNTAG = 0x8926,
	ETHER_ETAG = 0x893f, /* IEEE 802.1BR */
	ETHER_QINQ_OLD = 0x9100,
};

/* PPP protocols. */
enum {
	PPP_IP4 = 0x0021,
	PPP_IP6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_ADDRESS_CONTROL = 0xff03, /* two bytes that may stand before (RFC 1662) */
};

/* IP protocols and IPv6 extension headers. */
enum {
	PROTO_HOP_OPTIONS = 0,
	PROTO_ICMP = 1,
	PROTO_IGMP = 2,
	PROTO_IP4 = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_DCCP = 33,
	PROTO_IP6 = 41,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	PROTO_ESP = 50,
	PROTO_AUTH = 51,
	PROTO_ICMP6 = 58,
	PROTO_NONE = 59,
	PROTO_DEST_OPTIONS = 60,
	PROTO_L2TP = 115,
	PROTO_SCTP = 132,
	PROTO_MOBILITY = 135,
	PROTO_UDPLITE = 136,
	PROTO_HIP = 139,
	PROTO_SHIM6 = 140,
};

/* Flags of TCP. */
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PUSH = 8, TCP_ACK = 16, TCP_SYN_ACK = 18 };

/* UDP ports of tunnels. */
enum {
	PORT_L2TP = 1701,
	PORT_GTPU = 2152,
	PORT_TEREDO = 3544,
	PORT_GRE = 4754,
	PORT_VXLAN = 4789,
	PORT_VXLAN_GPE = 4790,
	PORT_GENEVE = 6081,
	PORT_MPLS = 6635,
	PORT_VXLAN_OLD = 8472,
};
