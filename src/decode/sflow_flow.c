/* SPDX-License-Identifier: Apache-2.0 */
/* Flow samples and samples of discarded packets: each one row, a packet that was seen once. */
#include "decode/frame.h"
#include "decode/header_row.h"
#include "decode/put.h"
#include "decode/sflow_priv.h"

/* Formats of an interface (the top 2 bits in a compact sample). */
enum { INTERFACE_INDEX = 0, INTERFACE_DISCARDED = 1, INTERFACE_SEVERAL = 2 };
/* forwarding_status: dropped, and the reason is told elsewhere (RFC 7270 4.12). */
enum { STATUS_DROPPED = 128 };

struct interface {
	uint32_t format, value;
};

struct sample {
	struct sflow_mark mark;
	uint32_t rate, n_records;
	struct interface in, out;
};

static struct interface compact_interface(uint32_t v)
{
	return (struct interface){v >> 30, v & 0x3fffffff};
}

static struct interface expanded_interface(struct rd *r)
{
	uint32_t format = rd_be32(r);
	return (struct interface){format, rd_be32(r)};
}

static void read_source(struct rd *r, bool expanded, struct sflow_mark *m)
{
	uint32_t v = rd_be32(r);
	m->source_class = expanded ? v : v >> 24;
	m->source_index = expanded ? rd_be32(r) : v & 0xffffff;
}

static void put_interfaces(struct batch *b, uint32_t row, const struct sample *x)
{
	/* 0 = not known; 0x3fffffff = the device itself. */
	if (x->in.format == INTERFACE_INDEX && x->in.value)
		put_u32(b, F_in_if, row, x->in.value);
	if (x->out.format == INTERFACE_INDEX && x->out.value)
		put_u32(b, F_out_if, row, x->out.value);
	if (x->out.format == INTERFACE_SEVERAL)
		put_u32(b, F_out_if_count, row, x->out.value);
	if (x->out.format == INTERFACE_DISCARDED) {
		put_u8(b, F_forwarding_status, row, STATUS_DROPPED);
		put_u16(b, F_drop_reason, row, (uint16_t)MIN_OF(x->out.value, UINT16_MAX));
	}
}

/* Which side of the source the packet was seen at, where only one is possible. */
static void put_direction(struct batch *b, uint32_t row, const struct sample *x)
{
	if (x->mark.source_class != 0 || x->in.format != INTERFACE_INDEX)
		return;
	bool in = x->in.value == x->mark.source_index;
	bool out = x->out.format == INTERFACE_INDEX && x->out.value == x->mark.source_index;
	if (in != out)
		put_u8(b, F_direction, row, out);
}

static void put_rate(struct sflow *s, uint32_t row, uint32_t told)
{
	struct exporter *e = s->m.exporter;
	bool rule = e->rule_rate && (e->rule_always || !told);
	uint32_t rate = rule ? e->rule_rate : told;
	uint8_t source = rule ? RATE_CONFIG : RATE_RECORD;
	if (!rate)
		return;
	put_u32(s->rows, F_sampling_rate, row, rate);
	put_u8(s->rows, F_sampling_source, row, source);
	e->info.sampling_rate = rate;
	e->info.sampling_source = source;
}

#define FILL(type, f, value)                                                                       \
	do {                                                                                       \
		batch_use(s->rows, f);                                                             \
		type *col_ = (type *)s->rows->col[f] + s->rows->n;                                 \
		for (uint32_t i_ = 0; i_ < s->open; i_++)                                          \
			col_[i_] = (value);                                                        \
	} while (0)

static void origin(struct sflow *s, enum field f, bool there)
{
	unsigned bit = field_table[f].present_bit;
	s->present[bit / 64] |= (uint64_t)there << (bit % 64);
}

/* What all rows of the datagram have in common, into those that are open; what is not there is 0.
 * Their presence words follow with each row. */
static void put_origin(struct sflow *s)
{
	static const struct ip nameless;
	const struct exporter_info *e = &s->m.exporter->info;
	static const enum field times[] = {F_t_recv, F_t_first, F_t_last};
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		FILL(int64_t, times[i], s->m.t_recv);
		origin(s, times[i], s->m.t_recv != 0);
	}
	FILL(struct ip, F_exporter_ip, e->ip);
	origin(s, F_exporter_ip, !ip_equal(&e->ip, &nameless));
	FILL(uint32_t, F_observation_domain, s->sub_agent);
	origin(s, F_observation_domain, true);
	FILL(uint8_t, F_export_version, FRAME_SFLOW5);
	origin(s, F_export_version, true);
	FILL(struct ip, F_agent_ip, s->agent);
	origin(s, F_agent_ip, true);
	FILL(uint64_t, F_packets, 1);
	origin(s, F_packets, true);
}

