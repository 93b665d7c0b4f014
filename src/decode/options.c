/* SPDX-License-Identifier: Apache-2.0 */
/* Option records: what an exporter tells about itself. Sampling rates and the time it started are
 * taken from them; all are handed to the callback as they stood on the wire. */
#include "decode/state.h"

#include <string.h>

/* What is looked for; index of `seen`. */
enum told {
	TOLD_INTERVAL,   /* 34 */
	TOLD_SAMPLER,    /* 48, 302 */
	TOLD_RANDOM,     /* 50 */
	TOLD_INIT_MS,    /* 160 */
	TOLD_PACKETS,    /* 305: taken in a row */
	TOLD_SPACE,      /* 306: then left out */
	TOLD_SIZE,       /* 309: n ... */
	TOLD_POPULATION, /* 310: ... out of N */
	TOLD_MAX
};
static const struct {
	uint16_t id;
	enum told told;
} wanted[] = {
    {34, TOLD_INTERVAL}, {48, TOLD_SAMPLER},  {50, TOLD_RANDOM},
    {160, TOLD_INIT_MS}, {302, TOLD_SAMPLER}, {305, TOLD_PACKETS},
    {306, TOLD_SPACE},   {309, TOLD_SIZE},    {310, TOLD_POPULATION},
};

struct told_values {
	bool there[TOLD_MAX];
	uint64_t v[TOLD_MAX];
};

static void listen(const struct option_element *e, uint16_t n, struct told_values *ret)
{
	*ret = (struct told_values){0};
	for (uint16_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_LEN(wanted); k++)
			if (e[i].pen == 0 && e[i].id == wanted[k].id && e[i].len >= 1 &&
			    e[i].len <= 8) {
				ret->there[wanted[k].told] = true;
				ret->v[wanted[k].told] = load_be(e[i].p, e[i].len);
			}
}

/* 1 packet in how many; 0 = not told. */
static uint32_t rate_of(const struct told_values *t)
{
	uint64_t of = 0, in = 1;
	if (t->there[TOLD_RANDOM]) {
		of = t->v[TOLD_RANDOM];
	} else if (t->there[TOLD_INTERVAL]) {
		of = t->v[TOLD_INTERVAL];
	} else if (t->there[TOLD_PACKETS] && t->there[TOLD_SPACE] && t->v[TOLD_PACKETS]) {
		in = MIN_OF(t->v[TOLD_PACKETS], (uint64_t)UINT32_MAX);
		of = in + MIN_OF(t->v[TOLD_SPACE], (uint64_t)UINT32_MAX);
	} else if (t->there[TOLD_PACKETS]) {
		of = t->v[TOLD_PACKETS]; /* used in place of the deprecated 34 */
	} else if (t->there[TOLD_SIZE] && t->there[TOLD_POPULATION] && t->v[TOLD_SIZE]) {
		in = MIN_OF(t->v[TOLD_SIZE], (uint64_t)UINT32_MAX);
		of = MIN_OF(t->v[TOLD_POPULATION], (uint64_t)UINT32_MAX);
	}
	return (uint32_t)MIN_OF((of + in / 2) / in, (uint64_t)UINT32_MAX);
}

uint32_t exporter_sampler_rate(const struct exporter *e, uint64_t id)
{
	for (uint16_t i = 0; i < e->n_samplers; i++)
		if (e->samplers[i].id == id)
			return e->samplers[i].rate;
	return e->device ? exporter_sampler_rate(e->device, id) : 0;
}

static void put_sampler(struct exporter *e, uint64_t id, uint32_t rate)
{
	uint16_t i = 0;
	while (i < e->n_samplers && e->samplers[i].id != id)
		i++;
	if (i == SAMPLERS_MAX) {
		/* The one told first makes room. */
		memmove(e->samplers, e->samplers + 1, (SAMPLERS_MAX - 1) * sizeof(e->samplers[0]));
		i = SAMPLERS_MAX - 1;
	} else if (i == e->n_samplers) {
		e->n_samplers++;
	}
	e->samplers[i] = (struct sampler){id, rate};
	e->common_rate = rate;
	for (uint16_t k = 0; k < e->n_samplers; k++)
		if (e->samplers[k].rate != rate)
			e->common_rate = 0;
}

static void take(struct exporter *e, const struct told_values *t)
{
	uint32_t rate = rate_of(t);
	if (rate) {
		if (t->there[TOLD_SAMPLER])
			put_sampler(e, t->v[TOLD_SAMPLER], rate);
		else
			e->sampling_rate = rate;
		e->info.sampling_rate = rate;
		e->info.sampling_source = RATE_OPTIONS;
	}
	if (t->there[TOLD_INIT_MS]) {
		e->init_ms = (int64_t)MIN_OF(t->v[TOLD_INIT_MS], (uint64_t)INT64_MAX);
		e->init_known = true;
	}
}

static void one_record(struct decoder *d, struct message *m, const struct template *t,
		       const uint8_t *rec)
{
	for (uint16_t i = 0; i < t->n; i++)
		d->option_elements[i] = (struct option_element){.pen = t->elements[i].pen,
								.id = t->elements[i].id,
								.len = d->lens[i],
								.p = rec + d->offs[i]};
	struct told_values told;
	listen(d->option_elements, t->n, &told);
	take(m->exporter, &told);
	/* What the rest of this message says about time counts from what was just told. */
	message_uptime(m);
	count(d, ST_records_options, 1);
	m->exporter->info.option_records++;
	m->exporter->info.options_seen = m->exporter->info.last_seen;
	m->option_records++;
	if (!d->opts.option)
		return;
	if (d->opts.in_order)
		decoder_flush(d);
	const struct option_record r = {.exporter_ip = m->exporter->info.ip,
					.domain = m->exporter->info.domain,
					.version = m->exporter->info.version,
					.template_id = t->id,
					.n = t->n,
					.n_scope = t->n_scope,
					.elements = d->option_elements};
	d->opts.option(d->opts.ctx, &r);
}

void options_set(struct decoder *d, struct message *m, const struct template *t, struct rd *r)
{
	if (t->min_len == 0) {
		malformed(d, m->exporter, ST_malformed_record_zero, 1);
		return;
	}
	while (rd_left(r) >= t->min_len) {
		const uint8_t *rec = template_delimit(t, r, d->offs, d->lens);
		if (!rec) {
			malformed(d, m->exporter, ST_malformed_record_length, 1);
			return;
		}
		one_record(d, m, t, rec);
	}
	data_padding(d, m, r);
}
