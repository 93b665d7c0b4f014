/* SPDX-License-Identifier: Apache-2.0 */
/* NetFlow v1, v5 and v7: fixed layouts, described by the v9 elements that mean the same and
 * compiled like any template. Sequence numbers (v5, v7) count records. Times are ms of the device's
 * uptime. */
#include "decode/state.h"

#include "decode/frame.h"

#include <stdlib.h>

enum { PAD = 210, SAMPLING_INTERVAL_MASK = 0x3fff, V1_LONG = 52 };

/* {element, bytes} in the order of the record. */
/* clang-format off */
static const struct element v1_record[] = {
	{0, 8, 4}, {0, 12, 4}, {0, 15, 4}, {0, 10, 2}, {0, 14, 2}, {0, 2, 4}, {0, 1, 4}, {0, 22, 4}, {0, 21, 4},
	{0, 7, 2}, {0, 11, 2}, {0, PAD, 2}, {0, 4, 1}, {0, 5, 1}, {0, 6, 1}, {0, PAD, 7}, {0, PAD, 4},
};
static const struct element v5_record[] = {
	{0, 8, 4}, {0, 12, 4}, {0, 15, 4}, {0, 10, 2}, {0, 14, 2}, {0, 2, 4}, {0, 1, 4}, {0, 22, 4}, {0, 21, 4},
	{0, 7, 2}, {0, 11, 2}, {0, PAD, 1}, {0, 6, 1}, {0, 4, 1}, {0, 5, 1}, {0, 16, 2}, {0, 17, 2}, {0, 9, 1},
	{0, 13, 1}, {0, PAD, 2},
};
static const struct element v7_record[] = {
	{0, 8, 4}, {0, 12, 4}, {0, 15, 4}, {0, 10, 2}, {0, 14, 2}, {0, 2, 4}, {0, 1, 4}, {0, 22, 4}, {0, 21, 4},
	{0, 7, 2}, {0, 11, 2}, {0, PAD, 1}, {0, 6, 1}, {0, 4, 1}, {0, 5, 1}, {0, 16, 2}, {0, 17, 2}, {0, 9, 1},
	{0, 13, 1}, {0, PAD, 2}, {0, PAD, 4},
};
/* clang-format on */

static const struct fixed {
	uint16_t version, header;
	bool sequence, engine;
	const struct element *elements;
	uint16_t n;
} versions[] = {
    {1, 16, false, false, v1_record, ARRAY_LEN(v1_record) - 1}, /* 48 bytes */
    {1, 16, false, false, v1_record, ARRAY_LEN(v1_record)},     /* 52 */
    {5, 24, true, true, v5_record, ARRAY_LEN(v5_record)},
    {7, 24, true, false, v7_record, ARRAY_LEN(v7_record)},
};

enum err nf5_init(struct decoder *d)
{
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		uint32_t bad;
		struct template_def def = {
		    .dialect = DIALECT_NF9, .n = versions[i].n, .elements = versions[i].elements};
		d->fixed[i] = template_compile(&d->sources, &def, &bad);
		if (!d->fixed[i])
			return ERR_NOMEM;
	}
	return ERR_OK;
}

/* version, count, uptime, seconds, nanoseconds; then by version. */
static uint32_t read_header(struct rd *r, const struct fixed *v, struct message *m,
			    uint16_t *ret_count)
{
	uint32_t seq = 0;
	rd_skip(r, 2);
	*ret_count = rd_be16(r);
	m->clock.uptime = rd_be32(r);
	m->clock.uptime_known = true;
	m->clock.export_ms = (int64_t)rd_be32(r) * 1000;
	uint32_t ns = rd_be32(r);
	m->clock.export_ms += ns < 1000000000 ? ns / 1000000 : 0;
	if (v->sequence)
		seq = rd_be32(r);
	m->has_engine = m->has_domain = v->engine;
	if (v->engine) {
		m->engine_type = rd_u8(r);
		m->engine_id = rd_u8(r);
		m->header_rate = rd_be16(r) & SAMPLING_INTERVAL_MASK;
	} else if (v->sequence) {
		rd_skip(r, 4);
	}
	return seq;
}

static void fixed_records(struct decoder *d, struct message *m, const struct template *t,
			  uint16_t n, struct rd *r)
{
	size_t whole = MIN_OF((size_t)n, rd_left(r) / t->min_len);
	struct rd body = rd_sub(r, whole * t->min_len);
	data_set(d, m, t, &body);
	if (whole < n)
		malformed(d, m->exporter, ST_malformed_count, 1);
	else if (!all_zero(r->p, rd_left(r)))
		malformed(d, m->exporter, ST_malformed_trailing, 1);
}

enum stat_id nf5_decode(struct decoder *d, const struct datagram *dg)
{
	struct rd r = rd_of(dg->p, dg->n);
	size_t i = 0;
	while (versions[i].version != load_be16(dg->p))
		i++;
	if (versions[i].version == 1 &&
	    dg->n - versions[i].header == (size_t)load_be16(dg->p + 2) * V1_LONG)
		i++;
	struct message m = {.dialect = DIALECT_NF9, .t_recv = dg->t_recv};
	uint16_t n;
	uint32_t seq = read_header(&r, &versions[i], &m, &n);
	if (n == 0)
		return exporter_plausible(d, dg) ? ST_reject_bad_length : ST_reject_not_export;
	struct exporter_key key = {.ip = dg->src,
				   .port = dg->src_port,
				   .version = (uint8_t)versions[i].version,
				   .domain = (uint32_t)(m.engine_type << 8 | m.engine_id)};
	enum stat_id result =
	    exporter_for(d, dg, &key, versions[i].sequence ? &seq : NULL, &m.exporter);
	if (result != ST_datagrams_decoded)
		return result;
	exporter_heard(d, m.exporter, dg, m.clock.export_ms);
	if (m.header_rate) {
		m.exporter->info.sampling_rate = m.header_rate;
		m.exporter->info.sampling_source = RATE_RECORD;
	}
	struct sequence_step step = {
	    .seq = seq, .units = n, .restarted = exporter_restarted(m.exporter, m.clock.uptime)};
	if (versions[i].sequence)
		exporter_sequence(d, m.exporter, &step);
	fixed_records(d, &m, d->fixed[i], n, &r);
	return result;
}
