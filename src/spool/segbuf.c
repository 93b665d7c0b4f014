/* SPDX-License-Identifier: Apache-2.0 */
#include "spool/segbuf.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT_MAX = 5 }; /* of a 32-bit length */

struct segbuf *segbuf_new(void)
{
	return calloc(1, sizeof(struct segbuf));
}

void segbuf_free(struct segbuf *s)
{
	if (!s)
		return;
	for (unsigned c = 0; c < NATIVE_MAX; c++)
		colbuf_fini(&s->col[c]);
	for (unsigned f = 0; f < FIELD_MAX; f++) {
		colbuf_fini(&s->elements[f]);
		textcol_free(s->text[f]);
	}
	free(s);
}

void segbuf_begin(struct segbuf *s, enum shape shape, int32_t day)
{
	s->shape = shape;
	s->day = day;
	s->rows = 0;
	s->bytes = 0;
	memset(s->used, 0, sizeof(s->used));
	for (unsigned c = 0; c < NATIVE_MAX; c++)
		if (s->col[c].p)
			colbuf_reset(&s->col[c]);
	for (unsigned f = 0; f < FIELD_MAX; f++)
		if (s->elements[f].p)
			colbuf_reset(&s->elements[f]);
}

static enum ctype column_ctype(unsigned c)
{
	return c < FIELD_MAX ? field_table[c].ctype : CT_U64;
}

static bool is_plain(const struct segbuf *s, unsigned c)
{
	return s->text[c] && s->text[c]->plain;
}

/* Bytes of one row's default value in the column's buffer. */
static size_t zero_size(const struct segbuf *s, unsigned c)
{
	enum ctype t = column_ctype(c);
	if (t == CT_STR)
		return is_plain(s, c) ? 1 : sizeof(uint16_t);
	return t == CT_U32LIST ? sizeof(uint64_t) : ctype_size(t);
}

static bool word_has_bits(const uint64_t *w, uint32_t n)
{
	uint64_t any = 0;
	for (uint32_t i = 0; i < n; i++)
		any |= w[i];
	return any != 0;
}

/* The columns the rows bring: those in use in the batch, and the presence words that are not all
 * zero. */
static void columns_of(const struct batch *b, uint32_t from, uint32_t n, uint64_t has[SEGBUF_WORDS])
{
	memset(has, 0, SEGBUF_WORDS * sizeof(has[0]));
	memcpy(has, b->has_, sizeof(b->has_));
	for (unsigned f = 0; f < FIELD_MAX; f++)
		if (field_is_computed((enum field)f))
			has[f / 64] &= ~((uint64_t)1 << (f % 64));
	for (unsigned w = 0; w < PRESENT_WORDS; w++) {
		unsigned c = NATIVE_PRESENT + w;
		if (b->present[w] && word_has_bits(b->present[w] + from, n))
			has[c / 64] |= (uint64_t)1 << (c % 64);
	}
}

static size_t sum_of_lengths(const struct batch *b, enum field f, uint32_t from, uint32_t n)
{
	const struct span *s = batch_span(b, f) + from;
	size_t sum = 0;
	for (uint32_t i = 0; i < n; i++)
		sum += s[i].len;
	return sum;
}

/* The same for a column of texts, and their numbers behind its end, where put_rows finds them. */
static bool make_room_for_texts(struct segbuf *s, const struct batch *b, unsigned c, uint32_t from,
				uint32_t n, bool in_batch)
{
	struct colbuf *col = &s->col[c];
	bool is_new = !segbuf_uses(s, c);
	size_t rows = is_new ? (size_t)s->rows + n : n, need = rows;
	if (!s->text[c] && !(s->text[c] = textcol_new()))
		return false;
	if (is_new)
		textcol_begin(s->text[c]);
	if (!is_plain(s, c)) {
		if (!colbuf_room(col, rows * sizeof(uint16_t)))
			return false;
		const struct colbuf end = {
		    .p = col->p, .n = is_new ? (size_t)s->rows * sizeof(uint16_t) : col->n};
		if (!in_batch ||
		    textcol_number(s->text[c], b, batch_span(b, (enum field)c) + from, n, &end))
			return true;
		if (!textcol_make_plain(s->text[c], col))
			return false;
	}
	if (in_batch)
		need += sum_of_lengths(b, (enum field)c, from, n) + (size_t)n * VARINT_MAX;
	return colbuf_room(col, need);
}

/* Room for n rows of column c, and for the zeros of all rows before if it is new. */
static bool make_room(struct segbuf *s, const struct batch *b, unsigned c, uint32_t from,
		      uint32_t n, bool in_batch)
{
	enum ctype t = column_ctype(c);
	size_t rows = segbuf_uses(s, c) ? n : (size_t)s->rows + n;
	if (!segbuf_uses(s, c))
		s->col[c].n = s->elements[c < FIELD_MAX ? c : 0].n = 0;
	if (t == CT_STR)
		return make_room_for_texts(s, b, c, from, n, in_batch);
	if (t == CT_U32LIST && in_batch &&
	    !colbuf_room(&s->elements[c],
			 sum_of_lengths(b, (enum field)c, from, n) * sizeof(uint32_t)))
		return false;
	return colbuf_room(&s->col[c], rows * zero_size(s, c));
}

