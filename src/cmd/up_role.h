/* SPDX-License-Identifier: Apache-2.0 */
/* One role under `weir up`: its process and the machine that starts, watches, restarts and stops
 * it.
 *
 *             want RUN, time is up            answers "ready"
 *    DOWN ------------------------> STARTING -----------------> RUNNING
 *      ^   \                          |    \                     |   |
 *      |    \ want STOP               |     \ want STOP          |   | want STOP
 *      |     v                 exits  |      v                   |   v
 *      |   STOPPED <------------------|--- STOPPING <------------|---+   (SIGTERM, after 10 s
 * SIGKILL)
 *      +------------------------------+--------------------------+
 *           exits: wait 100 ms, 200 ms ... 10 s; from the start again after 30 s of life
 *           up_role_restart: STOPPING, then DOWN and at once STARTING
 *    ABSENT: the program is not there; stays so.
 *    OFF: the configuration has nothing to do for it (`off`): DOWN -> OFF, and back at a reload. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct conf;
struct handoff;

enum role_phase {
	PHASE_ABSENT,
	PHASE_OFF,
	PHASE_DOWN,
	PHASE_STARTING,
	PHASE_RUNNING,
	PHASE_STOPPING,
	PHASE_STOPPED
};
enum role_want { WANT_WAIT, WANT_RUN, WANT_STOP };

struct up_role {
	const char *name;              /* "store"; static */
	char path[4096];               /* of the program */
	const struct handoff *sockets; /* handed to it; NULL = none. Borrowed */
	enum role_phase phase;
	pid_t pid;
	int pidfd;         /* -1 = no process */
	int channel;       /* for another set of sockets; -1 = none */
	uint64_t since_ns; /* start of the process, or of stopping it */
	uint64_t next_ns;  /* DOWN: not before; STARTING: next question; STOPPING: SIGKILL then */
	uint64_t wait_ms;  /* before the next restart */
	uint64_t restarts;
	bool off;          /* the configuration has nothing to do for it */
	bool again;        /* STOPPING: to be started anew at once, not to stay stopped */
	bool settled;      /* was ready, died or took too long: the next role need not wait */
	char error[160];   /* why it is not running */
	struct buf listen; /* JSON array of where it listens, once RUNNING */
	char http_address[48];
	uint16_t http_port;
};

/* What a role is started with; borrowed, the same for all. */
struct up_start {
	const char *conf_file; /* NULL = none was named */
	const char *dir;
};

/* Finds the program beside this one. */
void up_role_init(struct up_role *r, const char *name, const struct handoff *sockets,
		  uint64_t now_ns);
void up_role_fini(struct up_role *r);
/* Lets time pass. Returns whether something that others can see has changed. */
bool up_role_step(struct up_role *r, enum role_want want, const struct up_start *start,
		  uint64_t now_ns);
/* Whether it is none of those that are to run. */
static inline bool up_role_out(const struct up_role *r)
{
	return r->phase == PHASE_ABSENT || r->phase == PHASE_OFF;
}
/* Ends the process, if there is one, to start it anew with what the sockets are then. */
void up_role_restart(struct up_role *r, uint64_t now_ns);
/* The process has ended (its pidfd is readable). */
void up_role_ended(struct up_role *r, uint64_t now_ns);
/* When up_role_step has something to do next; UINT64_MAX = not before something happens. */
uint64_t up_role_deadline(const struct up_role *r, enum role_want want);
/* "running", "starting", "down", "stopping", "stopped", "off", "not built". */
const char *role_phase_name(enum role_phase p);
