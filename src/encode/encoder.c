/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/encoder.h"

#include "base/wr.h"
#include "encode/format.h"
#include "encode/put.h"

#include <stdlib.h>
#include <string.h>

enum { SET_HEADER = 4, PAD_MAX = 3 };

struct encoder {
	struct encoder_opts opts;
	const struct message_format *format; /* NULL: v5 */
	struct layouts layouts;
	uint64_t masks[HALF_MAX][PRESENT_WORDS];
	struct {
		enum field field;
		unsigned bit;
	} ips[FIELD_MAX]; /* the address fields */
	unsigned n_ips;
	/* The message being filled, and its last set. */
	struct message *open;
	struct layout *set;
	uint32_t set_at;
	/* The batch being encoded, its rows by layout. */
	uint16_t next_row[BATCH_ROWS];
	struct layout *first, *last, *newest;
};

struct layouts *encoder_layouts(struct encoder *e)
{
	return &e->layouts;
}

const struct encoder_opts *encoder_options(const struct encoder *e)
{
	return &e->opts;
}

const struct message_format *message_format(enum export_protocol p)
{
	switch (p) {
	case EXPORT_IPFIX:
		return &ipfix_format;
	case EXPORT_NF9:
		return &nf9_format;
	case EXPORT_NF5:
		break;
	}
	return NULL;
}

enum err encoder_new(const struct encoder_opts *o, struct encoder **ret)
{
	struct encoder *e = calloc(1, sizeof(*e));
	if (!e)
		return ERR_NOMEM;
	e->opts = *o;
	e->opts.split |= o->protocol != EXPORT_IPFIX;
	e->format = message_format(o->protocol);
	layouts_init(&e->layouts, o->protocol, o->max_templates);
	for (int h = 0; h < HALF_MAX; h++)
		layout_mask(o->protocol, (enum half)h, e->masks[h]);
	for (int f = 0; f < FIELD_MAX; f++)
		if (field_table[f].ctype == CT_IP) {
			e->ips[e->n_ips].field = (enum field)f;
			e->ips[e->n_ips++].bit = layout_ip_bit((enum field)f);
		}
	*ret = e;
	return ERR_OK;
}

void encoder_free(struct encoder *e)
{
	if (!e)
		return;
	if (e->open)
		message_put(e->open);
	layouts_fini(&e->layouts);
	free(e);
}

/* --- messages */

static struct message *begin(const struct encoder *e, size_t cap, int64_t export_ms)
{
	const struct message_head h = {e->opts.domain, export_ms, e->opts.start_ms};
	struct message *m = message_new((uint32_t)cap);
	if (m)
		e->format->begin(m, &h);
	return m;
}

static void end_set(struct encoder *e)
{
	struct message *m = e->open;
	if (!e->set)
		return;
	while ((m->n - e->set_at) % e->format->align)
		m->bytes[m->n++] = 0;
	store_be16(m->bytes + e->set_at + 2, (uint16_t)(m->n - e->set_at));
	e->set = NULL;
}

void encoder_close(struct encoder *e)
{
	struct message *m = e->open;
	if (!m)
		return;
	end_set(e);
	e->format->end(m, 0);
	e->open = NULL;
	e->opts.emit(e->opts.ctx, m);
}

/* Room in the open message for records of l. */
static size_t room_for(const struct encoder *e, const struct layout *l)
{
	size_t used = e->open->n + (e->set == l ? 0 : SET_HEADER + PAD_MAX) + PAD_MAX;
	size_t max = MIN_OF(e->open->cap, e->opts.message_max);
	return used < max ? max - used : 0;
}

struct message *encoder_open(struct encoder *e, struct layout *l, size_t room, int64_t export_ms)
{
	if (e->open && (room_for(e, l) < room || !message_uses(e->open, l)))
		encoder_close(e);
	if (!e->open) {
		size_t least = message_header(e->opts.protocol) + SET_HEADER + 2 * PAD_MAX + room;
		e->open = begin(e, MAX_OF(least, (size_t)e->opts.message_max), export_ms);
		if (!e->open)
			return NULL;
		message_uses(e->open, l);
	}
	if (e->set != l) {
		end_set(e);
		e->set = l;
		e->set_at = e->open->n;
		store_be16(e->open->bytes + e->set_at, l->id);
		e->open->n += SET_HEADER;
	}
	return e->open;
}

void encoder_wrote(struct encoder *e, size_t n, uint32_t records, uint32_t flows)
{
	e->open->n += (uint32_t)n;
	e->open->records += records;
	e->open->flows += flows;
}

