/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/stream.h"

#include "base/buf.h"
#include "packet/numbers.h"

#include <stdlib.h>

struct stream {
	bool used;
	struct ip src, dst;
	uint16_t src_port, dst_port;
	uint32_t next; /* sequence number of the next byte */
	uint64_t used_at;
	struct buf buf;
	size_t done; /* bytes of buf consumed */
};

struct streams {
	struct stream v[STREAMS_MAX];
	uint64_t tick, gaps;
};

enum err streams_new(struct streams **ret)
{
	struct streams *s = calloc(1, sizeof(*s));
	if (!s)
		return ERR_NOMEM;
	*ret = s;
	return ERR_OK;
}

void streams_free(struct streams *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STREAMS_MAX; i++)
		buf_fini(&s->v[i].buf);
	free(s);
}

uint64_t streams_gaps(const struct streams *s)
{
	return s->gaps;
}

static struct stream *find(struct streams *s, const struct packet *p)
{
	struct stream *oldest = &s->v[0];
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		struct stream *t = &s->v[i];
		if (t->used && t->src_port == p->src_port && t->dst_port == p->dst_port &&
		    ip_equal(&t->src, &p->src) && ip_equal(&t->dst, &p->dst))
			return t;
		if (t->used_at < oldest->used_at)
			oldest = t;
	}
	buf_reset(&oldest->buf);
	*oldest = (struct stream){.used = true,
				  .src = p->src,
				  .dst = p->dst,
				  .src_port = p->src_port,
				  .dst_port = p->dst_port,
				  .next = p->tcp_seq,
				  .buf = oldest->buf};
	oldest->buf.max = STREAM_BYTES_MAX;
	return oldest;
}

static void compact(struct stream *t)
{
	if (t->done == 0)
		return;
	memmove(t->buf.p, t->buf.p + t->done, t->buf.n - t->done);
	t->buf.n -= t->done;
	t->done = 0;
}

struct stream *streams_feed(struct streams *s, const struct packet *p)
{
	struct stream *t = find(s, p);
	struct rd r = p->payload;
	t->used_at = ++s->tick;
	if (p->tcp_flags & TCP_SYN) {
		buf_reset(&t->buf);
		t->done = 0;
		t->next = p->tcp_seq + 1;
	}
	if (rd_left(&r) == 0)
		return NULL;
	uint32_t seq = p->tcp_flags & TCP_SYN ? p->tcp_seq + 1 : p->tcp_seq;
	int32_t old = (int32_t)(t->next - seq);
	if (old < 0) {
		s->gaps++;
		buf_reset(&t->buf);
		t->done = 0;
		t->next = seq;
	} else if (old > 0) {
		rd_skip(&r, MIN_OF((size_t)old, rd_left(&r)));
	}
	compact(t);
	t->next += (uint32_t)rd_left(&r);
	buf_put(&t->buf, r.p, rd_left(&r));
	if (!t->buf.bad)
		return t;
	buf_reset(&t->buf);
	return NULL;
}

struct rd stream_bytes(const struct stream *t)
{
	return rd_of(t->buf.p + t->done, t->buf.n - t->done);
}

void stream_consume(struct stream *t, size_t n)
{
	t->done += n;
}
