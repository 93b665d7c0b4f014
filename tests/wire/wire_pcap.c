/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/wire.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { ETHER_IP4 = 0x0800, ETHER_IP6 = 0x86dd, UDP = 17, SNAPLEN = 262144 };

void wire_pcap_header(struct buf *b, uint32_t link, bool ns)
{
	buf_le32(b, ns ? 0xa1b23c4d : 0xa1b2c3d4);
	buf_le32(b, 4u << 16 | 2); /* version 2.4 */
	buf_le32(b, 0);
	buf_le32(b, 0);
	buf_le32(b, SNAPLEN);
	buf_le32(b, link);
}

void wire_pcap_frame(struct buf *b, int64_t t_ns, bool ns, const struct buf *frame)
{
	buf_le32(b, (uint32_t)(t_ns / 1000000000));
	buf_le32(b, (uint32_t)(t_ns % 1000000000 / (ns ? 1 : 1000)));
	buf_le32(b, (uint32_t)frame->n);
	buf_le32(b, (uint32_t)frame->n);
	buf_put(b, frame->p, frame->n);
}

void wire_pcapng_header(struct buf *b, uint16_t link)
{
	buf_le32(b, 0x0a0d0d0a); /* section */
	buf_le32(b, 28);
	buf_le32(b, 0x1a2b3c4d);
	buf_le32(b, 1); /* version 1.0 */
	buf_le64(b, UINT64_MAX);
	buf_le32(b, 28);
	buf_le32(b, 1); /* interface */
	buf_le32(b, 20);
	buf_le32(b, link);
	buf_le32(b, SNAPLEN);
	buf_le32(b, 20);
}

void wire_pcapng_frame(struct buf *b, int64_t t_us, const struct buf *frame)
{
	uint32_t padded = (uint32_t)((frame->n + 3) & ~(size_t)3);
	buf_le32(b, 6); /* enhanced packet */
	buf_le32(b, 32 + padded);
	buf_le32(b, 0);
	buf_le32(b, (uint32_t)((uint64_t)t_us >> 32));
	buf_le32(b, (uint32_t)t_us);
	buf_le32(b, (uint32_t)frame->n);
	buf_le32(b, (uint32_t)frame->n);
	buf_put(b, frame->p, frame->n);
	for (size_t i = frame->n; i < padded; i++)
		buf_u8(b, 0);
	buf_le32(b, 32 + padded);
}

void wire_ethernet(struct buf *b, uint16_t type)
{
	buf_put(b, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	buf_be16(b, type);
}

void wire_vlan(struct buf *b, uint16_t tag, uint16_t type)
{
	buf_be16(b, tag);
	buf_be16(b, type);
}

static void ip4_header(struct buf *b, const struct wire_ip *ip, size_t rest)
{
	uint8_t four[4];
	buf_u8(b, 0x45);
	buf_u8(b, 0);
	buf_be16(b, (uint16_t)(20 + rest));
	buf_be16(b, (uint16_t)ip->id);
	buf_be16(b, (uint16_t)((ip->more_fragments ? 0x2000 : 0) | ip->fragment_at / 8));
	buf_u8(b, 64);
	buf_u8(b, ip->proto);
	buf_be16(b, 0);
	inet_pton(AF_INET, ip->src, four);
	buf_put(b, four, 4);
	inet_pton(AF_INET, ip->dst, four);
	buf_put(b, four, 4);
}

static void ip6_header(struct buf *b, const struct wire_ip *ip, size_t rest)
{
	uint8_t sixteen[16];
	bool fragment = ip->fragment_at || ip->more_fragments;
	buf_be32(b, 6u << 28);
	buf_be16(b, (uint16_t)(rest + (fragment ? 8 : 0)));
	buf_u8(b, fragment ? 44 : ip->proto);
	buf_u8(b, 64);
	inet_pton(AF_INET6, ip->src, sixteen);
	buf_put(b, sixteen, 16);
	inet_pton(AF_INET6, ip->dst, sixteen);
	buf_put(b, sixteen, 16);
	if (!fragment)
		return;
	buf_u8(b, ip->proto);
	buf_u8(b, 0);
	buf_be16(b, (uint16_t)(ip->fragment_at | (ip->more_fragments ? 1 : 0)));
	buf_be32(b, ip->id);
}

void wire_ip_header(struct buf *b, const struct wire_ip *ip, size_t rest)
{
	if (strchr(ip->src, ':'))
		ip6_header(b, ip, rest);
	else
		ip4_header(b, ip, rest);
}

void wire_udp(struct buf *b, uint16_t src_port, uint16_t dst_port, const void *p, size_t n)
{
	buf_be16(b, src_port);
	buf_be16(b, dst_port);
	buf_be16(b, (uint16_t)(8 + n));
	buf_be16(b, 0);
	buf_put(b, p, n);
}

void wire_tcp(struct buf *b, uint16_t src_port, uint32_t seq, uint8_t flags, const void *p,
	      size_t n)
{
	buf_be16(b, src_port);
	buf_be16(b, 4739);
	buf_be32(b, seq);
	buf_be32(b, 0);
	buf_u8(b, 5 << 4);
	buf_u8(b, flags);
	buf_be16(b, 65535);
	buf_be32(b, 0);
	buf_put(b, p, n);
}

void wire_pcap_udp(struct buf *b, int64_t t_us, const char *src, uint16_t src_port, const void *p,
		   size_t n)
{
	struct buf frame = {0};
	bool six = strchr(src, ':') != NULL;
	const struct wire_ip ip = {
	    .src = src, .dst = six ? "2001:db8::99" : "192.0.2.99", .proto = UDP};
	wire_ethernet(&frame, six ? ETHER_IP6 : ETHER_IP4);
	wire_ip_header(&frame, &ip, 8 + n);
	wire_udp(&frame, src_port, 2055, p, n);
	wire_pcap_frame(b, t_us * 1000, false, &frame);
	buf_fini(&frame);
}
