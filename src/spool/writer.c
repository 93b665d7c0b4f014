/* SPDX-License-Identifier: Apache-2.0 */
/* The receive thread's side: batches into open segments, commits into the queue of the flusher. In
 * a steady load there are two sets of buffers, one filled while the other is written; when the disk
 * stalls more come, up to QUEUE_BYTES_MAX, and go again. */
#include "spool/spool_priv.h"

#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_ROWS = 1 << 20,
	DEFAULT_BYTES = 128 << 20,
	DEFAULT_AGE_MS = 1000,
	NS_PER_MS = 1000000,
	COMMITS_MAX = 16, /* of one writer in the queue */
};
/* Of all writers; beyond it the receive threads wait, and the kernel's socket buffers fill. */
static const uint64_t QUEUE_BYTES_MAX = 512u << 20;

struct spool_writer {
	struct spool *spool;
	struct stats *stats;  /* borrowed */
	struct stats counted; /* as of the last commit */
	struct segbuf *open[SEGFILE_MEMBERS_MAX];
	uint32_t n_open, n_idle;
	/* Under the spool's lock: */
	struct segbuf *idle[SEGFILE_MEMBERS_MAX];
	struct commit commit[COMMITS_MAX], *unused;
	uint32_t n_queued;
	bool full;
	uint64_t last_ns, age_ns, max_bytes;
	uint32_t max_rows;
};

struct spool_writer *spool_writer_new(struct spool *s, struct stats *stats)
{
	struct spool_writer *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->spool = s;
	w->stats = stats;
	w->counted = *stats;
	w->last_ns = clock_mono_ns();
	for (uint32_t i = 0; i < COMMITS_MAX; i++) {
		w->commit[i].writer = w;
		w->commit[i].next = w->unused;
		w->unused = &w->commit[i];
	}
	w->age_ns =
	    (uint64_t)(s->o.segment_age_ms ? s->o.segment_age_ms : DEFAULT_AGE_MS) * NS_PER_MS;
	w->max_bytes = s->o.segment_bytes ? s->o.segment_bytes : DEFAULT_BYTES;
	w->max_rows = s->o.segment_rows ? s->o.segment_rows : DEFAULT_ROWS;
	return w;
}

void spool_writer_free(struct spool_writer **pw)
{
	struct spool_writer *w = *pw;
	*pw = NULL;
	if (!w)
		return;
	pthread_mutex_lock(&w->spool->lock);
	while (w->n_queued)
		pthread_cond_wait(&w->spool->room, &w->spool->lock);
	pthread_mutex_unlock(&w->spool->lock);
	for (uint32_t i = 0; i < w->n_open; i++)
		segbuf_free(w->open[i]);
	for (uint32_t i = 0; i < w->n_idle; i++)
		segbuf_free(w->idle[i]);
	for (uint32_t i = 0; i < COMMITS_MAX; i++)
		free(w->commit[i].seqs);
	free(w);
}

void writer_take_back(struct spool_writer *w, struct commit *c)
{
	/* One set is enough; what a stall needed beyond it is given back. */
	for (uint32_t i = 0; i < c->n; i++)
		if (w->n_idle < c->n)
			w->idle[w->n_idle++] = c->seg[i];
		else
			segbuf_free(c->seg[i]);
	w->spool->queued_bytes -= c->bytes;
	w->n_queued--;
	c->n = 0;
	c->next = w->unused;
	w->unused = c;
}

/* An idle buffer, best one that held the same shape (its memory fits). */
static struct segbuf *take_idle(struct spool_writer *w, enum shape shape)
{
	struct segbuf *s = NULL;
	pthread_mutex_lock(&w->spool->lock);
	for (uint32_t i = 0; i < w->n_idle; i++)
		if (w->idle[i]->shape == shape || i + 1 == w->n_idle) {
			s = w->idle[i];
			w->idle[i] = w->idle[--w->n_idle];
			break;
		}
	pthread_mutex_unlock(&w->spool->lock);
	return s ? s : segbuf_new();
}

