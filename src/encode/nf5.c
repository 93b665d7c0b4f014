/* SPDX-License-Identifier: Apache-2.0 */
/* NetFlow v5: 24 bytes of header and up to 30 records of 48, one direction of an IPv4 flow each.
 * Its counters have 32 bits: a flow that has more is told in several records, so that sums stay
 * right. */
#include "encode/format.h"

#include "base/wr.h"

enum {
	VERSION = 5,
	HEADER = 24,
	RECORD = 48,
	RECORDS_MAX = 30,
	INTERVAL_MAX = 0x3fff, /* 14 bits */
	PIECES_MAX = 1024,     /* records for one flow: 4 TiB */
};

struct filling {
	struct encoder *e;
	const struct encoder_opts *o;
	struct message *m;
	int64_t export_ms;
};

/* Where a direction of a flow finds its values. */
struct direction {
	enum field src_ip, dst_ip, src_port, dst_port, src_as, dst_as, src_mask, dst_mask, in_if,
	    out_if, packets, bytes, flags, tos, icmp_type, icmp_code;
};
static const struct direction directions[] = {
    {F_src_ip, F_dst_ip, F_src_port, F_dst_port, F_src_as, F_dst_as, F_src_mask, F_dst_mask,
     F_in_if, F_out_if, F_packets, F_bytes, F_tcp_flags, F_tos, F_icmp_type, F_icmp_code},
    {F_dst_ip, F_src_ip, F_dst_port, F_src_port, F_dst_as, F_src_as, F_dst_mask, F_src_mask,
     F_out_if, F_in_if, F_rev_packets, F_rev_bytes, F_rev_tcp_flags, F_rev_tos, F_rev_icmp_type,
     F_rev_icmp_code},
};

static uint64_t number(const struct batch *b, enum field f, uint32_t row)
{
	return batch_has(b, f) ? batch_get_num(b, f, row) : 0;
}

static bool address(const struct batch *b, enum field f, uint32_t row, uint8_t *ret)
{
	static const uint8_t none[4];
	bool there = batch_has(b, f) && batch_present(b, f, row);
	if (there && !ip_is_v4(&batch_ip(b, f)[row]))
		return false;
	memcpy(ret, there ? batch_ip(b, f)[row].b + 12 : none, sizeof(none));
	return true;
}

/* Top 2 bits: 1 = count based, 2 = random. */
static uint16_t sampling(const struct export_sampling *s)
{
	enum { MODE_COUNT = 1 << 14, MODE_RANDOM = 2 << 14 };
	if (s->take == 0 || s->of <= s->take)
		return 0;
	uint32_t interval = s->of / s->take;
	return (uint16_t)((s->random ? MODE_RANDOM : MODE_COUNT) |
			  MIN_OF(interval, (uint32_t)INTERVAL_MAX));
}

static void begin(struct filling *f)
{
	f->m = message_new(HEADER + RECORDS_MAX * RECORD);
	if (!f->m)
		return;
	uint8_t *p = f->m->bytes;
	memset(p, 0, HEADER);
	store_be16(p, VERSION);
	store_be32(p + 4, (uint32_t)(f->export_ms - f->o->start_ms));
	store_be32(p + 8, (uint32_t)(f->export_ms / 1000));
	store_be32(p + 12, (uint32_t)(f->export_ms % 1000 * 1000000));
	store_be16(p + 20, (uint16_t)f->o->domain);
	store_be16(p + 22, sampling(&f->o->sampling));
	f->m->n = HEADER;
}

static void end(struct filling *f)
{
	struct message *m = f->m;
	f->m = NULL;
	if (!m)
		return;
	store_be16(m->bytes + 2, (uint16_t)m->flows);
	f->o->emit(f->o->ctx, m);
}

