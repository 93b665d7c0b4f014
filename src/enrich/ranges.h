/* SPDX-License-Identifier: Apache-2.0 */
/* Longest prefix match over many prefixes, for a reader that looks up two addresses of every flow:
 * the prefixes, nested or not, are flattened once into ranges that do not overlap, sorted by their
 * first address, IPv4 and IPv6 apart, with an index over the first bits. A look-up is the index
 * and a short binary search without branches. Built by one thread, then never changed. A value is a
 * number of the caller's; 0 = nothing is known. */
#pragma once
#include "base/err.h"
#include "base/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RANGES_MAX = 16 * 1024 * 1024, /* prefixes of one set, and ranges of one family */
	RANGES_INDEX = 65536,          /* of IPv6, by the first 16 bits */
	RANGES4_INDEX_BITS = 20
};
static const uint32_t RANGES4_INDEX = 1u << RANGES4_INDEX_BITS;

/* A range of IPv4: its first address, and the value in two halves, so that a look-up finds both in
 * one cache line. */
struct range4 {
	uint32_t first, low, high;
};

/* The index is so fine that most of its entries hold one or two ranges: a search whose length
 * nobody can foresee costs more than reading memory. */
struct ranges4 {
	struct range4 *v;
	uint32_t *index; /* [h] = the range that holds the first address that begins with h;
			    RANGES4_INDEX + 1 entries */
	uint32_t n;
};

struct ranges6 {
	uint64_t *hi, *lo; /* first address of range i */
	uint64_t *value;
	uint32_t *index;
	uint32_t n;
};

struct ranges {
	struct ranges4 v4;
	struct ranges6 v6;
	void *map; /* not NULL: the arrays lie in these map_bytes of a file */
	size_t map_bytes;
};

/* --- building: prefixes in any order */
struct ranges_builder;
must_check enum err ranges_builder_new(struct ranges_builder **ret);
void ranges_builder_free(struct ranges_builder *b);
/* bits counts from the top of the 128 bits, as ip_parse_net gives it. Where a prefix is added twice
 * the later value stands. value 0 makes a hole in what is around it. ERR_LIMIT, ERR_NOMEM. */
must_check enum err ranges_add(struct ranges_builder *b, const struct ip *net, uint8_t bits,
			       uint64_t value);
/* Flattens what was added; the builder is empty again. */
must_check enum err ranges_build(struct ranges_builder *b, struct ranges *ret);
/* The ranges of a and b together, values or-ed: two sets that use different bits become one
 * look-up. */
must_check enum err ranges_join(const struct ranges *a, const struct ranges *b, struct ranges *ret);
void ranges_fini(struct ranges *r);
size_t ranges_bytes(const struct ranges *r);

/* --- looking up */
static inline uint64_t ranges_value4(const struct range4 *r)
{
	return (uint64_t)r->high << 32 | r->low;
}

static inline uint64_t ranges_find4(const struct ranges4 *r, uint32_t a)
{
	uint32_t h = a >> (32 - RANGES4_INDEX_BITS), lo = r->index[h], n = r->index[h + 1] - lo + 1;
	/* The last of n ranges from lo on whose first address is <= a; the one at lo always is. */
	while (n > 1) {
		uint32_t half = n / 2;
		lo += r->v[lo + half].first <= a ? half : 0;
		n -= half;
	}
	return ranges_value4(&r->v[lo]);
}

static inline uint64_t ranges_find6(const struct ranges6 *r, uint64_t hi, uint64_t low)
{
	uint32_t lo = r->index[hi >> 48], n = r->index[(hi >> 48) + 1] - lo + 1;
	while (n > 1) {
		uint32_t half = n / 2, at = lo + half;
		bool before = r->hi[at] < hi || (r->hi[at] == hi && r->lo[at] <= low);
		lo += before ? half : 0;
		n -= half;
	}
	return r->value[lo];
}

static inline uint32_t ranges_v4_of(const struct ip *a)
{
	uint32_t v;
	memcpy(&v, a->b + 12, sizeof(v));
	return __builtin_bswap32(v);
}

/* The value of the longest prefix that holds a. */
static inline uint64_t ranges_find(const struct ranges *r, const struct ip *a)
{
	uint64_t half[2];
	if (ip_is_v4(a))
		return r->v4.n ? ranges_find4(&r->v4, ranges_v4_of(a)) : 0;
	if (r->v6.n == 0)
		return 0;
	memcpy(half, a->b, sizeof(half));
	return ranges_find6(&r->v6, __builtin_bswap64(half[0]), __builtin_bswap64(half[1]));
}
