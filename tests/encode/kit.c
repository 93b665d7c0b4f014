/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/kit.h"

#include "decode/decode.h"
#include "model/milli.h"
#include "model/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int64_t kit_time_ms = 1767268800000; /* 2026-01-01T12:00:00Z */

enum { TEXT_MAX = 300, LIST_MAX = 12, LABELS_MAX = 10, FLOW_IP6 = 6 };

uint64_t kit_draw(struct kit_random *r)
{
	if (r->p) {
		uint64_t v = 0;
		size_t k = MIN_OF(r->n, sizeof(v));
		memcpy(&v, r->p, k);
		r->p += k;
		r->n -= k;
		return v;
	}
	r->seed ^= r->seed << 13;
	r->seed ^= r->seed >> 7;
	r->seed ^= r->seed << 17;
	return r->seed * 0x2545f4914f6cdd1du;
}

/* --- values */

static const struct field_source *exported(enum field f)
{
	const struct field_info *i = &field_table[f];
	return i->exported < 0 ? NULL : &i->sources[i->exported];
}

/* The limits of the type as often as anything else. */
static uint64_t draw_number(struct kit_random *r, uint64_t most)
{
	switch (kit_below(r, 4)) {
	case 0:
		return most;
	case 1:
		return kit_below(r, 3);
	}
	return most == UINT64_MAX ? kit_draw(r) : kit_draw(r) % (most + 1);
}

static struct ip draw_ip(struct kit_random *r)
{
	struct ip a;
	for (size_t i = 0; i < sizeof(a.b); i++)
		a.b[i] = (uint8_t)kit_draw(r);
	a.b[15] |= 1;
	if (kit_below(r, 2))
		a = ip_from_v4(a.b + 12);
	else
		a.b[0] = 0x20;
	return a;
}

static size_t draw_text(struct kit_random *r, enum conv c, char *out)
{
	static const char digits[] = "0123456789abcdef";
	static const char *const algorithms[] = {"rsaEncryption", "id-ecPublicKey", "X448", "4711"};
	size_t n = 1 + kit_below(r, kit_below(r, 8) ? 24 : TEXT_MAX);
	if (c == CONV_NID)
		return (size_t)snprintf(out, TEXT_MAX, "%s", algorithms[kit_below(r, 4)]);
	if (c == CONV_HEX)
		n = 2 * (1 + kit_below(r, 64));
	for (size_t i = 0; i < n; i++)
		out[i] = c == CONV_HEX ? digits[kit_below(r, 16)] : (char)kit_draw(r);
	out[n - 1] = c == CONV_HEX ? '1' : 'z';
	return n;
}

static void draw_list(struct kit_random *r, struct batch *b, enum field f, uint32_t row,
		      enum conv c)
{
	enum { BOTTOM = 1, LABEL = 0xfffffe };
	bool labels = c == CONV_MPLS;
	size_t n = 1 + kit_below(r, labels ? LABELS_MAX : LIST_MAX);
	uint64_t most = kit_below(r, 2) ? UINT32_MAX : kit_below(r, 2) ? UINT16_MAX : UINT8_MAX;
	most = c == CONV_LIST_DIR ? 1
	       : c == CONV_LIST8  ? UINT8_MAX
	       : c == CONV_LIST16 ? UINT16_MAX
	       : c == CONV_LE16   ? UINT16_MAX - 1 /* all ones fill up */
	       : c == CONV_OCTETS ? UINT8_MAX - 1
				  : most;
	for (size_t i = 0; i < n; i++) {
		uint32_t v = (uint32_t)draw_number(r, most);
		v = MIN_OF(v, (uint32_t)most);
		if (labels)
			v = (v & LABEL) | 16 | (i + 1 == n ? BOTTOM : 0);
		batch_push_u32(b, f, row, v);
	}
	batch_set_present(b, f, row);
}

static void draw_value(struct kit_random *r, struct batch *b, enum field f, uint32_t row)
{
	const uint64_t second = 1000, mac = 0xffffffffffff;
	static const uint64_t most[CT_MAX] = {[CT_U8] = UINT8_MAX,
					      [CT_U16] = UINT16_MAX,
					      [CT_U32] = UINT32_MAX,
					      [CT_U64] = UINT64_MAX};
	enum ctype t = field_table[f].ctype;
	enum conv c = exported(f)->conv;
	char text[TEXT_MAX + 1];
	batch_use(b, f);
	if (t == CT_IP) {
		struct ip a = draw_ip(r);
		batch_set_ip(b, f, row, &a);
	} else if (t == CT_STR) {
		if (batch_put_str(b, f, row, text, draw_text(r, c, text)))
			batch_set_present(b, f, row);
	} else if (t == CT_U32LIST) {
		draw_list(r, b, f, row, c);
	} else if (t == CT_MAC) {
		batch_set_num(b, f, row, draw_number(r, mac));
	} else if (t == CT_MS) {
		uint64_t v = (uint64_t)kit_time_ms - kit_below(r, 1000000);
		batch_set_num(b, f, row, c == CONV_SEC ? v / second * second : v);
	} else if (c == CONV_MILLI) {
		/* what a float32 can tell */
		uint64_t v = draw_number(r, t == CT_U32 ? UINT32_MAX / 2 : UINT64_MAX >> 11);
		(void)milli_from32(milli_to32(v), &v);
		batch_set_num(b, f, row, v);
	} else {
		batch_set_num(b, f, row, draw_number(r, most[t]));
	}
}

