/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers of one connection, paired first come first served, as most protocols with a
 * connection per client do: how many, how many failed, and how long the server took, from the last
 * byte of a request to the first of its answer. Notes app_requests, app_errors, app_rt_*_us. */
#pragma once
#include "proto/dissector.h"

enum { EXCHANGE_WAITING = 8 }; /* requests that wait for their answers; more are not timed */

struct exchange {
	uint64_t asked_ns[EXCHANGE_WAITING];
	uint8_t first, n;
};

/* A request is complete with what is shown now. */
void exchange_ask(struct exchange *x, struct dissect_ctx *c);
/* The answer to the oldest request begins, or is here whole. Answers to nothing are not timed. */
void exchange_answer(struct exchange *x, struct dissect_ctx *c);
/* That answer said that the request failed. */
void exchange_failed(struct dissect_ctx *c);
/* The oldest request will have no answer. */
void exchange_drop(struct exchange *x);
