/* SPDX-License-Identifier: Apache-2.0 */
/* A TAP gives the two directions of a line on two interfaces. Their frames are merged by time, so
 * that an answer does not come before its question: a frame waits until the other side has one that
 * is later, or nothing earlier can come any more (it is older than a block may be). */
#include "packet/live_priv.h"

#include <stdio.h>
#include <stdlib.h>

enum { TURN_MS = 5 }; /* how long one side is waited for while the other is empty */

struct side {
	struct live_reader *reader;
	struct frame v[LIVE_BURST];
	size_t at, n;
	bool used; /* all handed out: to be released */
};

struct tap {
	struct live_reader reader;
	struct side side[2];
	int64_t hold_ns;
};

/* More frames of a side that has none. */
static enum err fill(struct side *s, int timeout_ms, struct stats *st, struct diag *d)
{
	s->at = s->n = 0;
	return s->reader->ops->next(s->reader, timeout_ms, s->v, LIVE_BURST, &s->n, st, d);
}

static bool empty(const struct side *s)
{
	return s->at == s->n;
}

/* The side whose frame comes next; NULL: nothing may be handed out yet. */
static struct side *earlier(struct tap *t, int64_t now_ns)
{
	struct side *a = &t->side[0], *b = &t->side[1];
	if (!empty(a) && !empty(b))
		return b->v[b->at].t_ns < a->v[a->at].t_ns ? b : a;
	struct side *s = empty(a) ? b : a;
	return !empty(s) && s->v[s->at].t_ns < now_ns - t->hold_ns ? s : NULL;
}

/* Frames of one side only go on waiting when the other side runs empty: what it has to say may be
 * earlier. So a burst ends there. */
static size_t merge(struct tap *t, struct frame *ret, size_t max)
{
	size_t n = 0;
	int64_t now_ns = live_wall_ns();
	while (n < max) {
		struct side *s = earlier(t, now_ns);
		if (!s)
			break;
		ret[n++] = s->v[s->at++];
		if (empty(s)) {
			s->used = true;
			break;
		}
	}
	return n;
}

static enum err next(struct live_reader *reader, int timeout_ms, struct frame *ret, size_t max,
		     size_t *ret_n, struct stats *s, struct diag *d)
{
	struct tap *t = (struct tap *)reader;
	enum err e = ERR_OK;
	*ret_n = 0;
	for (int left = timeout_ms; left >= 0 && !*ret_n && !e; left -= 2 * TURN_MS) {
		for (size_t i = 0; i < 2 && !e; i++)
			if (empty(&t->side[i]))
				e = fill(&t->side[i], MIN_OF(left, TURN_MS), s, d);
		*ret_n = merge(t, ret, max);
	}
	return e;
}

static void release(struct live_reader *reader)
{
	struct tap *t = (struct tap *)reader;
	for (size_t i = 0; i < 2; i++)
		if (t->side[i].used) {
			t->side[i].reader->ops->release(t->side[i].reader);
			t->side[i].used = false;
		}
}

static void count(struct live_reader *reader, struct stats *s)
{
	struct tap *t = (struct tap *)reader;
	for (size_t i = 0; i < 2; i++)
		t->side[i].reader->ops->count(t->side[i].reader, s);
}

/* Not the wall clock: what was held back is yet to come. */
static int64_t now(const struct live_reader *reader)
{
	return live_wall_ns() - ((const struct tap *)reader)->hold_ns;
}

static void close_it(struct live_reader *reader)
{
	struct tap *t = (struct tap *)reader;
	for (size_t i = 0; i < 2; i++)
		if (t->side[i].reader)
			t->side[i].reader->ops->close(t->side[i].reader);
	free(t);
}

static const struct live_ops ops = {
    .next = next, .release = release, .count = count, .now = now, .close = close_it};

/* Reader i of one side has the same flows as reader i of the other: the hash of the kernel is
 * symmetric and the same for all fanout groups, and both groups grow in the same order. */
enum err tap_open(const char name[2][LIVE_NAME_MAX], const struct live_opts *o,
		  const struct live_reader *first, struct live_reader **ret, char how[LIVE_HOW_MAX],
		  struct diag *reterr)
{
	const struct tap *f = (const struct tap *)first;
	struct tap *t = calloc(1, sizeof(*t));
	enum err e = ERR_OK;
	if (!t)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	t->reader.ops = &ops;
	t->hold_ns = live_hold_ns(o);
	for (size_t i = 0; i < 2 && !e; i++)
		e = ring_open(name[i], o, f ? f->side[i].reader : NULL, &t->side[i].reader, how,
			      reterr);
	if (e) {
		close_it(&t->reader);
		return e;
	}
	*ret = &t->reader;
	return ERR_OK;
}
