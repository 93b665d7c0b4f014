/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/up_role.h"

#include "base/log.h"
#include "cmd/beside.h"
#include "cmd/role_state.h"
#include "cmd/up_spawn.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	ASK_MS = 50,
	WAIT_MIN_MS = 100,
	WAIT_MAX_MS = 10000,
	LIFE_MS = 30000,
	SETTLE_MS = 15000,
	GRACE_MS = 10000
};

static uint64_t after_ms(uint64_t now_ns, uint64_t ms)
{
	return now_ns + ms * 1000000;
}

const char *role_phase_name(enum role_phase p)
{
	static const char *const names[] = {
	    [PHASE_ABSENT] = "not built", [PHASE_OFF] = "off",
	    [PHASE_DOWN] = "down",        [PHASE_STARTING] = "starting",
	    [PHASE_RUNNING] = "running",  [PHASE_STOPPING] = "stopping",
	    [PHASE_STOPPED] = "stopped",
	};
	return names[p];
}

void up_role_init(struct up_role *r, const char *name, const struct handoff *sockets,
		  uint64_t now_ns)
{
	char program[32];
	*r = (struct up_role){.name = name,
			      .sockets = sockets,
			      .pidfd = -1,
			      .channel = -1,
			      .next_ns = now_ns,
			      .wait_ms = WAIT_MIN_MS};
	snprintf(program, sizeof(program), "weir-%s", name);
	bool there = !beside_path(program, r->path) && access(r->path, X_OK) == 0;
	r->phase = there ? PHASE_DOWN : PHASE_ABSENT;
	r->settled = !there;
}

static void close_channel(struct up_role *r)
{
	if (r->channel >= 0)
		close(r->channel);
	r->channel = -1;
}

void up_role_fini(struct up_role *r)
{
	buf_fini(&r->listen);
	close_channel(r);
	if (r->pidfd >= 0)
		close(r->pidfd);
	r->pidfd = -1;
}

/* Not before a while, which doubles each time. */
static void go_down(struct up_role *r, uint64_t now_ns)
{
	r->phase = PHASE_DOWN;
	r->settled = true;
	r->next_ns = after_ms(now_ns, r->wait_ms);
	log_warn("up", "%s %s; next start in %llu ms", r->name, r->error,
		 (unsigned long long)r->wait_ms);
	r->wait_ms = MIN_OF(r->wait_ms * 2, (uint64_t)WAIT_MAX_MS);
}

static void start_it(struct up_role *r, const struct up_start *start, uint64_t now_ns)
{
	r->since_ns = now_ns;
	enum err e = up_spawn(r->path, start->conf_file, start->dir, r->sockets, &r->pid, &r->pidfd,
			      &r->channel);
	if (e) {
		snprintf(r->error, sizeof(r->error), "cannot be started: %s", err_text(e));
		go_down(r, now_ns);
		return;
	}
	r->phase = PHASE_STARTING;
	r->next_ns = after_ms(now_ns, ASK_MS);
	log_info("up", "%s started, pid %d", r->name, (int)r->pid);
}

static bool ask(struct up_role *r, const struct up_start *start, uint64_t now_ns)
{
	struct role_state s;
	r->next_ns = after_ms(now_ns, ASK_MS);
	if (now_ns - r->since_ns > SETTLE_MS * 1000000ull)
		r->settled = true;
	if (role_state_get(start->dir, r->name, &s))
		return false;
	bool ready = s.ready && s.pid == r->pid;
	if (ready) {
		r->phase = PHASE_RUNNING;
		r->settled = true;
		r->error[0] = 0;
		buf_fini(&r->listen);
		r->listen = s.listen;
		s.listen = (struct buf){0};
		memcpy(r->http_address, s.http_address, sizeof(r->http_address));
		r->http_port = s.http_port;
		log_notice("up", "%s is ready", r->name);
	} else {
		snprintf(r->error, sizeof(r->error), "%.*s", (int)sizeof(r->error) - 1, s.error);
	}
	role_state_fini(&s);
	return ready;
}

static void stop_it(struct up_role *r, uint64_t now_ns)
{
	pidfd_send_signal(r->pidfd, SIGTERM, NULL, 0);
	r->phase = PHASE_STOPPING;
	r->since_ns = now_ns;
	r->next_ns = after_ms(now_ns, GRACE_MS);
}

void up_role_restart(struct up_role *r, uint64_t now_ns)
{
	if (r->phase != PHASE_STARTING && r->phase != PHASE_RUNNING)
		return;
	stop_it(r, now_ns);
	r->again = true;
}

static void kill_it(struct up_role *r)
{
	log_warn("up", "%s does not stop; killing it", r->name);
	pidfd_send_signal(r->pidfd, SIGKILL, NULL, 0);
	r->next_ns = UINT64_MAX;
}

bool up_role_step(struct up_role *r, enum role_want want, const struct up_start *start,
		  uint64_t now_ns)
{
	enum role_phase before = r->phase;
	switch (r->phase) {
	case PHASE_OFF:
		if (!r->off)
			r->phase = PHASE_DOWN;
		break;
	case PHASE_DOWN:
		if (r->off) {
			r->phase = PHASE_OFF;
			r->settled = true;
		} else if (want == WANT_STOP)
			r->phase = PHASE_STOPPED;
		else if (want == WANT_RUN && now_ns >= r->next_ns)
			start_it(r, start, now_ns);
		break;
	case PHASE_STARTING:
		if (want == WANT_STOP || r->off)
			stop_it(r, now_ns);
		else if (now_ns >= r->next_ns)
			ask(r, start, now_ns);
		break;
	case PHASE_RUNNING:
		if (want == WANT_STOP || r->off)
			stop_it(r, now_ns);
		break;
	case PHASE_STOPPING:
		if (want == WANT_STOP)
			r->again = false;
		if (now_ns >= r->next_ns)
			kill_it(r);
		break;
	case PHASE_ABSENT:
	case PHASE_STOPPED:
		break;
	}
	return r->phase != before;
}

void up_role_ended(struct up_role *r, uint64_t now_ns)
{
	siginfo_t info = {0};
	bool stopping = r->phase == PHASE_STOPPING;
	waitid(P_PIDFD, (id_t)r->pidfd, &info, WEXITED);
	close(r->pidfd);
	close_channel(r);
	r->pidfd = -1;
	r->pid = 0;
	r->listen.n = 0;
	if (info.si_code == CLD_EXITED)
		snprintf(r->error, sizeof(r->error), "ended with exit code %d", info.si_status);
	else
		snprintf(r->error, sizeof(r->error), "was ended by signal %d", info.si_status);
	if (stopping && r->again) {
		r->again = false;
		r->phase = PHASE_DOWN;
		r->next_ns = now_ns;
		return;
	}
	if (stopping) {
		r->phase = r->off ? PHASE_OFF : PHASE_STOPPED;
		r->next_ns = now_ns;
		log_info("up", "%s stopped", r->name);
		return;
	}
	if (now_ns - r->since_ns > LIFE_MS * 1000000ull)
		r->wait_ms = WAIT_MIN_MS;
	r->restarts++;
	go_down(r, now_ns);
}

uint64_t up_role_deadline(const struct up_role *r, enum role_want want)
{
	switch (r->phase) {
	case PHASE_DOWN:
		return want == WANT_WAIT ? UINT64_MAX : r->next_ns;
	case PHASE_STARTING:
	case PHASE_STOPPING:
		return r->next_ns;
	case PHASE_ABSENT:
	case PHASE_OFF:
	case PHASE_RUNNING:
	case PHASE_STOPPED:
		break;
	}
	return UINT64_MAX;
}
