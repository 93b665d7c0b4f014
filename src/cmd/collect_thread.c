/* SPDX-License-Identifier: Apache-2.0 */
/* What every thread that decodes has: a decoder, a writer of the spool, and what the control socket
 * shows of its exporters. Nothing here waits for a disk or another thread, but for a flusher that
 * is a whole commit behind. */
#include "cmd/collect.h"

#include "base/timefmt.h"
#include "cmd/collect_counters.h"
#include "conf/conf.h"
#include "enrich/dedup.h"
#include "enrich/enrich.h"
#include "input/admit.h"
#include "input/forward.h"
#include "input/repeat.h"
#include "input/session.h"
#include "input/udp.h"

#include <stdlib.h>

enum { SAVE_AT_ONCE = 128 }; /* exporters put into the vault per commit */

static void emit(void *ctx, struct batch *b)
{
	struct collect_thread *t = ctx;
	if (t->dedup)
		stat_add(&t->stats, ST_records_duplicate, dedup_mark(t->dedup, b));
	if (!enrich_batch(t->enrich, b))
		stat_add(&t->stats, ST_records_unenriched, b->n);
	collect_host_names(t, b);
	spool_append(t->writer, b);
}

static void counters(void *ctx, const struct counter_sample *s)
{
	struct collect_thread *t = ctx;
	counter_ring_put(t->counters, s, &t->stats);
}

static enum err make_decoder(struct collect *c, struct collect_thread *t)
{
	const struct decoder_opts o = {
	    .max_exporters = (uint32_t)c->conf->collect_max_exporters,
	    .max_templates = (uint32_t)c->conf->collect_max_templates_per_exporter,
	    .max_held_mem = (size_t)c->conf->collect_hold_bytes,
	    .held_ms = (int64_t)c->conf->collect_hold_time,
	    .template_ms = (int64_t)c->conf->collect_template_lifetime,
	    .vault = c->vault,
	    .repair_clock = c->conf->collect_repair_clock,
	    .drop_unknown = !c->conf->collect_keep_unknown,
	    .stats = &t->stats,
	    .emit = emit,
	    .name = collect_name,
	    .counters = counters,
	    .ctx = t,
	};
	return decoder_new(&o, &t->decoder);
}

/* Where the exporters stood when the last collector ended. Any thread may get any exporter. */
static void restore(struct collect *c, struct collect_thread *t)
{
	size_t n, max = (size_t)c->conf->collect_max_exporters;
	const struct exporter_seq *q = spool_sequences(c->spool, &n);
	if (n > max)
		n = max;
	for (size_t i = 0; i < n; i++)
		t->sequences[i] = (struct decoder_sequence){.ip = q[i].addr,
							    .port = q[i].port,
							    .version = q[i].version,
							    .domain = q[i].domain,
							    .next = q[i].next};
	decoder_restore(t->decoder, t->sequences, n);
}

enum err collect_thread_init(struct collect *c, struct collect_thread *t)
{
	size_t max = (size_t)c->conf->collect_max_exporters;
	t->collect = c;
	pthread_mutex_init(&t->lock, NULL);
	t->sequences = calloc(max, sizeof(t->sequences[0]));
	t->seqs = calloc(max, sizeof(t->seqs[0]));
	t->writer = spool_writer_new(c->spool, &t->stats);
	t->counters = counter_queue_ring(c->counters);
	if (!t->sequences || !t->seqs || !t->writer || !t->counters)
		return ERR_NOMEM;
	enum err e = dedup_thread_new(NULL, &t->dedup);
	if (!e)
		e = enrich_seat_new(c->enrich, &t->enrich);
	if (!e)
		e = admit_new(&t->admit);
	if (!e)
		e = forward_scratch_new(&t->forward);
	if (!e)
		e = make_decoder(c, t);
	if (!e)
		restore(c, t);
	return e;
}

void collect_thread_fini(struct collect_thread *t)
{
	if (!t->collect)
		return;
	udp_rx_free(t->rx);
	if (t->decoder)
		decoder_save(t->decoder, SIZE_MAX);
	sessions_free(t->sessions); /* ends sessions, which the decoder hears of */
	decoder_free(t->decoder);
	spool_writer_free(&t->writer);
	enrich_seat_free(&t->enrich);
	dedup_thread_free(&t->dedup);
	admit_free(t->admit);
	forward_scratch_free(t->forward);
	repeats_free(t->repeats);
	collect_rules_put(&t->rules);
	free(t->sequences);
	free(t->seqs);
	exporter_rows_fini(&t->next);
	exporter_rows_fini(&t->shown);
	pthread_mutex_destroy(&t->lock);
}

/* Those heard in this life come first, so the first `heard` are the ones this thread knows
 * something new of. */
static size_t take_sequences(struct collect_thread *t, size_t heard)
{
	size_t n = decoder_sequences(t->decoder, t->sequences, heard);
	for (size_t i = 0; i < n; i++) {
		const struct decoder_sequence *s = &t->sequences[i];
		t->seqs[i] = (struct exporter_seq){.addr = s->ip,
						   .domain = s->domain,
						   .next = s->next,
						   .open = s->open,
						   .port = s->port,
						   .version = s->version};
	}
	return n;
}

void collect_idle(struct collect_thread *t)
{
	decoder_save(t->decoder, SAVE_AT_ONCE);
}

void collect_commit(struct collect_thread *t, uint64_t now_ns, int64_t now_ms)
{
	decoder_flush(t->decoder);
	decoder_save(t->decoder, SAVE_AT_ONCE);
	if (t->rx)
		udp_rx_count_drops(t->rx);
	size_t heard = exporter_rows_take(t, now_ms);
	pthread_mutex_lock(&t->lock);
	struct exporter_rows old = t->shown;
	t->shown = t->next;
	pthread_mutex_unlock(&t->lock);
	t->next = old;
	spool_commit(t->writer, now_ns, t->seqs, take_sequences(t, heard));
}

bool collect_admits(struct collect_thread *t, const struct ip *src, size_t n, uint64_t now_ns)
{
	enum stat_id verdict = admit_datagram(t->admit, src, now_ns);
	if (likely(verdict == ST_datagrams_received))
		return true;
	stat_add(&t->stats, verdict, 1);
	stat_add(&t->stats, ST_datagrams_received, 1);
	stat_add(&t->stats, ST_datagrams_bytes, n);
	return false;
}

void collect_feed(struct collect_thread *t, const struct datagram *dg, uint64_t now_ns)
{
	/* Counted one by one, so that a commit in the middle of a round is balanced. */
	decoder_feed(t->decoder, dg);
	stat_add(&t->stats, ST_datagrams_received, 1);
	stat_add(&t->stats, ST_datagrams_bytes, dg->n);
	if (spool_wants_commit(t->writer, now_ns))
		collect_commit(t, now_ns, dg->t_recv);
}