struct message *encoder_templates(const struct encoder *e, struct layout *const *v, size_t n,
				  int64_t export_ms, size_t *ret_n)
{
	size_t least = n ? (size_t)SET_HEADER + v[0]->record_n + PAD_MAX : 0, i = 0;
	size_t header = message_header(e->opts.protocol);
	struct message *m = begin(e, MAX_OF(e->opts.message_max, header + least), export_ms);
	if (!m)
		return NULL;
	for (; i < n && m->n + SET_HEADER + v[i]->record_n + PAD_MAX <= m->cap; i++) {
		uint32_t at = m->n;
		store_be16(m->bytes + at,
			   v[i]->options ? e->format->options_set : e->format->template_set);
		memcpy(m->bytes + at + SET_HEADER, v[i]->record, v[i]->record_n);
		m->n += (uint32_t)SET_HEADER + v[i]->record_n;
		while ((m->n - at) % e->format->align)
			m->bytes[m->n++] = 0;
		store_be16(m->bytes + at + 2, (uint16_t)(m->n - at));
	}
	e->format->end(m, (uint32_t)i);
	*ret_n = i;
	return m;
}

struct message *encoder_withdrawal(const struct encoder *e, uint16_t id, int64_t export_ms)
{
	enum { SET = 8 };
	struct message *m = begin(e, message_header(e->opts.protocol) + SET, export_ms);
	if (!m)
		return NULL;
	store_be16(m->bytes + m->n, e->format->template_set);
	store_be16(m->bytes + m->n + 2, SET);
	store_be16(m->bytes + m->n + 4, id);
	store_be16(m->bytes + m->n + 6, 0); /* no fields: withdrawn (RFC 7011 8.1) */
	m->n += SET;
	e->format->end(m, 0);
	return m;
}

/* --- records */

static void drop(struct encoder *e, enum stat_id reason, uint64_t n)
{
	stat_add(e->opts.stats, reason, n);
}

/* A record longer than a message should be, in one of its own. */
static void put_long(struct encoder *e, const struct batch *b, struct layout *l, uint16_t row,
		     int64_t export_ms)
{
	size_t head = message_header(e->opts.protocol) + SET_HEADER + 2 * PAD_MAX;
	size_t most = e->opts.record_max - head, max = SIZE_MAX;
	if (put_length(l, b, row, max) > most) {
		max = put_value_max(l, b, row, most);
		stat_add(e->opts.stats, ST_export_cut_values, 1);
	}
	size_t len = put_length(l, b, row, max);
	encoder_close(e);
	struct message *m = len <= most ? encoder_open(e, l, len, export_ms) : NULL;
	if (!m) {
		drop(e, ST_export_drop_no_memory, 1);
		return;
	}
	uint8_t *at = m->bytes + m->n;
	put_records(&(struct put_rows){.l = l,
				       .b = b,
				       .rows = &row,
				       .n = 1,
				       .at = &at,
				       .start_ms = e->opts.start_ms,
				       .value_max = max});
	encoder_wrote(e, len, 1, 1);
	encoder_close(e);
}

/* As many of the n rows as fit into the open message. */
static uint32_t put_some(struct encoder *e, const struct batch *b, struct layout *l,
			 const uint16_t *rows, uint32_t n, size_t first, int64_t export_ms)
{
	uint8_t *at[PUT_ROWS];
	struct message *m = encoder_open(e, l, first, export_ms);
	if (!m) {
		drop(e, ST_export_drop_no_memory, n);
		return n;
	}
	size_t room = room_for(e, l), used = 0, len = first;
	uint32_t k = 0;
	do {
		at[k++] = m->bytes + m->n + used;
		used += len;
		if (k == n || k == PUT_ROWS)
			break;
		len = l->n_ops == l->n_fixed ? l->fixed_len : put_length(l, b, rows[k], SIZE_MAX);
	} while (used + len <= room);
	put_records(&(struct put_rows){.l = l,
				       .b = b,
				       .rows = rows,
				       .n = k,
				       .at = at,
				       .start_ms = e->opts.start_ms,
				       .value_max = SIZE_MAX});
	encoder_wrote(e, used, k, k);
	return k;
}

static void put_group(struct encoder *e, const struct batch *b, struct layout *l,
		      const uint16_t *rows, uint32_t n, int64_t export_ms)
{
	size_t head = message_header(e->opts.protocol) + SET_HEADER + 2 * PAD_MAX;
	size_t most = e->opts.message_max - head;
	if (l->n_ops == 0) {
		drop(e, ST_export_drop_unsendable, n);
		return;
	}
	for (uint32_t i = 0; i < n;) {
		size_t first = put_length(l, b, rows[i], SIZE_MAX);
		if (first > most)
			put_long(e, b, l, rows[i++], export_ms);
		else
			i += put_some(e, b, l, rows + i, n - i, first, export_ms);
	}
}

