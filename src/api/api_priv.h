/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of api/ only. */
#pragma once
#include "api/api.h"
#include "base/arena.h"
#include "http/http.h"
#include "query/run.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum {
	API_RUNNING_MAX = 128,
	API_ID_MIN = 8,
	API_ID_MAX = 64,
	API_FLOWS_JSON_MAX = 10000,
	API_TIMEOUT_MS = 300000
};

/* A query that runs, from the request until its answer is made. */
struct running {
	bool used;
	char id[API_ID_MAX + 1]; /* "" = not named by the client */
	atomic_bool cancel;
};

struct api {
	struct api_opts o;
	pthread_mutex_t lock; /* of running */
	struct running running[API_RUNNING_MAX];
	_Atomic uint64_t requests, problems;
};

struct api_call {
	struct api *api;
	struct http_request *req;
	char id[API_ID_MAX + 1]; /* of {id} in the path */
};

/* An RFC 9457 answer. d may have line and col; filter is its text then (for `expected`), else NULL.
 */
void api_problem(struct api_call *c, unsigned status, const char *detail);
void api_problem_of(struct api_call *c, enum err e, const struct diag *d, const char *filter);
void api_reply_json(struct api_call *c, struct buf *b);
/* ["...", ...] of what could stand at the place that d names. */
void api_expected(struct buf *out, const char *filter, const struct diag *d);

/* running.c: takes a slot under the request's X-Query-Id and ends the query when the client goes
 * away. NULL: a problem was answered. */
struct running *running_begin(struct api_call *c);
void running_end(struct api *a, struct running *r);
bool running_cancel(struct api *a, const char *id);

/* ask.c: asks the store a question that has been checked, and answers with the JSON that ask wrote
 * into out, or with the problem in d. */
typedef enum err api_ask_fn(struct store *s, const void *question, const struct run_options *o,
			    struct arena *arena, struct buf *out, struct diag *d);
void api_ask(struct api_call *c, api_ask_fn *ask, const void *question);

#define ROUTE(method, path, handler, request, response, streams, summary)                          \
	void handler(struct api_call *c);
#include "api/routes.def"
#undef ROUTE
