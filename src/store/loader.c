/* SPDX-License-Identifier: Apache-2.0 */
#include "store/loader.h"

#include "base/log.h"
#include "base/timefmt.h"
#include "spool/spool.h"
#include "store/columns.h"
#include "store/migrate.h"
#include "store/retention.h"
#include "store/schema.h"
#include "store/talkers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	BACKOFF_FIRST_MS = 500,
	BACKOFF_MAX_MS = 10000,
	HOUSEKEEPING_MS = 60000,
	INSERT_TIMEOUT_MS = 300000,
	WAIT_MS = 250,
	SUSPECTS_MAX = 256, /* segments that were refused and will be tried again */
};

struct suspect {
	uint64_t number;
	unsigned refusals; /* 0 = free */
};

struct loader {
	struct loader_options o;
	struct store *store;
	struct spool *spool;
	bool ready; /* the tables are there */
	struct columns columns;
	uint32_t backoff_ms;
	uint64_t try_at_ns; /* not before, while the store is down */
	uint64_t housekeeping_at_ns;
	struct suspect suspects[SUSPECTS_MAX];
	atomic_bool look_now; /* the limits have changed */
	pthread_mutex_t lock; /* of status, and of the limits in o */
	struct loader_status status;
};

static uint64_t ms_to_ns(uint64_t ms)
{
	return ms * 1000000u;
}

enum err loader_new(const struct loader_options *o, struct spool *spool, struct loader **ret,
		    struct diag *reterr)
{
	struct loader *l = calloc(1, sizeof(*l));
	if (!l)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	l->o = *o;
	l->o.backoff_first_ms = o->backoff_first_ms ? o->backoff_first_ms : BACKOFF_FIRST_MS;
	l->o.backoff_max_ms = o->backoff_max_ms ? o->backoff_max_ms : BACKOFF_MAX_MS;
	l->o.housekeeping_ms = o->housekeeping_ms ? o->housekeeping_ms : HOUSEKEEPING_MS;
	l->spool = spool;
	l->status.since_ms = clock_wall_ms();
	pthread_mutex_init(&l->lock, NULL);
	enum err e = store_open(&o->store, &l->store, reterr);
	if (e) {
		loader_free(&l);
		return e;
	}
	*ret = l;
	return ERR_OK;
}

