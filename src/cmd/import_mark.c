/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/import_mark.h"

#include "base/hash.h"
#include "base/timefmt.h"
#include "cmd/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HASH_READ = 1 << 20 };

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

static enum err make_folders(const char *state, char dir[PATH_MAX], struct diag *reterr)
{
	enum err e = folders_make(state);
	int n = snprintf(dir, PATH_MAX, "%s/import", state);
	if (!e && n < PATH_MAX && mkdir(dir, 0750) && errno != EEXIST)
		e = err_from_errno(errno);
	if (n >= PATH_MAX - 64)
		e = ERR_LIMIT;
	return e ? diag_set(reterr, e, 0, 0, "cannot write in %s: %s", state, err_text(e)) : ERR_OK;
}

static void read_line(struct import_mark *m)
{
	FILE *f = fopen(m->done, "re");
	if (!f)
		return;
	if (!fgets(m->line, sizeof(m->line), f) || m->line[0] == '\n')
		snprintf(m->line, sizeof(m->line), "an empty mark");
	m->line[strcspn(m->line, "\n")] = 0;
	fclose(f);
}

enum err import_mark_find(const char *state, const char *path, struct import_mark *ret,
			  struct diag *reterr)
{
	uint64_t hash, size;
	ret->line[0] = 0;
	enum err e = hash_file(path, &hash, &size, reterr);
	if (!e)
		e = make_folders(state, ret->dir, reterr);
	if (e)
		return e;
	snprintf(ret->dir, PATH_MAX, "%s/import/%016llx-%llx", state, (unsigned long long)hash,
		 (unsigned long long)size);
	snprintf(ret->done, PATH_MAX, "%s/import/%016llx-%llx.done", state,
		 (unsigned long long)hash, (unsigned long long)size);
	read_line(ret);
	return ERR_OK;
}

enum err import_mark_none(const char *state, struct import_mark *ret, struct diag *reterr)
{
	*ret = (struct import_mark){0};
	enum err e = make_folders(state, ret->dir, reterr);
	if (!e)
		snprintf(ret->dir, PATH_MAX, "%s/import/files", state);
	return e;
}

void import_mark_remove_spool(const struct import_mark *m)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%.*s/bad", PATH_MAX - 5, m->dir);
	(void)rmdir(path);
	DIR *d = opendir(m->dir);
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	(void)rmdir(m->dir);
}

enum err import_mark_forget(struct import_mark *m, struct diag *reterr)
{
	/* First: a spool that is left would make the import go on where it ended, with nothing. */
	import_mark_remove_spool(m);
	if (unlink(m->done))
		return diag_set(reterr, err_from_errno(errno), 0, 0, "cannot remove %s: %s",
				m->done, strerror(errno));
	m->line[0] = 0;
	return ERR_OK;
}

enum err import_mark_set(struct import_mark *m, const char *path, uint64_t rows,
			 struct diag *reterr)
{
	char now[RFC3339_MAX], tmp[PATH_MAX];
	const char *base = strrchr(path, '/');
	rfc3339_format(clock_wall_ms(), now);
	snprintf(tmp, sizeof(tmp), "%.*s.tmp", PATH_MAX - 5, m->done);
	FILE *f = fopen(tmp, "we");
	bool good = f && fprintf(f, "%s: %llu flows, imported %s\n", base ? base + 1 : path,
				 (unsigned long long)rows, now) > 0;
	good = good && fflush(f) == 0 && fsync(fileno(f)) == 0;
	if (f)
		good = fclose(f) == 0 && good;
	if (!good || rename(tmp, m->done))
		return diag_set(reterr, ERR_IO, 0, 0, "cannot write %s: %s", m->done,
				strerror(errno));
	import_mark_remove_spool(m);
	return ERR_OK;
}
