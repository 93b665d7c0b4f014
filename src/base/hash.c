/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <pthread.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wswitch-enum"
#include <xxhash.h>
#pragma GCC diagnostic pop

static uint64_t seed;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void seed_init(void)
{
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = 0x9e3779b97f4a7c15u;
}

uint64_t hash64(const void *p, size_t n, uint64_t s)
{
	return XXH3_64bits_withSeed(p, n, s);
}

_Static_assert(sizeof(XXH3_state_t) <= sizeof(struct hash_stream), "room for the state of XXH3");

void hash_stream_begin(struct hash_stream *h)
{
	XXH3_64bits_reset((XXH3_state_t *)(void *)h->state_);
}

void hash_stream_add(struct hash_stream *h, const void *p, size_t n)
{
	XXH3_64bits_update((XXH3_state_t *)(void *)h->state_, p, n);
}

uint64_t hash_stream_end(const struct hash_stream *h)
{
	return XXH3_64bits_digest((const XXH3_state_t *)(const void *)h->state_);
}

uint64_t hash_seed(void)
{
	pthread_once(&once, seed_init);
	return seed;
}
