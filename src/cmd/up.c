/* SPDX-License-Identifier: Apache-2.0 */
/* `weir up`: checks the configuration, opens the UDP sockets, starts the roles in order, restarts
 * what dies, stops them in reverse order. One loop over process, signal and event descriptors;
 * up_role.c holds the machine of a role. */
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/control.h"
#include "cmd/control_client.h"
#include "cmd/folders.h"
#include "cmd/handoff.h"
#include "cmd/opts.h"
#include "cmd/reload.h"
#include "cmd/setup.h"
#include "cmd/up_gate.h"
#include "cmd/up_role.h"
#include "cmd/up_view.h"
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* In the order of starting. */
static const char *const role_names[] = {"store", "collect", "serve", "detect", "probe"};
enum { COLLECT = 1, PROBE = 4, ROLES = ARRAY_LEN(role_names) };

struct up {
	struct common_args common;
	const struct conf *conf; /* as at the start, borrowed from reload */
	struct reload reload;
	const char *dir;
	struct up_start start;
	pthread_mutex_t lock; /* of sockets, which threads of the control socket read */
	struct handoff sockets;
	struct up_role roles[ROLES];
	struct up_view *view; /* what the control socket shows */
	struct control *control;
	struct up_gate gate; /* to the loop, from threads of the control socket */
	int lock_fd, signal_fd;
	bool stopping, told_ready;
};