/* ICMP's type and code are where the destination port is. */
static uint16_t dst_port(const struct batch *b, const struct direction *d, uint32_t row)
{
	bool icmp = batch_has(b, d->icmp_type) && batch_present(b, d->icmp_type, row);
	if (!icmp)
		return (uint16_t)number(b, d->dst_port, row);
	return (uint16_t)(number(b, d->icmp_type, row) << 8 | number(b, d->icmp_code, row));
}

static void put_record(const struct filling *f, const struct batch *b, const struct direction *d,
		       uint32_t row, uint8_t *p)
{
	memset(p, 0, RECORD);
	if (batch_has(b, F_next_hop) && batch_present(b, F_next_hop, row) && d->src_ip == F_src_ip)
		(void)address(b, F_next_hop, row, p + 8);
	(void)address(b, d->src_ip, row, p);
	(void)address(b, d->dst_ip, row, p + 4);
	store_be16(p + 12, (uint16_t)number(b, d->in_if, row));
	store_be16(p + 14, (uint16_t)number(b, d->out_if, row));
	store_be32(p + 24, (uint32_t)(number(b, F_t_first, row) - (uint64_t)f->o->start_ms));
	store_be32(p + 28, (uint32_t)(number(b, F_t_last, row) - (uint64_t)f->o->start_ms));
	store_be16(p + 32, (uint16_t)number(b, d->src_port, row));
	store_be16(p + 34, dst_port(b, d, row));
	p[37] = (uint8_t)number(b, d->flags, row);
	p[38] = (uint8_t)number(b, F_proto, row);
	p[39] = (uint8_t)number(b, d->tos, row);
	store_be16(p + 40, (uint16_t)number(b, d->src_as, row));
	store_be16(p + 42, (uint16_t)number(b, d->dst_as, row));
	p[44] = (uint8_t)number(b, d->src_mask, row);
	p[45] = (uint8_t)number(b, d->dst_mask, row);
}

/* Part i of n equal parts of v; the rest goes to the first ones. */
static uint32_t part(uint64_t v, uint32_t i, uint32_t n)
{
	uint64_t each = v / n + (i < v % n);
	return (uint32_t)MIN_OF(each, (uint64_t)UINT32_MAX);
}

static void put_flow(struct filling *f, const struct batch *b, const struct direction *d,
		     uint32_t row)
{
	uint8_t template[RECORD];
	uint64_t packets = number(b, d->packets, row), bytes = number(b, d->bytes, row);
	uint64_t most = MAX_OF(packets, bytes);
	uint64_t pieces = most / UINT32_MAX + (most % UINT32_MAX != 0 || most == 0);
	uint32_t n = (uint32_t)MIN_OF(pieces, (uint64_t)PIECES_MAX);
	put_record(f, b, d, row, template);
	for (uint32_t i = 0; i < n; i++) {
		if (!f->m)
			begin(f);
		if (!f->m) {
			stat_add(f->o->stats, ST_export_drop_no_memory, 1);
			return;
		}
		uint8_t *p = f->m->bytes + f->m->n;
		memcpy(p, template, RECORD);
		store_be32(p + 16, part(packets, i, n));
		store_be32(p + 20, part(bytes, i, n));
		f->m->n += RECORD;
		f->m->records++;
		if (++f->m->flows == RECORDS_MAX)
			end(f);
	}
}

void nf5_rows(struct encoder *e, const struct batch *b, const uint16_t *rows, uint32_t n,
	      int64_t export_ms)
{
	struct filling f = {.e = e, .o = encoder_options(e), .export_ms = export_ms};
	uint8_t ip[4];
	for (uint32_t i = 0; i < n; i++) {
		uint32_t row = rows ? rows[i] : i;
		if (!address(b, F_src_ip, row, ip) || !address(b, F_dst_ip, row, ip) ||
		    !(batch_has(b, F_src_ip) && batch_present(b, F_src_ip, row))) {
			stat_add(f.o->stats, ST_export_drop_unsendable, 1);
			continue;
		}
		put_flow(&f, b, &directions[0], row);
		if (number(b, F_rev_packets, row))
			put_flow(&f, b, &directions[1], row);
	}
	end(&f);
}
