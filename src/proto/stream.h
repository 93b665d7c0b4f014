/* SPDX-License-Identifier: Apache-2.0 */
/* One direction of a live TCP connection, put in order for a dissector that reads along: bytes come
 * out once, in order, straight from the packet where nothing is missing; segments ahead of a hole
 * wait (bounded), and a hole that is not filled is announced as a gap. What the reader leaves
 * unread is kept and shown again with what follows. Unlike packet/stream.h it may lose: a reader
 * resumes after a gap, and memory is a few KiB a connection. */
#pragma once
#include "base/rd.h"
#include "proto/pool.h"

enum {
	STREAM_PIECES = 12,         /* segments waiting behind a hole */
	STREAM_WAITING_MAX = 16384, /* and their bytes */
	STREAM_HELD_MAX = 16384,    /* bytes kept unread */
};

struct stream_piece;
struct proto_stream {
	uint32_t next;    /* sequence number of the byte after the last one taken */
	uint32_t gap;     /* bytes lost just before the unread ones, not announced yet */
	uint64_t skip;    /* bytes to pass over unseen */
	uint64_t held_ns; /* when the packet came that began what is held */
	uint8_t *held;    /* unread bytes, copied */
	uint16_t n_held, cap;
	uint16_t n_waiting; /* bytes */
	uint8_t n_pieces;
	bool started, ended;
	struct stream_piece *pieces; /* by sequence number */
};

/* Unread bytes of a stream in one piece: what was held and what came now. */
struct stream_view {
	struct rd bytes;
	uint64_t first_ns; /* when its first byte came */
	uint64_t t_ns;     /* when its newest came */
	uint32_t gap;      /* bytes lost just before it */
	uint32_t miss;     /* bytes behind it that the capture cut off */
};

/* Takes n bytes that begin at seq, of a segment that had wire_n (>= n). True: *ret has something to
 * read; call proto_stream_keep with what is left, then proto_stream_next until
 * it is false. */
bool proto_stream_feed(struct pool *pool, struct proto_stream *s, uint32_t seq, struct rd bytes,
		       uint32_t wire_n, uint64_t t_ns, struct stream_view *ret);
/* What of the view is left unread is kept, `skip` bytes after the read ones are passed over.
 * False: more is unread than can be kept; the rest counts as a gap. */
bool proto_stream_keep(struct pool *pool, struct proto_stream *s, const struct stream_view *v,
		       const struct rd *left, uint64_t skip);
/* The next segment that waited and is in order now; with `force` also across the hole before it. */
bool proto_stream_next(struct pool *pool, struct proto_stream *s, bool force,
		       struct stream_view *ret);
/* Whether so much waits behind a hole that it should be given up. */
static inline bool proto_stream_full(const struct proto_stream *s)
{
	return s->n_pieces >= STREAM_PIECES || s->n_waiting >= STREAM_WAITING_MAX;
}
/* Drops what is held and what waits. */
void proto_stream_clear(struct pool *pool, struct proto_stream *s);