static struct segbuf *open_segment(struct spool_writer *w, enum shape shape, int32_t day)
{
	for (uint32_t i = 0; i < w->n_open; i++)
		if (w->open[i]->day == day && w->open[i]->shape == shape)
			return w->open[i];
	if (w->n_open == SEGFILE_MEMBERS_MAX)
		return NULL;
	struct segbuf *s = take_idle(w, shape);
	if (!s)
		return NULL;
	segbuf_begin(s, shape, day);
	w->open[w->n_open++] = s;
	return s;
}

static void append_run(struct spool_writer *w, const struct batch *b, uint32_t from, uint32_t n)
{
	struct segbuf *s = open_segment(w, b->shape, b->day[from]);
	if (!s || !segbuf_append(s, b, from, n)) {
		stat_add(w->stats, ST_drop_no_memory, n);
		return;
	}
	if (s->rows >= w->max_rows || s->bytes >= w->max_bytes)
		w->full = true;
}

void spool_append_rows(struct spool_writer *w, const struct batch *b, uint32_t from, uint32_t n)
{
	for (uint32_t end = from + n; from < end;) {
		uint32_t run = 1;
		while (from + run < end && b->day[from + run] == b->day[from])
			run++;
		append_run(w, b, from, run);
		from += run;
	}
}

void spool_append(struct spool_writer *w, const struct batch *b)
{
	spool_append_rows(w, b, 0, b->n);
}

bool spool_wants_commit(const struct spool_writer *w, uint64_t now_ns)
{
	return w->full || now_ns - w->last_ns >= w->age_ns;
}

/* What the counters grew by since the last commit; false if by nothing. */
static bool take_delta(struct spool_writer *w, struct stats *ret)
{
	bool any = false;
	for (int i = 0; i < STAT_MAX; i++) {
		uint64_t v = w->stats->v[i];
		ret->v[i] = codec_carries(i) ? v - w->counted.v[i] : 0;
		any |= ret->v[i] != 0;
		w->counted.v[i] = v;
	}
	return any;
}

static void take_seqs(struct commit *c, const struct exporter_seq *q, size_t n)
{
	n = MIN_OF(n, (size_t)SPOOL_SEQ_MAX);
	c->n_seqs = 0;
	if (n > c->cap_seqs) {
		struct exporter_seq *p = reallocarray(c->seqs, n, sizeof(*p));
		if (!p)
			return;
		c->seqs = p;
		c->cap_seqs = n;
	}
	if (n)
		memcpy(c->seqs, q, n * sizeof(*q));
	c->n_seqs = n;
}

/* An unused commit, after waiting for room in the queue if need be. */
static struct commit *take_commit(struct spool_writer *w, uint64_t bytes)
{
	struct spool *s = w->spool;
	pthread_mutex_lock(&s->lock);
	while (!w->unused || (w->n_queued && s->queued_bytes + bytes > QUEUE_BYTES_MAX))
		pthread_cond_wait(&s->room, &s->lock);
	struct commit *c = w->unused;
	w->unused = c->next;
	w->n_queued++;
	s->queued_bytes += bytes;
	pthread_mutex_unlock(&s->lock);
	c->bytes = bytes;
	return c;
}

void spool_commit(struct spool_writer *w, uint64_t now_ns, const struct exporter_seq *seqs,
		  size_t n)
{
	struct spool *s = w->spool;
	struct stats delta;
	uint64_t bytes = 0;
	w->last_ns = now_ns;
	w->full = false;
	if (!take_delta(w, &delta) && w->n_open == 0)
		return;
	for (uint32_t i = 0; i < w->n_open; i++)
		bytes += w->open[i]->bytes;
	struct commit *c = take_commit(w, bytes);
	c->delta = delta;
	take_seqs(c, seqs, n);
	memcpy(c->seg, w->open, w->n_open * sizeof(w->open[0]));
	c->n = w->n_open;
	w->n_open = 0;
	c->closed_ms = clock_wall_ms();
	c->next = NULL;
	pthread_mutex_lock(&s->lock);
	*s->queue_end = c;
	s->queue_end = &c->next;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
}
