/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/extra.h"

#include "decode/iana.h"
#include "decode/state.h"

#include <string.h>

enum list_kind { LIST_NONE, LIST_BASIC, LIST_RECORDS, LIST_MULTI };

/* IANA's elements whose values are lists. */
static const struct {
	uint16_t id;
	enum list_kind kind;
} lists[] = {
    {291, LIST_BASIC},   {292, LIST_RECORDS}, {293, LIST_MULTI}, {443, LIST_RECORDS},
    {444, LIST_RECORDS}, {484, LIST_BASIC},   {485, LIST_BASIC}, {487, LIST_BASIC},
    {488, LIST_BASIC},   {490, LIST_BASIC},   {491, LIST_BASIC}, {496, LIST_BASIC},
    {511, LIST_BASIC},   {512, LIST_BASIC},
};

static enum list_kind list_kind(const struct element *e)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (e->pen == 0 && e->id == lists[i].id)
			return lists[i].kind;
	return LIST_NONE;
}

bool extra_is_list(const struct element *e)
{
	return list_kind(e) != LIST_NONE;
}

/* One record being written down. */
struct walk {
	struct decoder *d;
	const struct message *m;
	const struct rows *one; /* k = 1 */
	struct buf *out;
	uint32_t left; /* of EXTRA_WALK_MAX */
};

static bool full(const struct walk *w)
{
	return w->out->n > EXTRA_MAX - EXTRA_ESCAPED * EXTRA_VALUE_MAX;
}

/* --- values as text */

static bool is_text(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((p[i] < 0x20 && p[i] != '\t' && p[i] != '\n' && p[i] != '\r') || p[i] == 0x7f)
			return false;
	return n > 0;
}

static bool put_known(struct buf *out, enum iana_type type, const uint8_t *p, size_t n)
{
	char text[IP_TEXT_MAX];
	struct ip ip = {0};
	if (type == IANA_MAC && n == 6) {
		buf_json_str(out, text, mac_format(load_be(p, n), text));
		return true;
	}
	if (type == IANA_IP4 && n == 4)
		ip = ip_from_v4(p);
	else if (type == IANA_IP6 && n == sizeof(ip.b))
		memcpy(ip.b, p, sizeof(ip.b));
	else
		return false;
	buf_json_str(out, text, ip_format(&ip, text));
	return true;
}

static void put_value(struct buf *out, const struct element *e, const uint8_t *p, size_t n)
{
	enum iana_type type = e->pen ? IANA_NUMBER : iana_element(e->id)->type;
	if (put_known(out, type, p, n))
		return;
	bool number = e->len != LEN_VARIABLE && n <= 8 && type != IANA_TEXT;
	if (number) {
		buf_dec(out, load_be(p, n));
		return;
	}
	size_t len = n;
	while (len && p[len - 1] == 0)
		len--;
	if (is_text(p, len) || len == 0) {
		buf_json_str(out, p, MIN_OF(len, (size_t)EXTRA_VALUE_MAX));
		return;
	}
	if (n <= 8) {
		buf_dec(out, load_be(p, n));
		return;
	}
	static const char digits[] = "0123456789abcdef";
	buf_str(out, "\"0x");
	for (size_t i = 0; i < MIN_OF(n, (size_t)EXTRA_VALUE_MAX); i++) {
		buf_u8(out, (uint8_t)digits[p[i] >> 4]);
		buf_u8(out, (uint8_t)digits[p[i] & 15]);
	}
	buf_u8(out, '"');
}

/* A comma unless it is the first thing in its object or list. */
static void put_comma(struct buf *out)
{
	uint8_t last = out->n ? out->p[out->n - 1] : '{';
	if (last != '{' && last != '[')
		buf_u8(out, ',');
}

static void put_key(struct buf *out, const struct element *e)
{
	put_comma(out);
	buf_u8(out, '"');
	if (e->pen) {
		buf_dec(out, e->pen);
		buf_u8(out, '/');
	}
	buf_dec(out, e->id);
	buf_str(out, "\":");
}

