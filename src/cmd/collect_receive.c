/* SPDX-License-Identifier: Apache-2.0 */
/* The receive thread: a round of datagrams, the decoder, the spool. One clock read per round.
 */
#include "cmd/collect.h"

#include "base/timefmt.h"
#include "input/forward.h"
#include "input/udp.h"

#include <stdlib.h>

enum { WAIT_MS = 100, DRAIN_NS = 2000000000, HANDED_DRAIN_NS = 100000000 };

enum err collect_receive_init(struct collect *c, struct collect_thread *t)
{
	enum err e = collect_thread_init(c, t);
	if (!e)
		e = udp_rx_new(NULL, 0, &t->stats, &t->rx);
	return e ? e : collect_rules_take(t);
}

/* What may come in is passed on and decoded. */
static void round_of(struct collect_thread *t, const struct udp_datagram *d, size_t n,
		     uint64_t now_ns)
{
	const struct udp_datagram *in[UDP_ROUND];
	int64_t now_ms = clock_wall_ms();
	size_t n_in = 0;
	for (size_t i = 0; i < n; i++)
		if (collect_admits(t, &d[i].src, d[i].n, now_ns))
			in[n_in++] = &d[i];
	forward_send(t->rules->forward, t->forward, in, n_in, &t->stats);
	for (size_t i = 0; i < n_in; i++) {
		const struct datagram dg = {.p = in[i]->p,
					    .n = in[i]->n,
					    .src = in[i]->src,
					    .src_port = in[i]->port,
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
		collect_take_over(t);
		if (n)
			round_of(t, d, n, now_ns);
		/* After a round too: when all of it was refused nothing else asks. */
		if (spool_wants_commit(t->writer, now_ns))
			collect_commit(t, now_ns, clock_wall_ms());
		else if (n == 0)
			collect_idle(t);
		if (!atomic_load_explicit(&c->stop, memory_order_relaxed))
			continue;
		/* What lies in sockets of our own would be lost. In sockets that live on our
		 * successor takes it, but some of them may be closed at a reload. */
		if (stopped_ns == 0)
			stopped_ns = now_ns;
		if (n == 0 || now_ns - stopped_ns > (c->handed ? HANDED_DRAIN_NS : DRAIN_NS))
			break;
	}
	collect_commit(t, clock_mono_ns(), clock_wall_ms());
	return NULL;
}
