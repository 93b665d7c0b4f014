/* SPDX-License-Identifier: Apache-2.0 */
#include "spool/textcol.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT_MAX = 5 };

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

bool textcol_number(struct textcol *t, const struct batch *b, const struct span *s, uint32_t n,
		    const struct colbuf *out)
{
	uint8_t *to = out->p + out->n;
	memset(t->near, 0, sizeof(t->near));
	for (uint32_t i = 0; i < n; i++, to += sizeof(uint16_t)) {
		uint16_t key = 0;
		if (s[i].len) {
			uint64_t span = (uint64_t)s[i].off << 32 | s[i].len;
			uint32_t at = (s[i].off * 0x9e3779b1u) >> 24;
			if (t->near[at].span != span) {
				int k = key_of(t, batch_bytes(b, s[i]), s[i].len);
				if (k < 0)
					return false;
				t->near[at].span = span;
				t->near[at].key = (uint16_t)k;
			}
			key = t->near[at].key;
		}
		memcpy(to, &key, sizeof(key));
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
