/* SPDX-License-Identifier: Apache-2.0 */
/* More flows than there is room for: memory stays bounded and every packet is in a record. */
#include "meter/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MAX = 4096, HALF_OPEN = 100000 };

static void syn(struct feed *f, int64_t ms, uint32_t i)
{
	char src[32];
	snprintf(src, sizeof(src), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
	feed_packet(f, &(struct feed_packet){.ms = ms,
					     .src = src,
					     .dst = "192.0.2.9",
					     .src_port = (uint16_t)(i * 7919),
					     .dst_port = 443,
					     .flags = FEED_SYN,
					     .seq = i});
}

/* 100 k half-open connections in a second into a cache of 4096. */
static void half_open(void **state)
{
	(void)state;
	struct feed f;
	size_t most = 0;
	feed_begin(&f, &(struct meter_opts){.max_flows = MAX, .quality = true, .dissect = true});
	for (uint32_t i = 0; i < HALF_OPEN; i++) {
		syn(&f, i / 100, i);
		if (meter_flows(f.meter) > most)
			most = meter_flows(f.meter);
	}
	feed_flush(&f);
	assert_in_range(most, MAX, MAX + MAX / 16);
	assert_int_equal(f.packets, HALF_OPEN);
	assert_int_equal(f.bytes, HALF_OPEN * 40);
	assert_int_equal(f.flows, HALF_OPEN);
	assert_true(f.stats.v[ST_meter_summed] > 0);
	feed_end(&f);
}

/* Spread over ten seconds there is no need to add up: those idle for a second make room. */
static void slower(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, &(struct meter_opts){.max_flows = MAX});
	for (uint32_t i = 0; i < 3 * MAX; i++)
		syn(&f, i, i);
	feed_flush(&f);
	assert_int_equal(f.packets, 3 * MAX);
	assert_int_equal(f.flows, 3 * MAX);
	assert_int_equal(f.stats.v[ST_meter_summed], 0);
	assert_true(f.stats.v[ST_meter_hurried] > 0);
	feed_end(&f);
}

/* Sums too many as well: every packet to another destination. */
static void all_different(void **state)
{
	(void)state;
	struct feed f;
	char dst[40];
	feed_begin(&f, &(struct meter_opts){.max_flows = MAX, .vlan_key = true});
	for (uint32_t i = 0; i < HALF_OPEN; i++) {
		snprintf(dst, sizeof(dst), "2001:db8::%x:%x", i >> 16, i & 0xffff);
		feed_packet(&f, &(struct feed_packet){.ms = i / 1000,
						      .src = "2001:db8:1::1",
						      .dst = dst,
						      .src_port = (uint16_t)i,
						      .dst_port = (uint16_t)(i * 3),
						      .vlan = (uint16_t)(i % 4000 + 1)});
	}
	assert_in_range(meter_flows(f.meter), MAX, MAX + MAX / 16 + 1024);
	feed_flush(&f);
	assert_int_equal(f.packets, HALF_OPEN);
	assert_int_equal(f.flows, HALF_OPEN);
	feed_end(&f);
}

/* A peer that chooses ports, flags, sequence numbers and payloads as it likes: memory stays
 * bounded, and every packet is in a record. */
static void hostile(void **state)
{
	(void)state;
	struct feed f;
	uint32_t random = 1;
	uint64_t bytes = 0;
	feed_begin(
	    &f, &(struct meter_opts){
		    .max_flows = MAX, .quality = true, .dissect = true, .dissect_bytes = 1 << 20});
	for (uint32_t i = 0; i < HALF_OPEN; i++) {
		random = random * 1664525u + 1013904223u;
		unsigned payload = random >> 24 & 3 ? random >> 12 & 127 : 0;
		feed_packet(&f,
			    &(struct feed_packet){.ms = i / 50,
						  .reply = random >> 31,
						  .src_port = (uint16_t)(1 + (random >> 8 & 8191)),
						  .dst_port = (uint16_t)(1 + (random >> 20 & 1)),
						  .flags = (uint8_t)(1 + (random >> 9 & 62)),
						  .seq = random * 2654435761u,
						  .payload = (uint16_t)payload});
		bytes += 40 + payload;
		assert_in_range(meter_flows(f.meter), 1, MAX + MAX / 16 + 1024);
	}
	feed_flush(&f);
	assert_int_equal(f.packets, HALF_OPEN);
	assert_int_equal(f.bytes, bytes);
	assert_int_equal(meter_flows(f.meter), 0);
	feed_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(half_open),
	    cmocka_unit_test(slower),
	    cmocka_unit_test(all_different),
	    cmocka_unit_test(hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
