/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/collect_counters.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/store_conf.h"
#include "decode/sflow.h"
#include "store/if_counters.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
	RINGS_MAX = 80,
	RING_ROWS = 4096,        /* of a thread between two posts; a power of 2 */
	WAITING_MAX = 64 * 1024, /* rows that wait for the store */
	POST_MS = 2000,
	POST_ROWS = 2000, /* of one statement, which may have 1 MB */
	REFUSALS_MAX = 5,
	TIMEOUT_MS = 30000,
};

/* One thread puts, one takes: head and tail count rows ever put and taken. */
struct counter_ring {
	_Atomic uint32_t head, tail;
	struct if_counter_row v[RING_ROWS];
};

struct counter_queue {
	struct store_place place;
	struct store *store;
	struct counter_ring *rings[RINGS_MAX];
	uint32_t n_rings;
	struct if_counter_row *waiting; /* WAITING_MAX */
	size_t n, refusals;
	bool said_down;
	struct stats stats;
};

enum err counter_queue_new(const struct conf *conf, struct counter_queue **ret, struct diag *reterr)
{
	struct store_conf where;
	struct counter_queue *q = calloc(1, sizeof(*q));
	if (q)
		q->waiting = calloc(WAITING_MAX, sizeof(q->waiting[0]));
	enum err e = q && q->waiting
			 ? store_place_fill(conf, STORE_WRITER, &q->place, &where, reterr)
			 : diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	if (!e)
		e = store_open(&where, &q->store, reterr);
	if (e) {
		counter_queue_free(&q);
		return e;
	}
	*ret = q;
	return ERR_OK;
}

void counter_queue_free(struct counter_queue **q)
{
	if (!*q)
		return;
	for (uint32_t i = 0; i < (*q)->n_rings; i++)
		free((*q)->rings[i]);
	store_close((*q)->store);
	store_place_fini(&(*q)->place);
	free((*q)->waiting);
	free(*q);
	*q = NULL;
}

struct counter_ring *counter_queue_ring(struct counter_queue *q)
{
	struct counter_ring *r = q->n_rings < RINGS_MAX ? calloc(1, sizeof(*r)) : NULL;
	if (r)
		q->rings[q->n_rings++] = r;
	return r;
}

static void fill_row(struct if_counter_row *row, const struct counter_sample *s)
{
	const struct if_counters *c = s->interface;
	*row = (struct if_counter_row){
	    .t = s->t_recv,
	    .exporter_ip = s->exporter_ip,
	    .agent_ip = s->agent_ip,
	    .domain = s->domain,
	    .if_index = c->if_index,
	    .uptime = s->uptime,
	    .if_type = c->if_type,
	    .direction = c->direction,
	    .status = c->status,
	    .speed = c->speed,
	    .in_octets = c->in_octets,
	    .out_octets = c->out_octets,
	    .in_unicast = c->in_unicast,
	    .in_multicast = c->in_multicast,
	    .in_broadcast = c->in_broadcast,
	    .in_discards = c->in_discards,
	    .in_errors = c->in_errors,
	    .out_unicast = c->out_unicast,
	    .out_multicast = c->out_multicast,
	    .out_broadcast = c->out_broadcast,
	    .out_discards = c->out_discards,
	    .out_errors = c->out_errors,
	};
}

void counter_ring_put(struct counter_ring *r, const struct counter_sample *s, struct stats *stats)
{
	if (!s->interface)
		return;
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	if (head - tail == RING_ROWS) {
		stat_add(stats, ST_counters_dropped, 1);
		return;
	}
	fill_row(&r->v[head % RING_ROWS], s);
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
}

static void take(struct counter_queue *q, struct counter_ring *r)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_acquire);
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	for (; tail != head && q->n < WAITING_MAX; tail++)
		q->waiting[q->n++] = r->v[tail % RING_ROWS];
	atomic_store_explicit(&r->tail, tail, memory_order_release);
}

/* The first n rows are done with. */
static void forget(struct counter_queue *q, size_t n)
{
	q->n -= n;
	memmove(q->waiting, q->waiting + n, q->n * sizeof(q->waiting[0]));
}

/* False: the store is down, or would not have them now. Rows that it refuses again and again while
 * it is up are dropped. */
static bool post_some(struct counter_queue *q, struct diag *reterr)
{
	struct buf sql = {0};
	struct store_summary answer = {0};
	size_t n = MIN_OF(q->n, (size_t)POST_ROWS);
	if_counters_insert(&sql, store_database(q->store), q->waiting, n);
	const struct store_query sq = {.sql = buf_cstr(&sql), .timeout_ms = TIMEOUT_MS};
	enum err e = store_query(q->store, &sq, &answer, reterr);
	buf_fini(&sql);
	bool refused = e == ERR_REMOTE && !store_code_passes(answer.code);
	q->refusals = refused ? q->refusals + 1 : 0;
	if (e && q->refusals < REFUSALS_MAX)
		return false;
	stat_add(&q->stats, e ? ST_counters_dropped : ST_counters_stored, n);
	q->refusals = 0;
	forget(q, n);
	return e == ERR_OK;
}

static void post(struct counter_queue *q)
{
	struct diag why = {0};
	for (uint32_t i = 0; i < q->n_rings; i++)
		take(q, q->rings[i]);
	while (q->n)
		if (!post_some(q, &why)) {
			if (!q->said_down)
				log_notice("collect", "interface counters wait: %s", why.msg);
			q->said_down = true;
			return;
		}
	q->said_down = false;
}

void counter_queue_run(struct counter_queue *q, int stop_fd, const atomic_bool *receivers_ended)
{
	enum { ENDING_MS = 50 };
	struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
	while (poll(&stop, 1, POST_MS) == 0)
		post(q);
	while (!atomic_load(receivers_ended))
		(void)poll(NULL, 0, ENDING_MS);
	post(q);
	stat_add(&q->stats, ST_counters_dropped, q->n);
}

void counter_queue_stats(const struct counter_queue *q, struct stats *sum)
{
	sum->v[ST_counters_stored] += stat_get(&q->stats, ST_counters_stored);
	sum->v[ST_counters_dropped] += stat_get(&q->stats, ST_counters_dropped);
}
