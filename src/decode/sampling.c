/* SPDX-License-Identifier: Apache-2.0 */
/* Sampling rates: what exporters tell in option records (of the whole device, of a sampler, of an
 * interface), what the configuration says, and which of them a flow record gets. A flow without a
 * known rate keeps none; it is never dropped. */
#include "decode/state.h"
#include "decode/told.h"

#include <stdlib.h>
#include <string.h>

/* --- rates by number */

uint32_t rates_find(const struct rates *r, uint64_t id)
{
	for (uint16_t i = 0; i < r->n; i++)
		if (r->v[i].id == id)
			return r->v[i].rate;
	return 0;
}

/* A new one at the end; NULL without memory or room. */
static struct rate *rates_add(struct decoder *d, struct rates *r, uint16_t max)
{
	if (r->n == max) { /* the one told first makes room */
		memmove(r->v, r->v + 1, (r->n - 1u) * sizeof(r->v[0]));
		return &r->v[r->n - 1];
	}
	if (r->n == r->cap) {
		uint16_t cap = (uint16_t)MIN_OF(r->cap ? 2u * r->cap : 4u, (unsigned)max);
		size_t more = (size_t)(cap - r->cap) * sizeof(*r->v);
		bool room = more <= DECODER_MAX_SIDE_MEM - d->side_mem;
		struct rate *v = room ? realloc(r->v, cap * sizeof(*v)) : NULL;
		if (!v) {
			count(d, ST_exporters_not_followed, 1);
			return NULL;
		}
		d->side_mem += more;
		r->v = v;
		r->cap = cap;
	}
	return &r->v[r->n++];
}

bool rates_put(struct decoder *d, struct rates *r, uint64_t id, uint32_t rate, uint16_t max)
{
	uint16_t i = 0;
	while (i < r->n && r->v[i].id != id)
		i++;
	if (i < r->n && r->v[i].rate == rate)
		return false;
	struct rate *slot = i < r->n ? &r->v[i] : rates_add(d, r, max);
	if (!slot)
		return false;
	*slot = (struct rate){id, rate};
	r->common = rate;
	for (i = 0; i < r->n; i++)
		if (r->v[i].rate != rate)
			r->common = 0;
	return true;
}

void rates_fini(struct decoder *d, struct rates *r)
{
	d->side_mem -= r->cap * sizeof(*r->v);
	free(r->v);
	*r = (struct rates){0};
}

/* --- what options tell */

bool sampling_take(struct decoder *d, struct exporter *e, const struct told_record *t)
{
	static const enum told rate_tellers[] = {TOLD_RANDOM, TOLD_INTERVAL,    TOLD_PACKETS,
						 TOLD_SIZE,   TOLD_PROBABILITY, TOLD_TIME};
	uint32_t rate = told_rate(t);
	uint64_t sampler, in, out, sequence;
	bool told = false;
	bool of_sampler = told_number(t, TOLD_SAMPLER, &sampler);
	bool of_in = told_number(t, TOLD_IN_IF, &in), of_out = told_number(t, TOLD_OUT_IF, &out);
	bool of_sequence = told_number(t, TOLD_SEQUENCE, &sequence);
	for (size_t i = 0; i < ARRAY_LEN(rate_tellers); i++)
		told |= t->e[rate_tellers[i]] != NULL;
	/* A selection sequence report names the selector whose rate was told before. */
	if (!told && of_sequence && of_sampler)
		rate = rates_find(&e->samplers, sampler);
	if (!told && !rate)
		return false;
	bool of_one = of_sampler || of_sequence, changed = false;
	if (of_sampler)
		changed |= rates_put(d, &e->samplers, sampler, rate, SAMPLERS_MAX);
	if (of_sequence)
		changed |= rates_put(d, &e->sequences, sequence, rate, SAMPLERS_MAX);
	if (!of_one && of_in)
		changed |= rates_put(d, &e->in_rates, in, rate, IF_RATES_MAX);
	if (!of_one && of_out)
		changed |= rates_put(d, &e->out_rates, out, rate, IF_RATES_MAX);
	if (!of_one && !of_in && !of_out) {
		changed |= e->sampling_rate != rate;
		e->sampling_rate = rate;
	}
	e->info.samplers = e->samplers.n;
	if (rate) {
		e->info.sampling_rate = rate;
		e->info.sampling_source = RATE_OPTIONS;
	}
	return changed;
}

/* --- what the configuration says */

static void apply_rules(const struct decoder *d, struct exporter *e)
{
	e->rule_rate = 0;
	e->rule_always = false;
	for (size_t i = 0; i < d->n_rules; i++)
		if (ip_in_net(&e->info.ip, &d->rules[i].net, d->rules[i].bits)) {
			e->rule_rate = d->rules[i].rate;
			e->rule_always = d->rules[i].always && d->rules[i].rate;
			return;
		}
}

