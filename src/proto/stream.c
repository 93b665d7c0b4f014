/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/stream.h"

#include "base/attr.h"

enum { FAR = 1 << 24 }; /* a hole this wide is another numbering, not loss */

struct stream_piece {
	struct stream_piece *next;
	uint64_t t_ns;
	uint32_t seq, wire_n;
	uint16_t n;
	uint8_t bytes[];
};

static void free_piece(struct pool *pool, struct proto_stream *s, struct stream_piece *p)
{
	s->pieces = p->next;
	s->n_pieces--;
	s->n_waiting = (uint16_t)(s->n_waiting - p->n);
	pool_give(pool, p, sizeof(*p) + p->n);
}

void proto_stream_clear(struct pool *pool, struct proto_stream *s)
{
	while (s->pieces)
		free_piece(pool, s, s->pieces);
	pool_give(pool, s->held, s->cap);
	s->held = NULL;
	s->n_held = s->cap = 0;
}

/* A segment ahead of a hole; one that says nothing new, or finds no room, is dropped: its bytes are
 * then a hole of their own. */
static void wait(struct pool *pool, struct proto_stream *s, uint32_t seq, const struct rd *r,
		 uint32_t wire_n, uint64_t t_ns)
{
	struct stream_piece **at = &s->pieces;
	size_t n = rd_left(r);
	while (*at && (int32_t)((*at)->seq - seq) < 0)
		at = &(*at)->next;
	if (n == 0 || n > UINT16_MAX / 2 || s->n_waiting + n > UINT16_MAX)
		return;
	if (*at && (*at)->seq == seq && (*at)->n >= n)
		return;
	struct stream_piece *p = pool_take(pool, sizeof(*p) + n);
	if (!p)
		return;
	*p = (struct stream_piece){
	    .next = *at, .t_ns = t_ns, .seq = seq, .wire_n = wire_n, .n = (uint16_t)n};
	memcpy(p->bytes, r->p, n);
	*at = p;
	s->n_pieces++;
	s->n_waiting = (uint16_t)(s->n_waiting + n);
}

/* What is held will not be completed. */
static void lose_held(struct proto_stream *s)
{
	s->gap += s->n_held;
	s->n_held = 0;
}

static bool hold(struct pool *pool, struct proto_stream *s, const uint8_t *p, size_t n)
{
	size_t want = s->n_held + n;
	if (want > STREAM_HELD_MAX)
		return false;
	if (want > s->cap) {
		uint8_t *bigger = pool_take(pool, want);
		if (!bigger)
			return false;
		if (s->n_held)
			memcpy(bigger, s->held, s->n_held);
		pool_give(pool, s->held, s->cap);
		s->held = bigger;
		s->cap = (uint16_t)pool_room(want);
	}
	memcpy(s->held + s->n_held, p, n);
	s->n_held = (uint16_t)want;
	return true;
}

static void pass_over(struct proto_stream *s, uint32_t *n)
{
	uint32_t k = (uint32_t)MIN_OF(s->skip, *n);
	s->skip -= k;
	*n -= k;
}

/* Bytes that are next in order; copy: they do not outlive this call. */
static bool take(struct pool *pool, struct proto_stream *s, struct rd r, uint32_t wire_n,
		 uint64_t t_ns, bool copy, struct stream_view *ret)
{
	uint32_t all = (uint32_t)MIN_OF(rd_left(&r), wire_n), n = all, miss = wire_n - all;
	s->next += wire_n;
	pass_over(s, &n);
	if (n == 0)
		pass_over(s, &miss);
	r = rd_of(r.p + (all - n), n);
	if (n == 0) {
		if (miss) {
			lose_held(s);
			s->gap += miss;
		}
		return false;
	}
	uint64_t first_ns = s->n_held ? s->held_ns : t_ns;
	if (s->n_held && !hold(pool, s, r.p, n)) {
		lose_held(s);
		first_ns = t_ns;
	} else if (s->n_held || (copy && hold(pool, s, r.p, n))) {
		r = rd_of(s->held, s->n_held);
		s->held_ns = first_ns;
	} else if (copy) {
		s->gap += n;
		return false;
	}
	*ret = (struct stream_view){
	    .bytes = r, .first_ns = first_ns, .t_ns = t_ns, .gap = s->gap, .miss = miss};
	s->gap = 0;
	return true;
}