/* --- values to fields */

/* A value inside a list, where the record itself has none for the field. Flags are or-ed. */
static void to_fields(struct walk *w, const struct element *e, const uint8_t *p, size_t n)
{
	const struct source_index *x = &w->d->sources;
	const struct batch *b = w->one->b;
	const struct element whole = {.pen = e->pen, .id = e->id, .len = (uint16_t)n};
	for (size_t i = source_index_find(x, DIALECT_IPFIX, e->pen, e->id);
	     i < x->n && source_index_is(x, i, DIALECT_IPFIX, e->pen, e->id); i++) {
		enum field f = (enum field)x->v[i].field;
		bool flags = field_table[f].agg == AGG_OR && field_table[f].ctype == CT_U16;
		bool there = batch_present(b, f, w->one->row);
		if (there && !flags)
			continue;
		uint16_t before = there ? batch_u16(b, f)[w->one->row] : 0;
		if (convert_value(w->one, (enum conv)x->v[i].conv, f, p, whole.len) && before)
			batch_u16(b, f)[w->one->row] |= before;
	}
}

/* --- what a template has of its own */

void extra_plan(struct unknown *ret, uint16_t source, const struct element *e)
{
	enum iana_type type = e->pen ? IANA_NUMBER : iana_element(e->id)->type;
	struct buf key = {0};
	*ret = (struct unknown){.source = source};
	ret->number = e->len <= 8 && (type == IANA_NUMBER || type == IANA_BYTES);
	put_key(&key, e);
	ret->key_n = (uint8_t)MIN_OF(key.n, sizeof(ret->key));
	if (ret->key_n)
		memcpy(ret->key, key.p, ret->key_n);
	buf_fini(&key);
}

static uint8_t *put_digits(uint8_t *p, uint64_t v)
{
	enum { DIGITS = 20 };
	uint8_t text[DIGITS];
	unsigned n = 0;
	do
		text[DIGITS - ++n] = (uint8_t)('0' + v % 10);
	while (v /= 10);
	memcpy(p, text + DIGITS - n, n);
	return p + n;
}

/* The quick one: nothing to escape, nothing to look up. */
static void put_number(struct buf *out, const struct unknown *u, const uint8_t *v, size_t n)
{
	enum { NUMBER_MAX = 1 + sizeof(u->key) + 20 };
	if (!buf_reserve(out, NUMBER_MAX))
		return;
	uint8_t *p = out->p + out->n;
	if (out->n > 1)
		*p++ = ',';
	memcpy(p, u->key, sizeof(u->key));
	p = put_digits(p + u->key_n, n == 4 ? load_be32(v) : load_be(v, n));
	out->n = (size_t)(p - out->p);
}

/* --- lists */

static void put_list(struct walk *w, enum list_kind kind, const uint8_t *p, size_t n,
		     unsigned depth);

/* An element inside a list. */
static void put_inner(struct walk *w, const struct element *e, const uint8_t *p, size_t n,
		      unsigned depth, bool first)
{
	enum list_kind kind = list_kind(e);
	if (kind != LIST_NONE && depth < EXTRA_DEPTH_MAX) {
		bool in_list = w->out->n && w->out->p[w->out->n - 1] != ':';
		bool object = kind == LIST_BASIC && in_list;
		buf_str(w->out, object ? "{" : "");
		put_list(w, kind, p, n, depth + 1);
		buf_str(w->out, object ? "}" : "");
		return;
	}
	if (first)
		to_fields(w, e, p, n);
	put_value(w->out, e, p, n);
}

/* The next value of a basicList; false at its end. */
static bool next_value(struct rd *r, const struct element *e, const uint8_t **ret_p, size_t *ret_n)
{
	size_t n = e->len;
	if (rd_left(r) == 0)
		return false;
	if (e->len == LEN_VARIABLE) {
		n = rd_u8(r);
		if (n == 255)
			n = rd_be16(r);
	}
	*ret_p = rd_take(r, n);
	*ret_n = n;
	return *ret_p && (n || e->len == LEN_VARIABLE);
}

