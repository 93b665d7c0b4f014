/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields an element brings: the sources of fields.def, sorted by element. */
#include "base/attr.h"
#include "decode/template.h"

#include <stdlib.h>

uint64_t source_key(enum dialect d, uint32_t pen, uint16_t id)
{
	return (uint64_t)d << 48 | (uint64_t)pen << 16 | id;
}

static int ref_cmp(const void *a, const void *b)
{
	const struct source_ref *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->field < y->field ? -1 : x->field > y->field;
}

static void index_add(struct source_index *x, enum dialect d, const struct field_source *s,
		      enum field f, size_t priority)
{
	x->v[x->n++] = (struct source_ref){.key = source_key(d, s->pen, s->id),
					   .field = (uint16_t)f,
					   .priority = (uint8_t)MIN_OF(priority, UINT8_MAX),
					   .conv = (uint8_t)s->conv};
}

enum err source_index_init(struct source_index *x)
{
	size_t max = 0;
	for (size_t f = 0; f < FIELD_MAX; f++)
		max += 2 * (size_t)field_table[f].n_sources;
	*x = (struct source_index){.v = calloc(max, sizeof(*x->v))};
	if (!x->v)
		return ERR_NOMEM;
	for (int f = 0; f < FIELD_MAX; f++)
		for (size_t i = 0; i < field_table[f].n_sources; i++) {
			const struct field_source *s = &field_table[f].sources[i];
			if (s->scope != SCOPE_IPFIX)
				index_add(x, DIALECT_NF9, s, (enum field)f, i);
			if (s->scope != SCOPE_NF9)
				index_add(x, DIALECT_IPFIX, s, (enum field)f, i);
		}
	qsort(x->v, x->n, sizeof(*x->v), ref_cmp);
	return ERR_OK;
}

void source_index_fini(struct source_index *x)
{
	free(x->v);
	*x = (struct source_index){0};
}

size_t source_index_first(const struct source_index *x, uint64_t key)
{
	size_t lo = 0, hi = x->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (x->v[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t source_index_find(const struct source_index *x, enum dialect d, uint32_t pen, uint16_t id)
{
	return source_index_first(x, source_key(d, pen, id));
}

bool source_index_is(const struct source_index *x, size_t i, enum dialect d, uint32_t pen,
		     uint16_t id)
{
	return i < x->n && x->v[i].key == source_key(d, pen, id);
}