/* Leaves out what was taken already, and goes on where a hole lies in what is passed over. False:
 * a hole is before seq, or nothing is new. *ret_ahead: bytes of the hole. */
static bool in_order(struct proto_stream *s, uint32_t seq, struct rd *r, uint32_t *wire_n,
		     uint32_t *ret_ahead)
{
	int32_t off = (int32_t)(seq - s->next);
	*ret_ahead = 0;
	if (off < 0) {
		uint32_t old = s->next - seq;
		if (old >= *wire_n)
			return false;
		*wire_n -= old;
		rd_skip(r, MIN_OF(old, rd_left(r)));
		return true;
	}
	uint32_t ahead = (uint32_t)off, over = (uint32_t)MIN_OF(s->skip, ahead);
	if (over == ahead) {
		s->skip -= over;
		s->next += over;
		return true;
	}
	*ret_ahead = ahead;
	return false;
}

static void cross(struct proto_stream *s, uint32_t seq, uint32_t ahead)
{
	pass_over(s, &ahead);
	lose_held(s);
	s->gap += ahead;
	s->next = seq;
}

bool proto_stream_feed(struct pool *pool, struct proto_stream *s, uint32_t seq, struct rd bytes,
		       uint32_t wire_n, uint64_t t_ns, struct stream_view *ret)
{
	uint32_t ahead;
	if (!s->started) {
		s->started = true;
		s->next = seq;
	}
	if (!in_order(s, seq, &bytes, &wire_n, &ahead)) {
		if (ahead == 0)
			return false;
		if (ahead < FAR) {
			wait(pool, s, seq, &bytes, wire_n, t_ns);
			return false;
		}
		while (s->pieces)
			free_piece(pool, s, s->pieces);
		cross(s, seq, 0);
		s->gap = MAX_OF(s->gap, 1u);
	}
	return take(pool, s, bytes, wire_n, t_ns, false, ret);
}

bool proto_stream_next(struct pool *pool, struct proto_stream *s, bool force,
		       struct stream_view *ret)
{
	while (s->pieces) {
		struct stream_piece *p = s->pieces;
		struct rd r = rd_of(p->bytes, p->n);
		uint32_t wire_n = p->wire_n, ahead;
		bool ready = in_order(s, p->seq, &r, &wire_n, &ahead);
		if (!ready && ahead && !force)
			return false;
		if (!ready && ahead) {
			cross(s, p->seq, ahead);
			ready = true;
		}
		bool shown = ready && take(pool, s, r, wire_n, p->t_ns, true, ret);
		free_piece(pool, s, p);
		if (shown)
			return true;
	}
	return false;
}

bool proto_stream_keep(struct pool *pool, struct proto_stream *s, const struct stream_view *v,
		       const struct rd *left, uint64_t skip)
{
	/* A reader that went bad has read everything. */
	uint32_t n = (uint32_t)rd_left(left), miss = v->miss;
	const uint8_t *p = left->p;
	bool from_held = s->n_held != 0, all = n == (uint32_t)rd_left(&v->bytes);
	s->skip = skip;
	uint32_t before = n;
	pass_over(s, &n);
	p += before - n;
	pass_over(s, &miss);
	if (n == 0 || miss) {
		s->n_held = 0;
		s->gap += miss ? n + miss : 0;
		return true;
	}
	if (from_held) {
		memmove(s->held, p, n);
		s->n_held = (uint16_t)n;
	} else if (!hold(pool, s, p, n)) {
		s->gap += n;
		return false;
	}
	s->held_ns = all ? v->first_ns : v->t_ns;
	return true;
}
