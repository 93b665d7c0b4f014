/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a new configuration without a restart: read the file again, refuse it as a whole if
 * anything is wrong, say what changed and what that means (conf/live.def). What a role does with
 * the live keys is its own business; log.level and log.json are done here. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "cmd/opts.h"

#include <pthread.h>

struct conf;

struct reload {
	const char *role; /* static; "up" stands for all of them */
	struct common_args args;
	const struct conf *started; /* a reference; what the process has from its start */
	const struct conf *running; /* a reference; what it has taken since */
	pthread_mutex_t lock;       /* one reload at a time */
	bool sockets_taken;         /* of the report to come: collect.listen is taken over */
};

/* conf: the reference is taken over for `started`; borrowers of it live as long as r. */
void reload_init(struct reload *r, const char *role, const struct common_args *args,
		 const struct conf *conf);
void reload_fini(struct reload *r);

/* Reads the file again: a reference in *ret, or ERR_CONFIG and the first thing that is wrong. */
must_check enum err reload_read(const struct reload *r, const struct conf **ret,
				struct diag *reterr);
/* Appends {"changed":[{"key","from","to","effect"},...]} for the keys that role reads. effect:
 * "now", "handover" (only of "up") or "restart"; a key that waits for a restart since an earlier
 * reload is there again. */
void reload_report(const struct reload *r, const struct conf *next, struct buf *out);
/* Whether a key whose path begins with section has another value in next than what runs. */
bool reload_differs(const struct reload *r, const struct conf *next, const char *section);
/* next, a reference that is taken over, is what runs from now on; the log gets the report. */
void reload_done(struct reload *r, const struct conf *next, struct buf *report);

/* What SIGHUP does: the same, and a refusal goes to the log. */
void reload_on_hangup(enum err (*reload)(void *ctx, struct buf *out, struct diag *reterr),
		      void *ctx);

/* For control_ops.reload of a role that only takes what is done here; ctx is a struct reload. */
enum err reload_plain(void *reload, struct buf *out, struct diag *reterr);
