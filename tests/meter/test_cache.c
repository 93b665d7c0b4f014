/* SPDX-License-Identifier: Apache-2.0 */
/* Keys are compared in full, and their hash depends on a seed. */
#include "meter/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FLOWS = 100000 };

static struct peel packet(const uint8_t *src, const uint8_t *dst, uint16_t src_port,
			  uint16_t dst_port)
{
	struct peel p;
	memset(&p, 0, sizeof(p));
	p.version = 4;
	p.proto = 6;
	p.src = src;
	p.dst = dst;
	p.src_port = src_port;
	p.dst_port = dst_port;
	return p;
}

static void both_ways(void **state)
{
	(void)state;
	static const uint8_t a[16] = {10, 0, 0, 1}, b[16] = {10, 0, 0, 2};
	static const struct {
		const uint8_t *src, *dst;
		uint16_t src_port, dst_port;
	} pairs[] = {{a, b, 1, 2}, {b, a, 1, 2}, {a, a, 5, 6}, {a, a, 6, 5}, {a, a, 7, 7}};
	const struct key_opts o = {.seed = 42};
	for (int version = 0; version <= 6; version += version ? 2 : 4)
		for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
			struct key k, r;
			struct peel p = packet(pairs[i].src, pairs[i].dst, pairs[i].src_port,
					       pairs[i].dst_port);
			struct peel q = packet(pairs[i].dst, pairs[i].src, pairs[i].dst_port,
					       pairs[i].src_port);
			p.version = q.version = (uint8_t)version;
			key_of(&k, &p, &o);
			key_of(&r, &q, &o);
			assert_int_equal(k.hash, r.hash);
			assert_memory_equal(&k, &r, offsetof(struct key, addr));
			if (i != 4)
				assert_int_not_equal(k.upper, r.upper);
		}
}

/* Two keys of the same hash are two flows. */
static void collision(void **state)
{
	(void)state;
	struct cache c;
	const struct key k[3] = {{.ip4 = {1, 2}, .port = {3, 4}, .proto = 6, .hash = 7},
				 {.ip4 = {1, 2}, .port = {3, 5}, .proto = 6, .hash = 7},
				 {.ip4 = {1, 2}, .port = {3, 4}, .proto = 17, .hash = 7}};
	assert_int_equal(cache_init(&c, 1024, false), ERR_OK);
	uint32_t i[3];
	for (int n = 0; n < 3; n++) {
		assert_int_equal(cache_find(&c, &k[n]), FLOW_NONE);
		i[n] = cache_add(&c, &k[n]);
	}
	for (int n = 0; n < 3; n++)
		assert_int_equal(cache_find(&c, &k[n]), i[n]);
	cache_remove(&c, i[1]);
	assert_int_equal(cache_find(&c, &k[0]), i[0]);
	assert_int_equal(cache_find(&c, &k[1]), FLOW_NONE);
	assert_int_equal(cache_find(&c, &k[2]), i[2]);
	assert_int_equal(cache_add(&c, &k[1]), i[1]);
	cache_fini(&c);
}

/* Ports and addresses counted up, as a scan does: chains stay short, whatever the seed. */
static void chains(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct cache c;
		unsigned longest = 0;
		assert_int_equal(cache_init(&c, FLOWS, false), ERR_OK);
		for (uint32_t i = 0; i < FLOWS; i++) {
			uint8_t src[4] = {10, 0, 0, 1}, dst[4] = {192, 0, (uint8_t)(i >> 16), 1};
			const struct peel p = packet(src, dst, (uint16_t)i, 80);
			const struct key_opts o = {.seed = seed};
			struct key k;
			key_of(&k, &p, &o);
			(void)cache_add(&c, &k);
		}
		for (uint32_t b = 0; b <= c.mask; b++) {
			unsigned n = 0;
			for (uint32_t i = c.bucket[b]; i; i = c.flow[i - 1].chain)
				n++;
			longest = n > longest ? n : longest;
		}
		/* 100 k balls in 262 k bins: 8 in one bin has a probability below 1e-4. */
		assert_in_range(longest, 2, 8);
		cache_fini(&c);
	}
}

static void full(void **state)
{
	(void)state;
	struct cache c;
	assert_int_equal(cache_init(&c, 1000, false), ERR_OK);
	struct key k = {.kind = FLOW_IP4};
	for (uint32_t i = 0; i < 1000; i++) {
		k.hash = i;
		assert_int_equal(cache_add(&c, &k), i);
	}
	assert_int_equal(cache_add(&c, &k), FLOW_NONE);
	cache_remove(&c, 500);
	assert_int_equal(cache_add(&c, &k), 500);
	cache_fini(&c);
}

/* No flow is ever moved and no bucket hashed anew: the index stays where it is, and a flow more
 * changes one bucket of it. */
static void no_stall(void **state)
{
	(void)state;
	struct cache c;
	assert_int_equal(cache_init(&c, FLOWS, true), ERR_OK);
	const struct cache begun = c;
	const struct key_opts o = {.seed = 7};
	uint32_t *before = calloc(c.mask + 1u, sizeof(*before));
	assert_non_null(before);
	for (uint32_t i = 0, seen = 0; i < FLOWS; i++) {
		uint8_t src[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
		static const uint8_t dst[4] = {192, 0, 2, 1};
		const struct peel p = packet(src, dst, 1000, 80);
		struct key k;
		key_of(&k, &p, &o);
		assert_int_equal(cache_add(&c, &k), i);
		if (i & (i + 1)) /* looked at when the number of flows is a power of two */
			continue;
		unsigned changed = 0;
		for (uint32_t b = 0; b <= c.mask; b++)
			changed += c.bucket[b] != before[b];
		assert_in_range(changed, 1, i + 1 - seen);
		seen = i + 1;
		memcpy(before, c.bucket, (c.mask + 1u) * sizeof(*before));
	}
	assert_ptr_equal(c.mem, begun.mem);
	assert_ptr_equal(c.flow, begun.flow);
	assert_ptr_equal(c.npm, begun.npm);
	assert_ptr_equal(c.bucket, begun.bucket);
	assert_int_equal(c.mask, begun.mask);
	free(before);
	cache_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(both_ways), cmocka_unit_test(collision),
					   cmocka_unit_test(chains), cmocka_unit_test(full),
					   cmocka_unit_test(no_stall)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
