/* SPDX-License-Identifier: Apache-2.0 */
/* The flow record of layout 2 (nfdump 1.7):
 *   elements u16 | engine type u8 | engine id u8 | exporter u16 | flags u8 | version u8
 *   then elements: type u16 | bytes with this header u16 | values
 * An element that a newer nfdump made longer is read as far as it is known here. */
#include "import/nfrecord.h"

#include "base/buf.h"

/* clang-format off */
/* What stands in an element, in the order of its bytes: values noted, or bytes stepped over. */
struct item {
	uint8_t element;
	uint8_t at; /* bytes from its beginning */
	uint8_t op;
	uint16_t field;
};
#define I(element, at, op, field) {element, at, NF_##op, F_##field},
#define Z(element, at, op, field) {element, at, NF_##op | NF_ABSENT0, F_##field},
static const struct item items[] = {
	/* general */
	Z(1, 0, U64, t_first) Z(1, 8, U64, t_last) Z(1, 16, U64, t_recv) I(1, 24, U64, packets) I(1, 32, U64, bytes)
	I(1, 40, U16, src_port) I(1, 42, U16, dst_port) I(1, 44, U8, proto) I(1, 45, U8, tcp_flags)
	Z(1, 46, U8, forwarding_status) I(1, 47, U8, tos)
	/* addresses */
	I(2, 0, IP4, src_ip) I(2, 4, IP4, dst_ip) I(3, 0, IP6, src_ip) I(3, 16, IP6, dst_ip)
	/* where it passed */
	I(4, 0, U32, in_if) I(4, 4, U32, out_if) I(4, 8, U8, src_mask) I(4, 9, U8, dst_mask) I(4, 10, U8, direction)
	Z(4, 11, U8, rev_tos) Z(4, 13, U8, end_reason) Z(4, 14, U8, rev_tcp_flags)
	/* the other direction */
	Z(5, 0, U64, flows) Z(5, 8, U64, rev_packets) Z(5, 16, U64, rev_bytes)
	Z(6, 0, U32, vlan) Z(6, 4, U32, out_vlan)
	I(7, 0, U32, src_as) I(7, 4, U32, dst_as)
	Z(8, 0, IP4, bgp_next_hop) Z(9, 0, IP6, bgp_next_hop) Z(10, 0, IP4, next_hop) Z(11, 0, IP6, next_hop)
	Z(12, 0, IP4, exporter_ip) Z(13, 0, IP6, exporter_ip)
	I(14, 0, LABELS, mpls_labels)
	Z(15, 0, U64, src_mac) Z(15, 8, U64, out_dst_mac) Z(15, 16, U64, dst_mac) Z(15, 24, U64, out_src_mac)
	Z(16, 0, U32, next_as) Z(16, 4, U32, prev_as)
	Z(17, 0, U64, latency_client_us) Z(17, 8, U64, latency_server_us) Z(17, 16, U64, latency_app_us)
	/* firewalls and address translation */
	Z(19, 8, U32, flow_id) I(19, 12, U16, firewall_xevent) I(19, 14, U8, firewall_event)
	I(20, 0, IP4, post_nat_src_ip) I(20, 4, IP4, post_nat_dst_ip)
	I(21, 0, IP6, post_nat_src_ip) I(21, 16, IP6, post_nat_dst_ip)
	I(22, 0, U16, post_nat_src_port) I(22, 2, U16, post_nat_dst_port)
	I(23, 0, LIST3, ingress_acl) I(23, 12, LIST3, egress_acl) I(24, 0, TEXT66, user_name)
	Z(25, 8, U32, nat_pool_id) I(25, 12, U8, nat_event)
	I(26, 0, U16, nat_block_start) I(26, 2, U16, nat_block_end) I(26, 4, U16, nat_block_step) I(26, 6, U16, nat_block_size)
	/* what it is */
	I(27, 0, BE32, app_id) I(29, 0, REST, payload)
	I(31, 0, IP4, tunnel_src_ip) I(31, 4, IP4, tunnel_dst_ip) I(31, 8, U32, tunnel_proto)
	I(32, 0, IP6, tunnel_src_ip) I(32, 16, IP6, tunnel_dst_ip) I(32, 32, U32, tunnel_proto)
	Z(33, 0, U64, observation_point) I(33, 8, U32, observation_domain)
	I(36, 0, U32, egress_vrf) I(36, 4, U32, ingress_vrf)
	I(37, 0, U8, pf_action) I(37, 1, U8, pf_reason) I(37, 2, U8, pf_dir) I(37, 4, U32, pf_rule) I(37, 20, REST, pf_if)
	Z(38, 0, U16, vlan) Z(38, 2, U16, vlan_customer) Z(38, 4, U16, out_vlan) Z(38, 6, U16, out_vlan_customer) Z(38, 16, U64, tunnel_id)
	Z(38, 24, U16, ethertype) Z(38, 26, U8, ip_version)
	Z(39, 0, U64, flow_id)
	Z(42, 1, U8, ip_frag_flags) Z(42, 2, U8, min_ttl) Z(42, 3, U8, max_ttl)
};
#undef I
#undef Z
/* clang-format on */