static bool is_list(enum conv c)
{
	return c == CONV_LIST || c == CONV_LIST8 || c == CONV_LIST16 || c == CONV_LIST32 ||
	       c == CONV_LIST_MS || c == CONV_LIST_DIR;
}

/* What times of a list count from: the record's first packet, else the first of them. */
static uint64_t base_of(const struct walk *w, uint64_t first)
{
	const struct batch *b = w->one->b;
	uint32_t row = w->one->row;
	return batch_present(b, F_t_first, row) ? (uint64_t)batch_ms(b, F_t_first)[row] : first;
}

/* A list whose element is the source of a field of numbers: all of it goes there. False: no field
 * wants it, or the record has a value for it. */
static bool list_to_field(struct walk *w, const struct element *e, struct rd *r)
{
	const struct source_index *x = &w->d->sources;
	size_t i = source_index_find(x, DIALECT_IPFIX, e->pen, e->id);
	if (!source_index_is(x, i, DIALECT_IPFIX, e->pen, e->id) ||
	    !is_list((enum conv)x->v[i].conv) ||
	    batch_present(w->one->b, (enum field)x->v[i].field, w->one->row))
		return false;
	enum field f = (enum field)x->v[i].field;
	enum conv conv = (enum conv)x->v[i].conv;
	const uint8_t *p;
	size_t n;
	uint64_t base = 0;
	batch_use(w->one->b, f);
	for (bool first = true; w->left > 0 && next_value(r, e, &p, &n); w->left--) {
		if (n < 1 || n > 8)
			continue;
		uint64_t v = load_be(p, n);
		if (conv == CONV_LIST_DIR)
			v = p[0] >> 7; /* negative */
		if (conv == CONV_LIST_MS && first)
			base = base_of(w, v);
		first = false;
		v = v > base ? v - base : 0;
		if (batch_push_u32(w->one->b, f, w->one->row,
				   (uint32_t)MIN_OF(v, (uint64_t)UINT32_MAX)))
			batch_set_present(w->one->b, f, w->one->row);
	}
	return true;
}

/* RFC 6313 4.5.1: semantic, element, values. */
static void basic_list(struct walk *w, struct rd *r, unsigned depth)
{
	enum { ENTERPRISE_BIT = 0x8000 };
	struct element e = {.id = rd_be16(r), .len = rd_be16(r)};
	if (e.id & ENTERPRISE_BIT) {
		e.id &= (uint16_t)~ENTERPRISE_BIT;
		e.pen = rd_be32(r);
	}
	uint32_t n = 0;
	const uint8_t *p;
	size_t len;
	if (r->bad || (depth == 1 && list_to_field(w, &e, r)))
		return;
	put_key(w->out, &e);
	buf_str(w->out, "{\"v\":[");
	for (; w->left > 0 && next_value(r, &e, &p, &len); n++, w->left--)
		if (n < EXTRA_LIST_MAX && !full(w)) {
			put_comma(w->out);
			put_inner(w, &e, p, len, depth, n == 0);
		}
	buf_str(w->out, "],\"n\":");
	buf_dec(w->out, n);
	buf_u8(w->out, '}');
}

/* The elements of one record; only the first of a list is written down. */
static bool inner_record(struct walk *w, const struct template *t, struct rd *r, unsigned depth,
			 bool first)
{
	for (uint16_t i = 0; i < t->n && w->left > 0; i++, w->left--) {
		const struct element *e = &t->elements[i];
		size_t n = e->len;
		if (e->len == LEN_VARIABLE) {
			n = rd_u8(r);
			if (n == 255)
				n = rd_be16(r);
		}
		const uint8_t *p = rd_take(r, n);
		if (!p)
			return false;
		if (!first || n == 0 || full(w))
			continue;
		if (list_kind(e) == LIST_BASIC && depth < EXTRA_DEPTH_MAX) {
			put_list(w, LIST_BASIC, p, n, depth + 1); /* writes its own key */
			continue;
		}
		put_key(w->out, e);
		put_inner(w, e, p, n, depth, true);
	}
	return w->left > 0;
}

