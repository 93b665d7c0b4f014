/* SPDX-License-Identifier: Apache-2.0 */
/* An engine for tests of the front: it knows a few statements and writes down all it is told.
 *   SELECT pieces N       N pieces "piece\n"
 *   SELECT late           a piece, then an exception
 *   SELECT wait           waits until a KILL QUERY comes, then an exception
 *   SHOW ...              "shown\n", and SELECT noshow cannot stream
 *   ... nope ...          UNKNOWN_TABLE
 *   INSERT ... INFILE '/proc/self/fd/N' ...   reads the file
 * Anything else succeeds with no result. */
#pragma once
#include "base/buf.h"
#include "engine/engine.h"

#include <pthread.h>

struct stub {
	struct engine engine; /* first */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct buf log;  /* statements, one per line */
	struct buf data; /* of the last INSERT */
	unsigned open, waiting, killed;
	bool never_waits; /* SELECT wait fails at once */
};

void stub_init(struct stub *s);
void stub_fini(struct stub *s);
/* Waits until n queries wait for their KILL. */
void stub_await_waiting(struct stub *s, unsigned n);
