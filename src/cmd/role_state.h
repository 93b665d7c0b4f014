/* SPDX-License-Identifier: Apache-2.0 */
/* What a role says of itself at /state.json, read into a struct. Numbers that it does not have are
 * 0. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct role_state {
	bool ready;
	int pid;
	uint64_t uptime_s;
	char version[32];
	char error[240];       /* why it is not ready */
	struct buf listen;     /* JSON array; owned */
	char http_address[48]; /* of the first TCP address it listens on; "" = none */
	uint16_t http_port;
	uint64_t received, decoded, stored, waiting, lag_ms;
	uint64_t drops; /* everything in the groups reject, drop and discard */
	uint64_t kernel_drops;
	/* Of the collector, owned: its enrichment as a JSON object, and as lines for people. */
	struct buf enrich, enrich_text;
	/* Of the probe, owned: its accounting as a JSON object, and as lines for people. */
	struct buf probe, probe_text;
};

/* Asks the role below dir. ERR_REFUSED, ERR_NOT_FOUND: nobody is there. *ret is to be freed with
 * role_state_fini. */
must_check enum err role_state_get(const char *dir, const char *role, struct role_state *ret);
void role_state_fini(struct role_state *s);

/* One role as `weir up` knows it. */
struct up_entry {
	char role[16], state[16], error[160];
	int pid;
	uint64_t restarts;
};
enum { UP_ENTRIES_MAX = 8 };
/* The supervisor's list of roles; *ret_n of them. Errors as above. */
must_check enum err role_state_of_up(const char *dir, struct up_entry ret[UP_ENTRIES_MAX],
				     size_t *ret_n);
