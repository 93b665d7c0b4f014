/* SPDX-License-Identifier: Apache-2.0 */
/* The flusher: commits into files. The rename of the head is the moment a commit happens. Where the
 * disk or the quota has no room the oldest waiting segments go; a commit that still cannot be
 * written is counted as dropped. */
#include "spool/spool_priv.h"

#include "base/timefmt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EVICT_AT_ONCE = 64, SYNC_AT_ONCE = 256, SAVE_MS = 1000, HEADER_GUESS = 4096 };

static struct entry *oldest_idle(struct spool *s)
{
	for (struct entry *e = s->first; e; e = e->next)
		if (!e->busy)
			return e;
	return NULL;
}

bool spool_make_room(struct spool *s, uint64_t bytes, bool force)
{
	struct entry *out[EVICT_AT_ONCE];
	uint32_t n = 0;
	pthread_mutex_lock(&s->lock);
	while (n < EVICT_AT_ONCE) {
		bool over = s->o.quota_bytes && s->bytes_waiting + bytes > s->o.quota_bytes;
		struct entry *e = over || (force && n == 0) ? oldest_idle(s) : NULL;
		if (!e)
			break;
		books_fold(s, e, ST_discard_quota);
		out[n++] = e;
	}
	pthread_mutex_unlock(&s->lock);
	if (n == 0)
		return false;
	/* The ledger needs a little room itself on a full disk: then it is written once the files
	 * are gone. */
	bool saved = books_save(s) == ERR_OK;
	for (uint32_t i = 0; i < n; i++) {
		char name[SPOOL_NAME_MAX];
		spool_name(name, out[i]->number, "seg");
		(void)unlinkat(s->dir_fd, name, 0);
		entry_free(out[i]);
	}
	if (!saved)
		saved = books_save(s) == ERR_OK;
	return true;
}

static enum err write_once(struct spool *s, struct segfile *f, const struct segbuf *rows,
			   const char *name, uint64_t *ret_bytes)
{
	int fd = openat(s->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : err_from_errno(errno);
	enum err e = segfile_write(fd, f, rows, s->scratch);
	if (close(fd) != 0 && !e)
		e = err_from_errno(errno);
	if (e)
		(void)unlinkat(s->dir_fd, name, 0);
	else
		*ret_bytes = f->header_len + f->body_len;
	return e;
}

/* Writes <number>.tmp, making room on a full disk; *ret is the entry for the list. */
static enum err write_member(struct spool *s, struct segfile *f, const struct segbuf *rows,
			     struct entry **ret)
{
	char name[SPOOL_NAME_MAX];
	spool_name(name, f->number, "tmp");
	uint64_t bytes = 0;
	enum err e = write_once(s, f, rows, name, &bytes);
	while (e == ERR_FULL && spool_make_room(s, rows->bytes, true))
		e = write_once(s, f, rows, name, &bytes);
	if (e)
		return e;
	struct entry *entry = entry_new(f, bytes);
	if (!entry) {
		(void)unlinkat(s->dir_fd, name, 0);
		return ERR_NOMEM;
	}
	entry->trusted = true;
	*ret = entry;
	return ERR_OK;
}

static void drop_files(struct spool *s, struct entry **entry, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!entry[i])
			continue;
		char name[SPOOL_NAME_MAX];
		spool_name(name, entry[i]->number, "tmp");
		(void)unlinkat(s->dir_fd, name, 0);
		entry_free(entry[i]);
		entry[i] = NULL;
	}
}

static bool publish_name(struct spool *s, uint64_t number)
{
	char from[SPOOL_NAME_MAX], to[SPOOL_NAME_MAX];
	spool_name(from, number, "tmp");
	spool_name(to, number, "seg");
	return renameat(s->dir_fd, from, s->dir_fd, to) == 0;
}

/* All files of the commit, the head last; then the renames, the head first. */
static enum err write_commit(struct spool *s, struct commit *c, struct entry **entry)
{
	struct segfile f = {.closed_ms = c->closed_ms,
			    .head = s->published,
			    .n_members = c->n,
			    .delta = c->delta,
			    .seqs = c->seqs,
			    .n_seqs = (uint32_t)c->n_seqs};
	for (uint32_t i = 0; i < c->n; i++) {
		f.member_rows[i] = c->seg[i]->rows;
		f.delta.v[ST_records_spooled] += c->seg[i]->rows;
	}
	f.delta.v[ST_segments_written] += c->n;
	c->delta = f.delta;
	enum err e = ERR_OK;
	for (uint32_t i = c->n; i-- > 0 && !e;) {
		f.number = f.head + i;
		e = write_member(s, &f, c->seg[i], &entry[i]);
	}
	if (!e && !publish_name(s, f.head))
		e = err_from_errno(errno);
	if (e) {
		drop_files(s, entry, c->n);
		return e;
	}
	/* From here the commit is; a member that cannot be renamed now is renamed by the next
	 * recovery. */
	for (uint32_t i = 1; i < c->n; i++)
		if (!publish_name(s, f.head + i))
			entry[i]->busy = true;
	return ERR_OK;
}

