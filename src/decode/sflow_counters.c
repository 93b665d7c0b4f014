/* SPDX-License-Identifier: Apache-2.0 */
/* Counter samples: what an agent counts, sent every so often. */
#include "decode/sflow_priv.h"

enum { FORMAT_INTERFACE = 1, FORMAT_PORT_NAME = 1005 };

/* False: it ends early. */
static bool read_interface(struct rd *r, struct if_counters *c)
{
	c->if_index = rd_be32(r);
	c->if_type = rd_be32(r);
	c->speed = rd_be64(r);
	c->direction = rd_be32(r);
	c->status = rd_be32(r);
	c->in_octets = rd_be64(r);
	c->in_unicast = rd_be32(r);
	c->in_multicast = rd_be32(r);
	c->in_broadcast = rd_be32(r);
	c->in_discards = rd_be32(r);
	c->in_errors = rd_be32(r);
	c->in_unknown_protos = rd_be32(r);
	c->out_octets = rd_be64(r);
	c->out_unicast = rd_be32(r);
	c->out_multicast = rd_be32(r);
	c->out_broadcast = rd_be32(r);
	c->out_discards = rd_be32(r);
	c->out_errors = rd_be32(r);
	c->promiscuous = rd_be32(r);
	return !r->bad;
}

/* Walks the records once: are they whole, and is one of an interface among them, or its name? */
static void read_records(struct sflow *s, struct rd r, uint32_t n, struct if_counters *c,
			 struct counter_sample *sample, struct rd *ret_name)
{
	*ret_name = (struct rd){.bad = true};
	for (uint32_t i = 0; i < n; i++) {
		struct sflow_record record;
		if (rd_left(&r) == 0 || !sflow_next_record(&r, &record)) {
			sflow_bad_record(s);
			return;
		}
		if (record.format == FORMAT_PORT_NAME)
			*ret_name = sflow_opaque(&record.body);
		else if (record.format == FORMAT_INTERFACE && !sample->interface &&
			 read_interface(&record.body, c))
			sample->interface = c;
		if (record.body.bad)
			sflow_bad_record(s);
	}
}

static void tell_name(struct sflow *s, const struct counter_sample *sample, const struct rd *name)
{
	size_t n = rd_left(name);
	while (n && name->p[n - 1] == 0)
		n--;
	if (!s->d->opts.name || n == 0 || (!sample->interface && sample->source_class != 0))
		return;
	const struct option_name told = {.kind = NAME_INTERFACE,
					 .exporter_ip = sample->exporter_ip,
					 .domain = s->sub_agent,
					 .id = sample->interface ? sample->interface->if_index
								 : sample->source_index,
					 .text = name->p,
					 .text_n = n,
					 .at = sample->t_recv};
	s->d->opts.name(s->d->opts.ctx, &told);
}

void sflow_counter_sample(struct sflow *s, struct rd *r, bool expanded)
{
	struct sflow_mark mark = {.kind = SFLOW_COUNTER};
	mark.sequence = rd_be32(r);
	uint32_t source = rd_be32(r);
	mark.source_class = expanded ? source : source >> 24;
	mark.source_index = expanded ? rd_be32(r) : source & 0xffffff;
	uint32_t n = rd_be32(r);
	if (r->bad) {
		malformed(s->d, s->m.exporter, ST_malformed_sample_length, 1);
		return;
	}
	count(s->d, ST_samples_counter, 1);
	sflow_mark(s, &mark);
	struct if_counters c;
	struct counter_sample sample = {.exporter_ip = s->m.exporter->info.ip,
					.agent_ip = s->agent,
					.domain = s->sub_agent,
					.source_class = mark.source_class,
					.source_index = mark.source_index,
					.sequence = mark.sequence,
					.uptime = s->uptime,
					.t_recv = s->m.t_recv,
					.records = *r};
	struct rd name;
	read_records(s, *r, n, &c, &sample, &name);
	tell_name(s, &sample, &name);
	if (!s->d->opts.counters)
		return;
	if (s->d->opts.in_order) {
		decoder_flush(s->d);
		s->open = 0;
	}
	s->d->opts.counters(s->d->opts.ctx, &sample);
}
