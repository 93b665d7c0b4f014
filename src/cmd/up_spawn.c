/* SPDX-License-Identifier: Apache-2.0 */
/* Between fork and exec only async-signal-safe functions are called, because the control socket has
 * threads: all strings are made before, and the child only writes its pid into one of them. */
#include "cmd/up_spawn.h"

#include "base/buf.h"
#include "cmd/handoff.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { ENV_MAX = 512, PID_DIGITS = 10 };

struct child {
	const char *path;
	const struct handoff *sockets;
	int channel; /* its end; -1 = none */
	char *argv[6];
	char *envp[ENV_MAX + 4];
	char pid_text[sizeof("LISTEN_PID=") + PID_DIGITS];
	char *pid_at; /* where in pid_text the digits go; NULL = nowhere */
	struct buf count, names;
	pid_t parent;
};

/* Our environment, less what was handed to us, plus what we hand on. */
static void make_environment(struct child *c)
{
	size_t n = 0;
	for (char **e = environ; *e && n < ENV_MAX; e++)
		if (strncmp(*e, "LISTEN_", 7) != 0)
			c->envp[n++] = *e;
	if (c->sockets && c->sockets->n) {
		buf_fmt(&c->count, "LISTEN_FDS=%zu", c->sockets->n + 1);
		buf_str(&c->names, "LISTEN_FDNAMES=");
		handoff_names(c->sockets, &c->names);
		buf_str(&c->names, ":more");
		memcpy(c->pid_text, "LISTEN_PID=", sizeof("LISTEN_PID="));
		c->pid_at = c->pid_text + strlen(c->pid_text);
		(void)buf_cstr(&c->count);
		(void)buf_cstr(&c->names);
		c->envp[n++] = (char *)c->count.p;
		c->envp[n++] = (char *)c->names.p;
		c->envp[n++] = c->pid_text;
	}
	c->envp[n] = NULL;
}

static void make_arguments(struct child *c, const char *conf_file, const char *dir)
{
	const char *args[] = {c->path, "--dir", dir, conf_file ? "--conf" : NULL, conf_file, NULL};
	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		c->argv[i] = (char *)(uintptr_t)args[i]; /* execve(2) does not write them */
}

static void write_pid(char *at, pid_t pid)
{
	char digits[PID_DIGITS];
	size_t n = 0;
	for (unsigned v = (unsigned)pid; v || n == 0; v /= 10)
		digits[n++] = (char)('0' + v % 10);
	while (n)
		*at++ = digits[--n];
	*at = 0;
}

static void run_child(struct child *c)
{
	sigset_t none;
	sigemptyset(&none);
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != c->parent)
		_exit(127);
	if (c->pid_at) {
		write_pid(c->pid_at, getpid());
		if (!handoff_place(c->sockets) ||
		    dup2(c->channel, HANDOFF_FIRST + (int)c->sockets->n) < 0)
			_exit(127);
	}
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(c->path, c->argv, c->envp);
	_exit(127);
}

static enum err fork_it(struct child *c, pid_t *ret_pid, int *ret_pidfd)
{
	c->parent = getpid();
	pid_t pid = fork();
	if (pid < 0)
		return err_from_errno(errno);
	if (pid == 0)
		run_child(c);
	int fd = pidfd_open(
	    pid, 0); /* the child cannot be reaped before we do it, so the pid is still its */
	if (fd < 0) {
		enum err e = err_from_errno(errno);
		kill(pid, SIGKILL);
		return e;
	}
	*ret_pid = pid;
	*ret_pidfd = fd;
	return ERR_OK;
}

enum err up_spawn(const char *path, const char *conf_file, const char *dir,
		  const struct handoff *sockets, pid_t *ret_pid, int *ret_pidfd, int *ret_channel)
{
	struct child *c = calloc(1, sizeof(*c));
	if (!c)
		return ERR_NOMEM;
	c->path = path;
	c->sockets = sockets;
	c->channel = *ret_channel = -1;
	make_arguments(c, conf_file, dir);
	make_environment(c);
	enum err e = c->count.bad || c->names.bad ? ERR_NOMEM : ERR_OK;
	if (!e && c->pid_at)
		e = handoff_channel(ret_channel, &c->channel);
	if (!e)
		e = fork_it(c, ret_pid, ret_pidfd);
	if (c->channel >= 0)
		close(c->channel);
	if (e && *ret_channel >= 0) {
		close(*ret_channel);
		*ret_channel = -1;
	}
	buf_fini(&c->count);
	buf_fini(&c->names);
	free(c);
	return e;
}
