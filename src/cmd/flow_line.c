/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flow_line.h"

#include "base/timefmt.h"
#include "model/batch.h"
#include "model/record.h"

#include <stdio.h>
#include <string.h>

const char flow_line_line[] = "%ts %td %pr %sap -> %dap %pkt %byt %fl";
const char flow_line_long[] = "%ts %td %pr %sap -> %dap %flg %tos %pkt %byt %fl";
const char flow_line_extended[] = "%ts %td %pr %sap -> %dap %flg %tos %pkt %byt %pps %bps %bpp %fl";

enum { WIDTH_END_POINT = 22 };
#define FIELD_NONE ((enum field)0) /* the token does not look at a field */

typedef void token_fn(struct buf *out, const struct batch *b, uint32_t row, enum field f);

static uint64_t num(const struct batch *b, enum field f, uint32_t row)
{
	return batch_has(b, f) && batch_present(b, f, row) ? batch_get_num(b, f, row) : 0;
}

/* The JSON value without its quotes; nothing if absent. */
static void plain(struct buf *out, const struct batch *b, uint32_t row, enum field f)
{
	struct buf t = {0};
	if (batch_has(b, f) && batch_present(b, f, row))
		record_json_value(&t, b, f, row);
	bool quoted = t.n >= 2 && t.p[0] == '"';
	buf_put(out, t.p + quoted, t.n - 2 * (size_t)quoted);
	buf_fini(&t);
}

static double duration_s(const struct batch *b, uint32_t row)
{
	int64_t ms = (int64_t)num(b, F_t_last, row) - (int64_t)num(b, F_t_first, row);
	return ms > 0 ? (double)ms / 1000 : 0;
}

static void put_time(struct buf *out, const struct batch *b, uint32_t row, enum field f)
{
	char t[RFC3339_MAX];
	if (!batch_has(b, f) || !batch_present(b, f, row))
		return;
	rfc3339_format(batch_ms(b, f)[row], t);
	buf_fmt(out, "%.10s %.12s", t, t + 11);
}

static void put_duration(struct buf *out, const struct batch *b, uint32_t row,
			 enum field f unused_arg)
{
	buf_fmt(out, "%.3f", duration_s(b, row));
}

static void put_proto(struct buf *out, const struct batch *b, uint32_t row, enum field f)
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {{1, "ICMP"},   {2, "IGMP"},  {4, "IPIP"},  {6, "TCP"},
		     {17, "UDP"},   {41, "IPv6"}, {47, "GRE"},  {50, "ESP"},
		     {58, "ICMP6"}, {89, "OSPF"}, {132, "SCTP"}};
	uint64_t p = num(b, f, row);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].number == p) {
			buf_str(out, names[i].name);
			return;
		}
	plain(out, b, row, f);
}

/* CEUAPRSF, a dot for what was not seen. */
static void put_flags(struct buf *out, const struct batch *b, uint32_t row, enum field f)
{
	static const char letters[] = "CEUAPRSF";
	uint64_t v = num(b, f, row);
	for (unsigned i = 0; i < 8; i++)
		buf_u8(out, v >> (7 - i) & 1 ? (uint8_t)letters[i] : '.');
}

/* Address and port: 10.0.0.1:443, 2001:db8::1.443; for ICMP type.code stands for the destination
 * port. */
static void put_end(struct buf *out, const struct batch *b, uint32_t row, enum field address,
		    enum field port)
{
	bool v4 = batch_has(b, address) && ip_is_v4(&batch_ip(b, address)[row]);
	plain(out, b, row, address);
	buf_u8(out, v4 ? ':' : '.');
	if (port == F_dst_port && batch_has(b, F_icmp_type) && batch_present(b, F_icmp_type, row))
		buf_fmt(out, "%llu.%llu", (unsigned long long)num(b, F_icmp_type, row),
			(unsigned long long)num(b, F_icmp_code, row));
	else
		buf_dec(out, num(b, port, row));
}

