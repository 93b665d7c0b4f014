/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/sflow_source.h"

#include "base/attr.h"

#include <stdbool.h>
#include <stdlib.h>

/* Steps further than this are an agent that counts anew. */
enum { SLOTS_MIN = 16, SLOTS_MAX = 2 * SFLOW_SOURCES_MAX, AHEAD_MAX = 1 << 20, LATE_MAX = 1024 };

struct source {
	uint64_t key; /* 0 = free */
	uint32_t next, drops;
};

struct sflow_sources {
	uint32_t n, slots; /* slots: a power of 2, at least 2 n */
	struct source v[];
};

static uint64_t key_of(const struct sflow_mark *m)
{
	return (uint64_t)1 << 63 | (uint64_t)m->kind << 56 |
	       (uint64_t)(m->source_class & 0xffffff) << 32 | m->source_index;
}

static struct source *slot_of(struct sflow_sources *s, uint64_t key)
{
	uint64_t at = key * 0x9e3779b97f4a7c15u >> 32;
	while (s->v[at & (s->slots - 1)].key != 0 && s->v[at & (s->slots - 1)].key != key)
		at++;
	return &s->v[at & (s->slots - 1)];
}

static struct sflow_sources *sources_new(uint32_t slots)
{
	struct sflow_sources *s = calloc(1, sizeof(*s) + slots * sizeof(s->v[0]));
	if (s)
		s->slots = slots;
	return s;
}

/* Room for one more; false: no memory, or as many as there may be. */
static bool reserve(struct sflow_sources **s)
{
	struct sflow_sources *old = *s;
	if (old && (old->n + 1) * 2 <= old->slots)
		return true;
	if (old && old->slots >= SLOTS_MAX)
		return false;
	struct sflow_sources *wider = sources_new(old ? old->slots * 2 : SLOTS_MIN);
	if (!wider)
		return false;
	for (uint32_t i = 0; old && i < old->slots; i++)
		if (old->v[i].key)
			*slot_of(wider, old->v[i].key) = old->v[i];
	wider->n = old ? old->n : 0;
	free(old);
	*s = wider;
	return true;
}

void sflow_source_see(struct sflow_sources **s, const struct sflow_mark *m, int64_t *ret_lost,
		      uint64_t *ret_drops)
{
	uint64_t key = key_of(m);
	*ret_lost = 0;
	*ret_drops = 0;
	struct source *x = *s ? slot_of(*s, key) : NULL;
	if (!x || x->key == 0) {
		if (!reserve(s))
			return;
		*slot_of(*s, key) =
		    (struct source){.key = key, .next = m->sequence + 1, .drops = m->drops};
		(*s)->n++;
		return;
	}
	int32_t ahead = (int32_t)(m->sequence - x->next);
	if (ahead < 0 && ahead >= -LATE_MAX) {
		*ret_lost = -1;
		return;
	}
	bool anew = ahead < 0 || ahead > AHEAD_MAX;
	*ret_lost = anew ? 0 : ahead;
	*ret_drops = anew || m->drops < x->drops ? 0 : m->drops - x->drops;
	x->next = m->sequence + 1;
	x->drops = m->drops;
}

void sflow_sources_free(struct sflow_sources **s)
{
	free(*s);
	*s = NULL;
}
