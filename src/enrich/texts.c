/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/texts.h"

#include "base/attr.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1024, FIRST_BYTES = 4096, FIRST_STRINGS = 256 };

enum err texts_init(struct texts *s)
{
	uint32_t empty;
	*s = (struct texts){.n_slots = FIRST_SLOTS};
	s->slot = calloc(s->n_slots, sizeof(s->slot[0]));
	return s->slot ? texts_number(s, "", 0, &empty) : ERR_NOMEM;
}

void texts_fini(struct texts *s)
{
	free(s->v);
	free(s->bytes);
	free(s->slot);
	*s = (struct texts){0};
}

static bool is_text(const struct texts *s, uint32_t k, const char *p, size_t n)
{
	return s->v[k].len == n && (n == 0 || memcmp(s->bytes + s->v[k].off, p, n) == 0);
}

static uint32_t slot_of(const struct texts *s, const char *p, size_t n)
{
	uint32_t i = (uint32_t)hash64(p, n, 0) & (s->n_slots - 1);
	while (s->slot[i] && !is_text(s, s->slot[i] - 1, p, n))
		i = (i + 1) & (s->n_slots - 1);
	return i;
}

static enum err more_slots(struct texts *s)
{
	uint32_t *old = s->slot;
	uint32_t *slot = calloc((size_t)s->n_slots * 2, sizeof(slot[0]));
	if (!slot)
		return ERR_NOMEM;
	s->slot = slot;
	s->n_slots *= 2;
	for (uint32_t k = 0; k < s->n; k++)
		slot[slot_of(s, (const char *)s->bytes + s->v[k].off, s->v[k].len)] = k + 1;
	free(old);
	return ERR_OK;
}

static enum err more_room(struct texts *s, size_t n)
{
	if (s->n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : FIRST_STRINGS;
		struct text_at *v = reallocarray(s->v, cap, sizeof(*v));
		if (!v)
			return ERR_NOMEM;
		s->v = v;
		s->cap = cap;
	}
	if (s->cap_bytes - s->n_bytes < n) {
		size_t cap = s->cap_bytes ? s->cap_bytes * 2 : FIRST_BYTES;
		uint8_t *bytes = realloc(s->bytes, cap);
		if (!bytes)
			return ERR_NOMEM;
		s->bytes = bytes;
		s->cap_bytes = cap;
	}
	return s->n * 2 < s->n_slots ? ERR_OK : more_slots(s);
}

enum err texts_number(struct texts *s, const char *p, size_t n, uint32_t *ret)
{
	n = MIN_OF(n, (size_t)TEXT_LEN_MAX);
	uint32_t i = slot_of(s, p, n);
	if (s->slot[i]) {
		*ret = s->slot[i] - 1;
		return ERR_OK;
	}
	if (s->n == TEXTS_MAX)
		return ERR_LIMIT;
	enum err e = more_room(s, n);
	if (e)
		return e;
	if (n)
		memcpy(s->bytes + s->n_bytes, p, n);
	s->v[s->n] = (struct text_at){(uint32_t)s->n_bytes, (uint32_t)n};
	s->n_bytes += n;
	s->slot[slot_of(s, p, n)] = ++s->n;
	*ret = s->n - 1;
	return ERR_OK;
}
