/* SPDX-License-Identifier: Apache-2.0 */
/* Random filters and random rows that meet often: both take their values from the same small pools.
 */
#pragma once
#include "base/buf.h"
#include "model/batch.h"

struct random {
	uint64_t state; /* any odd number */
};

#define RANDOM_TIME INT64_C(1767225600000) /* 2026-01-01 */

/* 0..n-1 */
uint32_t random_below(struct random *r, uint32_t n);
/* Appends an expression that parses. */
void random_filter(struct random *r, struct buf *out);
/* Appends n rows with a random half of the fields; t_recv is RANDOM_TIME + first + number of the
 * row in the call. */
void random_batch(struct random *r, struct batch *b, uint32_t n, uint32_t first);
