/* SPDX-License-Identifier: Apache-2.0 */
/* What an exporter told, as bytes of the vault and back: templates, sampling rates, when the device
 * started. The bytes may come from a file that somebody else wrote: they are read like a datagram,
 * and templates go through the same checks. */
#include "decode/state.h"
#include "decode/vault.h"

#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1, SAVE_AGAIN_MS = 24 * 3600 * 1000, DATA_SET_MIN = 256 };

static struct vault_key key_of(const struct exporter *e)
{
	return (struct vault_key){.ip = e->info.ip,
				  .port = e->info.port,
				  .version = e->info.version,
				  .domain = e->info.domain};
}

/* --- writing */

static void put_rates(struct buf *b, const struct rates *r)
{
	buf_be16(b, r->n);
	for (uint16_t i = 0; i < r->n; i++) {
		buf_be64(b, r->v[i].id);
		buf_be32(b, r->v[i].rate);
	}
}

static void put_template(struct buf *b, const struct template *t)
{
	buf_be16(b, t->id);
	buf_u8(b, t->options);
	buf_be16(b, t->n);
	buf_be16(b, t->n_scope);
	for (uint16_t i = 0; i < t->n; i++) {
		buf_be32(b, t->elements[i].pen);
		buf_be16(b, t->elements[i].id);
		buf_be16(b, t->elements[i].len);
	}
}

static void put_exporter(struct buf *b, const struct exporter *e)
{
	buf_u8(b, FORMAT);
	buf_be64(b, (uint64_t)e->info.init_ms);
	buf_be32(b, e->sampling_rate);
	put_rates(b, &e->samplers);
	put_rates(b, &e->sequences);
	put_rates(b, &e->in_rates);
	put_rates(b, &e->out_rates);
	buf_be32(b, e->info.templates);
	for (unsigned i = 0; i < TEMPLATE_BUCKETS; i++)
		for (const struct template *t = e->templates[i]; t; t = t->next)
			put_template(b, t);
}

void decoder_save(struct decoder *d, size_t max)
{
	for (size_t i = 0; i < max && d->changed; i++) {
		struct exporter *e = d->changed;
		const struct vault_key k = key_of(e);
		buf_reset(&d->blob);
		put_exporter(&d->blob, e);
		/* One that tells more than fits is not remembered. */
		if (!d->blob.bad &&
		    !vault_put(d->opts.vault, &k, e->info.last_seen, d->blob.p, d->blob.n))
			return;
		e->saved_at = e->info.last_seen;
		e->changed = false;
		d->changed = e->next_changed;
	}
}

/* --- reading */

static void get_rates(struct decoder *d, struct rd *r, struct rates *ret, uint16_t max)
{
	uint16_t n = rd_be16(r);
	for (uint16_t i = 0; i < n && !r->bad; i++) {
		uint64_t id = rd_be64(r);
		uint32_t rate = rd_be32(r);
		if (!r->bad)
			rates_put(d, ret, id, rate, max);
	}
}

static bool get_template(struct decoder *d, struct exporter *e, int64_t now, struct rd *r)
{
	struct template_def def = {.dialect = e->info.version == 9 ? DIALECT_NF9 : DIALECT_IPFIX,
				   .id = rd_be16(r),
				   .drop_unknown = d->opts.drop_unknown,
				   .elements = d->parsed};
	def.options = rd_u8(r);
	def.n = rd_be16(r);
	def.n_scope = rd_be16(r);
	if (r->bad || def.id < DATA_SET_MIN || def.n == 0 || def.n > d->opts.max_fields ||
	    def.n_scope > def.n)
		return false;
	for (uint16_t i = 0; i < def.n; i++) {
		d->parsed[i].pen = rd_be32(r);
		d->parsed[i].id = rd_be16(r);
		d->parsed[i].len = rd_be16(r);
	}
	uint32_t bad;
	struct template *t = r->bad ? NULL : template_compile(&d->sources, &def, &bad);
	if (!t)
		return false;
	t->unsure = true;
	t->refreshed = now;
	return exporter_put_template(d, e, t);
}

static void get_exporter(struct decoder *d, struct exporter *e, int64_t now, struct rd *r)
{
	if (rd_u8(r) != FORMAT)
		return;
	e->info.init_ms = (int64_t)rd_be64(r);
	e->sampling_rate = rd_be32(r);
	get_rates(d, r, &e->samplers, SAMPLERS_MAX);
	get_rates(d, r, &e->sequences, SAMPLERS_MAX);
	get_rates(d, r, &e->in_rates, IF_RATES_MAX);
	get_rates(d, r, &e->out_rates, IF_RATES_MAX);
	e->info.samplers = e->samplers.n;
	e->info.sampling_rate = e->sampling_rate ? e->sampling_rate : e->samplers.common;
	e->info.sampling_source = e->info.sampling_rate ? RATE_OPTIONS : 0;
	uint32_t n = rd_be32(r);
	while (n-- > 0 && get_template(d, e, now, r))
		;
}

void exporter_recall(struct decoder *d, struct exporter *e, int64_t now)
{
	const struct vault_key k = key_of(e);
	buf_reset(&d->blob);
	if (!d->opts.vault || e->info.session || e->info.version < 9 ||
	    !vault_get(d->opts.vault, &k, &d->blob))
		return;
	struct rd r = rd_of(d->blob.p, d->blob.n);
	get_exporter(d, e, now, &r);
	exporter_changed(d, e);
}

void exporter_keep_saved(struct decoder *d, struct exporter *e, int64_t now)
{
	if (e->saved_at && now - e->saved_at > SAVE_AGAIN_MS)
		exporter_changed(d, e);
}