static void put_src_end(struct buf *out, const struct batch *b, uint32_t row,
			enum field f unused_arg)
{
	put_end(out, b, row, F_src_ip, F_src_port);
}

static void put_dst_end(struct buf *out, const struct batch *b, uint32_t row,
			enum field f unused_arg)
{
	put_end(out, b, row, F_dst_ip, F_dst_port);
}

static void per_second(struct buf *out, double v, double seconds)
{
	buf_fmt(out, "%.0f", seconds > 0 ? v / seconds : 0.);
}

static void put_pps(struct buf *out, const struct batch *b, uint32_t row, enum field f)
{
	per_second(out, (double)num(b, f, row), duration_s(b, row));
}

static void put_bps(struct buf *out, const struct batch *b, uint32_t row, enum field f)
{
	per_second(out, (double)num(b, f, row) * 8, duration_s(b, row));
}

static void put_bpp(struct buf *out, const struct batch *b, uint32_t row, enum field f)
{
	uint64_t packets = num(b, F_packets, row);
	buf_dec(out, packets ? num(b, f, row) / packets : 0);
}

static void put_one(struct buf *out, const struct batch *b unused_arg, uint32_t row unused_arg,
		    enum field f unused_arg)
{
	buf_u8(out, '1');
}

/* nfdump's tokens. A longer token stands before one that is its beginning. width < 0: left-aligned.
 */
static const struct token {
	const char *name, *title;
	int width;
	token_fn *put;
	enum field field;
} tokens[] = {
    {"ts", "Date first seen", -23, put_time, F_t_first},
    {"te", "Date last seen", -23, put_time, F_t_last},
    {"tl", "Date last seen", -23, put_time, F_t_last},
    {"tr", "Date received", -23, put_time, F_t_recv},
    {"td", "Duration", 9, put_duration, FIELD_NONE},
    {"pr", "Proto", -5, put_proto, F_proto},
    {"sap", "Src IP Addr:Port", WIDTH_END_POINT, put_src_end, FIELD_NONE},
    {"dap", "Dst IP Addr:Port", -WIDTH_END_POINT, put_dst_end, FIELD_NONE},
    {"sas", "Src AS", 10, plain, F_src_as},
    {"das", "Dst AS", 10, plain, F_dst_as},
    {"smk", "Src mask", 8, plain, F_src_mask},
    {"dmk", "Dst mask", 8, plain, F_dst_mask},
    {"ismc", "In src MAC", -17, plain, F_src_mac},
    {"idmc", "In dst MAC", -17, plain, F_dst_mac},
    {"osmc", "Out src MAC", -17, plain, F_out_src_mac},
    {"odmc", "Out dst MAC", -17, plain, F_out_dst_mac},
    {"svln", "Src vlan", 8, plain, F_vlan},
    {"dvln", "Dst vlan", 8, plain, F_out_vlan},
    {"nhb", "BGP next-hop", -15, plain, F_bgp_next_hop},
    {"nh", "Next-hop", -15, plain, F_next_hop},
    {"ra", "Router", -15, plain, F_exporter_ip},
    {"ipkt", "In pkt", 8, plain, F_packets},
    {"opkt", "Out pkt", 8, plain, F_rev_packets},
    {"ibyt", "In byte", 10, plain, F_bytes},
    {"obyt", "Out byte", 10, plain, F_rev_bytes},
    {"pkt", "Packets", 8, plain, F_packets},
    {"byt", "Bytes", 10, plain, F_bytes},
    {"flg", "Flags", -8, put_flags, F_tcp_flags},
    {"fwd", "Fwd", 3, plain, F_forwarding_status},
    {"fl", "Flows", 5, put_one, FIELD_NONE},
    {"tos", "Tos", 3, plain, F_tos},
    {"dir", "Dir", 3, plain, F_direction},
    {"dup", "Dup", 3, plain, F_duplicate}, /* ours: another exporter reported it */
    {"pps", "pps", 8, put_pps, F_packets},
    {"bps", "bps", 10, put_bps, F_bytes},
    {"bpp", "Bpp", 6, put_bpp, F_bytes},
    {"eng", "Engine", 6, plain, F_engine_id},
    {"exp", "Exp ID", 6, plain, F_exporter_id},
    {"in", "Input", 6, plain, F_in_if},
    {"out", "Output", 6, plain, F_out_if},
    {"it", "ICMP-T", 6, plain, F_icmp_type},
    {"ic", "ICMP-C", 6, plain, F_icmp_code},
    {"uname", "User", -16, plain, F_user_name},
    {"sa", "Src IP Addr", 16, plain, F_src_ip},
    {"da", "Dst IP Addr", -16, plain, F_dst_ip},
    {"sp", "Src Pt", 6, plain, F_src_port},
    {"dp", "Dst Pt", 6, plain, F_dst_port},
};

