/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/private_store.h"

#include "base/buf.h"
#include "base/log.h"
#include "cmd/beside.h"
#include "cmd/command.h"
#include "cmd/file_list.h"
#include "cmd/import_run.h"
#include "cmd/opts.h"
#include "cmd/setup.h"
#include "cmd/up_spawn.h"
#include "conf/conf.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READY_MS = 60000, LOOK_MS = 20, STOP_MS = 10000, TREE_FDS = 16, EXIT_SIGNAL = 128 };

struct keeper {
	char dir[PATH_MAX], conf[PATH_MAX + 16];
	pid_t store, child;
	int store_fd;
};

static volatile sig_atomic_t child_pid;

/* To the parent; Ctrl-C reaches the child by itself. */
static void pass_on(int sig)
{
	if (child_pid > 0)
		kill(child_pid, sig);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	(void)remove(path);
	return 0;
}

static enum err write_conf(const struct keeper *k, const struct conf *user)
{
	FILE *f = fopen(k->conf, "wxe");
	if (!f)
		return err_from_errno(errno);
	fputs("log: {level: err}\nstore:\n  retention_flows: 36500d\n", f);
	if (*user->store_library)
		fprintf(f, "  library: \"%s\"\n", user->store_library);
	return fclose(f) ? ERR_IO : ERR_OK;
}

static enum err make_folder(struct keeper *k, const struct conf *user, struct diag *reterr)
{
	const char *tmp = getenv("TMPDIR");
	int n = snprintf(k->dir, sizeof(k->dir), "%s/weir-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	enum err e = n >= PATH_MAX ? ERR_LIMIT : mkdtemp(k->dir) ? ERR_OK : err_from_errno(errno);
	snprintf(k->conf, sizeof(k->conf), "%s/weir.yaml", k->dir);
	if (e)
		k->dir[0] = 0;
	else
		e = write_conf(k, user);
	return e ? diag_set(reterr, e, 0, 0, "cannot make a temporary folder: %s", err_text(e))
		 : ERR_OK;
}

static void stop_store(struct keeper *k)
{
	struct pollfd p = {.fd = k->store_fd, .events = POLLIN};
	if (k->store <= 0)
		return;
	kill(k->store, SIGTERM);
	if (poll(&p, 1, STOP_MS) <= 0)
		kill(k->store, SIGKILL);
	waitpid(k->store, NULL, 0);
	close(k->store_fd);
	k->store = 0;
}

static void clean_up(struct keeper *k)
{
	stop_store(k);
	if (k->dir[0])
		nftw(k->dir, remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS);
}

static enum err start_store(struct keeper *k, struct diag *reterr)
{
	char program[BESIDE_MAX], state[PATH_MAX + 16], socket[PATH_MAX + 64];
	int channel; /* it gets no sockets, so there is none */
	enum err e = beside_path("weir-store", program);
	snprintf(state, sizeof(state), "%s/d", k->dir);
	snprintf(socket, sizeof(socket), "%s/run/store-query.sock", state);
	if (!e)
		e = up_spawn(program, k->conf, state, NULL, &k->store, &k->store_fd, &channel);
	if (e)
		return diag_set(reterr, e, 0, 0, "cannot start %s: %s", program, err_text(e));
	for (int waited = 0; waited < READY_MS; waited += LOOK_MS) {
		struct pollfd p = {.fd = k->store_fd, .events = POLLIN};
		if (access(socket, F_OK) == 0)
			return ERR_OK;
		if (poll(&p, 1, LOOK_MS) > 0)
			break;
	}
	return diag_set(reterr, ERR_REFUSED, 0, 0, "a store for the files could not be started");
}

/* The parent's life from here on: it never returns. */
static _Noreturn void keep(struct keeper *k)
{
	int status;
	while (waitpid(k->child, &status, 0) < 0 && errno == EINTR)
		;
	child_pid = 0;
	clean_up(k);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status));
}

static void parent_signals(void)
{
	const struct sigaction pass = {.sa_handler = pass_on}, ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGINT, &ignore, NULL);
	sigaction(SIGTERM, &pass, NULL);
	sigaction(SIGHUP, &pass, NULL);
}

static void child_signals(pid_t parent)
{
	const struct sigaction normal = {.sa_handler = SIG_DFL};
	sigaction(SIGINT, &normal, NULL);
	sigaction(SIGTERM, &normal, NULL);
	sigaction(SIGHUP, &normal, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
		_exit(EXIT_FAILED);
}

static void show_rows(void *ctx, uint64_t n)
{
	fprintf(stderr, "\rweir %s: reading: %llu flows\033[K", (const char *)ctx,
		(unsigned long long)n);
}

static void left_out(void *ctx, const char *path, const char *why)
{
	bool named = strncmp(why, path, strlen(path)) == 0;
	fprintf(stderr, "%sweir %s: %s%s%s\n", isatty(STDERR_FILENO) ? "\r\033[K" : "",
		(const char *)ctx, named ? "" : path, named ? "" : ": ", why);
}

static enum err import_files(const char *command, const struct file_list *files,
			     struct private_store *s, struct diag *reterr)
{
	bool progress = isatty(STDERR_FILENO);
	const struct import_run_opts o = {.conf = s->conf,
					  .progress = progress ? show_rows : NULL,
					  .failed = left_out,
					  .ctx = (void *)(uintptr_t)command};
	struct import_result r;
	enum err e = import_run_alone((const char *const *)files->v, files->n, &o, &r, reterr);
	if (progress)
		fprintf(stderr, "\r\033[K");
	if (e)
		return e;
	if (r.damaged)
		fprintf(stderr, "weir %s: %llu damaged records, blocks or files were left out\n",
			command, (unsigned long long)r.damaged);
	s->from_ms = r.first_ms;
	s->to_ms = r.rows ? r.last_ms + 1 : r.first_ms;
	return ERR_OK;
}

static enum err open_conf(const struct keeper *k, struct private_store *s, struct diag *reterr)
{
	char state[PATH_MAX + 16];
	snprintf(state, sizeof(state), "%s/d", k->dir);
	const struct common_args args = {.conf = k->conf, .dir = state};
	enum err e = setup_conf(&args, &s->conf);
	return e ? diag_set(reterr, e, 0, 0, "the temporary configuration is not valid") : ERR_OK;
}

static enum err list_files(struct file_list *l, const char *file, const char *dir,
			   struct diag *reterr)
{
	if (dir)
		return file_list_range(l, dir, reterr);
	enum err e = file_list_add(l, file);
	return e ? diag_set(reterr, e, 0, 0, "%s: %s", file, err_text(e)) : ERR_OK;
}

enum err private_store_open(const char *command, const struct conf *user, const char *file,
			    const char *dir, struct private_store *ret, struct diag *reterr)
{
	struct keeper k = {.store_fd = -1};
	struct file_list files = {0};
	pid_t self = getpid();
	enum err e = list_files(&files, file, dir, reterr);
	log_init(command, LOG_LVL_ERR, false);
	parent_signals();
	if (!e)
		e = make_folder(&k, user, reterr);
	if (!e)
		e = start_store(&k, reterr);
	fflush(NULL);
	k.child = e ? -1 : fork();
	if (k.child > 0) {
		child_pid = k.child;
		keep(&k);
	}
	if (k.child < 0) {
		if (!e)
			e = diag_set(reterr, err_from_errno(errno), 0, 0, "cannot make a process");
		clean_up(&k);
	} else {
		child_signals(self);
		e = open_conf(&k, ret, reterr);
		if (!e)
			e = import_files(command, &files, ret, reterr);
	}
	file_list_fini(&files);
	return e;
}
