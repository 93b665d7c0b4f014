/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of a connection that wait for their answers. Notes app_requests, app_answers, app_errors
 * and app_rt_*_us. Answers come in the order of the requests (key 0), or name theirs (a message id,
 * the hash of a tag).
 *
 * A response time runs from the packet that ended the request to the one that began the answer.
 * At most ASKED_OPEN requests are remembered; those beyond are counted and have no time. */
#pragma once
#include "proto/dissector.h"

enum { ASKED_OPEN = 24, ASKED_NONE = 0xff };

struct asked {
	struct {
		uint64_t t_ns;
		uint32_t key;
		uint8_t kind; /* of request; the dissector's own, but ASKED_NONE */
	} open[ASKED_OPEN];   /* oldest first */
	uint8_t n;
	uint16_t beyond; /* requests behind the last of open[] */
};

/* A request is complete with what is shown now. */
void asked_ask(struct asked *x, struct dissect_ctx *c, uint32_t key, uint8_t kind);
/* The place of the request that the answer with this key is for; ASKED_OPEN if none waits. */
unsigned asked_find(const struct asked *x, uint32_t key);
/* What was asked first of those that wait; ASKED_NONE if nothing is known of it. */
uint8_t asked_next(const struct asked *x);
/* An answer began with what is shown now: its request waits no more. Returns the kind of the
 * request, ASKED_NONE if it is not known. */
uint8_t asked_answer(struct asked *x, struct dissect_ctx *c, uint32_t key, bool failed);
/* A request failed, which was told behind the beginning of its answer. */
void asked_failed(struct dissect_ctx *c);
/* Bytes were lost: nobody knows any more which answer is whose. */
void asked_lost(struct asked *x);
