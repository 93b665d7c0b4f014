/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/sflow_source.h"

#include "base/attr.h"

#include <stdbool.h>
#include <stdlib.h>

/* Steps further than this are an agent that counts anew. */
enum {
	SLOTS_MIN = 16,
	SLOTS_MAX = 2 * SFLOW_SOURCES_MAX,
	AHEAD_MAX = 1 << 20,
	LATE_MAX = 1024,
	OPEN_MAX = 64
};

struct source {
	uint64_t key; /* 0 = free */
	uint32_t next, drops;
	uint32_t open, open_at; /* missing before the number open_at; late ones may still come */
};

struct sflow_sources {
	uint32_t n, slots; /* slots: a power of 2, at least 2 n */
	struct source v[];
};

static size_t mem_of(uint32_t slots)
{
	return sizeof(struct sflow_sources) + slots * sizeof(struct source);
}

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
	struct sflow_sources *s = calloc(1, mem_of(slots));
	if (s)
		s->slots = slots;
	return s;
}

/* Room for one more; false: no memory, or as many as there may be. */
static bool reserve(struct sflow_sources **s, size_t *mem, size_t max_mem)
{
	struct sflow_sources *old = *s;
	if (old && (old->n + 1) * 2 <= old->slots)
		return true;
	if (old && old->slots >= SLOTS_MAX)
		return false;
	uint32_t slots = old ? old->slots * 2 : SLOTS_MIN;
	size_t more = mem_of(slots) - (old ? mem_of(old->slots) : 0);
	struct sflow_sources *wider = more <= max_mem - *mem ? sources_new(slots) : NULL;
	if (!wider)
		return false;
	*mem += more;
	for (uint32_t i = 0; old && i < old->slots; i++)
		if (old->v[i].key)
			*slot_of(wider, old->v[i].key) = old->v[i];
	wider->n = old ? old->n : 0;
	free(old);
	*s = wider;
	return true;
}

struct sflow_step sflow_source_see(struct sflow_sources **s, const struct sflow_mark *m,
				   size_t *mem, size_t max_mem)
{
	uint64_t key = key_of(m);
	struct sflow_step step = {0};
	struct source *x = *s ? slot_of(*s, key) : NULL;
	if (!x || x->key == 0) {
		step.refused = !reserve(s, mem, max_mem);
		if (step.refused)
			return step;
		*slot_of(*s, key) =
		    (struct source){.key = key, .next = m->sequence + 1, .drops = m->drops};
		(*s)->n++;
		return step;
	}
	int32_t ahead = (int32_t)(m->sequence - x->next);
	if (ahead < 0 && ahead >= -LATE_MAX) {
		step.late = x->open > 0;
		x->open -= step.late;
		return step;
	}
	bool anew = ahead < 0 || ahead > AHEAD_MAX;
	if (x->open && (ahead || m->sequence - x->open_at >= OPEN_MAX)) {
		step.lost = x->open;
		x->open = 0;
	}
	if (!anew && ahead) {
		step.missing = x->open = (uint32_t)ahead;
		x->open_at = m->sequence;
	}
	step.drops = anew || m->drops < x->drops ? 0 : m->drops - x->drops;
	x->next = m->sequence + 1;
	x->drops = m->drops;
	return step;
}

uint64_t sflow_sources_free(struct sflow_sources **s, size_t *mem)
{
	uint64_t open = 0;
	for (uint32_t i = 0; *s && i < (*s)->slots; i++)
		open += (*s)->v[i].open;
	*mem -= *s ? mem_of((*s)->slots) : 0;
	free(*s);
	*s = NULL;
	return open;
}
