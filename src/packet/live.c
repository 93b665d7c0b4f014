/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/live.h"

#include "packet/live_priv.h"

#include <stdlib.h>
#include <time.h>

struct live {
	struct live_reader *v[LIVE_THREADS_MAX];
	size_t n;
	struct xdp_hook *hook; /* NULL but for AF_XDP */
	char how[LIVE_HOW_MAX];
};

int64_t live_wall_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Reader number i of a source. */
static enum err open_reader(struct live *l, const struct live_source *s, const struct live_opts *o,
			    uint32_t i, struct diag *d)
{
	struct live_reader **ret = &l->v[i];
	const struct live_reader *first = i ? l->v[0] : NULL;
	switch (s->kind) {
	case LIVE_INTERFACE:
		if (o->way == LIVE_XDP)
			return xdp_open(l->hook, o, i, ret, l->how, d);
		return ring_open(s->name[0], o, first, ret, l->how, d);
	case LIVE_TAP:
		return tap_open(s->name, o, first, ret, l->how, d);
	case LIVE_VXLAN:
	case LIVE_GRE: /* one socket: the hash of the outer packet says nothing of the inner flow */
		return i ? ERR_LIMIT : mirror_open(s, o, ret, l->how, d);
	case LIVE_FILE:
		return i ? ERR_LIMIT : playback_open(s->path, o, ret, l->how, d);
	}
	return ERR_INTERNAL;
}

static enum err open_all(struct live *l, const struct live_source *s, const struct live_opts *o,
			 struct diag *d)
{
	enum err e = ERR_OK;
	if (s->kind == LIVE_INTERFACE && o->way == LIVE_XDP)
		e = xdp_hook_open(s->name[0], o->promiscuous, &l->hook, d);
	for (uint32_t i = 0; i < o->threads && !e; i++) {
		e = open_reader(l, s, o, i, d);
		if (e == ERR_LIMIT && i > 0)
			return ERR_OK;
		if (!e)
			l->v[l->n++]->snaplen = o->snaplen ? o->snaplen : LIVE_SNAPLEN_MAX;
	}
	return e;
}

enum err live_open(const char *source, const struct live_opts *o, struct live **ret,
		   struct diag *reterr)
{
	struct live_source *s = malloc(sizeof(*s));
	struct live *l = calloc(1, sizeof(*l));
	enum err e = ERR_OK;
	if (!s || !l)
		e = diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	else if (o->threads == 0 || o->threads > LIVE_THREADS_MAX)
		e = diag_set(reterr, ERR_LIMIT, 0, 0, "1 to %d threads", LIVE_THREADS_MAX);
	if (!e)
		e = live_source_parse(source, s, reterr);
	if (!e)
		e = open_all(l, s, o, reterr);
	free(s);
	if (e) {
		live_close(&l);
		return e;
	}
	*ret = l;
	return ERR_OK;
}

void live_close(struct live **l)
{
	struct live *x = *l;
	*l = NULL;
	if (!x)
		return;
	xdp_hook_close(&x->hook);
	for (size_t i = 0; i < x->n; i++)
		x->v[i]->ops->close(x->v[i]);
	free(x);
}

size_t live_readers(const struct live *l)
{
	return l->n;
}

struct live_reader *live_reader(struct live *l, size_t i)
{
	return l->v[i];
}

const char *live_how(const struct live *l)
{
	return l->how;
}

enum err live_next(struct live_reader *r, int timeout_ms, struct frame *ret, size_t max,
		   size_t *ret_n, struct stats *s, struct diag *reterr)
{
	size_t n = 0;
	uint64_t bytes = 0;
	enum err e = r->ops->next(r, timeout_ms, ret, max, &n, s, reterr);
	for (size_t i = 0; i < n; i++) {
		bytes += ret[i].wire_n;
		ret[i].n = MIN_OF(ret[i].n, r->snaplen);
	}
	stat_add(s, ST_capture_frames, n);
	stat_add(s, ST_capture_bytes, bytes);
	*ret_n = n;
	return e;
}

void live_release(struct live_reader *r)
{
	r->ops->release(r);
}

void live_count(struct live_reader *r, struct stats *s)
{
	r->ops->count(r, s);
}

int64_t live_now(const struct live_reader *r)
{
	return r->ops->now ? r->ops->now(r) : live_wall_ns();
}
