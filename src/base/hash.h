/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing: xxHash (libxxhash, BSD-2). The only file that includes <xxhash.h>. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* XXH3, 64 bits, with a seed. Tables that a remote peer can fill seed it from hash_seed(). */
uint64_t hash64(const void *p, size_t n, uint64_t seed);
/* A random seed, the same for the life of the process. */
uint64_t hash_seed(void);

/* The same hash (seed 0) of bytes that come in pieces; however they are cut, hash_stream_end gives
 * what hash64 gives for all of them together. On the stack or the heap, 64-byte aligned. */
struct hash_stream {
	_Alignas(64) unsigned char state_[640];
};
void hash_stream_begin(struct hash_stream *h);
void hash_stream_add(struct hash_stream *h, const void *p, size_t n);
uint64_t hash_stream_end(const struct hash_stream *h);
