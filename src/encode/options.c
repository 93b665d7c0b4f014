/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/options.h"

#include "base/attr.h"
#include "encode/types.h"
#include "model/own_pen.h"

#include <string.h>

/* --- templates */

enum { FORMS_MAX = 16 };

struct option_kind {
	uint16_t n, n_scope;
	struct wire_form forms[FORMS_MAX];
};

#define NUMBER(id_, bytes)                                                                         \
	{                                                                                          \
		.id = (id_), .len = (bytes)                                                        \
	}
#define TEXT(id_)                                                                                  \
	{                                                                                          \
		.id = (id_), .len = ELEMENT_VARIABLE                                               \
	}

/* RFC 7011 4.1-4.3 in one: metering and exporting process of an observation domain. */
static const struct option_kind state_kind = {
    10,
    1,
    {NUMBER(149, 4), NUMBER(160, 8), NUMBER(36, 2), NUMBER(37, 2), NUMBER(163, 8), NUMBER(164, 8),
     NUMBER(166, 8), NUMBER(40, 8), NUMBER(41, 8), NUMBER(42, 8)}};
static const struct option_kind counter_kind = {
    2,
    1,
    {{.pen = PEN_OWN, .id = OWN_COUNTER_NAME, .len = ELEMENT_VARIABLE},
     {.pen = PEN_OWN, .id = OWN_COUNTER_VALUE, .len = 8}}};
/* RFC 5477: selectorId, selectorAlgorithm, then samplingPacketInterval and -Space, or samplingSize
 * and -Population. */
static const struct option_kind count_based_kind = {
    4, 1, {NUMBER(302, 4), NUMBER(304, 2), NUMBER(305, 4), NUMBER(306, 4)}};
static const struct option_kind random_kind = {
    4, 1, {NUMBER(302, 4), NUMBER(304, 2), NUMBER(309, 4), NUMBER(310, 4)}};
static const struct option_kind nf9_sampling_kind = {
    3, 1, {NUMBER(0, 4), NUMBER(34, 4), NUMBER(35, 1)}};
/* Of fixed length, filled up with zeros, as routers send them: nfdump takes no others. */
enum { IF_NAME = 32, IF_DESCRIPTION = 64 };
static const struct option_kind interface_kind = {
    3, 1, {NUMBER(10, 4), NUMBER(82, IF_NAME), NUMBER(83, IF_DESCRIPTION)}};
/* RFC 5610 3.9 */
static const struct option_kind type_kind = {7,
					     2,
					     {NUMBER(346, 4), NUMBER(303, 2), NUMBER(339, 1),
					      NUMBER(344, 1), NUMBER(345, 2), TEXT(341),
					      TEXT(340)}};

struct option_writer {
	struct encoder *e;
	int64_t export_ms;
	struct layout *l; /* of the records being written; NULL: no memory */
	struct buf record;
};

static const struct option_kind *const kinds[] = {
    &state_kind,     &counter_kind, &count_based_kind, &random_kind,
    &interface_kind, &type_kind,    &nf9_sampling_kind};

/* All templates of options are made at once, in the order of `kinds`. */
static void use_kind(struct option_writer *w, const struct option_kind *kind)
{
	struct layouts *t = encoder_layouts(w->e);
	size_t k = 0;
	while (kinds[k] != kind)
		k++;
	while (t->n_options <= k)
		if (!layouts_options(t, kinds[t->n_options]->forms, kinds[t->n_options]->n,
				     kinds[t->n_options]->n_scope))
			break;
	w->l = k < t->n_options ? t->options[k] : NULL;
	buf_reset(&w->record);
}

static void put_text(struct buf *b, const char *s)
{
	enum { TEXT_MAX = 254 };
	size_t n = MIN_OF(strlen(s), (size_t)TEXT_MAX);
	buf_u8(b, (uint8_t)n);
	buf_put(b, s, n);
}

static void put_padded(struct buf *b, const char *s, size_t len)
{
	size_t n = MIN_OF(strlen(s), len);
	buf_put(b, s, n);
	for (; n < len; n++)
		buf_u8(b, 0);
}

static void end_record(struct option_writer *w)
{
	struct buf *r = &w->record;
	struct message *m = w->l && !r->bad ? encoder_open(w->e, w->l, r->n, w->export_ms) : NULL;
	if (m) {
		memcpy(m->bytes + m->n, r->p, r->n);
		encoder_wrote(w->e, r->n, 1, 0);
	}
	buf_reset(r);
}

/* --- records */

