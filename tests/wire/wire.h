/* SPDX-License-Identifier: Apache-2.0 */
/* Export messages built in code, byte by byte as the RFCs say, independently of the decoders:
 * NetFlow v1, v5, v7, v9 (RFC 3954), IPFIX (RFC 7011). A message is begun, gets sets, is ended;
 * nothing stops a test from ending it wrongly. */
#pragma once
#include "base/buf.h"

enum { WIRE_VARIABLE = 65535, WIRE_EXPORT_S = 1767268800 }; /* 2026-01-01T12:00:00Z */

struct wire_element {
	uint16_t id, len;
	uint32_t pen; /* 0 = none; only IPFIX */
};

struct wire_header {
	uint16_t version;   /* 1 5 7 9 10 */
	uint32_t export_s;  /* 0 = WIRE_EXPORT_S */
	uint32_t export_ns; /* v1, v5, v7 */
	uint32_t uptime_ms; /* not IPFIX */
	uint32_t sequence;
	uint32_t domain;   /* v9 source id, IPFIX domain; v5: engine type << 8 | engine id */
	uint16_t sampling; /* v5 */
};

struct wire {
	struct buf *b;
	size_t start, set; /* where the message and the open set begin */
	uint16_t version;
	uint16_t count; /* v9: what the header will say; wire_set_begin and the template calls do
			   not touch it */
};

/* Appends a header to b; wire_end fills in count or length. */
struct wire wire_begin(struct buf *b, const struct wire_header *h);
/* v5, v1, v7, v9: writes `count` into the header; IPFIX: the length. */
void wire_end(struct wire *w);
void wire_set_begin(struct wire *w, uint16_t id);
/* Pads the set with zeros to a multiple of 4 if pad. */
void wire_set_end(struct wire *w, bool pad);
/* A whole template set with one template. */
void wire_template(struct wire *w, uint16_t id, const struct wire_element *e, uint16_t n);
/* A whole options template set; the first n_scope elements are the scope (v9: scope types). */
void wire_options_template(struct wire *w, uint16_t id, const struct wire_element *e, uint16_t n,
			   uint16_t n_scope);
/* A template record alone, inside a set opened by the caller. */
void wire_template_record(struct wire *w, uint16_t id, const struct wire_element *e, uint16_t n);
/* An IPFIX withdrawal set (RFC 7011 8.1). */
void wire_withdrawal(struct wire *w, uint16_t id, bool options);
/* A value of n bytes (1..8), big-endian. */
void wire_uint(struct wire *w, uint64_t v, size_t n);
void wire_bytes(struct wire *w, const void *p, size_t n);
void wire_ip4(struct wire *w, const char *text);
void wire_ip6(struct wire *w, const char *text);
/* A variable-length value: 1 byte of length, or 255 and 2 bytes if it is long or `wide`. */
void wire_varlen(struct wire *w, const void *p, size_t n, bool wide);

/* A record of v1, v5, v7. */
struct wire_fixed {
	const char *src, *dst, *next_hop;
	uint16_t in_if, out_if, src_port, dst_port, src_as, dst_as;
	uint32_t packets, bytes, first_ms, last_ms; /* uptime */
	uint8_t proto, tcp_flags, tos, src_mask, dst_mask;
};
void wire_fixed_record(struct wire *w, const struct wire_fixed *r);

/* --- captures: classic pcap (us or ns), Ethernet unless said otherwise; wire_pcap.c */
void wire_pcap_header(struct buf *b, uint32_t link, bool ns);
void wire_pcap_frame(struct buf *b, int64_t t_ns, bool ns, const struct buf *frame);
/* pcapng with one interface: wire_pcapng_header, then frames. */
void wire_pcapng_header(struct buf *b, uint16_t link);
void wire_pcapng_frame(struct buf *b, int64_t t_us, const struct buf *frame);
/* Parts of a frame, outermost first; lengths are filled in from `rest`, the bytes that follow. */
void wire_ethernet(struct buf *b, uint16_t type);
void wire_vlan(struct buf *b, uint16_t tag, uint16_t type);
struct wire_ip {
	const char *src, *dst; /* both IPv4 or both IPv6 */
	uint8_t proto;
	uint32_t id;          /* of fragments */
	uint16_t fragment_at; /* bytes, a multiple of 8 */
	bool more_fragments;
};
void wire_ip_header(struct buf *b, const struct wire_ip *ip, size_t rest);
void wire_udp(struct buf *b, uint16_t src_port, uint16_t dst_port, const void *p, size_t n);
void wire_tcp(struct buf *b, uint16_t src_port, uint32_t seq, uint8_t flags, const void *p,
	      size_t n);
/* Ethernet, IP and UDP around n bytes, appended to b as a frame of a capture (us). */
void wire_pcap_udp(struct buf *b, int64_t t_us, const char *src, uint16_t src_port, const void *p,
		   size_t n);
