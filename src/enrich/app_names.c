/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/app_names.h"

#include "base/hash.h"
#include "enrich/names.h"

#include <stdlib.h>

struct key {
	struct ip addr;
	uint32_t id;
};

struct making {
	struct app_names *a;
	uint32_t count;
	enum err err;
};

static void count_one(void *ctx, const struct name_row *r unused_arg)
{
	((struct making *)ctx)->count++;
}

static uint32_t slot_of(const struct app_names *a, const struct ip *addr, uint32_t id)
{
	const struct key k = {*addr, id};
	uint32_t i = (uint32_t)hash64(&k, sizeof(k), a->seed) & (a->n_slots - 1);
	while (a->slot[i].text && (a->slot[i].id != id || !ip_equal(&a->slot[i].addr, addr)))
		i = (i + 1) & (a->n_slots - 1);
	return i;
}

static void put(void *ctx, const struct name_row *r)
{
	struct making *m = ctx;
	uint32_t text;
	if (m->err || r->text_n == 0 || r->id > UINT32_MAX || m->a->n * 2 >= m->a->n_slots)
		return;
	m->err = texts_number(&m->a->texts, r->text, r->text_n, &text);
	if (m->err)
		return;
	struct app_name *slot = &m->a->slot[slot_of(m->a, &r->addr, (uint32_t)r->id)];
	m->a->n += slot->text == 0;
	*slot = (struct app_name){r->addr, (uint32_t)r->id, text};
}

enum err app_names_new(struct names *names, uint64_t generation, struct app_names **ret)
{
	struct making m = {.a = calloc(1, sizeof(*m.a))};
	if (!m.a)
		return ERR_NOMEM;
	names_each(names, NAMES_APPLICATION, count_one, &m);
	m.a->generation = generation;
	m.a->seed = hash_seed();
	m.a->n_slots = 64;
	while (m.a->n_slots < m.count * 3)
		m.a->n_slots *= 2;
	m.a->slot = calloc(m.a->n_slots, sizeof(m.a->slot[0]));
	m.err = m.a->slot ? texts_init(&m.a->texts) : ERR_NOMEM;
	if (!m.err)
		names_each(names, NAMES_APPLICATION, put, &m);
	if (m.err)
		app_names_free(m.a);
	else
		*ret = m.a;
	return m.err;
}

void app_names_free(struct app_names *a)
{
	if (!a)
		return;
	texts_fini(&a->texts);
	free(a->slot);
	free(a);
}

uint32_t app_names_find(const struct app_names *a, const struct ip *exporter, uint32_t id)
{
	return a->slot[slot_of(a, exporter, id)].text;
}
