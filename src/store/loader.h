/* SPDX-License-Identifier: Apache-2.0 */
/* The loader: takes segments from the spool and inserts each into the store, exactly once; keeps
 * the store within its limits of age and size. Runs on a thread of its own (made in cmd/).
 *
 * One segment = one insert = one block, with the segment's token, so that a repeat after a lost
 * answer is a no-op in the tables and in the rollups. Store down: it waits (the spool keeps the
 * segments) and tries again, from 0.5 s up to 10 s. A segment that the store refuses REFUSALS_MAX
 * times for a reason that lies in the segment goes to the spool's bad/; the others go on meanwhile.
 */
#pragma once
#include "store/client.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct spool;
struct loader;

struct loader_options {
	struct store_conf store; /* strings borrowed until loader_free */
	uint64_t keep_flows_ms;  /* raw days that ended longer ago go; 0 = kept */
	uint64_t keep_rollups_ms;
	uint64_t max_size;         /* bytes on disk; 0 = no limit */
	uint64_t min_free;         /* bytes left on the store's disk; 0 = not looked at */
	uint32_t backoff_first_ms; /* 0 = 500 */
	uint32_t backoff_max_ms;   /* 0 = 10000 */
	uint32_t housekeeping_ms;  /* 0 = 60000 */
	bool only_load;            /* no housekeeping: another loader of this store does it */
};

enum { LOADER_REFUSALS_MAX = 3, LOADER_ERROR_MAX = 240 };

/* For /state.json. */
struct loader_status {
	bool up;                      /* the last request to the store was answered */
	int64_t since_ms;             /* when `up` last changed, wall clock */
	uint64_t last_insert_ms;      /* how long the last insert took */
	char error[LOADER_ERROR_MAX]; /* the last one, "" while up */
};

must_check enum err loader_new(const struct loader_options *o, struct spool *spool,
			       struct loader **ret, struct diag *reterr);
/* Loads until *stop is set (and spool_stop was called, which wakes it): finishes the insert under
 * way, leaves the rest in the spool. */
void loader_run(struct loader *l, const atomic_bool *stop);
void loader_free(struct loader **l);
/* From any thread: other limits of age and size, looked at from now on. */
void loader_set_limits(struct loader *l, uint64_t keep_flows_ms, uint64_t keep_rollups_ms,
		       uint64_t max_size, uint64_t min_free);
/* From any thread. */
void loader_status(struct loader *l, struct loader_status *ret);

/* Without a thread: loads one segment; false if none is due or the store does not answer. */
bool loader_step(struct loader *l);
/* Tests: loads what the spool has now, once through; returns when nothing is due. */
void loader_drain(struct loader *l, const atomic_bool *stop);
