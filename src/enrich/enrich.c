/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/enrich.h"

#include "base/timefmt.h"
#include "enrich/snapshot.h"
#include "enrich/sources.h"
#include "model/batch.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SEATS_MAX = 128, RETIRE_POLL_MS = 1 };

struct enrich_seat {
	struct enrich *enrich;
	_Atomic(const struct snapshot *) using;
	struct enrich_scratch *scratch;
};

struct enrich {
	struct sources sources; /* the watcher's */
	_Atomic(struct snapshot *) current;
	pthread_mutex_t lock; /* of what follows */
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
	snapshot_free(atomic_load(&e->current));
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

/* The newest snapshot, kept from going while this seat says that it uses it: said first, then
 * looked whether it was still the newest. */
static const struct snapshot *enter(struct enrich_seat *s)
{
	const struct snapshot *now = atomic_load(&s->enrich->current), *seen;
	do {
		seen = now;
		atomic_store(&s->using, seen);
		now = atomic_load(&s->enrich->current);
	} while (now != seen);
	return seen;
}

bool enrich_batch(struct enrich_seat *s, struct batch *b)
{
	const struct snapshot *now = enter(s);
	bool ok = !now || snapshot_enrich(now, s->scratch, b);
	atomic_store_explicit(&s->using, NULL, memory_order_release);
	return ok;
}

static bool in_use(struct enrich *e, const struct snapshot *old)
{
	bool used = false;
	pthread_mutex_lock(&e->lock);
	for (uint32_t i = 0; i < e->n_seats; i++)
		used |= atomic_load(&e->seat[i]->using) == old;
	pthread_mutex_unlock(&e->lock);
	return used;
}

static void publish(struct enrich *e, struct snapshot *s)
{
	struct snapshot *old = atomic_exchange(&e->current, s);
	/* A seat holds it for the length of a batch. */
	while (old && in_use(e, old))
		(void)poll(NULL, 0, RETIRE_POLL_MS);
	snapshot_free(old);
}

bool enrich_refresh(struct enrich *e, uint64_t now_ns)
{
	struct snapshot *s = NULL;
	bool changed = sources_look(&e->sources, now_ns, &s);
	if (s)
		publish(e, s);
	pthread_mutex_lock(&e->lock);
	sources_state(&e->sources, atomic_load(&e->current), &e->state);
	pthread_mutex_unlock(&e->lock);
	return changed;
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
