/* SPDX-License-Identifier: Apache-2.0 */
/* The flow record of layout 1 (nfdump 1.6):
 *   flags u8, exporter u8 (or flags u16) | map u16 | ms of first u16, of last u16 | first s u32 |
 *   last s u32 | forwarding status u8 | TCP flags u8 | protocol u8 | tos u8 | ports u16 u16
 *   [| exporter u16 | reserved u16]
 * then addresses, packets and bytes, each in one of two widths as the flags say, then the
 * extensions of its map, without headers. */
#include "import/nfrecord.h"

#include "base/buf.h"

enum { FLAG_IP6 = 1, FLAG_PACKETS_64 = 2, FLAG_BYTES_64 = 4, MS_PER_S = 1000 };

/* clang-format off */
struct part {
	uint8_t op;
	uint16_t field; /* FIELD_MAX: stepped over */
};
enum { PARTS_MAX = 7 };
#define I(op, field) {NF_##op, F_##field}
#define Z(op, field) {NF_##op | NF_ABSENT0, F_##field}
#define SKIP(op) {NF_##op, FIELD_MAX}
static const struct extension {
	uint8_t id, n;
	struct part part[PARTS_MAX];
} extensions[] = {
	{4, 2, {I(U16, in_if), I(U16, out_if)}}, {5, 2, {I(U32, in_if), I(U32, out_if)}},
	{6, 2, {I(U16, src_as), I(U16, dst_as)}}, {7, 2, {I(U32, src_as), I(U32, dst_as)}},
	{8, 4, {Z(U8, rev_tos), I(U8, direction), I(U8, src_mask), I(U8, dst_mask)}},
	{9, 1, {Z(IP4, next_hop)}}, {10, 1, {Z(IP6, next_hop)}}, {11, 1, {Z(IP4, bgp_next_hop)}}, {12, 1, {Z(IP6, bgp_next_hop)}},
	{13, 2, {Z(U16, vlan), Z(U16, out_vlan)}},
	{14, 1, {Z(U32, rev_packets)}}, {15, 1, {Z(U64, rev_packets)}}, {16, 1, {Z(U32, rev_bytes)}}, {17, 1, {Z(U64, rev_bytes)}},
	{18, 1, {Z(U32, flows)}}, {19, 1, {Z(U64, flows)}},
	{20, 2, {Z(U64, src_mac), Z(U64, out_dst_mac)}}, {21, 2, {Z(U64, dst_mac), Z(U64, out_src_mac)}},
	{22, 1, {I(LABELS, mpls_labels)}}, {23, 1, {Z(IP4, exporter_ip)}}, {24, 1, {Z(IP6, exporter_ip)}},
	{25, 3, {SKIP(U16), Z(U8, engine_type), Z(U8, engine_id)}},
	{26, 2, {Z(U32, next_as), Z(U32, prev_as)}}, {27, 1, {Z(U64, t_recv)}},
	/* event time | connection | ICMP | event | - | event in detail | - */
	{37, 7, {SKIP(U64), Z(U32, flow_id), SKIP(U16), I(U8, firewall_event), SKIP(U8), I(U16, firewall_xevent), SKIP(U16)}},
	{38, 2, {I(U16, post_nat_src_port), I(U16, post_nat_dst_port)}},
	{39, 2, {I(IP4, post_nat_src_ip), I(IP4, post_nat_dst_ip)}}, {40, 2, {I(IP6, post_nat_src_ip), I(IP6, post_nat_dst_ip)}},
	{41, 2, {I(LIST3, ingress_acl), I(LIST3, egress_acl)}}, {42, 1, {I(TEXT24, user_name)}}, {43, 1, {I(TEXT72, user_name)}},
	{45, 3, {Z(U64, latency_client_us), Z(U64, latency_server_us), Z(U64, latency_app_us)}},
	{46, 5, {I(U8, nat_event), SKIP(U8), SKIP(U16), I(U32, egress_vrf), I(U32, ingress_vrf)}},
	{47, 2, {I(IP4, post_nat_src_ip), I(IP4, post_nat_dst_ip)}},
	{48, 4, {I(U16, nat_block_start), I(U16, nat_block_end), I(U16, nat_block_step), I(U16, nat_block_size)}},
};
#undef I
#undef Z
#undef SKIP
/* clang-format on */

static const struct extension *find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
		if (extensions[i].id == id)
			return &extensions[i];
	return NULL;
}

/* False: it ends early. An extension that is not known ends what can be read, since nobody knows
 * its length; the record is good as far as that. */
static bool take_extensions(struct row *row, const struct nf1_map *m, struct rd *r)
{
	static const uint8_t width[] = {[NF_U8] = 1, [NF_U16] = 2, [NF_U32] = 4, [NF_U64] = 8};
	for (uint16_t i = 0; i < m->n; i++) {
		if (m->id[i] <= 3) /* addresses and counters, which every record has */
			continue;
		const struct extension *x = find(m->id[i]);
		if (!x)
			return true;
		for (uint8_t k = 0; k < x->n; k++) {
			if (x->part[k].field == FIELD_MAX)
				rd_skip(r, width[x->part[k].op]);
			else
				nf_take(row, r, x->part[k].op, (enum field)x->part[k].field);
		}
	}
	return !r->bad;
}

bool nf1_flow(struct nfrecords *x, struct rd r, bool wide_header)
{
	struct row *row = &x->row;
	uint16_t flags = wide_header ? rd_le16(&r) : rd_u8(&r), exporter = 0;
	if (!wide_header)
		exporter = rd_u8(&r);
	uint16_t map = rd_le16(&r);
	uint64_t first_ms = rd_le16(&r), last_ms = rd_le16(&r);
	uint64_t first = rd_le32(&r) * (uint64_t)MS_PER_S + first_ms;
	uint64_t last = rd_le32(&r) * (uint64_t)MS_PER_S + last_ms;
	nf_take(row, &r, NF_U8 | NF_ABSENT0, F_forwarding_status);
	nf_take(row, &r, NF_U8, F_tcp_flags);
	nf_take(row, &r, NF_U8, F_proto);
	nf_take(row, &r, NF_U8, F_tos);
	nf_take(row, &r, NF_U16, F_src_port);
	nf_take(row, &r, NF_U16, F_dst_port);
	if (wide_header) {
		exporter = rd_le16(&r);
		rd_skip(&r, 2);
	}
	unsigned ip = flags & FLAG_IP6 ? NF_IP6 : NF_IP4;
	nf_take(row, &r, ip, F_src_ip);
	nf_take(row, &r, ip, F_dst_ip);
	nf_take(row, &r, flags & FLAG_PACKETS_64 ? NF_U64 : NF_U32, F_packets);
	nf_take(row, &r, flags & FLAG_BYTES_64 ? NF_U64 : NF_U32, F_bytes);
	const struct nf1_map *known = nf_map(x, map);
	if (r.bad || !known)
		return false;
	row_num_if(row, F_t_first, first);
	row_num_if(row, F_t_last, last);
	if (!take_extensions(row, known, &r))
		return false;
	if (!row_get(row, F_dst_mac))
		row_num_if(row, F_dst_mac, row_get(row, F_out_dst_mac));
	nf_finish(x, exporter);
	return true;
}
