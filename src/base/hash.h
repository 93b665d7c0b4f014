/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing: xxHash (libxxhash, BSD-2). The only file that includes <xxhash.h>. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* XXH3, 64 bits, with a seed. Tables that a remote peer can fill seed it from hash_seed(). */
uint64_t hash64(const void *p, size_t n, uint64_t seed);
/* A random seed, the same for the life of the process. */
uint64_t hash_seed(void);