void loader_free(struct loader **lp)
{
	struct loader *l = *lp;
	*lp = NULL;
	if (!l)
		return;
	store_close(l->store);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void loader_set_limits(struct loader *l, uint64_t keep_flows_ms, uint64_t keep_rollups_ms,
		       uint64_t max_size, uint64_t min_free)
{
	pthread_mutex_lock(&l->lock);
	l->o.keep_flows_ms = keep_flows_ms;
	l->o.keep_rollups_ms = keep_rollups_ms;
	l->o.max_size = max_size;
	l->o.min_free = min_free;
	pthread_mutex_unlock(&l->lock);
	atomic_store(&l->look_now, true);
}

void loader_status(struct loader *l, struct loader_status *ret)
{
	pthread_mutex_lock(&l->lock);
	*ret = l->status;
	pthread_mutex_unlock(&l->lock);
}

static void is_up(struct loader *l)
{
	pthread_mutex_lock(&l->lock);
	bool was = l->status.up;
	l->status.error[0] = 0;
	if (!was) {
		l->status.up = true;
		l->status.since_ms = clock_wall_ms();
	}
	pthread_mutex_unlock(&l->lock);
	l->backoff_ms = 0;
	if (!was)
		log_notice("loader", "the store at %s answers", store_where(l->store));
}

/* Notes the failure and puts the next try off, each time for longer. Logged when it begins, and
 * when its reason changes. */
static void is_down(struct loader *l, const struct diag *why, uint64_t now_ns)
{
	pthread_mutex_lock(&l->lock);
	bool say = l->status.up || strcmp(l->status.error, why->msg) != 0;
	if (l->status.up)
		l->status.since_ms = clock_wall_ms();
	l->status.up = false;
	memcpy(l->status.error, why->msg, sizeof(l->status.error));
	pthread_mutex_unlock(&l->lock);
	l->ready = false;
	l->backoff_ms =
	    l->backoff_ms ? MIN_OF(l->backoff_ms * 2, l->o.backoff_max_ms) : l->o.backoff_first_ms;
	l->try_at_ns = now_ns + ms_to_ns(l->backoff_ms);
	if (say)
		log_warn("loader",
			 "the store at %s does not take flows, they wait in the spool: %s",
			 store_where(l->store), why->msg);
}

static bool make_ready(struct loader *l, uint64_t now_ns)
{
	struct diag why = {0};
	if (l->ready)
		return true;
	if (now_ns < l->try_at_ns)
		return false;
	enum err e = store_ping(l->store, &why);
	if (!e)
		e = store_migrate(l->store, &why);
	if (!e)
		e = columns_read(l->store, &l->columns, &why);
	if (e) {
		is_down(l, &why, now_ns);
		return false;
	}
	l->ready = true;
	is_up(l);
	return true;
}

/* The slot of a segment that was refused before, or a free one; NULL if there is neither. */
static struct suspect *suspect_of(struct loader *l, uint64_t number)
{
	struct suspect *free_slot = NULL;
	for (size_t i = 0; i < SUSPECTS_MAX; i++) {
		struct suspect *s = &l->suspects[i];
		if (s->refusals && s->number == number)
			return s;
		if (!s->refusals && !free_slot)
			free_slot = s;
	}
	if (free_slot)
		free_slot->number = number;
	return free_slot;
}

/* The segment itself is at fault. It is tried again later, as often as LOADER_REFUSALS_MAX says. */
static void refused(struct loader *l, struct segment *seg, const struct diag *why, uint64_t now_ns)
{
	struct suspect *s = suspect_of(l, seg->number);
	if (s && ++s->refusals >= LOADER_REFUSALS_MAX) {
		s->refusals = 0;
		log_err("loader",
			"segment %llu (%u rows) is put aside, the store refused it %d times: %s",
			(unsigned long long)seg->number, seg->rows, LOADER_REFUSALS_MAX, why->msg);
		segment_bad(l->spool, seg, why->msg);
		return;
	}
	unsigned tries = s ? s->refusals : 1;
	log_warn("loader", "the store refused segment %llu: %s", (unsigned long long)seg->number,
		 why->msg);
	spool_count(l->spool, ST_loader_retries, 1);
	segment_later(l->spool, seg, now_ns + ms_to_ns((uint64_t)l->o.backoff_first_ms << tries));
}

static void load(struct loader *l, struct segment *seg)
{
	uint64_t start = clock_mono_ns();
	struct store_summary sum;
	struct diag why = {0};
	struct store_insert in = {.table = schema_flow_table(seg->shape),
				  .columns = seg->columns,
				  .token = seg->token,
				  .rows = seg->rows,
				  .fd = seg->fd,
				  .off = seg->body_off,
				  .len = seg->body_len,
				  .timeout_ms = INSERT_TIMEOUT_MS};
	enum err e = columns_add_named(l->store, &l->columns, seg->shape, seg->columns, &why);
	bool table_ready = !e;
	if (table_ready)
		e = store_insert(l->store, &in, &sum, &why);
	uint64_t now = clock_mono_ns();
	if (!e) {
		struct suspect *s = suspect_of(l, seg->number);
		if (s)
			s->refusals = 0;
		segment_done(l->spool, seg);
		is_up(l);
		pthread_mutex_lock(&l->lock);
		l->status.last_insert_ms = (now - start) / 1000000u;
		pthread_mutex_unlock(&l->lock);
	} else if (table_ready && e == ERR_REMOTE && !store_code_passes(sum.code)) {
		is_up(l);
		refused(l, seg, &why, now);
	} else {
		spool_count(l->spool, ST_loader_retries, 1);
		segment_later(l->spool, seg, now);
		is_down(l, &why, now);
	}
}

static void housekeeping(struct loader *l, uint64_t now_ns)
{
	if (l->o.only_load ||
	    (!atomic_exchange(&l->look_now, false) && now_ns < l->housekeeping_at_ns))
		return;
	l->housekeeping_at_ns = now_ns + ms_to_ns(l->o.housekeeping_ms);
	pthread_mutex_lock(&l->lock);
	struct retention_limits limits = {.keep_flows_ms = l->o.keep_flows_ms,
					  .keep_rollups_ms = l->o.keep_rollups_ms,
					  .max_size = l->o.max_size,
					  .min_free = l->o.min_free};
	pthread_mutex_unlock(&l->lock);
	struct retention_result r = {0};
	struct diag why = {0};
	unsigned hours = 0;
	enum err e = retention_apply(l->store, &limits, clock_wall_ms(), &r, &why);
	if (r.days) {
		spool_count(l->spool, ST_loader_expired_rows, r.rows);
		log_notice(
		    "loader",
		    "removed %u day partitions of the store (%llu flows, %llu bytes), the last %s",
		    r.days, (unsigned long long)r.rows, (unsigned long long)r.bytes, r.last);
	}
	if (!e)
		e = talkers_roll(l->store, clock_wall_ms(), TALKERS_HOURS_AT_ONCE, &hours, &why);
	/* More to do: go on after the next segment. */
	if (!e && hours == TALKERS_HOURS_AT_ONCE)
		l->housekeeping_at_ns = now_ns;
	if (e == ERR_REMOTE)
		log_warn("loader", "the store refused its housekeeping: %s", why.msg);
	else if (e)
		is_down(l, &why, now_ns);
}

bool loader_step(struct loader *l)
{
	uint64_t now = clock_mono_ns();
	if (!make_ready(l, now))
		return false;
	housekeeping(l, now);
	struct segment seg;
	if (!l->ready || spool_next(l->spool, now, &seg))
		return false;
	load(l, &seg);
	return true;
}

void loader_run(struct loader *l, const atomic_bool *stop)
{
	while (!atomic_load(stop))
		if (!loader_step(l) && !spool_wait(l->spool, WAIT_MS))
			break;
}

void loader_drain(struct loader *l, const atomic_bool *stop)
{
	while (!atomic_load(stop) && loader_step(l))
		;
}