/* Packets that went past: by the reasons of these groups. */
static uint64_t ignored_packets(const struct stats *s)
{
	static const char *const groups[] = {"capture_drop", "unmetered"};
	uint64_t sum = 0;
	for (int i = 0; i < STAT_MAX; i++)
		for (size_t g = 0; g < ARRAY_LEN(groups); g++)
			if (strcmp(stat_table[i].group, groups[g]) == 0)
				sum += stat_get(s, (enum stat_id)i);
	return sum;
}

static void put_state(struct option_writer *w, const struct options_told *t)
{
	const struct encoder_opts *o = encoder_options(w->e);
	struct buf *r = &w->record;
	use_kind(w, &state_kind);
	buf_be32(r, o->domain);
	buf_be64(r, (uint64_t)o->start_ms);
	buf_be16(r, (uint16_t)MIN_OF(t->active_timeout_s, (uint32_t)UINT16_MAX));
	buf_be16(r, (uint16_t)MIN_OF(t->idle_timeout_s, (uint32_t)UINT16_MAX));
	buf_be64(r, stat_get(t->stats, ST_export_flows));
	buf_be64(r, ignored_packets(t->stats));
	buf_be64(r, t->not_sent);
	buf_be64(r, t->sent_bytes);
	buf_be64(r, t->sent_messages);
	buf_be64(r, t->sent_records);
	end_record(w);
}

static void put_counters(struct option_writer *w, const struct stats *s)
{
	use_kind(w, &counter_kind);
	for (int i = 0; i < STAT_MAX; i++) {
		uint64_t v = stat_get(s, (enum stat_id)i);
		if (v == 0)
			continue;
		struct buf name = {0};
		buf_fmt(&name, "%s_%s", stat_table[i].group, stat_table[i].name);
		put_text(&w->record, buf_cstr(&name));
		buf_be64(&w->record, v);
		buf_fini(&name);
		end_record(w);
	}
}

/* selectorAlgorithm: 1 systematic count-based, 3 random n-out-of-N (RFC 5477 8.2.1); v9's
 * samplingAlgorithm: 1 deterministic, 2 random. */
static void put_sampling(struct option_writer *w)
{
	enum { COUNT_BASED = 1, N_OUT_OF_N = 3, NF9_COUNT = 1, NF9_RANDOM = 2, SELECTOR = 1 };
	const struct encoder_opts *o = encoder_options(w->e);
	const struct export_sampling *s = &o->sampling;
	struct buf *r = &w->record;
	if (s->take == 0 || s->of <= s->take)
		return;
	if (o->protocol == EXPORT_NF9) {
		use_kind(w, &nf9_sampling_kind);
		buf_be32(r, 0);
		buf_be32(r, s->of / s->take);
		buf_u8(r, s->random ? NF9_RANDOM : NF9_COUNT);
	} else {
		use_kind(w, s->random ? &random_kind : &count_based_kind);
		buf_be32(r, SELECTOR);
		buf_be16(r, s->random ? N_OUT_OF_N : COUNT_BASED);
		buf_be32(r, s->take);
		buf_be32(r, s->random ? s->of : s->of - s->take);
	}
	end_record(w);
}

static void put_interfaces(struct option_writer *w, const struct options_told *t)
{
	use_kind(w, &interface_kind);
	for (size_t i = 0; i < t->n_interfaces; i++) {
		buf_be32(&w->record, t->interfaces[i].index);
		put_padded(&w->record, t->interfaces[i].name, IF_NAME);
		put_padded(&w->record, t->interfaces[i].description, IF_DESCRIPTION);
		end_record(w);
	}
}

static void put_type(void *ctx, const struct own_type *t)
{
	struct option_writer *w = ctx;
	struct buf *r = &w->record;
	buf_be32(r, PEN_OWN);
	buf_be16(r, t->id);
	buf_u8(r, t->data_type);
	buf_u8(r, t->semantics);
	buf_be16(r, t->units);
	put_text(r, t->name);
	put_text(r, t->doc);
	end_record(w);
}

void options_put(struct encoder *e, const struct options_told *t, int64_t export_ms)
{
	struct option_writer w = {.e = e, .export_ms = export_ms};
	enum export_protocol p = encoder_options(e)->protocol;
	if (p == EXPORT_NF5)
		return;
	if (t->what & OPTIONS_STATE)
		put_sampling(&w);
	if (p == EXPORT_IPFIX && t->what & OPTIONS_TYPES) {
		use_kind(&w, &type_kind);
		own_types(put_type, &w);
	}
	if (p == EXPORT_IPFIX && t->what & OPTIONS_INTERFACES)
		put_interfaces(&w, t);
	if (p == EXPORT_IPFIX && t->what & OPTIONS_STATE) {
		put_state(&w, t);
		put_counters(&w, t->stats);
	}
	encoder_close(e);
	buf_fini(&w.record);
}
