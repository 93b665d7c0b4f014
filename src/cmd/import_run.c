/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/import_run.h"

#include "base/hash.h"
#include "base/timefmt.h"
#include "cmd/folders.h"
#include "cmd/store_conf.h"
#include "conf/conf.h"
#include "model/batch.h"
#include "spool/spool.h"
#include "store/import_lock.h"
#include "store/loader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	SEGMENTS_FULL = SPOOL_SEGMENTS_MAX - 1,
	HASH_READ = 1 << 20,
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
	char dir[PATH_MAX], done[PATH_MAX];
	enum err err;
	struct diag why;
};

/* --- which file it is */

static enum err hash_file(const char *path, uint64_t *ret, uint64_t *ret_size, struct diag *reterr)
{
	struct hash_stream h;
	uint8_t *p = malloc(HASH_READ);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	*ret_size = 0;
	hash_stream_begin(&h);
	while (p && fd >= 0 && (n = read(fd, p, HASH_READ)) > 0) {
		hash_stream_add(&h, p, (size_t)n);
		*ret_size += (uint64_t)n;
	}
	enum err e = !p ? ERR_NOMEM : n < 0 ? err_from_errno(errno) : ERR_OK;
	if (e)
		diag_set(reterr, e, 0, 0, "%s: %s", path, err_text(e));
	*ret = hash_stream_end(&h);
	if (fd >= 0)
		close(fd);
	free(p);
	return e;
}

static enum err name_folders(struct run *r, const char *path, struct diag *reterr)
{
	uint64_t hash, size;
	const char *dir = r->o->conf->dir;
	enum err e = hash_file(path, &hash, &size, reterr);
	if (e)
		return e;
	e = folders_make(dir);
	int n = snprintf(r->dir, sizeof(r->dir), "%s/import", dir);
	if (!e && n < PATH_MAX && mkdir(r->dir, 0750) && errno != EEXIST)
		e = err_from_errno(errno);
	if (e)
		return diag_set(reterr, e, 0, 0, "cannot write in %s: %s", dir, err_text(e));
	n = snprintf(r->dir, sizeof(r->dir), "%s/import/%016llx-%llx", dir,
		     (unsigned long long)hash, (unsigned long long)size);
	int m = snprintf(r->done, sizeof(r->done), "%s/import/%016llx-%llx.done", dir,
			 (unsigned long long)hash, (unsigned long long)size);
	if (n >= PATH_MAX || m >= PATH_MAX)
		return diag_set(reterr, ERR_LIMIT, 0, 0, "the name of %s is too long", dir);
	return ERR_OK;
}

/* Whether the file was imported; its line then stands in the result. */
static bool was_imported(struct run *r)
{
	FILE *f = fopen(r->done, "re");
	if (!f)
		return false;
	if (!fgets(r->result->when, sizeof(r->result->when), f))
		r->result->when[0] = 0;
	r->result->when[strcspn(r->result->when, "\n")] = 0;
	fclose(f);
	return true;
}

/* "NAME: 12345 flows, imported 2026-01-01T12:00:00.000Z", then the folder goes. */
static enum err note_done(const struct run *r, const char *path, struct diag *reterr)
{
	char now[RFC3339_MAX], tmp[PATH_MAX];
	const char *base = strrchr(path, '/');
	rfc3339_format(clock_wall_ms(), now);
	snprintf(tmp, sizeof(tmp), "%.*s.tmp", PATH_MAX - 5, r->done);
	FILE *f = fopen(tmp, "we");
	bool good = f && fprintf(f, "%s: %llu flows, imported %s\n", base ? base + 1 : path,
				 (unsigned long long)r->result->rows, now) > 0;
	good = good && fflush(f) == 0 && fsync(fileno(f)) == 0;
	if (f)
		good = fclose(f) == 0 && good;
	if (!good || rename(tmp, r->done))
		return diag_set(reterr, ERR_IO, 0, 0, "cannot write %s: %s", r->done,
				strerror(errno));
	return ERR_OK;
}

static void remove_folder(const char *dir)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%.*s/bad", PATH_MAX - 5, dir);
	(void)rmdir(path);
	DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	(void)rmdir(dir);
}

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
	static const atomic_bool never = false;
	const atomic_bool *stop = r->o->stop ? r->o->stop : &never;
	uint64_t give_up = clock_mono_ns() + (uint64_t)STORE_WAIT_MS * NS_PER_MS;
	struct spool_totals t;
	struct loader_status s;
	for (;;) {
		enum err e = hold_lock(r);
		if (e)
			return e;
		loader_drain(r->loader, stop);
		spool_totals(r->spool, &t);
		if (stopped(r))
			return ERR_CANCELLED;
		if (t.bad_segments)
			return diag_set(&r->why, ERR_REMOTE, 0, 0,
					"the store refused a part of the flows; see %s/bad",
					r->dir);
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
				"cannot write in %s: %s", r->dir,
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
	if (r->o->alone)
		store_close(r->store);
	if (r->o->alone)
		r->store = NULL;
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
	    .dir = r->dir, .segment_age_ms = NEVER_MS, .segment_rows = SEGMENT_ROWS};
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

static void close_all(struct run *r)
{
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

static enum err store_file(struct run *r, const char *path, struct diag *reterr)
{
	enum err e = open_store(r, reterr);
	if (!e)
		e = open_spool(r, reterr);
	if (!e)
		e = read_file(r, path, reterr);
	if (!e && (e = flush(r)) != ERR_OK)
		*reterr = r->why;
	if (e == ERR_CANCELLED && r->spool) {
		/* What was read is kept for the next run. */
		spool_commit(r->writer, clock_mono_ns(), NULL, 0);
		spool_flush_now(r->spool);
	}
	return e;
}

enum err import_run(const char *path, const struct import_run_opts *o, struct import_result *ret,
		    struct diag *reterr)
{
	struct run *r = calloc(1, sizeof(*r));
	if (!r)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	*ret = (struct import_result){.first_ms = INT64_MAX, .last_ms = INT64_MIN};
	r->o = o;
	r->result = ret;
	enum err e = name_folders(r, path, reterr);
	if (!e && was_imported(r)) {
		ret->already = !o->again;
		if (o->again && unlink(r->done))
			e = diag_set(reterr, err_from_errno(errno), 0, 0, "cannot remove %s: %s",
				     r->done, strerror(errno));
		remove_folder(r->dir); /* a kill may have left it */
	}
	if (!e && !ret->already) {
		e = store_file(r, path, reterr);
		ret->rows = r->seen;
		ret->damaged += damage(&r->stats);
		close_all(r);
		if (!e)
			e = note_done(r, path, reterr);
		if (!e)
			remove_folder(r->dir);
	}
	free(r);
	return e;
}
