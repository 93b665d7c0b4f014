/* SPDX-License-Identifier: Apache-2.0 */
/* Option records: what an exporter tells about itself. Sampling rates, the time it started and its
 * own books are taken from them, names go to a callback, and all of them to another as they stood
 * on the wire. */
#include "decode/state.h"

/* What it says about itself. A record about one interface or sampler counts only that. */
static void take_books(struct exporter_info *i, const struct told_record *t)
{
	const struct {
		enum told told;
		uint64_t *v;
	} books[] = {
	    {TOLD_MESSAGES, &i->told_messages},
	    {TOLD_RECORDS, &i->told_records},
	    {TOLD_BYTES, &i->told_bytes},
	    {TOLD_IGNORED_PACKETS, &i->told_ignored_packets},
	    {TOLD_IGNORED_BYTES, &i->told_ignored_bytes},
	    {TOLD_UNSENT_RECORDS, &i->told_unsent_records},
	    {TOLD_UNSENT_PACKETS, &i->told_unsent_packets},
	    {TOLD_UNSENT_BYTES, &i->told_unsent_bytes},
	};
	uint64_t v;
	for (size_t k = 0; k < ARRAY_LEN(books); k++)
		if (told_number(t, books[k].told, &v))
			*books[k].v = v;
	if (told_number(t, TOLD_ACTIVE_TIMEOUT, &v))
		i->active_timeout_s = (uint32_t)MIN_OF(v, (uint64_t)UINT32_MAX);
	if (told_number(t, TOLD_IDLE_TIMEOUT, &v))
		i->idle_timeout_s = (uint32_t)MIN_OF(v, (uint64_t)UINT32_MAX);
	if (told_number(t, TOLD_INIT_MS, &v))
		i->init_ms = (int64_t)MIN_OF(v, (uint64_t)INT64_MAX);
}

static void take(struct decoder *d, struct message *m, const struct option_record *r)
{
	struct told_record told;
	int64_t at = m->t_recv ? m->t_recv : m->clock.export_ms;
	told_find(r, &told);
	int64_t init_ms = m->exporter->info.init_ms;
	if (sampling_take(d, m->exporter, &told))
		exporter_changed(d, m->exporter);
	take_books(&m->exporter->info, &told);
	if (m->exporter->info.init_ms != init_ms)
		exporter_changed(d, m->exporter);
	/* What the rest of this message says about time counts from what was just told. */
	message_uptime(m);
	if (d->opts.name)
		told_names(r, &told, at, d->opts.name, d->opts.ctx);
}

static void one_record(struct decoder *d, struct message *m, const struct template *t,
		       const uint8_t *rec)
{
	for (uint16_t i = 0; i < t->n; i++)
		d->option_elements[i] = (struct option_element){.pen = t->elements[i].pen,
								.id = t->elements[i].id,
								.len = d->lens[i],
								.p = rec + d->offs[i]};
	count(d, ST_records_options, 1);
	m->exporter->info.option_records++;
	m->exporter->info.options_seen = m->exporter->info.last_seen;
	m->option_records++;
	const struct option_record r = {.exporter_ip = m->exporter->info.ip,
					.domain = m->exporter->info.domain,
					.version = m->exporter->info.version,
					.template_id = t->id,
					.n = t->n,
					.n_scope = t->n_scope,
					.elements = d->option_elements};
	if (d->opts.option) {
		if (d->opts.in_order)
			decoder_flush(d);
		d->opts.option(d->opts.ctx, &r);
	}
	take(d, m, &r);
}

void options_set(struct decoder *d, struct message *m, const struct template *t, struct rd *r)
{
	m->body_len = rd_left(r);
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
