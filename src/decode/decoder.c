/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/state.h"

#include "decode/frame.h"
#include "decode/vault.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MIN = 64 };

static const struct {
	uint16_t version;
	enum stat_id (*decode)(struct decoder *d, const struct datagram *dg);
} protocols[] = {{9, nf9_decode}, {10, ipfix_decode}, {5, nf5_decode},
		 {1, nf5_decode}, {7, nf5_decode},    {FRAME_SFLOW5, sflow_decode}};

static void fill_defaults(struct decoder_opts *o)
{
	const struct decoder_opts defaults = {.max_exporters = DECODER_MAX_EXPORTERS,
					      .max_per_address = DECODER_MAX_PER_ADDRESS,
					      .max_templates = DECODER_MAX_TEMPLATES,
					      .max_fields = DECODER_MAX_FIELDS,
					      .max_held_sets = DECODER_MAX_HELD_SETS,
					      .max_template_mem = DECODER_MAX_TEMPLATE_MEM,
					      .max_held_mem = DECODER_MAX_HELD_MEM,
					      .held_ms = DECODER_HELD_MS,
					      .idle_ms = DECODER_IDLE_MS,
					      .template_ms = DECODER_TEMPLATE_MS};
#define DEFAULT(member) o->member = o->member ? o->member : defaults.member
	DEFAULT(max_exporters);
	DEFAULT(max_per_address);
	DEFAULT(max_templates);
	DEFAULT(max_fields);
	DEFAULT(max_held_sets);
	DEFAULT(max_template_mem);
	DEFAULT(max_held_mem);
	DEFAULT(held_ms);
	DEFAULT(idle_ms);
	DEFAULT(template_ms);
#undef DEFAULT
	o->max_fields = MIN_OF(o->max_fields, (uint32_t)UINT16_MAX);
}

static enum err allocate(struct decoder *d)
{
	size_t fields = d->opts.max_fields;
	d->n_buckets = BUCKETS_MIN;
	while (d->n_buckets < d->opts.max_exporters)
		d->n_buckets *= 2;
	d->blob.max = VAULT_MAX_ENTRY;
	d->buckets = calloc(d->n_buckets, sizeof(struct exporter *));
	d->named = calloc(d->n_buckets, sizeof(struct exporter *));
	d->sessions = calloc(d->n_buckets, sizeof(struct exporter *));
	d->groups = calloc(d->n_buckets, sizeof(struct exporter_group *));
	d->parsed = calloc(fields, sizeof(*d->parsed));
	d->offs = calloc(fields * RECORDS_AT_ONCE, sizeof(*d->offs));
	d->lens = calloc(fields * RECORDS_AT_ONCE, sizeof(*d->lens));
	d->option_elements = calloc(fields, sizeof(*d->option_elements));
	if (!d->buckets || !d->named || !d->sessions || !d->groups || !d->parsed || !d->offs ||
	    !d->lens || !d->option_elements)
		return ERR_NOMEM;
	enum err e = source_index_init(&d->sources);
	return e ? e : nf5_init(d);
}

enum err decoder_new(const struct decoder_opts *opts, struct decoder **ret)
{
	struct decoder *d = calloc(1, sizeof(*d));
	if (!d)
		return ERR_NOMEM;
	d->opts = *opts;
	d->stats = opts->stats;
	fill_defaults(&d->opts);
	enum err e = allocate(d);
	if (e) {
		decoder_free(d);
		return e;
	}
	*ret = d;
	return ERR_OK;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	exporters_free(d);
	for (size_t i = 0; i < SHAPE_MAX; i++)
		batch_free(d->batches[i]);
	for (size_t i = 0; i < ARRAY_LEN(d->fixed); i++)
		free(d->fixed[i]);
	source_index_fini(&d->sources);
	free(d->buckets);
	free(d->named);
	free(d->sessions);
	free(d->groups);
	buf_fini(&d->blob);
	buf_fini(&d->extra);
	free(d->parsed);
	free(d->offs);
	free(d->lens);
	free(d->option_elements);
	free(d->rules);
	free(d);
}

void decoder_reset(struct decoder *d)
{
	exporters_free(d);
	for (size_t i = 0; i < SHAPE_MAX; i++)
		if (d->batches[i])
			batch_reset(d->batches[i]);
	memset(d->no_recv, 0, sizeof(d->no_recv));
	d->template_serial = 0;
	d->counted_before = 0;
}

bool exporter_plausible(const struct decoder *d, const struct datagram *dg)
{
	return exporter_source_known(d, dg) || frame_is_export(dg->p, dg->n);
}

enum stat_id exporter_for(struct decoder *d, const struct datagram *dg,
			  const struct exporter_key *k, const uint32_t *seq, struct exporter **ret)
{
	*ret = exporter_find(d, k);
	if (*ret)
		return ST_datagrams_decoded;
	if (!exporter_plausible(d, dg))
		return ST_reject_not_export;
	return exporter_add(d, k, dg->t_recv, seq, ret);
}

/* Why a datagram whose version is not decoded, or that is too short, is no export. */
static enum stat_id reject_reason(const struct decoder *d, const struct datagram *dg,
				  bool version_known)
{
	if (frame_is_foreign(dg->p, dg->n))
		return ST_reject_version;
	if (!exporter_source_known(d, dg))
		return ST_reject_not_export;
	return version_known || dg->n < 2 ? ST_reject_short_header : ST_reject_version;
}

static enum stat_id decode(struct decoder *d, const struct datagram *dg)
{
	uint16_t version = frame_version(dg->p, dg->n);
	size_t header = frame_header_len(version);
	if (header == 0 || dg->n < header)
		return reject_reason(d, dg, header != 0);
	size_t i = 0;
	while (protocols[i].version != version)
		i++;
	return protocols[i].decode(d, dg);
}

void decoder_feed(struct decoder *d, const struct datagram *dg)
{
	if (dg->t_recv)
		held_expire(d, dg->t_recv);
	count(d, decode(d, dg), 1);
}

void decoder_flush(struct decoder *d)
{
	for (int s = 0; s < SHAPE_MAX; s++)
		decoder_emit(d, (enum shape)s);
}

uint32_t decoder_open_rows(const struct decoder *d)
{
	uint32_t n = 0;
	for (size_t i = 0; i < SHAPE_MAX; i++)
		n += d->batches[i] ? d->batches[i]->n : 0;
	return n;
}
