/* SPDX-License-Identifier: Apache-2.0 */
#include "spool/dict.h"

#include "base/attr.h"

#include <string.h>

enum {
	CHANGES_FREE = 256, /* changes of value from row to row that are always allowed */
	ROWS_PER_CHANGE = 8 /* and one more per so many rows */
};

static uint32_t slot_of(const uint8_t *v, size_t width)
{
	uint32_t h = 0;
	for (size_t i = 0; i < width; i += 4) {
		uint32_t w;
		memcpy(&w, v + i, sizeof(w));
		h = (h ^ w) * 0x9e3779b1u;
		h ^= h >> 15;
	}
	return h % DICT_SLOTS;
}

/* The number of the value, a new one if there is room; -1 if not. */
static int key_of(struct dict *d, const uint8_t *v, size_t width)
{
	uint32_t s = slot_of(v, width);
	for (; d->slot[s]; s = (s + 1) % DICT_SLOTS)
		if (memcmp(d->keys + (size_t)(d->slot[s] - 1) * width, v, width) == 0)
			return d->slot[s] - 1;
	if (d->n == DICT_KEYS_MAX)
		return -1;
	memcpy(d->keys + d->n * width, v, width);
	d->slot[s] = (uint16_t)++d->n;
	return (int)d->n - 1;
}

/* Inlined for each width, so that comparing is one instruction. */
static inline __attribute__((always_inline)) bool encode(struct dict *d, const uint8_t *p,
							 uint32_t rows, size_t width)
{
	uint8_t *out = d->index.p;
	uint32_t changes = 0;
	int key = key_of(d, p, width);
	for (uint32_t i = 0; i < rows; i++, p += width) {
		if (i && memcmp(p, p - width, width) != 0) {
			if (++changes > CHANGES_FREE + i / ROWS_PER_CHANGE)
				return false;
			key = key_of(d, p, width);
			if (key < 0)
				return false;
		}
		out[i] = (uint8_t)key;
	}
	return true;
}

bool dict_encode(struct dict *d, const uint8_t *column, uint32_t rows, size_t width)
{
	d->n = 0;
	d->index.n = 0;
	memset(d->slot, 0, sizeof(d->slot));
	if (rows == 0 || !colbuf_room(&d->index, rows))
		return false;
	d->index.n = rows;
	if (width == 16)
		return encode(d, column, rows, 16);
	if (width == 8)
		return encode(d, column, rows, 8);
	return width == 4 && encode(d, column, rows, 4);
}

void dict_fini(struct dict *d)
{
	colbuf_fini(&d->index);
}
