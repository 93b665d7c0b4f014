/* SPDX-License-Identifier: Apache-2.0 */
/* The file of what exporters told (decode/vault.h): read before the first datagram, written by a
 * thread of its own, whole each time and renamed into place. */
#include "base/io.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/collect.h"
#include "conf/conf.h"
#include "decode/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A change waits SAVE_MS, or, where the file is large, so long that writing takes 1 / SAVE_SHARE of
 * the time: what a killed collector knew of templates decides what it can read at once when it is
 * back. */
enum {
	SAVE_MS = 500,
	SAVE_MAX_MS = 60000,
	SAVE_SHARE = 20,
	PATH_BYTES = 4096,
	FILE_MAX = 2 * VAULT_MAX_BYTES
};

/* DIR/templates, or with what is put behind it. */
static bool path_of(const struct collect *c, const char *behind, char out[PATH_BYTES])
{
	int n = snprintf(out, PATH_BYTES, "%s/templates%s", c->conf->dir, behind);
	return n > 0 && n < PATH_BYTES;
}

static enum err read_all(int fd, struct buf *out)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_from_errno(errno);
	if (st.st_size > FILE_MAX)
		return ERR_LIMIT;
	if (!buf_reserve(out, (size_t)st.st_size))
		return ERR_NOMEM;
	while (out->n < (size_t)st.st_size) {
		ssize_t n = read(fd, out->p + out->n, (size_t)st.st_size - out->n);
		if (n < 0)
			return err_from_errno(errno);
		if (n == 0)
			break;
		out->n += (size_t)n;
	}
	return ERR_OK;
}

static void load(struct collect *c)
{
	char path[PATH_BYTES], aside[PATH_BYTES];
	struct buf b = {0};
	if (!path_of(c, "", path) || !path_of(c, ".bad", aside))
		return;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	enum err e = read_all(fd, &b);
	close(fd);
	if (!e)
		e = vault_decode(c->vault, b.p, b.n);
	buf_fini(&b);
	if (!e)
		return;
	log_warn("collect", "cannot read %s: %s; exporters have to tell their templates anew", path,
		 err_text(e));
	if (rename(path, aside) != 0)
		log_warn("collect", "cannot rename %s: %s", path, strerror(errno));
}

enum err collect_vault_open(struct collect *c, struct diag *d)
{
	enum err e = vault_new((size_t)c->conf->collect_max_exporters, &c->vault);
	if (e)
		return diag_set(d, e, 0, 0, "%s", err_text(e));
	load(c);
	c->vault_saved = vault_changes(c->vault);
	return ERR_OK;
}

static enum err write_file(const char *path, const struct buf *b)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_from_errno(errno);
	enum err e = io_write_all(fd, b->p, b->n);
	if (!e && fsync(fd) != 0)
		e = err_from_errno(errno);
	if (close(fd) != 0 && !e)
		e = err_from_errno(errno);
	return e;
}

void collect_vault_save(struct collect *c)
{
	char path[PATH_BYTES], fresh[PATH_BYTES];
	struct buf b = {0};
	if (!c->vault || !path_of(c, "", path) || !path_of(c, ".new", fresh))
		return;
	uint64_t changes = vault_changes(c->vault);
	if (changes == c->vault_saved)
		return;
	vault_encode(c->vault, clock_wall_ms(), &b);
	enum err e = b.bad ? ERR_NOMEM : write_file(fresh, &b);
	if (!e && rename(fresh, path) != 0)
		e = err_from_errno(errno);
	buf_fini(&b);
	if (e && !c->vault_failed)
		log_warn("collect", "cannot write %s: %s", path, err_text(e));
	c->vault_failed = e != ERR_OK;
	if (!e)
		c->vault_saved = changes;
}

void collect_vault_watch(struct collect *c)
{
	struct pollfd stop = {.fd = c->stop_fd, .events = POLLIN};
	int64_t wait_ms = SAVE_MS;
	while (poll(&stop, 1, (int)wait_ms) == 0) {
		uint64_t begin = clock_mono_ns();
		collect_vault_save(c);
		int64_t took_ms = (int64_t)((clock_mono_ns() - begin) / 1000000);
		wait_ms = MAX_OF(SAVE_MS, MIN_OF(SAVE_SHARE * took_ms, SAVE_MAX_MS));
	}
}
