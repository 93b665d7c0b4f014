/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket that every role has at D/run/ROLE.sock (HTTP over a Unix socket):
 *   GET  /healthz     200 when the role does its work, 503 with the reason when it does not (yet)
 *   GET  /metrics     Prometheus text
 *   GET  /state.json
 *     {"role","version","pid","started":ms,"uptime_s","ready":bool,"error"?,"listen":[...],
 *      "stats":{...},...}
 *   POST /reload      reads the configuration again: 200 and {"changed":[...]} (cmd/reload.h), or
 * 422 with what is wrong, and nothing changed Callbacks run on the threads of the HTTP server: they
 * read snapshots and counters, and never block for long. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct control;
struct stats;

struct control_ops {
	const char *role; /* "collect"; names the socket. Static */
	/* Whether the role is ready; else reterr says why not. NULL: ready as soon as the socket is
	 * there. */
	bool (*ready)(void *ctx, struct diag *reterr);
	/* Adds the role's counters to sum, which is zeros. NULL: none. */
	void (*stats)(void *ctx, struct stats *sum);
	/* Where the role listens, as a JSON array of {"proto","address","port"} or
	 * {"proto","socket"}. NULL: nowhere. */
	void (*listen)(void *ctx, struct buf *out);
	/* Appends members (`"key":value`, buf_json_key sets the commas) to state.json. NULL: none.
	 */
	void (*state)(void *ctx, struct buf *out);
	/* Appends Prometheus lines beyond those of the counters. NULL: none. */
	void (*metrics)(void *ctx, struct buf *out);
	/* Takes a new configuration and appends what changed, a JSON object (cmd/reload.h). NULL:
	 * /reload is answered with 501. */
	enum err (*reload)(void *ctx, struct buf *out, struct diag *reterr);
	void *ctx;
};

/* Makes D/run if need be and starts answering. ops is copied. Another role of that name alive:
 * ERR_EXISTS. */
must_check enum err control_start(const char *dir, const struct control_ops *ops,
				  struct control **ret, struct diag *reterr);
/* Stops answering and removes the socket; *c becomes NULL. */
void control_stop(struct control **c);

enum { CONTROL_PATH_MAX = 108 };
/* The path of a role's socket; ERR_LIMIT when dir is too long for a Unix socket. */
must_check enum err control_path(const char *dir, const char *role, char ret[CONTROL_PATH_MAX]);
