/* SPDX-License-Identifier: Apache-2.0 */
#include "spool/textcol.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT_MAX = 5, NEAR_SHIFT = 64 - 8 };
static const uint64_t NEAR_SPREAD = 0x9e3779b97f4a7c15;
_Static_assert(TEXTCOL_NEAR == 1 << (64 - NEAR_SHIFT), "near has a slot for each of the top bits");
_Static_assert(sizeof(struct span) == sizeof(uint64_t), "a span is told by its eight bytes");

struct textcol *textcol_new(void)
{
	struct textcol *t = calloc(1, sizeof(*t));
	if (t)
		textcol_begin(t);
	return t;
}

void textcol_free(struct textcol *t)
{
	if (!t)
		return;
	colbuf_fini(&t->bytes);
	free(t);
}

void textcol_begin(struct textcol *t)
{
	t->plain = false;
	t->n = 1;
	t->off[0] = t->len[0] = 0;
	t->bytes.n = 0;
	memset(t->slot, 0, sizeof(t->slot));
}

/* The number of a text that is not empty; -1 if there is no room for it. */
static int key_of(struct textcol *t, const uint8_t *p, uint32_t len)
{
	uint32_t i = (uint32_t)hash64(p, len, 0) % TEXTCOL_SLOTS;
	for (; t->slot[i]; i = (i + 1) % TEXTCOL_SLOTS) {
		uint32_t k = t->slot[i] - 1u;
		if (t->len[k] == len && memcmp(t->bytes.p + t->off[k], p, len) == 0)
			return (int)k;
	}
	if (t->n == TEXTCOL_KEYS_MAX || !colbuf_room(&t->bytes, len))
		return -1;
	memcpy(t->bytes.p + t->bytes.n, p, len);
	t->off[t->n] = (uint32_t)t->bytes.n;
	t->len[t->n] = len;
	t->bytes.n += len;
	t->slot[i] = (uint16_t)++t->n;
	return (int)t->n - 1;
}

/* The number of the text that a span tells, which is not the one that was last seen here. */
static bool learn(struct textcol *t, const struct batch *b, struct span s, uint64_t span,
		  uint32_t at)
{
	int k = s.len ? key_of(t, batch_bytes(b, s), s.len) : 0;
	if (k < 0)
		return false;
	t->near[at].span = span;
	t->near[at].key = (uint16_t)k;
	return true;
}

bool textcol_number(struct textcol *t, const struct batch *b, const struct span *s, uint32_t n,
		    const struct colbuf *out)
{
	uint8_t *to = out->p + out->n;
	memset(t->near, 0, sizeof(t->near)); /* an empty span is number 0 everywhere */
	for (uint32_t i = 0; i < n; i++, to += sizeof(uint16_t)) {
		uint64_t span;
		memcpy(&span, &s[i], sizeof(span));
		uint32_t at = (uint32_t)(span * NEAR_SPREAD >> NEAR_SHIFT);
		if (unlikely(t->near[at].span != span) && !learn(t, b, s[i], span, at))
			return false;
		memcpy(to, &t->near[at].key, sizeof(t->near[at].key));
	}
	return true;
}

static uint16_t number_at(const struct colbuf *col, size_t row)
{
	uint16_t k;
	memcpy(&k, col->p + row * sizeof(k), sizeof(k));
	return k;
}

bool textcol_make_plain(struct textcol *t, struct colbuf *col)
{
	size_t rows = col->n / sizeof(uint16_t), need = 0;
	struct colbuf plain = {0};
	for (size_t i = 0; i < rows; i++)
		need += t->len[number_at(col, i)] + VARINT_MAX;
	if (!colbuf_room(&plain, need))
		return false;
	for (size_t i = 0; i < rows; i++) {
		uint16_t k = number_at(col, i);
		uint32_t len = t->len[k];
		for (; len >= 0x80; len >>= 7)
			plain.p[plain.n++] = (uint8_t)(len | 0x80);
		plain.p[plain.n++] = (uint8_t)len;
		if (t->len[k])
			memcpy(plain.p + plain.n, t->bytes.p + t->off[k], t->len[k]);
		plain.n += t->len[k];
	}
	colbuf_fini(col);
	*col = plain;
	t->plain = true;
	return true;
}
