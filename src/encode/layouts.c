/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/layouts.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { ID_MIN = 256 };

void layouts_init(struct layouts *t, enum export_protocol p, size_t max)
{
	*t = (struct layouts){
	    .protocol = p, .max = max ? max : LAYOUTS_MAX, .next_id = ID_MIN, .seed = hash_seed()};
}

static void free_list(struct layout *l)
{
	while (l) {
		struct layout *next = l->next;
		free(l);
		l = next;
	}
}

void layouts_fini(struct layouts *t)
{
	for (size_t i = 0; i < LAYOUTS_BUCKETS; i++)
		free_list(t->buckets[i]);
	free_list(t->retired);
	for (size_t i = 0; i < t->n_options; i++)
		free(t->options[i]);
	*t = (struct layouts){0};
}

/* --- the order by use */

static void unlink_use(struct layouts *t, struct layout *l)
{
	*(l->newer ? &l->newer->older : &t->newest) = l->older;
	*(l->older ? &l->older->newer : &t->oldest) = l->newer;
}

static void link_newest(struct layouts *t, struct layout *l)
{
	l->newer = NULL;
	l->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = l;
	t->newest = l;
}

/* --- ids */

static bool id_taken(const struct layouts *t, uint16_t id)
{
	for (const struct layout *l = t->newest; l; l = l->older)
		if (l->id == id)
			return true;
	for (const struct layout *l = t->retired; l; l = l->next)
		if (l->id == id)
			return true;
	for (size_t i = 0; i < t->n_options; i++)
		if (t->options[i]->id == id)
			return true;
	return false;
}

static uint16_t take_id(struct layouts *t)
{
	uint16_t id;
	do {
		id = t->next_id;
		t->next_id = id == UINT16_MAX ? ID_MIN : (uint16_t)(id + 1);
	} while (id_taken(t, id));
	return id;
}

/* --- the table */

static struct layout **bucket(struct layouts *t, uint64_t hash)
{
	return &t->buckets[hash % LAYOUTS_BUCKETS];
}

static void retire(struct layouts *t, struct layout *l)
{
	struct layout **at = bucket(t, l->hash);
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	unlink_use(t, l);
	l->retired = true;
	l->next = t->retired;
	t->retired = l;
	t->n_retired++;
	t->n--;
}

void layouts_bury(struct layouts *t, void (*fn)(void *ctx, const struct layout *l), void *ctx)
{
	struct layout **at = &t->retired, *l;
	while ((l = *at)) {
		if (l->messages) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		t->n_retired--;
		fn(ctx, l);
		free(l);
	}
}

static bool make_room(struct layouts *t)
{
	struct layout *l = t->oldest;
	while (l && l->first_row != NO_ROW)
		l = l->newer;
	if (l)
		retire(t, l);
	return l != NULL;
}

struct layout *layouts_find(struct layouts *t, const struct layout_key *k, bool *ret_full)
{
	uint64_t hash = hash64(k, sizeof(*k), t->seed);
	struct layout *l = *bucket(t, hash);
	*ret_full = false;
	while (l && (l->hash != hash || memcmp(&l->key, k, sizeof(*k)) != 0))
		l = l->next;
	if (l) {
		if (l->newer) {
			unlink_use(t, l);
			link_newest(t, l);
		}
		return l;
	}
	if (t->n >= t->max && !make_room(t)) {
		*ret_full = true;
		return NULL;
	}
	if (t->n_retired > LAYOUTS_RETIRED_MAX)
		return NULL;
	l = layout_compile(t->protocol, k, take_id(t));
	if (!l)
		return NULL;
	l->hash = hash;
	l->next = *bucket(t, hash);
	*bucket(t, hash) = l;
	link_newest(t, l);
	t->n++;
	return l;
}

struct layout *layouts_options(struct layouts *t, const struct wire_form *f, uint16_t n,
			       uint16_t n_scope)
{
	if (t->n_options == LAYOUTS_OPTIONS_MAX)
		return NULL;
	struct layout *l = layout_options(t->protocol, take_id(t), f, n, n_scope);
	if (l)
		t->options[t->n_options++] = l;
	return l;
}
