/* SPDX-License-Identifier: Apache-2.0 */
/* Batches on their way from the threads that fill them to the export thread, and back empty: a
 * bounded queue, swapped under a lock that is held for a few instructions. */
#pragma once
#include "model/batch.h"

#include <pthread.h>

enum { INBOX_MAX = 256 };

struct inbox {
	pthread_mutex_t lock;
	int wake; /* eventfd */
	uint32_t max, n_waiting, n_spare, n_made;
	struct batch *waiting[INBOX_MAX], *spare[INBOX_MAX];
	uint64_t given, behind; /* rows: handed over; of them dropped since there was no room */
};

must_check enum err inbox_init(struct inbox *i, uint32_t max);
void inbox_fini(struct inbox *i);
/* Takes the rows of *b, which becomes an empty batch: another, or itself when the rows had to be
 * dropped. Any thread. */
void inbox_give(struct inbox *i, struct batch **b);
/* The oldest that waits, NULL = none. Export thread, until it is NULL after each wake. */
struct batch *inbox_take(struct inbox *i);
/* Gives one back, emptied. */
void inbox_return(struct inbox *i, struct batch *b);
void inbox_wake(const struct inbox *i); /* also from a signal handler */
void inbox_counts(struct inbox *i, uint64_t *ret_given, uint64_t *ret_behind);
