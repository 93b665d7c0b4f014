/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a spool: folder, identity, lock. */
#include "spool/spool.h"

#include "spool/spool_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err open_dirs(struct spool *s, struct diag *d)
{
	const char *dir = s->o.dir;
	if (mkdir(dir, 0750) != 0 && errno != EEXIST)
		return diag_set(d, err_from_errno(errno), 0, 0, "cannot make %s: %s", dir,
				strerror(errno));
	s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd < 0)
		return diag_set(d, err_from_errno(errno), 0, 0, "cannot open %s: %s", dir,
				strerror(errno));
	if (mkdirat(s->dir_fd, "bad", 0750) != 0 && errno != EEXIST)
		return diag_set(d, err_from_errno(errno), 0, 0, "cannot make %s/bad: %s", dir,
				strerror(errno));
	s->bad_fd = openat(s->dir_fd, "bad", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->bad_fd < 0)
		return diag_set(d, err_from_errno(errno), 0, 0, "cannot open %s/bad: %s", dir,
				strerror(errno));
	return ERR_OK;
}

/* A random (version 4) UUID. */
static enum err uuid_make(char out[SPOOL_UUID_MAX])
{
	uint8_t b[16];
	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return ERR_IO;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	char *p = out;
	for (size_t i = 0; i < sizeof(b); i++)
		p += snprintf(p, 4, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
	return ERR_OK;
}

static bool uuid_valid(const char *u)
{
	return strlen(u) == SPOOL_UUID_MAX - 1 &&
	       strspn(u, "0123456789abcdef-") == SPOOL_UUID_MAX - 1;
}

/* The file is also the lock: one collector at a time. */
static enum err open_uuid(struct spool *s, struct diag *d)
{
	s->uuid_fd = openat(s->dir_fd, "uuid", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (s->uuid_fd < 0)
		return diag_set(d, err_from_errno(errno), 0, 0, "cannot open %s/uuid: %s", s->o.dir,
				strerror(errno));
	if (flock(s->uuid_fd, LOCK_EX | LOCK_NB) != 0)
		return diag_set(d, ERR_BUSY, 0, 0, "%s is used by another collector", s->o.dir);
	ssize_t n = read(s->uuid_fd, s->uuid, SPOOL_UUID_MAX - 1);
	if (n == SPOOL_UUID_MAX - 1 && uuid_valid(s->uuid))
		return ERR_OK;
	/* New, or torn by a power cut before the first segment. */
	enum err e = uuid_make(s->uuid);
	if (!e && (ftruncate(s->uuid_fd, 0) != 0 ||
		   pwrite(s->uuid_fd, s->uuid, SPOOL_UUID_MAX - 1, 0) != SPOOL_UUID_MAX - 1 ||
		   fsync(s->uuid_fd) != 0))
		e = err_from_errno(errno);
	if (e)
		return diag_set(d, e, 0, 0, "cannot write %s/uuid: %s", s->o.dir, err_text(e));
	return ERR_OK;
}

static int newest_first(const void *a, const void *b)
{
	const struct seq_entry *x = a, *y = b;
	return x->as_of < y->as_of ? 1 : x->as_of > y->as_of ? -1 : 0;
}

static enum err copy_sequences(struct spool *s)
{
	size_t n = s->ledger.seqs.n;
	struct seq_entry *e = calloc(n ? n : 1, sizeof(*e));
	s->start_seqs = calloc(n ? n : 1, sizeof(s->start_seqs[0]));
	if (!e || !s->start_seqs) {
		free(e);
		return ERR_NOMEM;
	}
	memcpy(e, s->ledger.seqs.e ? s->ledger.seqs.e : e, n * sizeof(*e));
	qsort(e, n, sizeof(*e), newest_first);
	for (size_t i = 0; i < n; i++)
		s->start_seqs[i] = e[i].seq;
	s->n_start_seqs = n;
	free(e);
	return ERR_OK;
}

static void init_locks(struct spool *s)
{
	pthread_condattr_t a;
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->io, NULL);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->work, &a);
	pthread_cond_init(&s->room, &a);
	pthread_cond_init(&s->ready, &a);
	pthread_cond_init(&s->tick, &a);
	pthread_condattr_destroy(&a);
}

static void spool_free(struct spool *s)
{
	while (s->first) {
		struct entry *e = s->first;
		list_remove(s, e);
		entry_free(e);
	}
	ledger_fini(&s->ledger);
	free(s->start_seqs);
	if (s->scratch)
		dict_fini(&s->scratch->dict);
	free(s->scratch);
	free(s->load_stage);
	const int fds[] = {s->dir_fd, s->bad_fd, s->uuid_fd};
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	pthread_mutex_destroy(&s->io);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->work);
	pthread_cond_destroy(&s->room);
	pthread_cond_destroy(&s->ready);
	pthread_cond_destroy(&s->tick);
	free(s);
}

static enum err open_all(struct spool *s, struct diag *d)
{
	s->scratch = calloc(1, sizeof(*s->scratch));
	s->load_stage = malloc(SEGFILE_STAGE);
	if (!s->scratch || !s->load_stage)
		return diag_set(d, ERR_NOMEM, 0, 0, "no memory for the spool");
	enum err e = open_dirs(s, d);
	if (!e)
		e = open_uuid(s, d);
	if (!e)
		e = spool_recover(s, d);
	if (!e)
		e = copy_sequences(s);
	if (!e && books_save(s) != ERR_OK && !s->first)
		e = diag_set(d, ERR_IO, 0, 0, "cannot write %s/ledger", s->o.dir);
	return e;
}

enum err spool_open(const struct spool_options *o, struct spool **ret, struct diag *reterr)
{
	struct spool *s = calloc(1, sizeof(*s));
	if (!s)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "no memory for the spool");
	s->o = *o;
	s->dir_fd = s->bad_fd = s->uuid_fd = -1;
	s->queue_end = &s->queue;
	init_locks(s);
	enum err e = open_all(s, reterr);
	if (e)
		spool_free(s);
	else
		*ret = s;
	return e;
}

void spool_close(struct spool **ps)
{
	struct spool *s = *ps;
	*ps = NULL;
	if (!s)
		return;
	(void)books_save(s); /* what fails here was seen as disk_error before */
	spool_free(s);
}

const struct exporter_seq *spool_sequences(const struct spool *s, size_t *ret_n)
{
	*ret_n = s->n_start_seqs;
	return s->start_seqs;
}