/* One supervisor per dir: the lock goes with the process. */
static enum err take_lock(struct up *u)
{
	struct buf path = {0};
	buf_fmt(&path, "%s/run/up.lock", u->dir);
	u->lock_fd = open(buf_cstr(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	enum err e = u->lock_fd < 0 ? err_from_errno(errno) : ERR_OK;
	if (!e && flock(u->lock_fd, LOCK_EX | LOCK_NB))
		e = err_from_errno(errno);
	if (e == ERR_BUSY)
		log_err("up", "another weir up runs on %s", u->dir);
	else if (e)
		log_err("up", "%s: %s", buf_cstr(&path), err_text(e));
	buf_fini(&path);
	return e;
}

/* On a thread of the control socket. */
static enum err reload(void *ctx, struct buf *out, struct diag *reterr)
{
	struct up *u = ctx;
	return up_gate_ask(&u->gate, out, reterr);
}

static bool all_ready(void *ctx, struct diag *reterr)
{
	struct up *u = ctx;
	return up_view_ready(u->view, reterr);
}

static void append_roles(void *ctx, struct buf *out)
{
	struct up *u = ctx;
	up_view_json(u->view, out);
}

static void append_metrics(void *ctx, struct buf *out)
{
	struct up *u = ctx;
	up_view_metrics(u->view, out);
}

static void listens(void *ctx, struct buf *out)
{
	struct up *u = ctx;
	pthread_mutex_lock(&u->lock);
	handoff_json(&u->sockets, out);
	pthread_mutex_unlock(&u->lock);
}

static void init_roles(struct up *u)
{
	for (size_t i = 0; i < ROLES; i++) {
		up_role_init(&u->roles[i], role_names[i], i == COLLECT ? &u->sockets : NULL,
			     clock_mono_ns());
		u->roles[i].off = i == PROBE && u->conf->probe_interfaces.n == 0;
		up_view_set(u->view, i, &u->roles[i]);
	}
}

/* Everything that can fail before a role is started; says what. */
static enum err prepare(struct up *u)
{
	struct diag d = {0};
	sigset_t set;
	enum err e = folders_make(u->dir);
	if (e) {
		log_err("up", "%s: %s", u->dir,
			e == ERR_NOT_FOUND ? "its parent folder does not exist" : err_text(e));
		return e;
	}
	if ((e = take_lock(u)))
		return e;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	u->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	u->view = up_view_new(ROLES);
	if (u->signal_fd < 0 || up_gate_init(&u->gate) || !u->view)
		e = diag_set(&d, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	if (!e)
		e = handoff_open(u->conf, NULL, &u->sockets, &d);
	if (!e) {
		init_roles(u); /* before anybody can ask how they are */
		e = control_start(u->dir,
				  &(struct control_ops){.role = "up",
							.ready = all_ready,
							.listen = listens,
							.state = append_roles,
							.metrics = append_metrics,
							.reload = reload,
							.ctx = u},
				  &u->control, &d);
	}
	if (e)
		log_err("up", "%s", d.msg);
	else if (u->sockets.buffer < u->conf->collect_socket_buffer)
		log_warn("up",
			 "the kernel grants %llu KB of collect.socket_buffer; raise "
			 "net.core.rmem_max or start as root",
			 (unsigned long long)(u->sockets.buffer >> 10));
	return e;
}

static void say_absent(const struct up *u)
{
	struct buf names = {0};
	for (size_t i = 0; i < ROLES; i++)
		if (u->roles[i].phase == PHASE_ABSENT)
			buf_fmt(&names, "%s%s", names.n ? ", " : "", u->roles[i].name);
	if (names.n)
		log_notice("up", "left out, not built yet: %s", buf_cstr(&names));
	buf_fini(&names);
}

/* Starting goes forward: a role waits until those before it are settled. Stopping goes back. */
static enum role_want want_of(const struct up *u, size_t i)
{
	if (u->stopping) {
		for (size_t j = i + 1; j < ROLES; j++)
			if (u->roles[j].phase != PHASE_STOPPED && !up_role_out(&u->roles[j]))
				return WANT_WAIT;
		return WANT_STOP;
	}
	for (size_t j = 0; j < i; j++)
		if (!u->roles[j].settled)
			return WANT_WAIT;
	return WANT_RUN;
}

static void tell_ready(struct up *u)
{
	const struct up_role *serve = NULL;
	for (size_t i = 0; i < ROLES; i++) {
		const struct up_role *r = &u->roles[i];
		if (!up_role_out(r) && r->phase != PHASE_RUNNING)
			return;
		if (strcmp(r->name, "serve") == 0 && r->http_port)
			serve = r;
	}
	u->told_ready = true;
	if (!serve) {
		printf(
		    "Weir is ready (without a web page: serve is not built). Ctrl-C stops it.\n");
	} else {
		bool any = strcmp(serve->http_address, "0.0.0.0") == 0 ||
			   strcmp(serve->http_address, "::") == 0;
		bool v6 = !any && strchr(serve->http_address, ':');
		printf("Weir is ready: http://%s%s%s:%u/   Ctrl-C stops it.\n", v6 ? "[" : "",
		       any ? "127.0.0.1" : serve->http_address, v6 ? "]" : "", serve->http_port);
	}
	fflush(stdout);
}

static void publish(struct up *u)
{
	enum err e = ERR_OK;
	for (size_t i = 0; i < ROLES; i++)
		up_view_set(u->view, i, &u->roles[i]);
	if (!u->stopping)
		e = up_view_write_ports(u->dir, u->roles, ROLES, &u->sockets);
	if (e)
		log_warn("up", "%s/run/ports.json: %s", u->dir, err_text(e));
	if (!u->told_ready && !u->stopping)
		tell_ready(u);
}

enum told { TOLD, NOT_TOLD, REFUSED };

/* Tells a running role. What cannot reload is in the report as keys that need a restart. */
static enum told tell_role(const struct up *u, const struct up_role *r, struct diag *reterr)
{
	struct buf answer = {0};
	struct diag d = {0};
	int status = 0;
	if (r->phase != PHASE_RUNNING)
		return NOT_TOLD;
	enum err e = control_call_within(CONTROL_RELOAD_MS, u->dir, r->name, "POST", "/reload",
					 &answer, &status, &d);
	bool refused = !e && status >= 400 && status != 501;
	if (e)
		log_warn("up", "%s does not answer to a reload: %s", r->name, d.msg);
	else if (refused)
		diag_set(reterr, ERR_CONFIG, 0, 0, "%s", buf_cstr(&answer));
	buf_fini(&answer);
	return refused ? REFUSED : e ? NOT_TOLD : TOLD;
}

/* The collector first: it is the one that may refuse, and then nobody has changed anything. It
 * takes other sockets, if there are, while it works: *ret_taken says whether it did. */
static enum err tell_roles(const struct up *u, const struct handoff *sockets, bool *ret_taken,
			   struct diag *reterr)
{
	const struct up_role *c = &u->roles[COLLECT];
	bool sent = c->phase == PHASE_RUNNING && c->channel >= 0 &&
		    handoff_differs(&u->sockets, sockets) &&
		    handoff_send(c->channel, sockets) == ERR_OK;
	enum told told = tell_role(u, c, reterr);
	if (told == REFUSED)
		return ERR_CONFIG;
	*ret_taken = sent && told == TOLD;
	for (size_t i = 0; i < ROLES; i++) {
		struct diag d = {0};
		if (i != COLLECT && tell_role(u, &u->roles[i], &d) == REFUSED)
			log_warn("up", "%s did not take the new configuration: %s",
				 u->roles[i].name, d.msg);
	}
	return ERR_OK;
}

/* A collector that has not taken them ends, and its successor gets the new set of sockets:
 * datagrams wait in those that stay; those that go are emptied by the collector before it ends. */
static void change_sockets(struct up *u, struct handoff *next, bool taken)
{
	pthread_mutex_lock(&u->lock);
	struct handoff old = u->sockets;
	u->sockets = *next;
	pthread_mutex_unlock(&u->lock);
	if (!taken && u->roles[COLLECT].phase != PHASE_ABSENT)
		up_role_restart(&u->roles[COLLECT], clock_mono_ns());
	handoff_close_rest(&old, &u->sockets);
	log_notice("up", "the addresses of collect.listen changed%s",
		   taken ? "" : "; collect starts anew");
}

/* What the probe captures and where it exports to: it starts anew with all of it, after it has
 * exported what it had. */
static void change_probe(struct up *u, const struct conf *next)
{
	struct up_role *r = &u->roles[PROBE];
	if (!reload_differs(&u->reload, next, "probe."))
		return;
	r->off = next->probe_interfaces.n == 0;
	if (!r->off)
		up_role_restart(r, clock_mono_ns());
}

/* On the loop's thread. */
static enum err apply(void *ctx, struct buf *out, struct diag *reterr)
{
	struct up *u = ctx;
	const struct conf *next;
	enum err e = reload_read(&u->reload, &next, reterr);
	if (e)
		return e;
	struct handoff *sockets = calloc(1, sizeof(*sockets));
	e = sockets ? handoff_open(next, &u->sockets, sockets, reterr) : ERR_NOMEM;
	bool taken = false;
	if (!e && (e = tell_roles(u, sockets, &taken, reterr)))
		handoff_close_rest(sockets, &u->sockets);
	if (e) {
		free(sockets);
		conf_put(&next);
		return e;
	}
	u->reload.sockets_taken = taken;
	reload_report(&u->reload, next, out);
	if (handoff_differs(&u->sockets, sockets))
		change_sockets(u, sockets, taken);
	free(sockets);
	change_probe(u, next);
	reload_done(&u->reload, next, out);
	publish(u);
	return ERR_OK;
}

static void take_signals(struct up *u)
{
	struct signalfd_siginfo info;
	while (read(u->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			reload_on_hangup(apply, u);
		} else {
			if (!u->stopping)
				log_notice("up", "stopping");
			u->stopping = true;
		}
	}
}

/* Sleeps until something happens or is due. */
static void wait_for_events(struct up *u)
{
	struct pollfd fds[ROLES + 2] = {{u->signal_fd, POLLIN, 0}, {u->gate.fd, POLLIN, 0}};
	uint64_t deadline = UINT64_MAX, now = clock_mono_ns();
	for (size_t i = 0; i < ROLES; i++) {
		fds[i + 2] = (struct pollfd){u->roles[i].pidfd, POLLIN, 0}; /* poll skips -1 */
		deadline = MIN_OF(deadline, up_role_deadline(&u->roles[i], want_of(u, i)));
	}
	int timeout = deadline == UINT64_MAX ? -1
		      : deadline <= now      ? 0
					     : (int)MIN_OF((deadline - now) / 1000000 + 1, 60000);
	if (poll(fds, ARRAY_LEN(fds), timeout) <= 0)
		return;
	if (fds[0].revents)
		take_signals(u);
	if (fds[1].revents)
		up_gate_serve(&u->gate, apply, u);
	for (size_t i = 0; i < ROLES; i++)
		if (fds[i + 2].revents) {
			up_role_ended(&u->roles[i], clock_mono_ns());
			publish(u);
		}
}

static bool all_stopped(const struct up *u)
{
	for (size_t i = 0; i < ROLES; i++)
		if (u->roles[i].phase != PHASE_STOPPED && !up_role_out(&u->roles[i]))
			return false;
	return true;
}

static int run(struct up *u)
{
	say_absent(u);
	publish(u);
	if (all_stopped(u)) {
		log_err("up", "no role is built");
		return EXIT_FAILED;
	}
	while (!u->stopping || !all_stopped(u)) {
		bool changed = false;
		for (size_t i = 0; i < ROLES; i++)
			changed |=
			    up_role_step(&u->roles[i], want_of(u, i), &u->start, clock_mono_ns());
		if (changed)
			publish(u); /* and look again: one role's change may be another's turn */
		else
			wait_for_events(u);
	}
	return EXIT_DONE;
}

static void clean_up(struct up *u)
{
	up_gate_close(&u->gate);
	if (u->control) {
		control_stop(&u->control);
		up_view_remove_files(u->dir, role_names, ROLES);
	}
	for (size_t i = 0; i < ROLES; i++)
		up_role_fini(&u->roles[i]);
	handoff_close(&u->sockets);
	up_view_free(u->view);
	up_gate_fini(&u->gate);
	reload_fini(&u->reload);
	pthread_mutex_destroy(&u->lock);
	free(u);
}

static const struct opt rows[] = {OPTS_COMMON(struct up)};

int cmd_up(int argc, char **argv)
{
	struct operands o;
	int status;
	struct up *u = calloc(1, sizeof(*u));
	if (!u)
		return EXIT_FAILED;
	for (size_t i = 0; i < ROLES; i++)
		u->roles[i].pidfd = u->roles[i].channel = -1;
	u->gate.fd = -1;
	pthread_mutex_init(&u->lock, NULL);
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, u, 0, 0, &o, &status) == OPTS_RUN) {
		status = EXIT_USAGE;
		if (!setup_conf(&u->common, &u->conf)) {
			log_init("up", (enum log_level)u->conf->log_level, u->conf->log_json);
			reload_init(&u->reload, "up", &u->common, u->conf);
			u->dir = u->conf->dir;
			u->start = (struct up_start){u->common.conf, u->dir};
			status = prepare(u) ? EXIT_FAILED : run(u);
		}
	}
	clean_up(u);
	return status;
}