/* --- what can be told at all */

static bool brings(const struct field_source *s, enum field g)
{
	const struct field_info *i = &field_table[g];
	for (unsigned k = 0; k < i->n_sources; k++)
		if (i->sources[k].scope != SCOPE_NF9 && i->sources[k].pen == s->pen &&
		    i->sources[k].id == s->id)
			return true;
	return false;
}

/* Pairs of fields: an element of f is one that a collector takes for g as well, where g has none of
 * its own. */
struct pairs {
	struct {
		enum field f, g;
	} v[FIELD_MAX];
	size_t n;
};

static void find_pairs(struct pairs *p)
{
	p->n = 0;
	for (int f = 0; f < FIELD_MAX; f++) {
		const struct field_info *i = &field_table[f];
		for (int g = 0; i->exported >= 0 && g < FIELD_MAX; g++)
			if (g != f && (brings(&i->sources[i->exported], (enum field)g) ||
				       brings(&i->sources[i->exported6], (enum field)g))) {
				if (p->n == FIELD_MAX)
					abort();
				p->v[p->n].f = (enum field)f;
				p->v[p->n++].g = (enum field)g;
			}
	}
}

static bool there(const struct batch *b, enum field f, uint32_t row)
{
	return batch_has(b, f) && batch_present(b, f, row);
}

static void forget(struct batch *b, enum field f, uint32_t row)
{
	unsigned bit = field_table[f].present_bit;
	size_t size = ctype_size(field_table[f].ctype);
	b->present[bit / 64][row] &= ~((uint64_t)1 << (bit % 64));
	memset((uint8_t *)b->col[f] + row * size, 0, size);
}

static void make_tellable(struct batch *b, uint32_t row, const struct pairs *p)
{
	uint64_t proto = batch_get_num(b, F_proto, row);
	static const enum field icmp[] = {F_icmp_type, F_icmp_code};
	for (size_t i = 0; i < ARRAY_LEN(icmp) && proto != 1 && proto != 58; i++)
		if (there(b, icmp[i], row))
			forget(b, icmp[i], row);
	if (there(b, F_sampling_rate, row) && batch_get_num(b, F_sampling_rate, row) == 0)
		forget(b, F_sampling_rate, row);
	for (size_t i = 0; i < p->n; i++)
		if (there(b, p->v[i].f, row) && !there(b, p->v[i].g, row))
			forget(b, p->v[i].f, row);
}

static void draw_row(struct kit_random *r, struct batch *b, uint32_t row, unsigned share,
		     const struct pairs *p)
{
	/* What a decoder fills in from elsewhere if it is not told. */
	static const enum field always[] = {F_t_first, F_t_last, F_ip_version, F_proto,
					    F_observation_domain};
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		draw_value(r, b, always[i], row);
	if (kit_below(r, 4) == 0)
		batch_set_num(b, F_proto, row, kit_below(r, 2) ? 1 : 58);
	for (int f = 0; f < FIELD_MAX; f++)
		if (exported((enum field)f) && kit_below(r, 256) < share &&
		    !there(b, (enum field)f, row))
			draw_value(r, b, (enum field)f, row);
	make_tellable(b, row, p);
}

struct batch *kit_batch(struct kit_random *r, uint32_t n, unsigned share)
{
	static struct pairs p; /* the same for all: looked for once, it takes long */
	struct batch *b = batch_new(SHAPE_WIDE);
	if (!b)
		abort();
	if (!p.n)
		find_pairs(&p);
	for (uint32_t i = 0; i < n; i++) {
		batch_open_rows(b, 1);
		draw_row(r, b, i, share, &p);
		b->n++;
	}
	return b;
}

