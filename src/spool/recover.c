/* SPDX-License-Identifier: Apache-2.0 */
/* What a spool finds when it is opened, put in order (the cases are listed in spool.h). Every
 * decision is either repeated the same way by the next recovery or is in the ledger, which
 * spool_open writes afterwards; so recovery itself may be killed anywhere. */
#include "spool/spool_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEDGER_MAX = 16 << 20, NUMBER_DIGITS_MAX = 19 };

struct found {
	uint64_t number;
	bool tmp;
};

struct finds {
	struct found *v;
	size_t n, cap;
};

/* "000000000042.seg" -> 42 */
static bool parse_name(const char *name, const char *suffix, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;
	for (; name[i] >= '0' && name[i] <= '9' && i < NUMBER_DIGITS_MAX; i++)
		v = v * 10 + (uint64_t)(name[i] - '0');
	if (i == 0 || name[i] != '.' || strcmp(name + i + 1, suffix) != 0)
		return false;
	*ret = v;
	return true;
}

static bool finds_add(struct finds *f, struct found one)
{
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 64;
		struct found *v = reallocarray(f->v, cap, sizeof(*v));
		if (!v)
			return false;
		f->v = v;
		f->cap = cap;
	}
	f->v[f->n++] = one;
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (int)x->tmp - (int)y->tmp;
}

static DIR *open_dir(int fd)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again >= 0 ? fdopendir(again) : NULL;
	if (!d && again >= 0)
		close(again);
	return d;
}

static enum err scan(struct spool *s, struct finds *f)
{
	DIR *d = open_dir(s->dir_fd);
	if (!d)
		return err_from_errno(errno);
	enum err e = ERR_OK;
	for (struct dirent *x; (x = readdir(d)) && !e;) {
		struct found one = {0};
		if (!parse_name(x->d_name, "seg", &one.number)) {
			one.tmp = true;
			if (!parse_name(x->d_name, "tmp", &one.number))
				continue;
		}
		s->next = MAX_OF(s->next, one.number + 1);
		if (!finds_add(f, one))
			e = ERR_NOMEM;
	}
	closedir(d);
	if (f->n)
		qsort(f->v, f->n, sizeof(f->v[0]), by_number);
	return e;
}

static enum err scan_bad(struct spool *s)
{
	DIR *d = open_dir(s->bad_fd);
	if (!d)
		return err_from_errno(errno);
	for (struct dirent *x; (x = readdir(d));) {
		uint64_t number;
		if (parse_name(x->d_name, "seg", &number)) {
			s->bad_segments++;
			s->next = MAX_OF(s->next, number + 1);
		}
	}
	closedir(d);
	return ERR_OK;
}

static enum err read_whole(int dir_fd, const char *name, struct buf *out)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : err_from_errno(errno);
	struct stat st;
	enum err e = ERR_OK;
	out->max = LEDGER_MAX;
	if (fstat(fd, &st) != 0)
		e = err_from_errno(errno);
	else if (!buf_reserve(out, (size_t)st.st_size + 1))
		e = ERR_LIMIT;
	for (ssize_t k = 1; !e && k != 0;) {
		k = out->cap > out->n ? read(fd, out->p + out->n, out->cap - out->n) : 0;
		if (k > 0)
			out->n += (size_t)k;
		else if (k < 0 && errno != EINTR)
			e = err_from_errno(errno);
	}
	close(fd);
	return e;
}

/* A ledger that cannot be read is kept aside: the lifetime counters start anew, the segments are
 * still there. */
static enum err read_ledger(struct spool *s, struct diag *d)
{
	struct buf text = {0};
	enum err e = read_whole(s->dir_fd, "ledger", &text);
	if (!e) {
		e = ledger_decode(text.p, text.n, &s->ledger);
		if (e == ERR_VERSION) {
			buf_fini(&text);
			return diag_set(d, e, 0, 0, "%s/ledger was written by a newer version",
					s->o.dir);
		}
		if (e && e != ERR_NOMEM) {
			ledger_fini(&s->ledger);
			e = renameat(s->dir_fd, "ledger", s->dir_fd, "ledger.bad") == 0
				? ERR_OK
				: err_from_errno(errno);
		}
	} else if (e == ERR_NOT_FOUND) {
		e = ERR_OK;
	}
	buf_fini(&text);
	return e ? diag_set(d, e, 0, 0, "cannot read %s/ledger: %s", s->o.dir, err_text(e))
		 : ERR_OK;
}

