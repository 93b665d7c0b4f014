/* SPDX-License-Identifier: Apache-2.0 */
/* Interface counters on their way from the receive threads to the store. A receive thread puts a
 * sample into a ring of its own and never waits; a thread beside them posts what has come every few
 * seconds. While the store is down the samples wait up to a limit; then they are dropped and
 * counted. A missing sample costs resolution, not bytes: counters go on from the one before. */
#pragma once
#include "base/err.h"
#include "model/stats.h"

#include <stdatomic.h>
#include <stdint.h>

struct conf;
struct counter_queue;
struct counter_ring;
struct counter_sample;

must_check enum err counter_queue_new(const struct conf *conf, struct counter_queue **ret,
				      struct diag *reterr);
/* A ring for one more thread, which alone may put into it; NULL: no memory, or too many. Lives as
 * long as the queue. Threads take their rings before counter_queue_run. */
struct counter_ring *counter_queue_ring(struct counter_queue *q);
/* Takes the interface counters of a sample; stats: of the thread. Without any it does nothing. */
void counter_ring_put(struct counter_ring *r, const struct counter_sample *s, struct stats *stats);
/* Posts until stop_fd is readable and the receive threads have ended. */
void counter_queue_run(struct counter_queue *q, int stop_fd, const atomic_bool *receivers_ended);
/* Adds what the queue itself counts. */
void counter_queue_stats(const struct counter_queue *q, struct stats *sum);
void counter_queue_free(struct counter_queue **q);
