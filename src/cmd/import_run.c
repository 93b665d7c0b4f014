/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/import_run.h"

#include "base/timefmt.h"
#include "cmd/enrich_conf.h"
#include "cmd/import_mark.h"
#include "cmd/store_conf.h"
#include "conf/conf.h"
#include "model/batch.h"
#include "spool/spool.h"
#include "store/import_lock.h"
#include "store/loader.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SEGMENTS_FULL = SPOOL_SEGMENTS_MAX - 1,
	STORE_WAIT_MS = 60000, /* for a store that does not answer */
	STORE_LOOK_MS = 200,
	PROGRESS_MS = 250,
	NS_PER_MS = 1000000,
	NEVER_MS = 86400000,
	SEGMENT_ROWS = 500000, /* what a kill may have to read again */
};

struct run {
	const struct import_run_opts *o;
	struct import_result *result;
	bool alone; /* nobody else uses the store: no lock */
	struct stats stats;
	struct spool *spool;
	struct spool_writer *writer;
	struct loader *loader;
	struct store *store; /* for the lock */
	struct store_place place, lock_place;
	uint64_t skip; /* rows that are in the spool or in the store already */
	uint64_t seen;
	uint64_t full_before; /* drop.spool_full of earlier runs */
	struct {
		enum shape shape;
		int32_t day;
	} open[SPOOL_SEGMENTS_MAX];
	uint32_t n_open;
	uint64_t progress_ns, lock_ns;
	struct import_mark mark;
	struct enrich *enrich;
	struct enrich_seat *seat; /* NULL: rows are stored as they are */
	char country_data[BESIDE_MAX];
	enum err err;
	struct diag why;
};

/* --- rows into the spool */

static enum err flush(struct run *r);

/* Makes sure that the pair has a segment in this commit. */
static enum err open_pair(struct run *r, enum shape shape, int32_t day)
{
	for (uint32_t i = 0; i < r->n_open; i++)
		if (r->open[i].day == day && r->open[i].shape == shape)
			return ERR_OK;
	enum err e = r->n_open >= SEGMENTS_FULL ? flush(r) : ERR_OK;
	r->open[r->n_open].day = day;
	r->open[r->n_open++].shape = shape;
	return e;
}

static void note_times(struct run *r, const struct batch *b)
{
	const int64_t *last = batch_ms(b, F_t_last);
	for (uint32_t i = 0; i < b->n; i++) {
		r->result->first_ms = MIN_OF(r->result->first_ms, last[i]);
		r->result->last_ms = MAX_OF(r->result->last_ms, last[i]);
	}
}

static void take(void *ctx, struct batch *b)
{
	struct run *r = ctx;
	uint32_t from = (uint32_t)MIN_OF(r->skip - MIN_OF(r->skip, r->seen), (uint64_t)b->n);
	note_times(r, b);
	r->seen += b->n;
	/* Without memory for it rows go on as they are. */
	if (r->seat)
		(void)enrich_batch(r->seat, b);
	while (from < b->n && !r->err) {
		uint32_t n = 1;
		r->err = open_pair(r, b->shape, b->day[from]);
		while (from + n < b->n && b->day[from + n] == b->day[from])
			n++;
		if (!r->err)
			spool_append_rows(r->writer, b, from, n);
		from += n;
	}
	if (!r->err && spool_wants_commit(r->writer, clock_mono_ns()))
		r->err = flush(r);
}

/* --- the spool into the store */

static bool stopped(const struct run *r)
{
	return r->o->stop && atomic_load(r->o->stop);
}

static enum err hold_lock(struct run *r)
{
	uint64_t now = clock_mono_ns();
	if (!r->store || now < r->lock_ns)
		return ERR_OK;
	r->lock_ns = now + (uint64_t)IMPORT_LOCK_RENEW_S * 1000 * NS_PER_MS;
	return import_lock_renew(r->store, &r->why);
}

