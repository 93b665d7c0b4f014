/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/header_row.h"

#include "decode/put.h"

static void link_fields(struct batch *b, uint32_t row, const struct headers *h)
{
	if (h->has & HEADERS_HAS_MAC) {
		put_u64(b, F_src_mac, row, h->src_mac);
		put_u64(b, F_dst_mac, row, h->dst_mac);
	}
	if (h->has & HEADERS_HAS_ETHERTYPE)
		put_u16(b, F_ethertype, row, h->ethertype);
	if (h->n_vlans > 0)
		put_u16(b, F_vlan, row, h->vlan[0]);
	if (h->n_vlans > 1)
		put_u16(b, F_vlan_customer, row, h->vlan[1]);
	if (h->n_labels && !batch_present(b, F_mpls_labels, row))
		for (uint8_t i = 0; i < h->n_labels; i++)
			push_u32(b, F_mpls_labels, row, h->label[i]);
}

static void ip_fields(struct batch *b, uint32_t row, const struct headers *h)
{
	put_ip(b, F_src_ip, row, &h->src);
	put_ip(b, F_dst_ip, row, &h->dst);
	put_u8(b, F_ip_version, row, h->ip_version);
	put_u8(b, F_proto, row, h->proto);
	put_u8(b, F_tos, row, h->tos);
	if (h->has & HEADERS_HAS_TTL) {
		put_u8(b, F_min_ttl, row, h->ttl);
		put_u8(b, F_max_ttl, row, h->ttl);
	}
	if (h->has & HEADERS_HAS_FRAGMENT)
		put_u8(b, F_ip_frag_flags, row, h->frag_flags);
	if (h->has & HEADERS_HAS_FLOW_LABEL)
		put_u32(b, F_flow_label, row, h->flow_label);
	if (h->has & HEADERS_HAS_PORTS) {
		put_u16(b, F_src_port, row, h->src_port);
		put_u16(b, F_dst_port, row, h->dst_port);
	}
	if (h->has & HEADERS_HAS_TCP_FLAGS)
		put_u16(b, F_tcp_flags, row, h->tcp_flags);
	if (h->has & HEADERS_HAS_ICMP) {
		put_u8(b, F_icmp_type, row, h->icmp_type);
		put_u8(b, F_icmp_code, row, h->icmp_code);
	}
}

void header_row(struct batch *b, uint32_t row, const struct headers *h)
{
	link_fields(b, row, h);
	if (h->has & HEADERS_HAS_IP)
		ip_fields(b, row, h);
	if (h->has & HEADERS_HAS_TUNNEL) {
		put_ip(b, F_tunnel_src_ip, row, &h->tunnel_src);
		put_ip(b, F_tunnel_dst_ip, row, &h->tunnel_dst);
		put_u8(b, F_tunnel_proto, row, h->tunnel_proto);
	}
	if (h->has & HEADERS_HAS_TUNNEL_ID)
		put_u32(b, F_tunnel_id, row, h->tunnel_id);
}
