/* SPDX-License-Identifier: Apache-2.0 */
/* The loader's side: which segment next, and what became of it. */
#include "spool/spool_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct entry *find(struct spool *s, uint64_t number)
{
	struct entry *e = s->first;
	while (e && e->number != number)
		e = e->next;
	return e;
}

/* Takes the entry out of the list for this reason and removes or keeps its file. */
static void finish(struct spool *s, uint64_t number, enum stat_id reason, const char *why)
{
	pthread_mutex_lock(&s->lock);
	struct entry *e = find(s, number);
	if (!e) {
		pthread_mutex_unlock(&s->lock);
		return;
	}
	books_fold(s, e, reason);
	enum stat_id segments = why ? ST_segments_refused : ST_segments_loaded;
	s->ledger.sums.v[segments]++;
	s->life.v[segments]++;
	s->bad_segments += why != NULL;
	pthread_mutex_unlock(&s->lock);
	bool saved = books_save(s) == ERR_OK;
	char name[SPOOL_NAME_MAX];
	spool_name(name, number, "seg");
	if (!why || renameat(s->dir_fd, name, s->bad_fd, name) != 0)
		(void)unlinkat(s->dir_fd, name, 0);
	if (why) {
		spool_name(name, number, "txt");
		int fd = openat(s->bad_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
		if (fd >= 0) {
			dprintf(fd, "%s\n", why);
			close(fd);
		}
	}
	if (!saved) /* a full disk: there is room now */
		saved = books_save(s) == ERR_OK;
	entry_free(e);
}

void segment_done(struct spool *s, struct segment *seg)
{
	finish(s, seg->number, ST_records_stored, NULL);
	*seg = (struct segment){.fd = -1};
}

void segment_bad(struct spool *s, struct segment *seg, const char *why)
{
	finish(s, seg->number, ST_discard_bad_segment, why);
	*seg = (struct segment){.fd = -1};
}

void segment_later(struct spool *s, struct segment *seg, uint64_t until_ns)
{
	pthread_mutex_lock(&s->lock);
	struct entry *e = find(s, seg->number);
	if (e) {
		e->busy = false;
		e->later_ns = until_ns;
		close(e->fd);
		e->fd = -1;
		buf_fini(&e->columns);
	}
	pthread_mutex_unlock(&s->lock);
	*seg = (struct segment){.fd = -1};
}

static struct entry *take(struct spool *s, uint64_t now_ns)
{
	pthread_mutex_lock(&s->lock);
	struct entry *e = s->first;
	while (e && (e->busy || e->later_ns > now_ns))
		e = e->next;
	if (e)
		e->busy = true;
	pthread_mutex_unlock(&s->lock);
	return e;
}

static enum err open_taken(struct spool *s, struct entry *e, struct segment *ret)
{
	char name[SPOOL_NAME_MAX];
	spool_name(name, e->number, "seg");
	e->fd = openat(s->dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (e->fd < 0)
		return err_from_errno(errno);
	struct segfile f;
	enum err err = segfile_read(e->fd, &f);
	if (err)
		return err;
	if (f.hash != e->hash)
		err = ERR_CHECKSUM;
	else if (!e->trusted)
		err = segfile_verify(e->fd, &f, s->load_stage);
	if (!err) {
		e->columns = f.columns;
		f.columns = (struct buf){0};
		*ret = (struct segment){.number = e->number,
					.fd = e->fd,
					.body_off = f.header_len,
					.body_len = f.body_len,
					.rows = f.rows,
					.shape = f.shape,
					.day = f.day,
					.closed_ms = f.closed_ms,
					.columns = buf_cstr(&e->columns)};
		snprintf(ret->token, sizeof(ret->token), "%s-%" PRIu64 "-%016" PRIx64, s->uuid,
			 e->number, f.hash);
	}
	segfile_fini(&f);
	return err;
}

enum err spool_next(struct spool *s, uint64_t now_ns, struct segment *ret)
{
	for (;;) {
		struct entry *e = take(s, now_ns);
		if (!e)
			return ERR_NOT_FOUND;
		enum err err = open_taken(s, e, ret);
		if (!err)
			return ERR_OK;
		finish(s, e->number, ST_discard_bad_segment, err_text(err));
	}
}
