/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's sockets: a set that the threads read through descriptors of their own. Another
 * set comes while they work, from `weir up` (handoff.h), and is taken over with the rules of its
 * configuration: sockets that stay go on with all that waits in them, those that go are read empty.
 */
#include "cmd/collect.h"

#include "base/timefmt.h"
#include "conf/conf.h"
#include "input/session.h"
#include "input/udp.h"

#include <stdlib.h>

static enum err wrap(struct handoff *h, struct collect_sockets **ret)
{
	struct collect_sockets *s = malloc(sizeof(*s));
	if (!s) {
		handoff_close(h);
		return ERR_NOMEM;
	}
	s->set = *h;
	atomic_init(&s->users, 1);
	*ret = s;
	return ERR_OK;
}

enum err collect_sockets_open(struct collect *c, struct diag *d)
{
	struct handoff h;
	enum err e = handoff_take(&h, d);
	c->handed = e == ERR_OK;
	if (e == ERR_NOT_FOUND)
		e = handoff_open(c->conf, NULL, &h, d);
	if (!e && h.threads > COLLECT_THREADS_MAX)
		e = diag_set(d, ERR_LIMIT, 0, 0, "more than %d receive threads",
			     COLLECT_THREADS_MAX);
	if (e)
		return e;
	c->more_sockets = h.more;
	c->socket_buffer = h.buffer;
	return wrap(&h, &c->sockets);
}

enum err collect_sockets_newer(struct collect *c, struct collect_sockets **ret)
{
	struct handoff h;
	*ret = NULL;
	return handoff_receive(c->more_sockets, &h) ? wrap(&h, ret) : ERR_OK;
}

struct collect_sockets *collect_sockets_get(struct collect_sockets *s)
{
	atomic_fetch_add(&s->users, 1);
	return s;
}

void collect_sockets_put(struct collect_sockets **ps)
{
	struct collect_sockets *s = *ps;
	*ps = NULL;
	if (!s || atomic_fetch_sub(&s->users, 1) != 1)
		return;
	handoff_close(&s->set);
	free(s);
}

static enum err take_udp(struct collect_thread *t, const struct handoff *h)
{
	int fds[UDP_SOCKETS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < h->n; i++) {
		if (h->v[i].scheme != CONF_UDP || h->v[i].thread != t - t->collect->thread)
			continue;
		if (n == UDP_SOCKETS_MAX)
			return ERR_LIMIT;
		fds[n++] = h->v[i].fd;
	}
	return udp_rx_set(t->rx, fds, n);
}

static enum err take_sessions(struct collect_thread *t, const struct handoff *h)
{
	struct session_listener l[SESSION_LISTENERS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < h->n; i++) {
		if (h->v[i].scheme == CONF_UDP)
			continue;
		if (n == SESSION_LISTENERS_MAX)
			return ERR_LIMIT;
		l[n++] =
		    (struct session_listener){.fd = h->v[i].fd, .tls = h->v[i].scheme == CONF_TLS};
	}
	return sessions_set_listeners(t->sessions, l, n, clock_mono_ns());
}

enum err collect_sockets_take(struct collect_thread *t, const struct handoff *h)
{
	return t->rx ? take_udp(t, h) : take_sessions(t, h);
}
