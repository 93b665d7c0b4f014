/* SPDX-License-Identifier: Apache-2.0 */
/* The sets of a NetFlow v9 (RFC 3954 5) or IPFIX message (RFC 7011 3.3): templates, options
 * templates, data. The two differ in the ids of the template sets, in enterprise numbers, in how
 * the scope of options is written, and in that only IPFIX withdraws templates. */
#include "decode/state.h"

enum { SET_HEADER = 4, DATA_SET_MIN = 256, ENTERPRISE_BIT = 0x8000 };

static const struct {
	uint16_t templates, options;
} set_ids[] = {[DIALECT_NF9] = {0, 1}, [DIALECT_IPFIX] = {2, 3}};

void message_uptime(struct message *m)
{
	const struct exporter *e = m->exporter;
	if (!e->info.init_ms && exporter_device(e))
		e = exporter_device(e);
	if (m->dialect != DIALECT_IPFIX || !e->info.init_ms)
		return;
	m->clock.uptime = (uint32_t)(m->clock.export_ms - e->info.init_ms);
	m->clock.uptime_known = true;
}

static void learn(struct decoder *d, struct message *m, const struct template_def *def)
{
	struct template *known = exporter_template(m->exporter, def->id);
	m->template_records++;
	m->exporter->info.templates_seen = m->exporter->info.last_seen;
	count(d, def->options ? ST_templates_options_received : ST_templates_received, 1);
	if (known && template_same(known, def)) {
		exporter_used_template(m->exporter, known);
		known->refreshed = m->t_recv;
		known->refreshes++;
		known->unsure = false;
		return;
	}
	uint32_t bad;
	struct template *t = template_compile(&d->sources, def, &bad);
	if (bad)
		malformed(d, m->exporter, ST_malformed_field_length, bad);
	if (!t) {
		count(d, ST_templates_refused, 1);
		return;
	}
	count(d, def->options ? ST_templates_options_learned : ST_templates_learned, 1);
	t->refreshed = m->t_recv;
	t->learned_seq = m->seq;
	if (exporter_put_template(d, m->exporter, t))
		held_release(d, m, t);
}

/* RFC 7011 8.1: the id of a template, or of the set for all of them. */
static void withdraw(struct decoder *d, struct message *m, uint16_t id, bool options)
{
	bool all = id == (options ? set_ids[m->dialect].options : set_ids[m->dialect].templates);
	if (!all && id < DATA_SET_MIN) {
		malformed(d, m->exporter, ST_malformed_template_id, 1);
		return;
	}
	count(d, ST_templates_withdrawn, 1);
	if (all)
		exporter_drop_templates(d, m->exporter, options);
	else
		exporter_drop_template(d, m->exporter, id);
}

/* Reads n elements into d->parsed[from..]. False: r ended early. */
static bool read_elements(struct decoder *d, enum dialect dialect, struct rd *r, uint32_t from,
			  uint32_t n)
{
	for (uint32_t i = from; i < from + n; i++) {
		struct element *e = &d->parsed[i];
		e->pen = 0;
		e->id = rd_be16(r);
		e->len = rd_be16(r);
		if (dialect == DIALECT_IPFIX && e->id & ENTERPRISE_BIT) {
			e->id &= (uint16_t)~ENTERPRISE_BIT;
			e->pen = rd_be32(r);
		}
	}
	return !r->bad;
}

/* One template record: id, counts, elements. */
static void read_definition(struct decoder *d, struct message *m, bool options, struct rd *r)
{
	struct template_def def = {.dialect = m->dialect,
				   .options = options,
				   .drop_unknown = d->opts.drop_unknown,
				   .elements = d->parsed,
				   .id = rd_be16(r)};
	uint32_t n, n_scope = 0, scope_first = 0;
	bool nf9 = m->dialect == DIALECT_NF9;
	if (options && nf9) { /* lengths in bytes, scope fields first */
		n_scope = rd_be16(r) / 4u;
		scope_first = n_scope;
		n = n_scope + rd_be16(r) / 4u;
	} else {
		n = rd_be16(r);
		if (options && n)
			n_scope = rd_be16(r);
	}
	if (r->bad) {
		malformed(d, m->exporter, ST_malformed_template_length, 1);
		return;
	}
	if (n == 0 && !nf9) {
		withdraw(d, m, def.id, options);
		return;
	}
	if (n == 0 || n > d->opts.max_fields || n_scope > n) {
		malformed(d, m->exporter, ST_malformed_template_fields, 1);
		r->bad = true; /* where the next one would begin is not known */
		return;
	}
	if (!read_elements(d, m->dialect, r, 0, n)) {
		malformed(d, m->exporter, ST_malformed_template_length, 1);
		return;
	}
	if (def.id < DATA_SET_MIN) {
		malformed(d, m->exporter, ST_malformed_template_id, 1);
		return;
	}
	for (uint32_t i = 0; i < scope_first; i++)
		d->parsed[i].pen = OPTION_PEN_SCOPE;
	def.n = (uint16_t)n;
	def.n_scope = (uint16_t)n_scope;
	learn(d, m, &def);
}

static void template_set(struct decoder *d, struct message *m, bool options, struct rd *r)
{
	/* What is shorter than a withdrawal, or all zero, is padding. */
	while (rd_left(r) >= 4 && load_be32(r->p) != 0)
		read_definition(d, m, options, r);
}

static void records_set(struct decoder *d, struct message *m, uint16_t id, struct rd *r)
{
	struct template *t = exporter_template_for(d, m, id, r);
	if (!t) {
		exporter_missing(m->exporter, id);
		m->sets_unknown++;
		held_add(d, m, id, r);
		return;
	}
	if (t->options)
		options_set(d, m, t, r);
	else
		data_set(d, m, t, r);
}

void message_sets(struct decoder *d, struct message *m, struct rd *r)
{
	message_uptime(m);
	while (rd_left(r) >= SET_HEADER) {
		uint16_t id = rd_be16(r), len = rd_be16(r);
		if (id == 0 && len == 0 && all_zero(r->p, rd_left(r)))
			return; /* filled up with zeros */
		if (len < SET_HEADER || (size_t)len - SET_HEADER > rd_left(r)) {
			malformed(d, m->exporter, ST_malformed_set_length, 1);
			return;
		}
		struct rd body = rd_sub(r, (size_t)len - SET_HEADER);
		if (id == set_ids[m->dialect].templates)
			template_set(d, m, false, &body);
		else if (id == set_ids[m->dialect].options)
			template_set(d, m, true, &body);
		else if (id >= DATA_SET_MIN)
			records_set(d, m, id, &body);
		else
			malformed(d, m->exporter, ST_malformed_set_id, 1);
	}
	if (!all_zero(r->p, rd_left(r)))
		malformed(d, m->exporter, ST_malformed_set_length, 1);
}
