/* SPDX-License-Identifier: Apache-2.0 */
#include "import/nfrecord.h"

#include "import/nffile.h"
#include "packet/numbers.h"

#include <stdlib.h>

enum record_type {
	RECORD_FLOW_OLD = 1, /* one byte for the exporter's number, which is not used */
	RECORD_MAP = 2,
	RECORD_EXPORTER = 7,
	RECORD_FLOW_1 = 10,
	RECORD_FLOW_2 = 11,
};
enum { LABELS = 10 };

static struct ip take_ip4(struct rd *r)
{
	uint32_t v = rd_le32(r);
	const uint8_t b[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	return ip_from_v4(b);
}

static struct ip take_ip6(struct rd *r)
{
	struct ip a;
	uint64_t hi = __builtin_bswap64(rd_le64(r)), lo = __builtin_bswap64(rd_le64(r));
	memcpy(a.b, &hi, 8);
	memcpy(a.b + 8, &lo, 8);
	return a;
}

static bool is_zero(const struct ip *a)
{
	static const struct ip none, none4 = {.b = {[10] = 0xff, [11] = 0xff}};
	return ip_equal(a, &none) || ip_equal(a, &none4);
}

static void take_text(struct row *row, struct rd *r, size_t n, enum field f)
{
	const uint8_t *p = rd_take(r, n);
	size_t len = p ? strnlen((const char *)p, n) : 0;
	if (len)
		row_text(row, f, p, len);
}

static void take_labels(struct row *row, struct rd *r, enum field f)
{
	const uint8_t *p = rd_take(r, LABELS * sizeof(uint32_t));
	uint32_t used = 0;
	if (!p)
		return;
	struct rd all = rd_of(p, LABELS * sizeof(uint32_t));
	for (uint32_t i = 0; i < LABELS; i++)
		if (rd_le32(&all))
			used = i + 1;
	if (used)
		row_list(row, f, p, used);
}

static void take_address(struct row *row, struct rd *r, unsigned op, enum field f)
{
	struct ip a = (op & ~(unsigned)NF_ABSENT0) == NF_IP4 ? take_ip4(r) : take_ip6(r);
	if (!r->bad && !((op & NF_ABSENT0) && is_zero(&a)))
		row_ip(row, f, &a);
}

static void take_number(struct row *row, struct rd *r, unsigned op, enum field f)
{
	uint64_t v = 0;
	switch (op & ~(unsigned)NF_ABSENT0) {
	case NF_U8:
		v = rd_u8(r);
		break;
	case NF_U16:
		v = rd_le16(r);
		break;
	case NF_U32:
		v = rd_le32(r);
		break;
	case NF_BE32:
		v = rd_be32(r);
		break;
	default:
		v = rd_le64(r);
		break;
	}
	if (!r->bad && (v || !(op & NF_ABSENT0)))
		row_num(row, f, v);
}

void nf_take(struct row *row, struct rd *r, unsigned op, enum field f)
{
	static const uint8_t text_len[] = {[NF_TEXT24] = 24, [NF_TEXT66] = 66, [NF_TEXT72] = 72};
	enum { ACL_PARTS = 3 };
	const uint8_t *p;
	switch (op & ~(unsigned)NF_ABSENT0) {
	case NF_IP4:
	case NF_IP6:
		take_address(row, r, op, f);
		break;
	case NF_LIST3:
		p = rd_take(r, ACL_PARTS * sizeof(uint32_t));
		if (p)
			row_list_be(row, f, p, ACL_PARTS);
		break;
	case NF_REST:
		take_text(row, r, rd_left(r), f);
		break;
	case NF_TEXT24:
	case NF_TEXT66:
	case NF_TEXT72:
		take_text(row, r, text_len[op & ~(unsigned)NF_ABSENT0], f);
		break;
	case NF_LABELS:
		take_labels(row, r, f);
		break;
	default:
		take_number(row, r, op, f);
		break;
	}
}

static const struct row_value *value_of(const struct row *r, enum field f)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i].field == f)
			return &r->v[i];
	return NULL;
}

static void finish_exporter(struct nfrecords *x, uint16_t number)
{
	struct row *r = &x->row;
	row_num_if(r, F_exporter_id, number);
	const struct nfexporter *e = nf_exporter(x, number);
	if (!e || is_zero(&e->ip))
		return;
	if (!value_of(r, F_exporter_ip))
		row_ip(r, F_exporter_ip, &e->ip);
	if (!value_of(r, F_observation_domain))
		row_num(r, F_observation_domain, e->domain);
	if (!value_of(r, F_export_version))
		row_num_if(r, F_export_version, e->version);
}