static enum err read_header(struct spool *s, uint64_t number, const char *suffix,
			    struct segfile *ret)
{
	char name[SPOOL_NAME_MAX];
	spool_name(name, number, suffix);
	int fd = openat(s->dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_from_errno(errno);
	enum err e = segfile_read(fd, ret);
	if (!e && ret->number != number) {
		segfile_fini(ret);
		e = ERR_MALFORMED;
	}
	close(fd);
	return e;
}

static void remove_file(struct spool *s, uint64_t number, const char *suffix)
{
	char name[SPOOL_NAME_MAX];
	spool_name(name, number, suffix);
	(void)unlinkat(s->dir_fd, name, 0);
}

/* A file that is no segment: what it stood for is not known, and was never in the ledger. */
static void set_aside(struct spool *s, uint64_t number)
{
	char name[SPOOL_NAME_MAX];
	spool_name(name, number, "seg");
	if (renameat(s->dir_fd, name, s->bad_fd, name) == 0) {
		s->bad_segments++;
		s->ledger.sums.v[ST_segments_refused]++;
	}
}

static enum err take_in(struct spool *s, const struct segfile *f)
{
	struct entry *e = entry_new(f, f->header_len + f->body_len);
	if (!e)
		return ERR_NOMEM;
	list_append(s, e);
	if (e->delta)
		stats_add_to(&s->life, &f->delta);
	return ERR_OK;
}

/* Members of a commit whose head was seen: number of the first one that has to come, and of the one
 * after the last. */
struct expect {
	uint64_t next, end;
	uint32_t rows[SEGFILE_MEMBERS_MAX];
	uint64_t head;
};

/* Members below `number` did not come: gone before, or lost in a power cut. */
static void miss_members(struct spool *s, struct expect *x, uint64_t number)
{
	for (; x->next < x->end && x->next < number; x->next++)
		if (!ledger_gone(&s->ledger, x->next))
			s->ledger.sums.v[ST_discard_bad_segment] += x->rows[x->next - x->head];
}

static void begin_members(struct spool *s, struct expect *x, const struct segfile *f)
{
	x->head = f->number;
	x->next = f->number + 1;
	x->end = f->number + f->n_members;
	memcpy(x->rows, f->member_rows, sizeof(x->rows));
	s->next = MAX_OF(s->next, x->end); /* also when the last one is missing */
}

/* A member whose head is lost, or gone without the ledger knowing: it stands for its own rows. */
static void adopt(struct spool *s, const struct segfile *f)
{
	s->ledger.sums.v[ST_records_decoded] += f->rows;
	s->ledger.sums.v[ST_records_spooled] += f->rows;
	s->ledger.sums.v[ST_segments_written]++;
}

static enum err look_at(struct spool *s, const struct found *one, struct expect *x)
{
	miss_members(s, x, one->number);
	bool expected = one->number < x->end && one->number == x->next;
	if (ledger_gone(&s->ledger, one->number) || (one->tmp && !expected)) {
		remove_file(s, one->number, one->tmp ? "tmp" : "seg");
		return ERR_OK;
	}
	struct segfile f;
	enum err e = read_header(s, one->number, one->tmp ? "tmp" : "seg", &f);
	if (e == ERR_NOMEM)
		return e;
	if (!e && one->tmp && f.head != x->head) {
		segfile_fini(&f);
		e = ERR_MALFORMED;
	}
	if (e && one->tmp) {
		remove_file(s, one->number, "tmp");
		return ERR_OK; /* still expected: counted by miss_members */
	}
	if (e) {
		set_aside(s, one->number);
		return ERR_OK;
	}
	char from[SPOOL_NAME_MAX], to[SPOOL_NAME_MAX];
	spool_name(from, one->number, "tmp");
	spool_name(to, one->number, "seg");
	if (one->tmp && renameat(s->dir_fd, from, s->dir_fd, to) != 0)
		e = err_from_errno(errno);
	if (!e)
		e = take_in(s, &f);
	if (!e && segfile_is_head(&f)) {
		begin_members(s, x, &f);
		books_seqs(s, f.seqs, f.n_seqs, f.number);
	} else if (!e && expected) {
		x->next++;
	} else if (!e && !ledger_gone(&s->ledger, f.head)) {
		adopt(s, &f);
	}
	segfile_fini(&f);
	return e;
}

/* Records that were held for a template when the process ended will not come back: the decoder
 * counted them. */
static void drop_held(struct spool *s)
{
	uint64_t held = s->life.v[ST_records_held] + s->ledger.sums.v[ST_records_held];
	s->ledger.sums.v[ST_records_held] -= held;
	s->ledger.sums.v[ST_drop_no_template] += held;
}

/* Gaps that late datagrams might have filled: the decoder that waited for them is gone, so they are
 * lost. The entry moves past the heads that brought it, so that it counts once. */
static void lose_open_gaps(struct spool *s)
{
	for (size_t i = 0; i < s->ledger.seqs.n; i++) {
		struct seq_entry *e = &s->ledger.seqs.e[i];
		if (e->seq.open == 0)
			continue;
		enum stat_id which = sequence_of_datagrams(e->seq.version)
					 ? ST_sequence_lost_datagrams
					 : ST_records_lost_before;
		s->ledger.sums.v[which] += e->seq.open;
		e->seq.open = 0;
		e->as_of = s->next;
	}
}

enum err spool_recover(struct spool *s, struct diag *reterr)
{
	struct finds f = {0};
	struct expect x = {0};
	enum err e = read_ledger(s, reterr);
	if (e)
		return e;
	s->next = MAX_OF(ledger_end(&s->ledger), 1u);
	e = scan_bad(s);
	if (!e)
		e = scan(s, &f);
	for (size_t i = 0; i < f.n && !e; i++)
		e = look_at(s, &f.v[i], &x);
	miss_members(s, &x, UINT64_MAX);
	free(f.v);
	s->published = s->synced = s->next;
	drop_held(s);
	lose_open_gaps(s);
	stats_add_to(&s->life, &s->ledger.sums);
	return e ? diag_set(reterr, e, 0, 0, "cannot read %s: %s", s->o.dir, err_text(e)) : ERR_OK;
}