/* Loads what is in the spool; waits a while for a store that does not answer. */
static enum err drain(struct run *r)
{
	uint64_t give_up = clock_mono_ns() + (uint64_t)STORE_WAIT_MS * NS_PER_MS;
	struct spool_totals t;
	struct loader_status s;
	for (;;) {
		enum err e;
		do
			e = hold_lock(r);
		while (!e && !stopped(r) && loader_step(r->loader));
		if (e)
			return e;
		spool_totals(r->spool, &t);
		if (stopped(r))
			return ERR_CANCELLED;
		if (t.bad_segments)
			return diag_set(&r->why, ERR_REMOTE, 0, 0,
					"the store refused a part of the flows; see %s/bad",
					r->mark.dir);
		if (t.lifetime.v[ST_segments_waiting] == 0)
			return ERR_OK;
		loader_status(r->loader, &s);
		if (clock_mono_ns() > give_up)
			return diag_set(&r->why, ERR_REFUSED, 0, 0,
					"the store does not answer: %s. The same command goes on "
					"from here",
					s.error);
		nanosleep(&(struct timespec){.tv_nsec = STORE_LOOK_MS * NS_PER_MS}, NULL);
	}
}

static enum err flush(struct run *r)
{
	struct spool_totals t;
	uint64_t lost = r->stats.v[ST_drop_no_memory];
	spool_commit(r->writer, clock_mono_ns(), NULL, 0);
	spool_flush_now(r->spool);
	r->n_open = 0;
	spool_totals(r->spool, &t);
	if (t.disk_error || lost || t.lifetime.v[ST_drop_spool_full] > r->full_before)
		return diag_set(&r->why, lost ? ERR_NOMEM : ERR_FULL, 0, 0,
				"cannot write in %s: %s", r->mark.dir,
				err_text(lost ? ERR_NOMEM : ERR_FULL));
	return drain(r);
}

static void show_progress(struct run *r)
{
	uint64_t now = clock_mono_ns();
	if (!r->o->progress || now < r->progress_ns)
		return;
	r->progress_ns = now + (uint64_t)PROGRESS_MS * NS_PER_MS;
	r->o->progress(r->o->ctx, r->seen);
}

static enum err read_file(struct run *r, const char *path, struct diag *reterr)
{
	const struct import_opts o = {
	    .kind = r->o->kind, .stats = &r->stats, .emit = take, .ctx = r};
	struct import *in;
	enum err e = import_open(path, &o, &in, reterr);
	if (e)
		return e;
	r->result->kind = import_kind_of(in);
	while (!e && !r->err) {
		e = stopped(r) ? ERR_CANCELLED : import_step(in, reterr);
		show_progress(r);
	}
	import_close(&in);
	if (r->err) {
		*reterr = r->why;
		return r->err;
	}
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (e != ERR_MALFORMED)
		return e;
	/* What could be read of a damaged file is stored. */
	r->result->damaged++;
	return ERR_OK;
}

/* --- all of it */

static enum err open_store(struct run *r, struct diag *reterr)
{
	struct store_conf where;
	bool rolling = true;
	enum err e = store_place_fill(r->o->conf, STORE_WRITER, &r->lock_place, &where, reterr);
	if (!e)
		e = store_open(&where, &r->store, reterr);
	if (!e)
		e = store_ping(r->store, reterr);
	if (r->alone) {
		store_close(r->store);
		r->store = NULL;
	}
	if (!e && r->store)
		e = import_lock_renew(r->store, reterr);
	while (!e && r->store && rolling && !stopped(r)) {
		nanosleep(&(struct timespec){.tv_nsec = STORE_LOOK_MS * NS_PER_MS}, NULL);
		e = import_lock_rolling(r->store, &rolling, reterr);
	}
	return e;
}

static enum err open_spool(struct run *r, struct diag *reterr)
{
	const struct spool_options o = {
	    .dir = r->mark.dir, .segment_age_ms = NEVER_MS, .segment_rows = SEGMENT_ROWS};
	struct loader_options l = {.only_load = true};
	struct spool_totals t;
	enum err e = spool_open(&o, &r->spool, reterr);
	if (e == ERR_BUSY)
		return diag_set(reterr, e, 0, 0, "another process is importing this file");
	if (!e)
		e = store_place_fill(r->o->conf, STORE_WRITER, &r->place, &l.store, reterr);
	if (!e)
		e = loader_new(&l, r->spool, &r->loader, reterr);
	if (e)
		return e;
	spool_totals(r->spool, &t);
	r->skip = t.lifetime.v[ST_records_spooled];
	r->result->resumed = r->skip;
	r->full_before = t.lifetime.v[ST_drop_spool_full];
	r->writer = spool_writer_new(r->spool, &r->stats);
	return r->writer ? ERR_OK : diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
}