/* --- rows by layout */

static void put_gathered(struct encoder *e, const struct batch *b, int64_t export_ms)
{
	uint16_t rows[BATCH_ROWS];
	for (struct layout *l = e->first; l; l = l->next_in_batch) {
		uint32_t n = 0;
		for (uint16_t r = l->first_row; r != NO_ROW; r = e->next_row[r])
			rows[n++] = r;
		l->first_row = l->last_row = NO_ROW;
		put_group(e, b, l, rows, n, export_ms);
	}
	e->first = e->last = e->newest = NULL;
}

static void append_row(struct encoder *e, struct layout *l, uint16_t row)
{
	e->next_row[row] = NO_ROW;
	if (l->first_row != NO_ROW) {
		e->next_row[l->last_row] = row;
	} else {
		l->first_row = row;
		l->next_in_batch = NULL;
		*(e->last ? &e->last->next_in_batch : &e->first) = l;
		e->last = l;
	}
	l->last_row = row;
}

static bool flow_is_six(const struct batch *b, uint32_t row)
{
	static const enum field ends[] = {F_src_ip, F_dst_ip};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (batch_has(b, ends[i]) && batch_present(b, ends[i], row))
			return !ip_is_v4(&batch_ip(b, ends[i])[row]);
	return batch_has(b, F_ip_version) && batch_u8(b, F_ip_version)[row] == 6;
}

static uint8_t label_count(const struct batch *b, enum field f, uint32_t row)
{
	if (!batch_has(b, f))
		return 0;
	return (uint8_t)MIN_OF(batch_span(b, f)[row].len, (uint32_t)MPLS_LABELS_MAX);
}

static void key_of(const struct encoder *e, const struct batch *b, uint32_t row, enum half half,
		   struct layout_key *k)
{
	k->half = (uint8_t)half;
	for (unsigned w = 0; w < PRESENT_WORDS; w++)
		k->present[w] = b->present[w] ? b->present[w][row] & e->masks[half][w] : 0;
	k->six = 0;
	for (unsigned i = 0; i < e->n_ips; i++) {
		enum field f = e->ips[i].field;
		if (batch_has(b, f) && batch_present(b, f, row) && !ip_is_v4(&batch_ip(b, f)[row]))
			k->six |= (uint64_t)1 << e->ips[i].bit;
	}
	k->labels[0] = label_count(b, F_mpls_labels, row);
	k->labels[1] = label_count(b, F_rev_mpls_labels, row);
	k->flow_six = flow_is_six(b, row);
}

static void gather(struct encoder *e, const struct batch *b, uint16_t row, enum half half,
		   int64_t export_ms)
{
	struct layout_key k = {0};
	bool full = false;
	key_of(e, b, row, half, &k);
	struct layout *l = e->newest;
	if (!l || memcmp(&l->key, &k, sizeof(k)) != 0)
		l = layouts_find(&e->layouts, &k, &full);
	if (!l && full) {
		put_gathered(e, b, export_ms);
		l = layouts_find(&e->layouts, &k, &full);
	}
	e->newest = l;
	if (l)
		append_row(e, l, row);
	else
		drop(e, ST_export_drop_no_memory, 1);
}

/* An answer was seen. */
static bool answered(const struct batch *b, uint32_t row)
{
	return batch_has(b, F_rev_packets) && batch_u64(b, F_rev_packets)[row] > 0;
}

void encoder_rows(struct encoder *e, const struct batch *b, const uint16_t *rows, uint32_t n,
		  int64_t export_ms)
{
	if (!e->format) {
		nf5_rows(e, b, rows, n, export_ms);
		return;
	}
	enum half first = e->opts.split ? HALF_FORWARD : HALF_BOTH;
	for (uint32_t i = 0; i < n; i++)
		gather(e, b, rows ? rows[i] : (uint16_t)i, first, export_ms);
	put_gathered(e, b, export_ms);
	for (uint32_t i = 0; e->opts.split && i < n; i++) {
		uint16_t row = rows ? rows[i] : (uint16_t)i;
		if (answered(b, row))
			gather(e, b, row, HALF_REVERSE, export_ms);
	}
	put_gathered(e, b, export_ms);
	encoder_close(e);
}