enum {
	ELEMENT_MAX = 43,
	ELEMENT_HEADER = 4,
	ELEMENT_PAYLOAD = 29,
	ELEMENT_NSEL = 19,
	ELEMENT_NEL = 25,
	FLAG_OTHER_SOURCE = 0x40, /* of the version: a meter, no exporter */
	FLAG_SFLOW = 0x80,
	VERSION_SFLOW = 105,
};

/* Items of one element stand together in the table. */
static void take_element(struct row *row, uint16_t type, struct rd element)
{
	size_t i = 0, len = rd_left(&element);
	while (i < ARRAY_LEN(items) && items[i].element != type)
		i++;
	for (; i < ARRAY_LEN(items) && items[i].element == type; i++) {
		struct rd r = element;
		if (items[i].at < len || items[i].op == NF_REST) {
			rd_skip(&r, items[i].at);
			nf_take(row, &r, items[i].op, (enum field)items[i].field);
		}
	}
}

/* Events have a time of their own. */
static void event_time(struct row *row, struct rd element)
{
	uint64_t ms = rd_le64(&element);
	if (element.bad || !ms)
		return;
	if (!row_get(row, F_t_first))
		row_num(row, F_t_first, ms);
	if (!row_get(row, F_t_last))
		row_num(row, F_t_last, ms);
}

/* A payload may hold NULs; those at its end are fill. */
static void take_payload(struct row *row, struct rd element)
{
	size_t n = rd_left(&element);
	while (n && element.p[n - 1] == 0)
		n--;
	if (n)
		row_text(row, F_payload, element.p, n);
}

bool nf2_flow(struct nfrecords *x, struct rd r)
{
	struct row *row = &x->row;
	uint16_t n = rd_le16(&r);
	uint8_t engine_type = rd_u8(&r), engine_id = rd_u8(&r);
	uint16_t exporter = rd_le16(&r);
	rd_skip(&r, 1);
	uint8_t version = rd_u8(&r);
	for (uint16_t i = 0; i < n; i++) {
		uint16_t type = rd_le16(&r), len = rd_le16(&r);
		struct rd element =
		    rd_sub(&r, len < ELEMENT_HEADER ? SIZE_MAX : (size_t)len - ELEMENT_HEADER);
		if (element.bad)
			return false;
		if (type == ELEMENT_PAYLOAD)
			take_payload(row, element);
		else if (type < ELEMENT_MAX)
			take_element(row, type, element);
		if (type == ELEMENT_NSEL || type == ELEMENT_NEL)
			event_time(row, element);
	}
	if (r.bad)
		return false;
	row_num_if(row, F_engine_type, engine_type);
	row_num_if(row, F_engine_id, engine_id);
	if (version & FLAG_SFLOW)
		row_num(row, F_export_version, VERSION_SFLOW);
	else if (!(version & FLAG_OTHER_SOURCE))
		row_num_if(row, F_export_version, version);
	/* What nfdump calls the destination at the output is all that many exporters tell. */
	if (!row_get(row, F_dst_mac))
		row_num_if(row, F_dst_mac, row_get(row, F_out_dst_mac));
	nf_finish(x, exporter);
	return true;
}
