/* SPDX-License-Identifier: Apache-2.0 */
/* A capture thread: a burst of frames, its meter, the room of the frames back to the kernel. What
 * the meter has finished goes to the exporter a batch at a time. The clock is read once per burst;
 * flows leave in time also while nothing comes. */
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/probe.h"
#include "conf/conf.h"
#include "meter/meter.h"
#include "model/batch.h"
#include "proto/appid.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { WAIT_MS = 50, TICK_NS = 100000000, DRAIN_NS = 1000000000 };

/* The meter's batch for an empty one: what a batch is lies behind its pointers. */
static void emit(void *ctx, struct batch *b)
{
	struct probe_thread *t = ctx;
	struct batch full = *b;
	if (!t->spare && !(t->spare = exporter_batch(t->probe->exporter))) {
		stat_add(&t->stats, ST_export_drop_no_memory, b->n);
		stat_add(&t->stats, ST_export_flows, b->n);
		return;
	}
	*b = *t->spare;
	*t->spare = full;
	exporter_give(t->probe->exporter, &t->spare);
}

/* Without the library, or where it was not built in, flows that no dissector knows have no name. */
static enum err open_names(struct probe_thread *t, const struct conf *c)
{
	const struct appid_opts names = {
	    .packets = (unsigned)c->probe_ndpi_packets, .at_once = true, .stats = &t->stats};
	if (!c->probe_dissect || !c->probe_ndpi)
		return ERR_OK;
	enum err e = appid_new(&names, &t->appid);
	return e == ERR_UNSUPPORTED ? ERR_OK : e;
}

enum err probe_thread_init(struct probe *p, struct probe_source *s, size_t reader,
			   struct probe_thread *t)
{
	const struct conf *c = p->conf;
	size_t flows = (size_t)c->probe_max_flows / p->n_threads;
	enum err e = open_names(t, c);
	const struct meter_opts o = {
	    .active_ms = c->probe_active_timeout,
	    .inactive_ms = c->probe_inactive_timeout,
	    .max_flows = MAX_OF(flows, (size_t)METER_FLOWS_MIN),
	    .vlan_key = c->probe_vlan_key,
	    .tunnel_key = c->probe_tunnel_key,
	    .dissect = c->probe_dissect,
	    .protocols = p->protocols,
	    .appid = t->appid,
	    .quality = c->probe_quality,
	    .os = c->probe_os,
	    .series = {.packets = (uint8_t)c->probe_packet_series,
		       .empty = c->probe_empty_packets,
		       .histograms = c->probe_histograms,
		       .bursts = c->probe_bursts,
		       .nettisa = c->probe_nettisa,
		       .entropy = (uint16_t)c->probe_entropy},
	    .sample_packets = (uint32_t)c->probe_sampling,
	    .sample_flows = (uint32_t)c->probe_flow_sampling,
	    .domain = (uint32_t)c->probe_domain,
	    .live = true,
	    .stats = &t->stats,
	    .emit = emit,
	    .ctx = t,
	};
	t->probe = p;
	pthread_mutex_init(&t->lock, NULL);
	t->source = s;
	t->reader = live_reader(s->live, reader);
	snprintf(t->name, sizeof(t->name), "%.40s-%zu", s->text, reader);
	return e ? e : meter_new(&o, &t->meter);
}

void probe_thread_fini(struct probe_thread *t)
{
	meter_free(t->meter);
	appid_free(t->appid);
	batch_free(t->spare);
	if (t->probe)
		pthread_mutex_destroy(&t->lock);
}

/* The source is at its end: a file as it should, an interface because it is gone. The last thread
 * of the last file ends the program if it is to end then. */
static void source_over(struct probe_thread *t, enum err e, const struct diag *d)
{
	struct probe *p = t->probe;
	struct probe_source *s = t->source;
	bool files_over = true;
	if (e != ERR_NOT_FOUND) {
		snprintf(s->error, sizeof(s->error), "%.150s", d->msg);
		log_err("probe", "%s: %s", s->text, d->msg);
	} else {
		log_notice("probe", "%s: all of it was metered", s->text);
	}
	atomic_fetch_sub(&s->running, 1);
	if (!s->file)
		atomic_store(&p->failed, true);
	for (size_t i = 0; i < p->n_sources; i++)
		files_over &= p->source[i].file && atomic_load(&p->source[i].running) == 0;
	if (!s->file || (p->args.once && files_over))
		kill(getpid(), SIGTERM);
}

static enum err burst(struct probe_thread *t, int wait_ms, int64_t *ret_last_ns, size_t *ret_n,
		      struct diag *d)
{
	struct frame v[LIVE_BURST];
	enum err e = live_next(t->reader, wait_ms, v, LIVE_BURST, ret_n, &t->stats, d);
	if (*ret_n) {
		meter_frames(t->meter, v, *ret_n);
		*ret_last_ns = v[*ret_n - 1].t_ns;
	}
	live_release(t->reader);
	return e;
}

static void show(struct probe_thread *t)
{
	live_count(t->reader, &t->stats);
	pthread_mutex_lock(&t->lock);
	t->shown = t->stats;
	pthread_mutex_unlock(&t->lock);
}

/* What had come when we were told to stop is still metered; what comes now is not. */
static enum err drain(struct probe_thread *t, struct diag *d)
{
	int64_t stop_ns = live_now(t->reader), last_ns = 0;
	uint64_t deadline = clock_mono_ns() + DRAIN_NS;
	enum err e = ERR_OK;
	for (size_t n = 1; !e && n && last_ns <= stop_ns && clock_mono_ns() < deadline;)
		e = burst(t, WAIT_MS, &last_ns, &n, d);
	return e;
}

void *probe_capture(void *thread)
{
	struct probe_thread *t = thread;
	struct diag d = {0};
	enum err e = ERR_OK;
	int64_t tick_ns = 0, last_ns;
	size_t n;
	while (!e && !atomic_load_explicit(&t->probe->stop, memory_order_relaxed)) {
		e = burst(t, WAIT_MS, &last_ns, &n, &d);
		int64_t now_ns = live_now(t->reader);
		/* A clock that was set back must not stop it. */
		if (now_ns - tick_ns >= TICK_NS || now_ns < tick_ns) {
			tick_ns = now_ns;
			meter_tick(t->meter, now_ns);
			show(t);
		}
	}
	if (!e)
		e = drain(t, &d);
	meter_flush(t->meter);
	show(t);
	if (e)
		source_over(t, e, &d);
	return NULL;
}
