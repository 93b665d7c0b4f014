/* SPDX-License-Identifier: Apache-2.0 */
/* Flattened prefixes against the plain way: look through all of them for the longest that fits. */
#include "enrich/ranges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PREFIXES = 400, ADDRESSES = 4000, ROUNDS = 20 };

struct prefix {
	struct ip net;
	uint8_t bits;
	uint64_t value;
};

static uint64_t state = 88172645463325252ull;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Few distinct bytes, so that prefixes nest and meet. */
static struct ip address(bool v4)
{
	static const uint8_t bytes[] = {0, 1, 127, 128, 254, 255};
	struct ip a;
	for (size_t i = 0; i < sizeof(a.b); i++)
		a.b[i] = bytes[next() % sizeof(bytes)];
	if (v4)
		return ip_from_v4(a.b);
	a.b[0] |= 0x20;
	return a;
}

static uint64_t plain(const struct prefix *p, size_t n, const struct ip *a)
{
	uint64_t value = 0;
	int best = -1;
	for (size_t i = 0; i < n; i++) {
		if (ip_is_v4(a) != (ip_is_v4(&p[i].net) && p[i].bits >= 96))
			continue;
		if (ip_in_net(a, &p[i].net, p[i].bits) && p[i].bits >= best) {
			best = p[i].bits;
			value = p[i].value;
		}
	}
	return value;
}

static struct ranges build(const struct prefix *p, size_t n)
{
	struct ranges_builder *b;
	struct ranges r;
	assert_int_equal(ranges_builder_new(&b), ERR_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(ranges_add(b, &p[i].net, p[i].bits, p[i].value), ERR_OK);
	assert_int_equal(ranges_build(b, &r), ERR_OK);
	ranges_builder_free(b);
	return r;
}

static void fill(struct prefix *p, size_t n, uint64_t values, unsigned shift)
{
	for (size_t i = 0; i < n; i++) {
		bool v4 = next() % 2;
		p[i].net = address(v4);
		p[i].bits = (uint8_t)(v4 ? 96 + next() % 33 : next() % 129);
		p[i].value = next() % values << shift;
	}
}

static void test_same_as_plain(void **unused)
{
	static struct prefix p[PREFIXES];
	(void)unused;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = (size_t)(next() % PREFIXES);
		fill(p, n, round % 2 ? 3 : 100, 0);
		struct ranges r = build(p, n);
		for (int i = 0; i < ADDRESSES; i++) {
			struct ip a = address(i % 2);
			assert_int_equal(ranges_find(&r, &a), plain(p, n, &a));
		}
		for (size_t i = 0; i < n; i++)
			assert_int_equal(ranges_find(&r, &p[i].net), plain(p, n, &p[i].net));
		ranges_fini(&r);
	}
}

static void test_join(void **unused)
{
	static struct prefix p[PREFIXES], q[PREFIXES];
	(void)unused;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = (size_t)(next() % PREFIXES), m = round ? (size_t)(next() % PREFIXES) : 0;
		fill(p, n, 50, 0);
		fill(q, m, 50, 32);
		struct ranges a = build(p, n), b = build(q, m), both;
		assert_int_equal(ranges_join(&a, &b, &both), ERR_OK);
		for (int i = 0; i < ADDRESSES; i++) {
			struct ip x = address(i % 2);
			assert_int_equal(ranges_find(&both, &x), plain(p, n, &x) | plain(q, m, &x));
		}
		ranges_fini(&a);
		ranges_fini(&b);
		ranges_fini(&both);
	}
}

static void test_edges(void **unused)
{
	static const struct ip low = {{[10] = 0xff, 0xff}},
			       high = {{[10] = 0xff, 0xff, 255, 255, 255, 255}};
	static const struct ip six_high = {
	    {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};
	static const struct ip zero;
	(void)unused;
	struct ranges none = {0};
	assert_int_equal(ranges_find(&none, &low), 0);
	assert_int_equal(ranges_find(&none, &zero), 0);
	const struct prefix p[] = {{low, 96, 1}, {high, 128, 2}, {six_high, 128, 3}};
	struct ranges r = build(p, 3);
	assert_int_equal(ranges_find(&r, &low), 1);
	assert_int_equal(ranges_find(&r, &high), 2);
	assert_int_equal(ranges_find(&r, &six_high), 3);
	assert_int_equal(ranges_find(&r, &zero), 0); /* 0.0.0.0/0 is not ::/0 */
	ranges_fini(&r);
	/* The same prefix again: the later value; a hole. */
	const struct prefix again[] = {{low, 100, 1}, {low, 104, 5}, {low, 104, 0}, {low, 100, 7}};
	r = build(again, 4);
	struct ip inside = low, beside = low;
	inside.b[13] = 9;
	beside.b[12] = 9;
	assert_int_equal(ranges_find(&r, &inside), 0);
	assert_int_equal(ranges_find(&r, &beside), 7);
	ranges_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_edges),
	    cmocka_unit_test(test_same_as_plain),
	    cmocka_unit_test(test_join),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