/* Data sets that are not there change nothing. */
static enum err open_enrich(struct run *r, struct diag *reterr)
{
	if (!r->o->enrich)
		return ERR_OK;
	struct enrich_opts o = enrich_conf(r->o->conf, r->country_data);
	o.stop = r->o->stop;
	enum err e = enrich_new(&o, &r->enrich);
	if (!e) {
		(void)enrich_refresh(r->enrich, clock_mono_ns());
		e = enrich_seat_new(r->enrich, &r->seat);
	}
	return e ? diag_set(reterr, e, 0, 0, "%s", err_text(e)) : ERR_OK;
}

static void close_all(struct run *r)
{
	enrich_seat_free(&r->seat);
	enrich_free(&r->enrich);
	spool_writer_free(&r->writer);
	loader_free(&r->loader);
	spool_close(&r->spool);
	store_close(r->store);
	store_place_fini(&r->place);
	store_place_fini(&r->lock_place);
}

static uint64_t damage(const struct stats *s)
{
	uint64_t n = 0;
	for (int i = 0; i < STAT_MAX; i++)
		n += strcmp(stat_table[i].group, "malformed") == 0 ? s->v[i] : 0;
	return n;
}

/* All files, one behind another, through one spool. */
static enum err store_files(struct run *r, const char *const *paths, size_t n, struct diag *reterr)
{
	size_t good = 0;
	enum err e = open_store(r, reterr), one = ERR_OK;
	if (!e)
		e = open_enrich(r, reterr);
	if (!e)
		e = open_spool(r, reterr);
	for (size_t i = 0; i < n && !e && !r->err; i++) {
		one = read_file(r, paths[i], reterr);
		good += !one;
		if (one && r->o->failed)
			r->o->failed(r->o->ctx, paths[i], reterr->msg);
	}
	if (!e)
		e = r->err ? r->err : good ? ERR_OK : one;
	if (one && !good && !r->err && r->o->failed)
		diag_set(reterr, e, 0, 0, "none of the files could be read");
	if (!e && (e = flush(r)) != ERR_OK)
		*reterr = r->why;
	if (e == ERR_CANCELLED && r->spool) {
		/* What was read is kept for the next run. */
		spool_commit(r->writer, clock_mono_ns(), NULL, 0);
		spool_flush_now(r->spool);
	}
	r->result->rows = r->seen;
	r->result->damaged += damage(&r->stats);
	close_all(r);
	return e;
}

static struct run *run_new(const struct import_run_opts *o, struct import_result *ret,
			   struct diag *reterr)
{
	struct run *r = calloc(1, sizeof(*r));
	*ret = (struct import_result){.first_ms = INT64_MAX, .last_ms = INT64_MIN};
	if (r) {
		r->o = o;
		r->result = ret;
	} else {
		diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	}
	return r;
}

enum err import_run(const char *path, const struct import_run_opts *o, struct import_result *ret,
		    struct diag *reterr)
{
	struct run *r = run_new(o, ret, reterr);
	enum err e = r ? import_mark_find(o->conf->dir, path, &r->mark, reterr) : ERR_NOMEM;
	if (!e && import_mark_done(&r->mark)) {
		if (o->again) {
			e = import_mark_forget(&r->mark, reterr);
		} else {
			ret->already = true;
			memcpy(ret->when, r->mark.line, sizeof(ret->when));
		}
	}
	if (!e && !ret->already) {
		e = store_files(r, &path, 1, reterr);
		if (!e)
			e = import_mark_set(&r->mark, path, ret->rows, reterr);
	}
	free(r);
	return e;
}

enum err import_run_alone(const char *const *paths, size_t n, const struct import_run_opts *o,
			  struct import_result *ret, struct diag *reterr)
{
	struct run *r = run_new(o, ret, reterr);
	enum err e = r ? import_mark_none(o->conf->dir, &r->mark, reterr) : ERR_NOMEM;
	if (!e) {
		r->alone = true;
		e = store_files(r, paths, n, reterr);
		import_mark_remove_spool(&r->mark);
	}
	free(r);
	return e;
}
