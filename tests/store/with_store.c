/* SPDX-License-Identifier: Apache-2.0 */
#include "with_store.h"

#include "spool/spool.h"
#include "store/client.h"
#include "store/columns.h"
#include "store/schema.h"

#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { TRIES = 300, TRY_MS = 100 };

static const char *library(void)
{
	const char *l = getenv("WEIR_LIBRARY");
	return l && *l ? l : NULL;
}

bool with_store_can(void)
{
	const char *program = getenv("WEIR_STORE");
	char path[4096];
	if (!program || access(program, X_OK) != 0)
		return false;
	if (library())
		return access(library(), R_OK) == 0;
	const char *slash = strrchr(program, '/');
	snprintf(path, sizeof(path),
		 "%.*s/../engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so",
		 slash ? (int)(slash - program) : 1, slash ? program : ".");
	return access(path, R_OK) == 0;
}

static void write_conf(const struct with_store *w)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/weir.yaml", w->dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "dir: %s/d\n", w->dir);
	if (library())
		fprintf(f, "store:\n  library: %s\n", library());
	fclose(f);
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

void with_store_again(struct with_store *w)
{
	char conf[128];
	const char *program = getenv("WEIR_STORE");
	snprintf(conf, sizeof(conf), "%s/weir.yaml", w->dir);
	w->pid = fork();
	if (w->pid == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		execl(program, program, "--conf", conf, (char *)NULL);
		_exit(1);
	}
	struct store *s;
	struct diag why = {0};
	assert_int_equal(store_open(&(struct store_conf){.url = w->url}, &s, &why), ERR_OK);
	int i = 0;
	while (i < TRIES && store_ping(s, &why) != ERR_OK) {
		assert_int_equal(waitpid(w->pid, NULL, WNOHANG), 0);
		sleep_ms(TRY_MS);
		i++;
	}
	store_close(s);
	assert_true(i < TRIES);
}

void with_store_start(struct with_store *w)
{
	snprintf(w->dir, sizeof(w->dir), "/tmp/weir_store.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->url, sizeof(w->url), "unix:%s/d/run/store-query.sock", w->dir);
	write_conf(w);
	with_store_again(w);
}

void with_store_kill(struct with_store *w)
{
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	w->pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

void with_store_stop(struct with_store *w)
{
	if (w->pid) {
		kill(w->pid, SIGTERM);
		waitpid(w->pid, NULL, 0);
	}
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void with_store_insert(struct store *writer, const struct segment *seg)
{
	struct diag why = {0};
	const struct store_insert in = {.table = schema_flow_table(seg->shape),
					.columns = seg->columns,
					.token = seg->token,
					.rows = seg->rows,
					.fd = seg->fd,
					.off = seg->body_off,
					.len = seg->body_len};
	struct columns have;
	if (columns_read(writer, &have, &why) != ERR_OK ||
	    columns_add_named(writer, &have, seg->shape, seg->columns, &why) != ERR_OK)
		fail_msg("columns: %s", why.msg);
	if (store_insert(writer, &in, NULL, &why) != ERR_OK)
		fail_msg("insert: %s", why.msg);
}
