/* SPDX-License-Identifier: Apache-2.0 */
/* One direction of TCP connections as bytes in order, for captures of exports over TCP. Repeated
 * bytes are left out; a gap drops what was waiting and goes on with the segment after it. Bounded
 * in connections and in bytes waiting. */
#pragma once
#include "packet/packet.h"

enum { STREAMS_MAX = 256, STREAM_BYTES_MAX = 128 * 1024 };

struct streams;
struct stream;

must_check enum err streams_new(struct streams **ret);
void streams_free(struct streams *s);
/* Takes a segment. The direction it belongs to, borrowed until the next call; NULL without memory,
 * or without bytes. */
struct stream *streams_feed(struct streams *s, const struct packet *p);
/* The bytes waiting, borrowed until the next call. */
struct rd stream_bytes(const struct stream *t);
/* The first n of them are done with. */
void stream_consume(struct stream *t, size_t n);
/* Connection ends of which bytes were missing. */
uint64_t streams_gaps(const struct streams *s);