/* The commit could not be written: what it decoded is dropped, not spooled. */
static void count_lost(struct commit *c)
{
	uint64_t *v = c->delta.v;
	v[ST_drop_spool_full] += v[ST_records_spooled];
	v[ST_records_spooled] = 0;
	v[ST_segments_written] = 0;
}

static void flush_commit(struct spool *s, struct commit *c)
{
	struct entry *entry[SEGFILE_MEMBERS_MAX] = {0};
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < c->n; i++)
		bytes += c->seg[i]->bytes + HEADER_GUESS;
	pthread_mutex_lock(&s->lock);
	s->next = s->published + c->n;
	pthread_mutex_unlock(&s->lock);
	while (c->n && spool_make_room(s, bytes, false))
		;
	enum err e = c->n ? write_commit(s, c, entry) : ERR_OK;
	if (e)
		count_lost(c);
	pthread_mutex_lock(&s->lock);
	books_seqs(s, c->seqs, c->n_seqs, s->published);
	if (c->n == 0 || e) {
		books_add(s, &c->delta);
	} else {
		stats_add_to(&s->life, &c->delta);
		for (uint32_t i = 0; i < c->n; i++)
			list_append(s, entry[i]);
	}
	if (c->n)
		s->disk_error = e != ERR_OK;
	s->published = s->next;
	pthread_cond_signal(&s->ready);
	pthread_mutex_unlock(&s->lock);
}

/* With the lock held, which is let go meanwhile. */
static void flush_first(struct spool *s)
{
	struct commit *c = s->queue;
	s->queue = c->next;
	if (!s->queue)
		s->queue_end = &s->queue;
	pthread_mutex_unlock(&s->lock);
	flush_commit(s, c);
	pthread_mutex_lock(&s->lock);
	writer_take_back(c->writer, c);
	pthread_cond_broadcast(&s->room);
}

void spool_flush_now(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	while (s->queue)
		flush_first(s);
	pthread_mutex_unlock(&s->lock);
}

static void wait_ms(struct spool *s, pthread_cond_t *c, uint32_t ms)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	uint64_t ns = (uint64_t)t.tv_nsec + (uint64_t)(ms % 1000) * 1000000;
	t.tv_sec += ms / 1000 + ns / 1000000000;
	t.tv_nsec = (long)(ns % 1000000000);
	pthread_cond_timedwait(c, &s->lock, &t);
}

void spool_flush_loop(struct spool *s)
{
	uint64_t saved_ns = 0;
	pthread_mutex_lock(&s->lock);
	while (!s->stop || s->queue) {
		if (s->queue)
			flush_first(s);
		else
			wait_ms(s, &s->work, SAVE_MS);
		uint64_t now = clock_mono_ns();
		if (s->dirty && now - saved_ns >= (uint64_t)SAVE_MS * 1000000) {
			pthread_mutex_unlock(&s->lock);
			(void)books_save(s); /* stays dirty on failure, shown as disk_error */
			saved_ns = now;
			pthread_mutex_lock(&s->lock);
		}
	}
	pthread_mutex_unlock(&s->lock);
	(void)books_save(s);
}

static void sync_file(const struct spool *s, const char *name)
{
	int fd = openat(s->dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* stored and removed meanwhile */
	(void)fdatasync(fd);
	close(fd);
}

/* Segments that came since the last time. With the lock held, which is let go meanwhile. */
static void sync_new(struct spool *s)
{
	uint64_t number[SYNC_AT_ONCE];
	uint32_t n;
	do {
		n = 0;
		uint64_t upto = s->published;
		for (struct entry *e = s->first; e && n < SYNC_AT_ONCE; e = e->next)
			if (e->number >= s->synced)
				number[n++] = e->number;
		if (n == SYNC_AT_ONCE)
			upto = number[n - 1] + 1;
		s->synced = upto;
		pthread_mutex_unlock(&s->lock);
		for (uint32_t i = 0; i < n; i++) {
			char name[SPOOL_NAME_MAX];
			spool_name(name, number[i], "seg");
			sync_file(s, name);
		}
		pthread_mutex_lock(&s->lock);
	} while (n == SYNC_AT_ONCE);
	pthread_mutex_unlock(&s->lock);
	sync_file(s, "ledger");
	(void)fsync(s->dir_fd);
	pthread_mutex_lock(&s->lock);
}

void spool_sync_loop(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		wait_ms(s, &s->tick, s->o.sync_ms ? s->o.sync_ms : 3600 * 1000);
		if (s->o.sync_ms)
			sync_new(s);
	}
	pthread_mutex_unlock(&s->lock);
}

bool spool_wait(struct spool *s, uint32_t ms)
{
	pthread_mutex_lock(&s->lock);
	if (!s->stop)
		wait_ms(s, &s->ready, ms);
	bool go = !s->stop;
	pthread_mutex_unlock(&s->lock);
	return go;
}

void spool_stop(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_broadcast(&s->work);
	pthread_cond_broadcast(&s->ready);
	pthread_cond_broadcast(&s->tick);
	pthread_mutex_unlock(&s->lock);
}
