/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON that comes in, besides queries: small bodies of requests, states of the roles. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct json_in {
	const char *filter; /* in the arena */
	size_t pos;         /* SIZE_MAX if not given */
};
/* {"filter": "...", "pos": n} */
must_check enum err json_in_read(const void *p, size_t n, struct arena *arena, struct json_in *ret,
				 struct diag *reterr);

/* What of a role's state.json the status needs; members are JSON text, empty if not there. */
struct json_state {
	bool ready;
	int64_t pid, uptime_s, lag_ms;
	struct buf error; /* plain text */
	struct buf listen, accounting, exporters, roles;
};
/* ret starts as zeros; json_state_fini is due also after an error. */
must_check enum err json_state_read(const void *p, size_t n, struct json_state *ret);
void json_state_fini(struct json_state *s);
