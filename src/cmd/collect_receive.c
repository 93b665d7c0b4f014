/* SPDX-License-Identifier: Apache-2.0 */
/* The receive thread: a round of datagrams, the decoder, the spool. One clock read per round.
 */
#include "cmd/collect.h"

#include "base/timefmt.h"
#include "conf/conf.h"
#include "input/udp.h"

#include <stdlib.h>

enum { WAIT_MS = 100, DRAIN_NS = 2000000000 };

static enum err make_rx(struct collect *c, uint32_t i, struct collect_thread *t)
{
	int fds[UDP_SOCKETS_MAX];
	size_t n = 0;
	for (size_t k = 0; k < c->sockets.n; k++)
		if (c->sockets.v[k].scheme == CONF_UDP && c->sockets.v[k].thread == i) {
			if (n == UDP_SOCKETS_MAX)
				return ERR_LIMIT;
			fds[n++] = c->sockets.v[k].fd;
		}
	return udp_rx_new(fds, n, &t->stats, &t->rx);
}

enum err collect_receive_init(struct collect *c, uint32_t i, struct collect_thread *t)
{
	enum err e = collect_thread_init(c, t);
	return e ? e : make_rx(c, i, t);
}

static void round_of(struct collect_thread *t, const struct udp_datagram *d, size_t n,
		     uint64_t now_ns)
{
	int64_t now_ms = clock_wall_ms();
	for (size_t i = 0; i < n; i++) {
		const struct datagram dg = {.p = d[i].p,
					    .n = d[i].n,
					    .src = d[i].src,
					    .src_port = d[i].port,
					    .t_recv = now_ms};
		collect_feed(t, &dg, now_ns);
	}
}

void *collect_receive(void *thread)
{
	struct collect_thread *t = thread;
	struct collect *c = t->collect;
	uint64_t stopped_ns = 0;
	for (;;) {
		const struct udp_datagram *d;
		size_t n = udp_rx_wait(t->rx, WAIT_MS, &d);
		uint64_t now_ns = clock_mono_ns();
		if (n)
			round_of(t, d, n, now_ns);
		else if (spool_wants_commit(t->writer, now_ns))
			collect_commit(t, now_ns, clock_wall_ms());
		if (!atomic_load_explicit(&c->stop, memory_order_relaxed))
			continue;
		/* What lies in sockets of our own would be lost; in sockets that live on, our
		 * successor takes it. */
		if (stopped_ns == 0)
			stopped_ns = now_ns;
		if (n == 0 || c->handed || now_ns - stopped_ns > DRAIN_NS)
			break;
	}
	collect_commit(t, clock_mono_ns(), clock_wall_ms());
	return NULL;
}
