/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets into batches: opens rows, writes what is the same for all records of the set, runs the
 * template. */
#include "decode/state.h"

#include "decode/extra.h"
#include "decode/section.h"

#include <string.h>

/* --- what all records of a set share */

struct constants {
	uint64_t written[FIELD_WORDS]; /* of the template and of this */
	uint64_t present[PRESENT_WORDS];
	int64_t t_recv;
	struct rate_plan rate;
};

static void constant(struct constants *c, const struct template *t, enum field f, bool present)
{
	if (template_uses(t, f))
		return;
	c->written[f / 64] |= (uint64_t)1 << (f % 64);
	unsigned bit = field_table[f].present_bit;
	if (present)
		c->present[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static void constants_of(const struct message *m, const struct template *t, struct constants *c)
{
	*c = (struct constants){.t_recv = m->t_recv ? m->t_recv : m->clock.export_ms};
	memcpy(c->written, t->uses, sizeof(c->written));
	memcpy(c->present, t->present, sizeof(c->present));
	c->rate = sampling_plan(m, t);
	constant(c, t, F_t_recv, m->t_recv != 0);
	constant(c, t, F_export_version, true);
	static const struct ip nameless;
	if (!ip_equal(&m->exporter->info.ip, &nameless))
		constant(c, t, F_exporter_ip, true);
	if (m->has_domain)
		constant(c, t, F_observation_domain, true);
	if (m->has_engine) {
		constant(c, t, F_engine_type, true);
		constant(c, t, F_engine_id, true);
	}
	if (c->rate.rate || c->rate.by_row) {
		constant(c, t, F_sampling_rate, !c->rate.by_row);
		constant(c, t, F_sampling_source, !c->rate.by_row);
	}
}

#define FILL(type, b, f, row, k, value)                                                            \
	do {                                                                                       \
		type *col_ = (type *)(b)->col[f] + (row);                                          \
		for (uint32_t i_ = 0; i_ < (k); i_++)                                              \
			col_[i_] = (value);                                                        \
	} while (0)

static void fill_constants(const struct rows *r, const struct message *m, const struct constants *c)
{
	struct batch *b = r->b;
	const struct exporter_info *e = &m->exporter->info;
	for (unsigned w = 0; w < PRESENT_WORDS; w++)
		if (b->present[w])
			for (uint32_t i = 0; i < r->k; i++)
				b->present[w][r->row + i] = c->present[w];
	FILL(int64_t, b, F_t_recv, r->row, r->k, c->t_recv);
	FILL(uint8_t, b, F_export_version, r->row, r->k, e->version);
	if (batch_has(b, F_exporter_ip))
		FILL(struct ip, b, F_exporter_ip, r->row, r->k, e->ip);
	if (m->has_domain && !template_uses(r->t, F_observation_domain))
		FILL(uint32_t, b, F_observation_domain, r->row, r->k, e->domain);
	if (m->has_engine) {
		FILL(uint8_t, b, F_engine_type, r->row, r->k, m->engine_type);
		FILL(uint8_t, b, F_engine_id, r->row, r->k, m->engine_id);
	}
	if (c->rate.rate && !c->rate.by_row) {
		FILL(uint32_t, b, F_sampling_rate, r->row, r->k, c->rate.rate);
		FILL(uint8_t, b, F_sampling_source, r->row, r->k, c->rate.source);
	}
	if (r->t->ip_version)
		FILL(uint8_t, b, F_ip_version, r->row, r->k, r->t->ip_version);
}

/* --- batches */

static void count_suspect(struct decoder *d, const struct batch *b)
{
	uint64_t n = 0;
	if (!batch_has(b, F_time_suspect))
		return;
	for (uint32_t i = 0; i < b->n; i++)
		n += batch_u8(b, F_time_suspect)[i];
	count(d, ST_records_suspect_time, n);
}

static void forget(struct batch *b, enum field f, uint32_t row)
{
	unsigned bit = field_table[f].present_bit;
	b->present[bit / 64][row] &= ~((uint64_t)1 << (bit % 64));
	batch_ms(b, f)[row] = 0;
}

/* Rows of files that do not say when they arrived: their own time cannot be suspect. The export
 * time stands in for t_recv while days are set; what is absent is 0 again afterwards. */
static void set_days_without_recv(struct batch *b)
{
	bool timeless[BATCH_ROWS];
	for (uint32_t i = 0; i < b->n; i++)
		timeless[i] = !batch_present(b, F_t_recv, i) && !batch_present(b, F_t_last, i) &&
			      !batch_present(b, F_t_first, i);
	batch_set_days(b, 0, true);
	for (uint32_t i = 0; i < b->n; i++) {
		if (!batch_present(b, F_t_recv, i))
			forget(b, F_t_recv, i);
		if (timeless[i]) {
			forget(b, F_t_first, i);
			forget(b, F_t_last, i);
		}
	}
}

void decoder_emit(struct decoder *d, enum shape shape)
{
	struct batch *b = d->batches[shape];
	if (!b || b->n == 0)
		return;
	if (d->no_recv[shape])
		set_days_without_recv(b);
	else
		batch_set_days(b, 0, d->opts.import);
	d->no_recv[shape] = false;
	d->sets[shape] = false;
	count_suspect(d, b);
	d->opts.emit(d->opts.ctx, b);
	batch_reset(b);
}

struct batch *data_batch(struct decoder *d, enum shape shape)
{
	if (!d->batches[shape])
		d->batches[shape] = batch_new(shape);
	struct batch *b = d->batches[shape];
	if (b && (batch_room(b) == 0 || b->heap.n > HEAP_SOFT_MAX))
		decoder_emit(d, shape);
	for (int s = 0; d->opts.in_order && s < SHAPE_MAX; s++)
		if (s != (int)shape)
			decoder_emit(d, (enum shape)s);
	return b;
}

/* Records of a held set are in the count already. */
static void count_decoded(struct decoder *d, uint64_t k)
{
	uint64_t before = MIN_OF(k, d->counted_before);
	d->counted_before -= before;
	count(d, ST_records_decoded, k - before);
}

static void rows_counted(struct decoder *d, struct message *m, struct batch *b, uint32_t k)
{
	b->n += k;
	d->no_recv[b->shape] |= m->t_recv == 0;
	count_decoded(d, k);
	m->exporter->info.records += k;
	m->records += k;
	if (batch_room(b) == 0)
		decoder_emit(d, b->shape);
}

static void repair_times(const struct rows *r, int64_t by)
{
	static const enum field times[] = {F_t_first, F_t_last};
	for (size_t f = 0; f < ARRAY_LEN(times); f++) {
		if (!template_uses(r->t, times[f]))
			continue;
		int64_t *col = batch_ms(r->b, times[f]) + r->row;
		for (uint32_t i = 0; i < r->k; i++)
			if (batch_present(r->b, times[f], r->row + i))
				col[i] = (int64_t)((uint64_t)col[i] + (uint64_t)by);
	}
}

static void rows_done(struct decoder *d, struct message *m, const struct rows *r)
{
	if (m->exporter->info.clock_repair_ms)
		repair_times(r, m->exporter->info.clock_repair_ms);
	timing_see(&m->exporter->timing, r->b, r->row, r->k,
		   template_uses(r->t, F_t_last) && m->t_recv != 0);
	rows_counted(d, m, r->b, r->k);
}

void data_row_done(struct decoder *d, struct message *m, struct batch *b)
{
	rows_counted(d, m, b, 1);
}

static void rows_dropped(struct decoder *d, struct message *m, uint64_t k)
{
	count_decoded(d, k);
	count(d, ST_drop_no_memory, k);
	m->records += (uint32_t)k;
}

/* Opens up to `want` rows for records of `bytes` in all, and writes the constants. k = 0: no
 * memory. */
static struct rows rows_open(struct decoder *d, const struct message *m, const struct template *t,
			     const struct constants *c, size_t want, size_t bytes)
{
	struct rows r = {.t = t, .clock = m->clock, .scratch = d->scratch};
	r.b = data_batch(d, t->shape);
	/* Every byte of a record is in the heap twice at most, and lists are widened to 4 bytes. */
	if (!r.b || (t->texts && !buf_reserve(&r.b->heap, 4 * bytes)))
		return r;
	r.k = (uint32_t)MIN_OF(want, batch_room(r.b));
	r.row = r.b->n;
	d->sets[t->shape] = true;
	batch_open_rows_written(r.b, r.k, c->written);
	if (t->variable) /* its records leave values out */
		batch_open_rows(r.b, r.k);
	fill_constants(&r, m, c);
	return r;
}

/* --- records of one length */

void data_padding(struct decoder *d, struct message *m, const struct rd *r)
{
	enum { ALIGNMENT = 4 }; /* some devices align with what happens to be there */
	bool aligned = rd_left(r) < ALIGNMENT && m->body_len % ALIGNMENT == 0;
	if (!aligned && !all_zero(r->p, rd_left(r)))
		malformed(d, m->exporter, ST_malformed_record_length, 1);
}

/* Records of nothing but zeros at the end of a v9 set are filling. */
static size_t records_in(struct message *m, const struct template *t, const struct rd *r)
{
	enum { SHORT = 8 }; /* a record so short may well be all zero */
	size_t len = t->min_len, n = rd_left(r) / len;
	if (m->exporter->info.version == 9 && len > SHORT)
		while (n > 0 && all_zero(r->p + (n - 1) * len, len))
			n--;
	m->filling += (uint32_t)(rd_left(r) / len - n);
	return n;
}

static void fixed_set(struct decoder *d, struct message *m, const struct template *t,
		      const struct constants *c, struct rd *r)
{
	size_t len = t->min_len;
	for (size_t left = records_in(m, t, r); left > 0;) {
		struct rows rows = rows_open(d, m, t, c, left, left * len);
		if (rows.k == 0) {
			rows_dropped(d, m, left);
			return;
		}
		rows.rec = rd_take(r, rows.k * len);
		rows.stride = len;
		rows.offs = t->offs;
		rows.lens = t->lens;
		convert_rows(&rows);
		if (t->section != NO_SECTION)
			section_rows(&rows);
		if (t->n_unknown)
			extra_rows(d, m, &rows);
		convert_after(&rows);
		if (c->rate.by_row)
			sampling_fill(&rows, m->exporter, &c->rate);
		rows_done(d, m, &rows);
		left -= rows.k;
	}
	data_padding(d, m, r);
}

/* --- records of variable length */

struct delimited {
	const uint8_t *rec[RECORDS_AT_ONCE];
	uint32_t n;
	size_t bytes;
};

static void delimit_some(struct decoder *d, struct message *m, const struct template *t,
			 struct rd *r, struct delimited *ret)
{
	ret->n = 0;
	ret->bytes = 0;
	while (ret->n < RECORDS_AT_ONCE && rd_left(r) >= t->min_len) {
		size_t at = (size_t)ret->n * d->opts.max_fields;
		size_t before = rd_left(r);
		const uint8_t *rec = template_delimit(t, r, d->offs + at, d->lens + at);
		if (!rec) {
			malformed(d, m->exporter, ST_malformed_record_length, 1);
			return;
		}
		ret->rec[ret->n++] = rec;
		ret->bytes += before - rd_left(r);
	}
}

static uint32_t convert_delimited(struct decoder *d, struct message *m, const struct template *t,
				  const struct constants *c, const struct delimited *some,
				  uint32_t from)
{
	struct rows all = rows_open(d, m, t, c, some->n - from, some->bytes);
	uint32_t bad = 0;
	for (uint32_t i = 0; i < all.k; i++) {
		size_t at = (size_t)(from + i) * d->opts.max_fields;
		struct rows one = all;
		one.row = all.row + i;
		one.k = 1;
		one.rec = some->rec[from + i];
		one.offs = d->offs + at;
		one.lens = d->lens + at;
		bad += convert_record(&one);
		if (t->section != NO_SECTION)
			section_rows(&one);
		if (t->n_unknown)
			extra_rows(d, m, &one);
	}
	if (all.k == 0)
		return 0;
	if (bad)
		malformed(d, m->exporter, ST_malformed_field_length, bad);
	convert_after(&all);
	if (c->rate.by_row)
		sampling_fill(&all, m->exporter, &c->rate);
	rows_done(d, m, &all);
	return all.k;
}

static void variable_set(struct decoder *d, struct message *m, const struct template *t,
			 const struct constants *c, struct rd *r)
{
	struct delimited some;
	do {
		delimit_some(d, m, t, r, &some);
		for (uint32_t from = 0, k; from < some.n; from += k) {
			k = convert_delimited(d, m, t, c, &some, from);
			if (k == 0) {
				rows_dropped(d, m, some.n - from);
				break;
			}
		}
	} while (some.n == RECORDS_AT_ONCE);
	if (!r->bad)
		data_padding(d, m, r);
}

void data_set(struct decoder *d, struct message *m, const struct template *t, struct rd *r)
{
	struct constants c;
	m->body_len = rd_left(r);
	if (t->min_len == 0) {
		malformed(d, m->exporter, ST_malformed_record_zero, 1);
		return;
	}
	constants_of(m, t, &c);
	if (t->variable)
		variable_set(d, m, t, &c, r);
	else
		fixed_set(d, m, t, &c, r);
}