void sampling_new_exporter(const struct decoder *d, struct exporter *e)
{
	apply_rules(d, e);
}

static int longer_prefix(const void *a, const void *b)
{
	const struct sampling_rule *x = a, *y = b;
	return (int)y->bits - (int)x->bits;
}

enum err decoder_set_sampling(struct decoder *d, const struct sampling_rule *v, size_t n)
{
	struct sampling_rule *copy = NULL;
	if (n > DECODER_MAX_RULES)
		return ERR_LIMIT;
	if (n) {
		copy = malloc(n * sizeof(*copy));
		if (!copy)
			return ERR_NOMEM;
		memcpy(copy, v, n * sizeof(*copy));
		qsort(copy, n, sizeof(*copy), longer_prefix);
	}
	free(d->rules);
	d->rules = copy;
	d->n_rules = n;
	for (struct exporter *e = d->newest; e; e = e->older)
		apply_rules(d, e);
	return ERR_OK;
}

/* --- which one a record gets */

struct rate_plan sampling_plan(const struct message *m, const struct template *t)
{
	const struct exporter *e = m->exporter, *device = exporter_device(e);
	static const struct exporter nobody;
	if (!device)
		device = &nobody;
	const struct {
		uint32_t rate;
		uint8_t source;
	} rates[] = {
	    {e->rule_always ? e->rule_rate : 0, RATE_CONFIG},
	    {m->header_rate, RATE_RECORD},
	    {e->sampling_rate, RATE_OPTIONS},
	    {e->samplers.common, RATE_OPTIONS},
	    {e->in_rates.common, RATE_OPTIONS},
	    {e->out_rates.common, RATE_OPTIONS},
	    {device->sampling_rate, RATE_OPTIONS},
	    {device->samplers.common, RATE_OPTIONS},
	    {device->in_rates.common, RATE_OPTIONS},
	    {e->rule_rate, RATE_CONFIG},
	};
	struct rate_plan p = {0};
	for (size_t i = 0; i < ARRAY_LEN(rates) && !p.rate; i++)
		if (rates[i].rate) {
			p.rate = rates[i].rate;
			p.source = rates[i].source;
		}
	p.always = e->rule_always;
	p.by_if = !p.always && ((e->in_rates.n && !e->in_rates.common) ||
				(e->out_rates.n && !e->out_rates.common));
	p.by_row = t->after.rate_in_record || t->after.sampler || p.by_if;
	return p;
}

static uint32_t by_sampler(const struct exporter *e, const struct rows *r, uint32_t row)
{
	const struct template_after *a = &r->t->after;
	uint32_t rate = 0;
	for (; e && !rate; e = exporter_device(e)) {
		if (a->sampler_id)
			rate = rates_find(&e->samplers, r->scratch[SCRATCH_SAMPLER][row]);
		if (!rate && a->sequence_id)
			rate = rates_find(&e->sequences, r->scratch[SCRATCH_SEQUENCE][row]);
	}
	return rate;
}

static uint32_t by_interface(const struct exporter *e, const struct rows *r, uint32_t row)
{
	uint32_t rate = 0;
	if (template_uses(r->t, F_in_if))
		rate = rates_find(&e->in_rates, batch_u32(r->b, F_in_if)[row]);
	if (!rate && template_uses(r->t, F_out_if))
		rate = rates_find(&e->out_rates, batch_u32(r->b, F_out_if)[row]);
	return rate;
}

void sampling_fill(const struct rows *r, struct exporter *e, const struct rate_plan *p)
{
	uint32_t *rate = batch_u32(r->b, F_sampling_rate) + r->row;
	uint8_t *source = batch_u8(r->b, F_sampling_source) + r->row;
	for (uint32_t i = 0; i < r->k; i++) {
		uint32_t v = r->t->after.rate_in_record && !p->always ? rate[i] : 0;
		uint8_t from = RATE_RECORD;
		if (v && r->t->after.space)
			v = told_quotient(v + r->scratch[SCRATCH_SPACE][r->row + i], v);
		if (!v && !p->always) {
			v = r->t->after.sampler ? by_sampler(e, r, r->row + i) : 0;
			if (!v && p->by_if)
				v = by_interface(e, r, r->row + i);
			from = RATE_OPTIONS;
		}
		if (!v) {
			v = p->rate;
			from = p->source;
		}
		rate[i] = v;
		source[i] = v ? from : 0;
		if (v) {
			batch_set_present(r->b, F_sampling_rate, r->row + i);
			batch_set_present(r->b, F_sampling_source, r->row + i);
			e->info.sampling_rate = v;
			e->info.sampling_source = source[i];
		}
	}
}
