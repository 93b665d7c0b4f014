/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the control socket may not touch the roles: they leave their question at a gate and
 * wait until the loop has answered it. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>

struct up_gate {
	pthread_mutex_t lock; /* everything below but fd */
	pthread_cond_t changed;
	int fd; /* readable: somebody asks */
	bool asked, answered, closed;
	enum err result;
	struct buf answer;
	struct diag diag;
};

must_check enum err up_gate_init(struct up_gate *g);
/* Nobody may be waiting: close it first. */
void up_gate_fini(struct up_gate *g);
/* On any other thread: asks, waits, gives the answer. ERR_CANCELLED: the gate is closed. */
must_check enum err up_gate_ask(struct up_gate *g, struct buf *out, struct diag *reterr);
/* On the loop's thread: if somebody asks, calls fn and hands its answer over. */
void up_gate_serve(struct up_gate *g,
		   enum err (*fn)(void *ctx, struct buf *out, struct diag *reterr), void *ctx);
/* The loop has ended: who waits, or asks later, is told so. */
void up_gate_close(struct up_gate *g);
