/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/enrich.h"

#include "base/timefmt.h"
#include "enrich/app_names.h"
#include "enrich/names.h"
#include "enrich/snapshot.h"
#include "enrich/sources.h"
#include "model/batch.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SEATS_MAX = 128, RETIRE_POLL_MS = 1 };

/* What receive threads see at once. */
struct view {
	struct snapshot *snapshot;
	struct app_names *told;
};

struct enrich_seat {
	struct enrich *enrich;
	_Atomic(const struct view *) using;
	struct enrich_scratch *scratch;
};

struct enrich {
	struct sources sources; /* the watcher's */
	_Atomic(struct view *) current;
	uint64_t told_changes, told_generation; /* the watcher's */
	pthread_mutex_t lock;                   /* of what follows */
	struct enrich_seat *seat[SEATS_MAX];
	uint32_t n_seats;
	struct sources_state state; /* what enrich_json says */
};

enum err enrich_new(const struct enrich_opts *opts, struct enrich **ret)
{
	struct enrich *e = calloc(1, sizeof(*e));
	if (!e)
		return ERR_NOMEM;
	pthread_mutex_init(&e->lock, NULL);
	sources_init(&e->sources, opts);
	sources_state(&e->sources, NULL, &e->state);
	*ret = e;
	return ERR_OK;
}

void enrich_free(struct enrich **pe)
{
	struct enrich *e = *pe;
	*pe = NULL;
	if (!e)
		return;
	struct view *v = atomic_load(&e->current);
	if (v) {
		snapshot_free(v->snapshot);
		app_names_free(v->told);
	}
	free(v);
	sources_fini(&e->sources);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

enum err enrich_seat_new(struct enrich *e, struct enrich_seat **ret)
{
	struct enrich_seat *s = calloc(1, sizeof(*s));
	enum err err = s ? enrich_scratch_new(&s->scratch) : ERR_NOMEM;
	if (!err) {
		s->enrich = e;
		pthread_mutex_lock(&e->lock);
		if (e->n_seats == SEATS_MAX)
			err = ERR_LIMIT;
		else
			e->seat[e->n_seats++] = s;
		pthread_mutex_unlock(&e->lock);
	}
	if (err) {
		if (s)
			enrich_scratch_free(s->scratch);
		free(s);
		return err;
	}
	*ret = s;
	return ERR_OK;
}

void enrich_seat_free(struct enrich_seat **ps)
{
	struct enrich_seat *s = *ps;
	*ps = NULL;
	if (!s)
		return;
	struct enrich *e = s->enrich;
	pthread_mutex_lock(&e->lock);
	for (uint32_t i = 0; i < e->n_seats; i++)
		if (e->seat[i] == s) {
			e->seat[i] = e->seat[--e->n_seats];
			break;
		}
	pthread_mutex_unlock(&e->lock);
	enrich_scratch_free(s->scratch);
	free(s);
}

/* The newest view, kept from going while this seat says that it uses it: said first, then
 * looked whether it was still the newest. */
static const struct view *enter(struct enrich_seat *s)
{
	const struct view *now = atomic_load(&s->enrich->current), *seen;
	do {
		seen = now;
		atomic_store(&s->using, seen);
		now = atomic_load(&s->enrich->current);
	} while (now != seen);
	return seen;
}

/* The store computes it of these columns: known wherever they are. */
static void know_community_id(struct batch *b)
{
	unsigned bit = field_table[F_community_id].present_bit;
	unsigned src = field_table[F_src_ip].present_bit, dst = field_table[F_dst_ip].present_bit;
	for (uint32_t i = 0; i < b->n; i++) {
		uint64_t both = b->present[src / 64][i] >> (src % 64) &
				b->present[dst / 64][i] >> (dst % 64) & 1;
		b->present[bit / 64][i] |= both << (bit % 64);
	}
}

bool enrich_batch(struct enrich_seat *s, struct batch *b)
{
	know_community_id(b);
	const struct view *now = enter(s);
	bool ok = !now || snapshot_enrich(now->snapshot, now->told, s->scratch, b);
	atomic_store_explicit(&s->using, NULL, memory_order_release);
	return ok;
}

static bool in_use(struct enrich *e, const struct view *old)
{
	bool used = false;
	pthread_mutex_lock(&e->lock);
	for (uint32_t i = 0; i < e->n_seats; i++)
		used |= atomic_load(&e->seat[i]->using) == old;
	pthread_mutex_unlock(&e->lock);
	return used;
}

/* Shows next; afterwards nobody sees what *ret_old had. False: no memory, nothing has changed. */
static bool publish(struct enrich *e, struct view next, struct view *ret_old)
{
	struct view *v = malloc(sizeof(*v));
	if (!v)
		return false;
	*v = next;
	struct view *old = atomic_exchange(&e->current, v);
	/* A seat holds it for the length of a batch. */
	while (old && in_use(e, old))
		(void)poll(NULL, 0, RETIRE_POLL_MS);
	*ret_old = old ? *old : (struct view){0};
	free(old);
	return true;
}

void enrich_change(struct enrich *e, const struct enrich_opts *opts)
{
	sources_change(&e->sources, opts);
}

bool enrich_refresh(struct enrich *e, uint64_t now_ns)
{
	struct snapshot *s = NULL;
	const struct view *v = atomic_load(&e->current);
	struct view old = {0};
	bool changed = sources_look(&e->sources, now_ns, &s);
	if (s)
		snapshot_free(publish(e, (struct view){s, v ? v->told : NULL}, &old) ? old.snapshot
										     : s);
	v = atomic_load(&e->current);
	pthread_mutex_lock(&e->lock);
	sources_state(&e->sources, v ? v->snapshot : NULL, &e->state);
	pthread_mutex_unlock(&e->lock);
	return changed;
}

void enrich_take_names(struct enrich *e, struct names *names)
{
	const struct view *v = atomic_load(&e->current);
	struct app_names *told;
	struct view old;
	uint64_t changes = names_changes(names, NAMES_APPLICATION);
	if (!v || changes == e->told_changes || app_names_new(names, ++e->told_generation, &told))
		return;
	if (publish(e, (struct view){v->snapshot, told}, &old)) {
		e->told_changes = changes;
		app_names_free(old.told);
	} else {
		app_names_free(told);
	}
}

bool enrich_next_notice(struct enrich *e, struct enrich_notice *ret)
{
	return sources_next_notice(&e->sources, ret);
}

int64_t enrich_as_made(const struct enrich *e, uint64_t *ret_n)
{
	*ret_n = e->sources.as_names.n;
	return e->sources.v[SOURCE_AS].info.made_ms;
}

void enrich_each_as(const struct enrich *e,
		    bool (*fn)(void *ctx, uint32_t number, const char *name, int64_t made_ms),
		    void *ctx)
{
	const struct as_names *a = &e->sources.as_names;
	for (size_t i = 0; i < a->n; i++)
		if (!fn(ctx, a->v[i].number, (const char *)a->text.p + a->v[i].off,
			e->sources.v[SOURCE_AS].info.made_ms))
			return;
}

void enrich_json(struct enrich *e, struct buf *out)
{
	struct sources_state state;
	pthread_mutex_lock(&e->lock);
	state = e->state;
	pthread_mutex_unlock(&e->lock);
	sources_state_json(&state, out);
}