static const struct token *find_token(const char *at)
{
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
		if (strncmp(tokens[i].name, at, strlen(tokens[i].name)) == 0)
			return &tokens[i];
	return NULL;
}

enum err flow_line_check(const char *fmt, struct diag *reterr)
{
	for (const char *p = strchr(fmt, '%'); p; p = strchr(p + 1, '%'))
		if (!find_token(p + 1))
			return diag_set(reterr, ERR_UNKNOWN, 0, 0, "fmt: there is no token '%.6s'",
					p);
	return ERR_OK;
}

/* What functions of tokens look at besides the token's own field. */
static const struct {
	token_fn *put;
	unsigned n;
	enum field fields[4];
} looks[] = {
    {put_duration, 2, {F_t_first, F_t_last}},
    {put_src_end, 2, {F_src_ip, F_src_port}},
    {put_dst_end, 4, {F_dst_ip, F_dst_port, F_icmp_type, F_icmp_code}},
    {put_pps, 2, {F_t_first, F_t_last}},
    {put_bps, 2, {F_t_first, F_t_last}},
    {put_bpp, 1, {F_packets}},
    {put_one, 1, {F_t_last}}, /* no column at all would mean every one */
};

static void want(uint64_t *fields, enum field f)
{
	fields[f / 64] |= (uint64_t)1 << (f % 64);
}

void flow_line_fields(const char *fmt, uint64_t *fields)
{
	for (const char *p = strchr(fmt, '%'); p; p = strchr(p + 1, '%')) {
		const struct token *t = find_token(p + 1);
		if (!t)
			continue;
		if (t->field != FIELD_NONE || t->put == put_time)
			want(fields, t->field);
		for (size_t i = 0; i < ARRAY_LEN(looks); i++)
			for (unsigned k = 0; looks[i].put == t->put && k < looks[i].n; k++)
				want(fields, looks[i].fields[k]);
	}
}

static void pad(struct buf *out, const struct buf *text, int width, bool last)
{
	size_t w = (size_t)(width < 0 ? -width : width);
	size_t blanks = text->n < w ? w - text->n : 0;
	for (size_t i = 0; width > 0 && i < blanks; i++)
		buf_u8(out, ' ');
	buf_put(out, text->p, text->n);
	for (size_t i = 0; width < 0 && !last && i < blanks; i++)
		buf_u8(out, ' ');
}

/* b NULL: the header. */
static void put_line(struct buf *out, const char *fmt, const struct batch *b, uint32_t row)
{
	struct buf cell = {0};
	for (const char *p = fmt; *p;) {
		const struct token *t = *p == '%' ? find_token(p + 1) : NULL;
		if (!t) {
			buf_u8(out, (uint8_t)*p++);
			continue;
		}
		buf_reset(&cell);
		if (b)
			t->put(&cell, b, row, t->field);
		else
			buf_str(&cell, t->title);
		p += 1 + strlen(t->name);
		pad(out, &cell, t->width, !*p);
	}
	buf_u8(out, '\n');
	buf_fini(&cell);
}

void flow_line_header(struct buf *out, const char *fmt)
{
	put_line(out, fmt, NULL, 0);
}

void flow_line_put(struct buf *out, const char *fmt, const struct batch *b, uint32_t row)
{
	put_line(out, fmt, b, row);
}