static void put_strings(struct colbuf *c, const struct batch *b, enum field f, uint32_t from,
			uint32_t n)
{
	const struct span *s = batch_span(b, f) + from;
	uint8_t *p = c->p + c->n;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = s[i].len;
		for (; len >= 0x80; len >>= 7)
			*p++ = (uint8_t)(len | 0x80);
		*p++ = (uint8_t)len;
		if (s[i].len)
			memcpy(p, batch_bytes(b, s[i]), s[i].len);
		p += s[i].len;
	}
	c->n = (size_t)(p - c->p);
}

/* Offsets are cumulative over the block. */
static void put_list_offset(struct colbuf *c, uint64_t end)
{
	memcpy(c->p + c->n, &end, sizeof(end));
	c->n += sizeof(end);
}

static void put_lists(struct segbuf *s, const struct batch *b, enum field f, uint32_t from,
		      uint32_t n)
{
	const struct span *spans = batch_span(b, f) + from;
	struct colbuf *e = &s->elements[f];
	for (uint32_t i = 0; i < n; i++) {
		size_t len = spans[i].len * sizeof(uint32_t);
		if (len)
			memcpy(e->p + e->n, batch_bytes(b, spans[i]), len);
		e->n += len;
		put_list_offset(&s->col[f], e->n / sizeof(uint32_t));
	}
}

static void put_zeros(struct segbuf *s, unsigned c, uint32_t n)
{
	enum ctype t = column_ctype(c);
	struct colbuf *col = &s->col[c];
	if (t == CT_U32LIST) {
		for (uint32_t i = 0; i < n; i++)
			put_list_offset(col, s->elements[c].n / sizeof(uint32_t));
		return;
	}
	memset(col->p + col->n, 0, n * zero_size(s, c));
	col->n += n * zero_size(s, c);
}

static void put_fixed(struct colbuf *c, const void *rows, size_t size, uint32_t from, uint32_t n)
{
	memcpy(c->p + c->n, (const uint8_t *)rows + from * size, n * size);
	c->n += n * size;
}

static void put_rows(struct segbuf *s, const struct batch *b, unsigned c, uint32_t from, uint32_t n)
{
	if (c >= NATIVE_PRESENT) {
		put_fixed(&s->col[c], b->present[c - NATIVE_PRESENT], sizeof(uint64_t), from, n);
		return;
	}
	enum field f = (enum field)c;
	switch (field_table[f].ctype) {
	case CT_STR:
		if (is_plain(s, c))
			put_strings(&s->col[c], b, f, from, n);
		else
			s->col[c].n += n * sizeof(uint16_t);
		break;
	case CT_U32LIST:
		put_lists(s, b, f, from, n);
		break;
	case CT_U8:
	case CT_U16:
	case CT_U32:
	case CT_U64:
	case CT_MS:
	case CT_IP:
	case CT_MAC:
	case CT_MAX:
		put_fixed(&s->col[c], b->col[f], ctype_size(field_table[f].ctype), from, n);
		break;
	}
}

bool segbuf_append(struct segbuf *s, const struct batch *b, uint32_t from, uint32_t n)
{
	uint64_t has[SEGBUF_WORDS];
	columns_of(b, from, n, has);
	for (unsigned i = 0; i < SEGBUF_WORDS; i++)
		for (uint64_t bits = has[i] | s->used[i]; bits; bits &= bits - 1) {
			unsigned c = i * 64 + (unsigned)__builtin_ctzll(bits);
			if (!make_room(s, b, c, from, n, has[i] >> (c % 64) & 1))
				return false;
		}
	for (unsigned i = 0; i < SEGBUF_WORDS; i++)
		for (uint64_t bits = has[i] | s->used[i]; bits; bits &= bits - 1) {
			unsigned c = i * 64 + (unsigned)__builtin_ctzll(bits);
			size_t before = 0;
			if (segbuf_uses(s, c))
				before = s->col[c].n;
			else
				put_zeros(s, c, s->rows);
			size_t elements = c < FIELD_MAX ? s->elements[c].n : 0;
			if (has[i] >> (c % 64) & 1)
				put_rows(s, b, c, from, n);
			else
				put_zeros(s, c, n);
			s->bytes += s->col[c].n - before;
			if (c < FIELD_MAX)
				s->bytes += s->elements[c].n - elements;
		}
	for (unsigned i = 0; i < SEGBUF_WORDS; i++)
		s->used[i] |= has[i];
	s->rows += n;
	return true;
}
