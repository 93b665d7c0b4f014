/* SPDX-License-Identifier: Apache-2.0 */
/* The books: list of waiting segments, sums, and the ledger file that follows from them. */
#include "spool/spool_priv.h"

#include "base/io.h"
#include "base/timefmt.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void spool_name(char out[SPOOL_NAME_MAX], uint64_t number, const char *suffix)
{
	snprintf(out, SPOOL_NAME_MAX, "%012" PRIu64 ".%s", number, suffix);
}

static struct delta *delta_new(const struct stats *s)
{
	uint32_t n = 0;
	for (int i = 0; i < STAT_MAX; i++)
		n += s->v[i] != 0;
	struct delta *d = malloc(sizeof(*d) + n * sizeof(d->e[0]));
	if (!d)
		return NULL;
	d->n = 0;
	for (uint32_t i = 0; i < STAT_MAX; i++)
		if (s->v[i]) {
			d->e[d->n].which = i;
			d->e[d->n++].v = s->v[i];
		}
	return d;
}

struct entry *entry_new(const struct segfile *f, uint64_t file_bytes)
{
	struct entry *e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->number = f->number;
	e->hash = f->hash;
	e->bytes = file_bytes;
	e->rows = f->rows;
	e->closed_ms = f->closed_ms;
	e->fd = -1;
	if (segfile_is_head(f)) {
		e->delta = delta_new(&f->delta);
		if (!e->delta) {
			free(e);
			return NULL;
		}
	}
	return e;
}

void entry_free(struct entry *e)
{
	if (!e)
		return;
	if (e->fd >= 0)
		close(e->fd);
	buf_fini(&e->columns);
	free(e->delta);
	free(e);
}

void list_append(struct spool *s, struct entry *e)
{
	e->prev = s->last;
	e->next = NULL;
	*(s->last ? &s->last->next : &s->first) = e;
	s->last = e;
	s->n_waiting++;
	s->rows_waiting += e->rows;
	s->bytes_waiting += e->bytes;
}

void list_remove(struct spool *s, struct entry *e)
{
	*(e->prev ? &e->prev->next : &s->first) = e->next;
	*(e->next ? &e->next->prev : &s->last) = e->prev;
	s->n_waiting--;
	s->rows_waiting -= e->rows;
	s->bytes_waiting -= e->bytes;
}

static void add_both(struct spool *s, enum stat_id which, uint64_t n)
{
	s->ledger.sums.v[which] += n;
	s->life.v[which] += n;
	s->dirty = true;
}

void books_fold(struct spool *s, struct entry *e, enum stat_id reason)
{
	for (uint32_t i = 0; e->delta && i < e->delta->n; i++)
		s->ledger.sums.v[e->delta->e[i].which] += e->delta->e[i].v;
	add_both(s, reason, e->rows);
	list_remove(s, e);
}

void books_add(struct spool *s, const struct stats *delta)
{
	for (int i = 0; i < STAT_MAX; i++)
		add_both(s, (enum stat_id)i, delta->v[i]);
}

void books_seqs(struct spool *s, const struct exporter_seq *q, size_t n, uint64_t as_of)
{
	for (size_t i = 0; i < n; i++)
		if (!seqmap_put(&s->ledger.seqs, &q[i], as_of))
			return;
}

/* Floor and gaps: what is not in the list below `published` is gone. */
static bool set_gaps(struct spool *s)
{
	struct ledger *l = &s->ledger;
	l->n_gaps = 0;
	l->floor = s->first ? s->first->number : s->published;
	for (const struct entry *e = s->first; e; e = e->next) {
		uint64_t from = e->number + 1, to = e->next ? e->next->number : s->published;
		if (to > from && !ledger_add_gap(l, from, to))
			return false;
	}
	return true;
}

static enum err replace_file(const struct spool *s, const char *name, const struct buf *text)
{
	int fd = openat(s->dir_fd, "ledger.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_from_errno(errno);
	enum err e = io_write_all(fd, text->p, text->n);
	close(fd);
	if (!e && renameat(s->dir_fd, "ledger.new", s->dir_fd, name) != 0)
		e = err_from_errno(errno);
	return e;
}

enum err books_save(struct spool *s)
{
	struct buf text = {0};
	pthread_mutex_lock(&s->io);
	pthread_mutex_lock(&s->lock);
	enum err e = set_gaps(s) ? ERR_OK : ERR_NOMEM;
	if (!e)
		ledger_encode(&text, &s->ledger);
	s->dirty = false;
	pthread_mutex_unlock(&s->lock);
	if (!e)
		e = text.bad ? ERR_NOMEM : replace_file(s, "ledger", &text);
	buf_fini(&text);
	if (e) {
		pthread_mutex_lock(&s->lock);
		s->dirty = true;
		s->disk_error = true;
		pthread_mutex_unlock(&s->lock);
	}
	pthread_mutex_unlock(&s->io);
	return e;
}

void spool_count(struct spool *s, enum stat_id which, uint64_t n)
{
	pthread_mutex_lock(&s->lock);
	add_both(s, which, n);
	pthread_mutex_unlock(&s->lock);
}

void spool_totals(struct spool *s, struct spool_totals *ret)
{
	int64_t now = clock_wall_ms();
	pthread_mutex_lock(&s->lock);
	*ret = (struct spool_totals){
	    .lifetime = s->life,
	    .bad_segments = s->bad_segments,
	    .oldest_ms = s->first ? s->first->closed_ms : 0,
	    .quota_bytes = s->o.quota_bytes,
	    .uuid = s->uuid,
	    .disk_error = s->disk_error,
	};
	uint64_t *v = ret->lifetime.v;
	v[ST_records_waiting] = s->rows_waiting;
	v[ST_segments_waiting] = s->n_waiting;
	v[ST_segments_bytes] = s->bytes_waiting;
	pthread_mutex_unlock(&s->lock);
	v[ST_loader_lag_ms] =
	    ret->oldest_ms && now > ret->oldest_ms ? (uint64_t)(now - ret->oldest_ms) : 0;
}
