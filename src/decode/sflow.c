/* SPDX-License-Identifier: Apache-2.0 */
/* sFlow v5: the datagram and its samples. Everything is 4-byte aligned XDR (RFC 4506). What is not
 * known is passed over by its length and counted. Sequence numbers count datagrams per agent and
 * sub agent, and samples per data source. */
#include "decode/sflow.h"

#include "decode/frame.h"
#include "decode/sflow_priv.h"

enum { ADDRESS_IP4 = 1, ADDRESS_IP6 = 2, FLOW_SAMPLE_MIN = 40 };

bool sflow_address(struct rd *r, struct ip *ret, bool *ret_there)
{
	uint32_t type = rd_be32(r);
	const uint8_t *p = NULL;
	*ret_there = false;
	if (type == ADDRESS_IP4 && (p = rd_take(r, 4)))
		*ret = ip_from_v4(p);
	else if (type == ADDRESS_IP6 && (p = rd_take(r, 16)))
		memcpy(ret->b, p, 16);
	*ret_there = p != NULL;
	return !r->bad && type <= ADDRESS_IP6;
}

void sflow_bad_record(struct sflow *s)
{
	malformed(s->d, s->m.exporter, ST_malformed_sample_record, 1);
}

void sflow_mark(struct sflow *s, const struct sflow_mark *m)
{
	struct exporter_info *info = &s->m.exporter->info;
	struct sflow_step step =
	    sflow_source_see(&s->m.exporter->sources, m, &s->d->side_mem, DECODER_MAX_SIDE_MEM);
	info->agent_drops += step.drops;
	info->samples_lost += step.missing;
	info->samples_lost -= step.late;
	count(s->d, ST_samples_agent_drops, step.drops);
	count(s->d, ST_samples_lost, step.lost);
	count(s->d, ST_exporters_not_followed, step.refused);
}

void exporter_forget_sources(struct decoder *d, struct exporter *e)
{
	count(d, ST_samples_lost, sflow_sources_free(&e->sources, &d->side_mem));
}

static void one_sample(struct sflow *s, uint32_t format, struct rd *r)
{
	enum { FLOW = 1, COUNTER = 2, FLOW_EXPANDED = 3, COUNTER_EXPANDED = 4, DISCARD = 5 };
	switch (format) {
	case FLOW:
	case FLOW_EXPANDED:
		sflow_flow_sample(s, r, format == FLOW_EXPANDED);
		return;
	case COUNTER:
	case COUNTER_EXPANDED:
		sflow_counter_sample(s, r, format == COUNTER_EXPANDED);
		return;
	case DISCARD:
		sflow_discard_sample(s, r);
		return;
	}
	count(s->d, ST_samples_unknown, 1);
}

/* The last sample: some agents miscount its length, and some datagrams are cut on the way. What is
 * there tells of itself how long it is. */
static void last_sample(struct sflow *s, struct rd *r)
{
	uint32_t format = rd_be32(r), len = rd_be32(r);
	if (!r->bad && (len > rd_left(r) || !all_zero(r->p + len, rd_left(r) - len)))
		malformed(s->d, s->m.exporter, ST_malformed_sample_length, 1);
	if (r->bad)
		malformed(s->d, s->m.exporter, ST_malformed_sample_length, 1);
	else
		one_sample(s, format, r);
}

static void samples(struct sflow *s, struct rd *r)
{
	for (; s->samples_left > 1; s->samples_left--) {
		struct sflow_record sample;
		struct rd before = *r;
		if (rd_left(r) == 0) {
			malformed(s->d, s->m.exporter, ST_malformed_count, 1);
			return;
		}
		if (!sflow_next_record(r, &sample)) {
			last_sample(s, &before);
			return;
		}
		one_sample(s, sample.format, &sample.body);
	}
	if (s->samples_left == 1)
		last_sample(s, r);
}

enum stat_id sflow_decode(struct decoder *d, const struct datagram *dg)
{
	struct rd r = rd_of(dg->p, dg->n);
	struct sflow s = {.d = d,
			  .m = {.t_recv = dg->t_recv, .has_domain = true},
			  .rows_max = (uint32_t)(dg->n / FLOW_SAMPLE_MIN + 1)};
	bool there;
	rd_skip(&r, 4);
	bool known = sflow_address(&r, &s.agent, &there);
	s.sub_agent = rd_be32(&r);
	uint32_t seq = rd_be32(&r);
	s.uptime = rd_be32(&r);
	s.samples_left = rd_be32(&r);
	if (!known || !there || r.bad)
		return exporter_plausible(d, dg) ? ST_reject_short_header : ST_reject_not_export;
	struct exporter_key key = {.ip = dg->src,
				   .port = dg->src_port,
				   .version = FRAME_SFLOW5,
				   .domain = s.sub_agent,
				   .agent = s.agent,
				   .session = dg->session,
				   .transport = dg->transport};
	if (!exporter_find(d, &key))
		exporter_adopt(d, &key);
	enum stat_id result = exporter_for(d, dg, &key, &seq, &s.m.exporter);
	if (result != ST_datagrams_decoded)
		return result;
	/* The header has no clock: neither skew nor an export time. */
	exporter_heard(d, s.m.exporter, dg, dg->t_recv);
	struct sequence_step step = {
	    .seq = seq, .units = 1, .restarted = exporter_restarted(s.m.exporter, s.uptime)};
	if (step.restarted)
		exporter_forget_sources(d, s.m.exporter);
	exporter_sequence(d, s.m.exporter, &step);
	samples(&s, &r);
	return result;
}
