/* SPDX-License-Identifier: Apache-2.0 */
/* What the ways of taking frames have in common. Not for other folders. */
#pragma once
#include "packet/live.h"
#include "packet/live_source.h"

struct bpf_filter;

/* One way, as a table: the thread's loop does not know which it is. Contracts: packet/live.h. */
struct live_ops {
	enum err (*next)(struct live_reader *r, int timeout_ms, struct frame *ret, size_t max,
			 size_t *ret_n, struct stats *s, struct diag *reterr);
	void (*release)(struct live_reader *r);
	void (*count)(struct live_reader *r, struct stats *s);
	int64_t (*now)(const struct live_reader *r); /* NULL: the wall clock */
	void (*close)(struct live_reader *r);        /* frees r */
};

/* The beginning of every reader. */
struct live_reader {
	const struct live_ops *ops;
	size_t snaplen; /* set by live_open */
};

enum { LIVE_HOW_MAX = 160 };

/* Each makes one reader; first: the first one of the same source, NULL when this is it. how: what
 * live_how says. */
must_check enum err ring_open(const char *name, const struct live_opts *o,
			      const struct live_reader *first, struct live_reader **ret,
			      char how[LIVE_HOW_MAX], struct diag *reterr);
must_check enum err tap_open(const char name[2][LIVE_NAME_MAX], const struct live_opts *o,
			     const struct live_reader *first, struct live_reader **ret,
			     char how[LIVE_HOW_MAX], struct diag *reterr);
must_check enum err mirror_open(const struct live_source *where, const struct live_opts *o,
				struct live_reader **ret, char how[LIVE_HOW_MAX],
				struct diag *reterr);
must_check enum err playback_open(const char *path, const struct live_opts *o,
				  struct live_reader **ret, char how[LIVE_HOW_MAX],
				  struct diag *reterr);

/* AF_XDP: the program on the interface is shared by all readers. */
struct xdp_hook;
must_check enum err xdp_hook_open(const char *name, bool promiscuous, struct xdp_hook **ret,
				  struct diag *reterr);
/* Before the readers: no frame may come to a socket that is being closed. */
void xdp_hook_close(struct xdp_hook **h);
/* Reader number i of o->threads; ERR_LIMIT: the interface has no queue left for it. */
must_check enum err xdp_open(struct xdp_hook *h, const struct live_opts *o, uint32_t i,
			     struct live_reader **ret, char how[LIVE_HOW_MAX], struct diag *reterr);

int64_t live_wall_ns(void);
/* How long frames of a ring may wait in their block, for those who merge. */
static inline int64_t live_hold_ns(const struct live_opts *o)
{
	enum { SLACK_MS = 10 };
	return ((int64_t)o->block_ms * 2 + SLACK_MS) * 1000000;
}