void nf_finish(struct nfrecords *x, uint16_t exporter)
{
	struct row *r = &x->row;
	uint64_t proto = row_get(r, F_proto), port = row_get(r, F_dst_port);
	const struct row_value *src = value_of(r, F_src_ip);
	if (proto == PROTO_ICMP || proto == PROTO_ICMP6) {
		row_num(r, F_icmp_type, port >> 8 & 0xff);
		row_num(r, F_icmp_code, port & 0xff);
	}
	if (src && !value_of(r, F_ip_version))
		row_num(r, F_ip_version, ip_is_v4(&src->ip) ? 4 : 6);
	if (*x->ident)
		row_text(r, F_ident, x->ident, strlen(x->ident));
	finish_exporter(x, exporter);
	if (!value_of(r, F_t_recv) && !value_of(r, F_t_first) && !value_of(r, F_t_last))
		row_num(r, F_t_recv, (uint64_t)x->created_ms);
}

/* type 7: version u32 | address 16 | family u16 | number u16 | domain u32 */
static void take_exporter(struct nfrecords *x, struct rd r)
{
	enum { FAMILY_IP4 = 2, VERSIONS = 10, IP4_AT = 8 };
	struct rd address;
	uint32_t version = rd_le32(&r);
	address = rd_sub(&r, 16);
	uint16_t family = rd_le16(&r), number = rd_le16(&r);
	uint32_t domain = rd_le32(&r);
	if (r.bad)
		return;
	struct nfexporter **page = &x->exporters[number / NF_PAGE];
	if (!*page)
		*page = calloc(NF_PAGE, sizeof(**page));
	if (!*page)
		return;
	if (family == FAMILY_IP4)
		rd_skip(&address, IP4_AT);
	(*page)[number % NF_PAGE] = (struct nfexporter){
	    .ip = family == FAMILY_IP4 ? take_ip4(&address) : take_ip6(&address),
	    .domain = domain,
	    .version = version <= VERSIONS ? (uint8_t)version : 0};
}

/* type 2: number u16 | bytes of the extensions u16 | ids u16..., 0 ends them */
static void take_map(struct nfrecords *x, struct rd r)
{
	struct nf1_map m = {0};
	uint16_t number = rd_le16(&r), id;
	rd_skip(&r, 2);
	while (!r.bad && m.n < NF1_EXTENSIONS_MAX && rd_left(&r) >= 2 && (id = rd_le16(&r)) != 0)
		m.id[m.n++] = id;
	struct nf1_map ***page = &x->maps[number / NF_PAGE];
	if (r.bad)
		return;
	if (!*page)
		*page = calloc(NF_PAGE, sizeof(struct nf1_map *));
	if (!*page)
		return;
	struct nf1_map **at = &(*page)[number % NF_PAGE];
	if (!*at)
		*at = malloc(sizeof(m));
	if (*at)
		**at = m;
}

static void take_flow(struct nfrecords *x, uint16_t type, struct rd r)
{
	row_begin(&x->row);
	bool good = type == RECORD_FLOW_2 ? nf2_flow(x, r) : nf1_flow(x, r, type == RECORD_FLOW_1);
	if (!good) {
		stat_add(x->stats, ST_malformed_record_length, 1);
		return;
	}
	stat_add(x->stats, ST_records_decoded, 1);
	if (!row_put(x->rows, &x->row))
		stat_add(x->stats, ST_drop_no_memory, 1);
}

void nfrecords_take(struct nfrecords *x, struct rd *records)
{
	while (rd_left(records) >= NFFILE_RECORD_HEADER) {
		uint16_t type = rd_le16(records), size = rd_le16(records);
		struct rd r = rd_sub(records, size < NFFILE_RECORD_HEADER
						  ? SIZE_MAX
						  : (size_t)size - NFFILE_RECORD_HEADER);
		if (r.bad) {
			stat_add(x->stats, ST_malformed_set_length, 1);
			return;
		}
		if (type == RECORD_FLOW_2 || type == RECORD_FLOW_1 || type == RECORD_FLOW_OLD)
			take_flow(x, type, r);
		else if (type == RECORD_MAP)
			take_map(x, r);
		else if (type == RECORD_EXPORTER)
			take_exporter(x, r);
	}
}

void nfrecords_fini(struct nfrecords *x)
{
	for (unsigned p = 0; p < NF_NUMBERS / NF_PAGE; p++) {
		for (unsigned i = 0; x->maps[p] && i < NF_PAGE; i++)
			free(x->maps[p][i]);
		free(x->maps[p]);
		free(x->exporters[p]);
		x->maps[p] = NULL;
		x->exporters[p] = NULL;
	}
}