/* --- rows as text */

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *line_of(const struct batch *b, uint32_t row)
{
	struct buf line = {0};
	buf_u8(&line, '{');
	for (int f = 0; f < FIELD_MAX; f++)
		if ((exported((enum field)f) || f == F_extra) && b->col[f] &&
		    batch_has(b, (enum field)f) && batch_present(b, (enum field)f, row)) {
			buf_json_key(&line, field_table[f].name);
			record_json_value(&line, b, (enum field)f, row);
		}
	buf_str(&line, "}\n");
	char *copy = strdup(buf_cstr(&line));
	if (!copy)
		abort();
	buf_fini(&line);
	return copy;
}

struct lines {
	char **v;
	size_t n, cap;
};

static void add_lines(struct lines *l, const struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (l->n == l->cap) {
			l->cap = l->cap ? 2 * l->cap : 64;
			l->v = realloc(l->v, l->cap * sizeof(*l->v));
			if (!l->v)
				abort();
		}
		l->v[l->n++] = line_of(b, i);
	}
}

static void sorted_text(struct lines *l, struct buf *out)
{
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), compare_lines);
	for (size_t i = 0; i < l->n; i++) {
		buf_str(out, l->v[i]);
		free(l->v[i]);
	}
	free(l->v);
}

void kit_text(const struct batch *b, struct buf *out)
{
	struct lines l = {0};
	add_lines(&l, b);
	sorted_text(&l, out);
}

/* --- there and back */

struct way {
	struct encoder *encoder;
	struct decoder *decoder;
	struct stats encoded, decoded;
	struct lines lines;
	struct kit_result *result;
	uint32_t sequence;
	enum export_protocol protocol;
	uint64_t lost;
};

static void take_rows(void *ctx, struct batch *b)
{
	struct way *w = ctx;
	w->result->rows += b->n;
	add_lines(&w->lines, b);
}

static void feed(struct way *w, struct message *m)
{
	message_sequence(w->protocol, m->bytes, w->sequence);
	w->sequence += message_units(w->protocol, m);
	uint8_t *copy = malloc(m->n); /* of exact size, for sanitizers */
	if (!copy)
		abort();
	memcpy(copy, m->bytes, m->n);
	const struct datagram dg = {
	    .p = copy, .n = m->n, .src_port = 4739, .t_recv = kit_time_ms, .src = {{0x20}}};
	decoder_feed(w->decoder, &dg);
	free(copy);
	w->result->messages++;
	w->result->records += m->flows;
	w->result->longest = MAX_OF(w->result->longest, (uint64_t)m->n);
}

static void withdraw(void *ctx, const struct layout *l)
{
	struct way *w = ctx;
	if (w->protocol != EXPORT_IPFIX)
		return;
	struct message *m = encoder_withdrawal(w->encoder, l->id, kit_time_ms);
	if (!m)
		abort();
	feed(w, m);
	message_put(m);
}

static void take_message(void *ctx, struct message *m)
{
	struct way *w = ctx;
	for (uint16_t i = 0; i < m->n_layouts; i++) {
		size_t n;
		struct layout *l = m->layouts[i];
		if (l->told[0].session++)
			continue;
		struct message *t = encoder_templates(w->encoder, &l, 1, kit_time_ms, &n);
		if (!t || n != 1)
			abort();
		feed(w, t);
		message_put(t);
	}
	feed(w, m);
	message_put(m);
	layouts_bury(encoder_layouts(w->encoder), withdraw, w);
}

static void see_exporter(void *ctx, const struct exporter_info *i)
{
	struct way *w = ctx;
	w->lost += i->lost;
}

void kit_there_and_back(const struct batch *b, const struct encoder_opts *opts,
			struct kit_result *ret)
{
	struct way w = {.result = ret, .protocol = opts->protocol};
	struct encoder_opts eo = *opts;
	*ret = (struct kit_result){0};
	eo.stats = &w.encoded;
	eo.emit = take_message;
	eo.ctx = &w;
	const struct decoder_opts d = {
	    .max_templates = 2048, .stats = &w.decoded, .emit = take_rows, .ctx = &w};
	if (decoder_new(&d, &w.decoder) || encoder_new(&eo, &w.encoder))
		abort();
	encoder_rows(w.encoder, b, NULL, b->n, kit_time_ms);
	decoder_flush(w.decoder);
	decoder_exporters(w.decoder, see_exporter, &w);
	for (int s = MALFORMED_FIRST; s < MALFORMED_FIRST + MALFORMED_N; s++)
		ret->malformed += w.decoded.v[s];
	ret->lost = w.lost;
	ret->cut = w.encoded.v[ST_export_cut_values];
	ret->unsendable = w.encoded.v[ST_export_drop_unsendable];
	encoder_free(w.encoder);
	decoder_free(w.decoder);
	sorted_text(&w.lines, &ret->text);
}