/* Opens rows for all samples of the datagram at once. Behind rows of samples alone all columns are
 * zero but those of the origin: samples keep every row that they write. */
static bool open_rows(struct sflow *s)
{
	s->rows = data_batch(s->d, SHAPE_WIDE);
	if (!s->rows)
		return false;
	s->open = MIN_OF(MIN_OF(s->samples_left, s->rows_max), batch_room(s->rows));
	if (s->d->sets[SHAPE_WIDE])
		batch_open_rows(s->rows, s->open);
	put_origin(s);
	return true;
}

/* The next open row, *ret; false: no memory, and the record is counted as dropped. */
static bool row_open(struct sflow *s, uint32_t *ret)
{
	if (s->open == 0 && !open_rows(s)) {
		count(s->d, ST_records_decoded, 1);
		count(s->d, ST_drop_no_memory, 1);
		return false;
	}
	*ret = s->rows->n;
	for (unsigned w = 0; w < PRESENT_WORDS; w++)
		if (s->rows->present[w])
			s->rows->present[w][*ret] = s->present[w];
	return true;
}

static void packet_row(struct sflow *s, uint32_t row, const struct sample *x, struct rd *r)
{
	struct sflow_packet p;
	uint32_t done;
	headers_clear(&p.raw);
	headers_clear(&p.summary);
	p.raw_len = p.frame_len = p.ip_len = 0;
	for (done = 0; done < x->n_records && rd_left(r); done++) {
		struct sflow_record record;
		bool whole = sflow_next_record(r, &record);
		if (!whole) /* cut: what is there may tell something */
			record.body = rd_of(r->p, (size_t)(r->end - r->p));
		if (!sflow_packet_record(s, row, &record, &p) && whole)
			count(s->d, ST_samples_unknown_records, 1);
	}
	if (done < x->n_records)
		sflow_bad_record(s);
	put_interfaces(s->rows, row, x);
	put_direction(s->rows, row, x);
	header_row(s->rows, row, &p.raw);
	if (!(p.raw.has & HEADERS_HAS_IP))
		header_row(s->rows, row, &p.summary);
	uint32_t len = p.raw_len ? p.raw_len : p.frame_len ? p.frame_len : p.ip_len;
	if (len)
		put_u64(s->rows, F_bytes, row, len);
	s->open--;
	data_row_done(s->d, &s->m, s->rows);
}

void sflow_flow_sample(struct sflow *s, struct rd *r, bool expanded)
{
	struct sample x = {.mark = {.kind = SFLOW_FLOW}};
	x.mark.sequence = rd_be32(r);
	read_source(r, expanded, &x.mark);
	x.rate = rd_be32(r);
	rd_skip(r, 4); /* the pool: packets that could have been sampled */
	x.mark.drops = rd_be32(r);
	x.in = expanded ? expanded_interface(r) : compact_interface(rd_be32(r));
	x.out = expanded ? expanded_interface(r) : compact_interface(rd_be32(r));
	x.n_records = rd_be32(r);
	if (r->bad) {
		malformed(s->d, s->m.exporter, ST_malformed_sample_length, 1);
		return;
	}
	count(s->d, ST_samples_flow, 1);
	sflow_mark(s, &x.mark);
	uint32_t row;
	if (!row_open(s, &row))
		return;
	put_rate(s, row, x.rate);
	packet_row(s, row, &x, r);
}

/* A packet that the device dropped (sflow_drops.txt). Every drop is meant to be told, so there is
 * no sampling rate. */
void sflow_discard_sample(struct sflow *s, struct rd *r)
{
	struct sample x = {.mark = {.kind = SFLOW_DISCARD}};
	x.mark.sequence = rd_be32(r);
	read_source(r, true, &x.mark);
	x.mark.drops = rd_be32(r);
	x.in.value = rd_be32(r);
	x.out.value = rd_be32(r);
	uint32_t reason = rd_be32(r);
	x.n_records = rd_be32(r);
	if (r->bad) {
		malformed(s->d, s->m.exporter, ST_malformed_sample_length, 1);
		return;
	}
	count(s->d, ST_samples_discard, 1);
	sflow_mark(s, &x.mark);
	uint32_t row;
	if (!row_open(s, &row))
		return;
	put_u8(s->rows, F_forwarding_status, row, STATUS_DROPPED);
	put_u16(s->rows, F_drop_reason, row, (uint16_t)MIN_OF(reason, UINT16_MAX));
	packet_row(s, row, &x, r);
}