/* Records of one template (RFC 6313 4.5.2). */
static void record_list(struct walk *w, uint16_t id, struct rd *r, unsigned depth)
{
	const struct template *t = exporter_template(w->m->exporter, id);
	uint32_t n = 0;
	buf_str(w->out, "{\"template\":");
	buf_dec(w->out, id);
	if (t && t->min_len) {
		buf_str(w->out, ",\"v\":{");
		while (rd_left(r) >= t->min_len && inner_record(w, t, r, depth, n == 0))
			n++;
		buf_str(w->out, "},\"n\":");
		buf_dec(w->out, n);
	} else {
		buf_str(w->out, ",\"bytes\":");
		buf_dec(w->out, rd_left(r));
	}
	buf_u8(w->out, '}');
}

/* RFC 6313 4.5.3: several of those, each with its length. */
static void multi_list(struct walk *w, struct rd *r, unsigned depth)
{
	enum { HEADER = 4 };
	buf_u8(w->out, '[');
	while (rd_left(r) >= HEADER && w->left > 0 && !full(w)) {
		uint16_t id = rd_be16(r), len = rd_be16(r);
		if (len < HEADER || (size_t)len - HEADER > rd_left(r))
			break;
		struct rd records = rd_sub(r, (size_t)len - HEADER);
		put_comma(w->out);
		record_list(w, id, &records, depth);
		w->left--;
	}
	buf_u8(w->out, ']');
}

static void put_list(struct walk *w, enum list_kind kind, const uint8_t *p, size_t n,
		     unsigned depth)
{
	struct rd r = rd_of(p, n);
	rd_skip(&r, 1); /* semantic */
	switch (kind) {
	case LIST_BASIC:
		basic_list(w, &r, depth);
		return;
	case LIST_RECORDS:
		record_list(w, rd_be16(&r), &r, depth);
		return;
	case LIST_MULTI:
		multi_list(w, &r, depth);
		return;
	case LIST_NONE:
		return;
	}
}

/* --- a record */

static void one_row(struct walk *w)
{
	const struct template *t = w->one->t;
	for (uint16_t k = 0; k < t->n_unknown && !full(w); k++) {
		uint16_t i = t->unknown[k].source;
		const struct element *e = &t->elements[i];
		const uint8_t *p = w->one->rec + w->one->offs[i];
		size_t n = w->one->lens[i];
		if (n == 0)
			continue;
		if (t->unknown[k].number) {
			put_number(w->out, &t->unknown[k], p, n);
			continue;
		}
		enum list_kind kind = list_kind(e);
		if (kind != LIST_BASIC) /* which writes the key of its element */
			put_key(w->out, e);
		if (kind != LIST_NONE)
			put_list(w, kind, p, n, 1);
		else
			put_value(w->out, e, p, n);
	}
}

void extra_rows(struct decoder *d, const struct message *m, const struct rows *r)
{
	struct rows one = *r;
	struct walk w = {.d = d, .m = m, .one = &one, .out = &d->extra};
	one.k = 1;
	batch_use(r->b, F_extra);
	for (uint32_t i = 0; i < r->k; i++, one.row++, one.rec += r->stride) {
		buf_reset(w.out);
		w.left = EXTRA_WALK_MAX;
		buf_u8(w.out, '{');
		one_row(&w);
		if (w.out->n == 1 || d->opts.drop_unknown)
			continue;
		buf_u8(w.out, '}');
		if (!w.out->bad && batch_put_str(r->b, F_extra, one.row, w.out->p, w.out->n))
			batch_set_present(r->b, F_extra, one.row);
	}
}
