/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of TCP and TLS sessions: one for all of them, with a decoder of its own, so that the
 * arithmetic of handshakes and a flood of connections never hold up the receive threads. */
#include "cmd/collect.h"

#include "base/log.h"
#include "base/rd.h"
#include "base/timefmt.h"
#include "conf/conf.h"
#include "input/admit.h"
#include "input/forward.h"
#include "input/repeat.h"
#include "input/session.h"
#include "input/udp.h"

enum { WAIT_MS = 100, DRAIN_NS = 500000000 };
static const uint64_t say_again_ns = 60000000000;

static bool admit(void *ctx, const struct ip *src)
{
	struct collect_thread *t = ctx;
	return admit_address(t->admit, src);
}

/* As a datagram, with the templates of its session before it when that is due. */
static void pass_on(struct collect_thread *t, const struct session_message *m, uint64_t now_ns)
{
	if (t->repeated != t->rules_serial)
		repeats_renew(t->repeats);
	t->repeated = t->rules_serial;
	struct rd told = repeats_see(t->repeats, m->session, m->p, m->n, now_ns);
	const struct udp_datagram templates = {
	    .p = told.p, .n = (uint32_t)rd_left(&told), .src = m->src, .port = m->port};
	const struct udp_datagram d = {.p = m->p, .n = m->n, .src = m->src, .port = m->port};
	const struct udp_datagram *const both[] = {&templates, &d};
	bool first = templates.n == 0;
	forward_send(t->rules->forward, t->forward, both + first, 2 - (size_t)first, &t->stats);
}

static void message(void *ctx, const struct session_message *m)
{
	struct collect_thread *t = ctx;
	uint64_t now_ns = clock_mono_ns();
	if (!collect_admits(t, &m->src, m->n, now_ns))
		return;
	const struct datagram dg = {.p = m->p,
				    .n = m->n,
				    .src = m->src,
				    .src_port = m->port,
				    .transport = m->tls ? TRANSPORT_TLS : TRANSPORT_TCP,
				    .session = m->session,
				    .t_recv = clock_wall_ms()};
	pass_on(t, m, now_ns);
	collect_feed(t, &dg, now_ns);
}

static void end(void *ctx, uint32_t session)
{
	struct collect_thread *t = ctx;
	repeats_end(t->repeats, session);
	decoder_session_end(t->decoder, session);
}

static void tls_failed(void *ctx, const struct ip *src, const char *why)
{
	struct collect_thread *t = ctx;
	uint64_t now_ns = clock_mono_ns();
	char text[IP_TEXT_MAX];
	if (t->tls_said_ns && now_ns - t->tls_said_ns < say_again_ns)
		return;
	t->tls_said_ns = now_ns;
	ip_format(src, text);
	log_notice("collect", "TLS handshake with %s failed: %s", text, why);
}

static enum err make_sessions(struct collect *c, struct collect_thread *t)
{
	const struct session_opts o = {
	    .max_sessions = (uint32_t)c->conf->collect_max_sessions,
	    .max_per_address = (uint32_t)c->conf->collect_max_sessions_per_address,
	    .idle_ms = c->conf->collect_session_idle,
	    .stats = &t->stats,
	    .admit = admit,
	    .message = message,
	    .end = end,
	    .tls_failed = tls_failed,
	    .ctx = t,
	};
	return sessions_new(&o, NULL, 0, &t->sessions);
}

enum err collect_sessions_init(struct collect *c, struct collect_thread *t)
{
	enum err e = collect_thread_init(c, t);
	if (!e)
		e = repeats_new(&t->stats, &t->repeats);
	if (!e)
		e = make_sessions(c, t);
	return e ? e : collect_rules_take(t);
}

void *collect_sessions(void *thread)
{
	struct collect_thread *t = thread;
	uint64_t stopped_ns = 0;
	for (;;) {
		bool some = sessions_wait(t->sessions, WAIT_MS);
		uint64_t now_ns = clock_mono_ns();
		collect_take_over(t);
		sessions_serve(t->sessions, now_ns);
		if (spool_wants_commit(t->writer, now_ns))
			collect_commit(t, now_ns, clock_wall_ms());
		if (!atomic_load_explicit(&t->collect->stop, memory_order_relaxed))
			continue;
		/* What has come in sessions is taken; new ones wait for our successor. */
		if (stopped_ns == 0) {
			stopped_ns = now_ns;
			sessions_stop_accepting(t->sessions);
		} else if (!some || now_ns - stopped_ns > DRAIN_NS) {
			break;
		}
	}
	sessions_end_all(t->sessions);
	collect_commit(t, clock_mono_ns(), clock_wall_ms());
	return NULL;
}
