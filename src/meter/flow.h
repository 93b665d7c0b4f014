/* SPDX-License-Identifier: Apache-2.0 */
/* What the meter keeps of a flow. A flow is a number i: its parts stand at [i] of arrays, by how
 * often they are needed, a cache line each:
 *
 *   flow   key, counters, links                        every packet of the flow
 *   more   what packets change: flags, ttl, sizes      every packet
 *   facts  what the first packets said                 when it begins and ends
 *   wide   addresses that are not IPv4                 IPv6, Ethernet
 *   extra  tunnels, labels, fragments                  allocated on need
 *   npm    quality, in parts (meter/npm.h)             every packet, if it is measured
 *   speech the talk with the dissectors, and its notes allocated on need
 *
 * Index 0 of a pair is the initiator's, but in the key, where 0 is the lower end. */
#pragma once
#include "base/ip.h"

#include <stdint.h>

enum { FLOW_NONE = UINT32_MAX, FLOW_LABELS = 10 };

/* What kind of ends the key has. */
enum flow_kind { FLOW_IP4, FLOW_IP6, FLOW_ETHER };

/* struct flow: state */
enum {
	FLOW_KIND_MASK = 3,
	FLOW_UPPER_FIRST = 4, /* the initiator is the upper end of the key */
	FLOW_FIN0 = 8,        /* FIN seen from the initiator */
	FLOW_FIN1 = 16,
	FLOW_RST = 32,
	FLOW_SYN = 64,      /* the initiator's SYN was seen: flow_more.isn */
	FLOW_SYN_ACK = 128, /* the other's */
};

struct flow {
	uint32_t hash;
	uint32_t chain; /* next of its hash bucket, or of the free flows */
	uint32_t timer_next, timer_prev;
	uint64_t t_last_ns;
	uint64_t bytes[2];
	uint32_t packets[2];
	uint32_t ip4[2];  /* as on the wire; IPv6 and Ethernet: 0, see struct flow_wide */
	uint16_t port[2]; /* Ethernet: the type, twice */
	uint8_t proto;
	uint8_t state;
	uint16_t vlan; /* part of the key only if vlan_key */
};

struct flow_extra;
struct speech;

struct flow_more {
	uint64_t t_first_ns;
	struct flow_extra *extra;
	struct speech *speech;
	uint32_t tcp_options[2]; /* a bit per kind, 31: option 34 */
	uint32_t isn[2];         /* FLOW_SYN, FLOW_SYN_ACK */
	uint32_t summed; /* packets that stand for a flow each (meter/flood.c), 0 = a flow itself */
	uint16_t tcp_flags[2];
	uint16_t min_len[2], max_len[2];
	uint8_t min_ttl[2], max_ttl[2];
	uint8_t ip_flags[2];
	uint8_t quiet; /* dissectors have seen enough */
	uint8_t spare;
};

/* FACT_HAS bits of flow_facts.has. */
enum {
	FACT_MAC = 1,
	FACT_VLAN = 2,
	FACT_VLAN_INNER = 4,
	FACT_ICMP0 = 8,
	FACT_ICMP1 = 16,
	FACT_SYN0 = 32, /* mss, scale of this side */
	FACT_SYN1 = 64,
};

struct flow_facts {
	uint8_t mac[12]; /* of the first packet: source, destination */
	uint32_t serial;
	uint32_t in_if;
	uint32_t flow_label[2];
	uint32_t ext_headers[2];
	uint16_t vlan[2];
	uint16_t ethertype;
	uint16_t window[2];
	uint16_t mss[2];
	uint16_t syn_size;
	uint8_t ttl[2], tos[2];
	uint8_t scale[2]; /* shift + 1; 0 = no option */
	uint8_t syn_ttl, has;
	union {
		struct {
			uint8_t icmp_type[2], icmp_code[2];
		};
		uint8_t os[2]; /* of TCP: meter/os.h, 0 = not known */
	};
};

struct flow_wide {
	uint8_t addr[2][16]; /* lower, upper */
};

struct flow_extra {
	struct ip tunnel_src, tunnel_dst;
	uint64_t outer_bytes[2];
	uint32_t tunnel_id;
	uint32_t fragments[2];
	uint8_t tunnel, tunnel_proto; /* enum tunnel of packet/peel.h */
	uint8_t has_id;
	uint8_t n_labels[2];
	uint32_t label[2][FLOW_LABELS];
};

_Static_assert(sizeof(struct flow) == 64, "one cache line");
_Static_assert(sizeof(struct flow_more) == 64, "one cache line");
_Static_assert(sizeof(struct flow_facts) == 64, "one cache line");
