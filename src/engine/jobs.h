/* SPDX-License-Identifier: Apache-2.0 */
/* The queries that run or wait: how many at once, which ids, and who cancels them. An insert finds
 * a slot also when all others are taken by queries. A cancelled job that runs in the engine is
 * killed there by a thread of its own, because its own thread is inside the engine. */
#pragma once
#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	JOBS_ID_MAX = 128,
	JOBS_MAX = 320, /* running and waiting */
	JOBS_TAG_MAX = 40,
	JOBS_KILL_AGAIN_MS =
	    50, /* a kill that came before the query was registered finds nothing */
};

struct engine;
struct jobs;

struct jobs_opts {
	struct engine *engine;
	unsigned max_queries; /* at once; 0 = 4 */
	unsigned max_inserts; /* at once, besides; 0 = 1 */
	unsigned wait_ms;     /* for a slot; 0 = 10 s */
};

struct job {
	char id[JOBS_ID_MAX + 1];
	char tag[JOBS_TAG_MAX]; /* log_comment of its statements: how the engine's list of processes
				   knows it */
	bool reader, insert;
	atomic_bool cancelled;
	struct jobs *jobs; /* set before jobs_cancel can be called */
	/* jobs.c */
	bool listed, running, in_engine, insert_slot;
};

struct jobs_counts {
	unsigned running, waiting;
	uint64_t done, failed, cancelled, refused;
};

must_check enum err jobs_new(const struct jobs_opts *opts, struct jobs **ret);
/* All jobs have left. */
void jobs_free(struct jobs **j);

/* job->id, reader, insert, jobs are set. Waits for a slot. ERR_EXISTS: a job of that id is there;
 * ERR_BUSY: no slot in time; ERR_CANCELLED. Only after ERR_OK jobs_leave is due. */
must_check enum err jobs_enter(struct job *job);
/* job is about to call the engine, or has returned from its last call. */
void jobs_in_engine(struct job *job, bool in);
void jobs_leave(struct job *job, enum err how);
/* A struct job * as a void *, so that it can be a hang-up callback. Any thread; job is between
 * enter and leave, or waits in jobs_enter. */
void jobs_cancel(void *job);
/* Cancels the job of that id; a reader only a reader's. False: there is none. */
bool jobs_cancel_id(struct jobs *j, const char *id, size_t n, bool reader);
/* From now on jobs_enter is ERR_CANCELLED, also for those that wait. */
void jobs_refuse(struct jobs *j);
/* Cancels all. */
void jobs_shut(struct jobs *j);
/* Waits until none is left, at most ms. */
bool jobs_drain(struct jobs *j, unsigned ms);
struct jobs_counts jobs_counts(struct jobs *j);
