/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments get the ports of their first one, in whatever order they come. */
#include "meter/fragments.h"

#include "meter/feed.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PARTS = 4, PART = 64, FIRST = 8 + PART };

/* Part k of a datagram of 4 parts. */
static void part(struct feed *f, int64_t ms, bool six, uint32_t id, unsigned k)
{
	struct buf b = {0};
	const struct wire_ip ip = {.src = six ? "2001:db8::1" : "192.0.2.1",
				   .dst = six ? "2001:db8::2" : "192.0.2.2",
				   .proto = 17,
				   .id = id,
				   .fragment_at = (uint16_t)(k ? FIRST + (k - 1) * PART : 0),
				   .more_fragments = k + 1 < PARTS};
	wire_ethernet(&b, six ? 0x86dd : 0x0800);
	wire_ip_header(&b, &ip, k ? PART : FIRST);
	if (!k) {
		buf_be16(&b, 5353);
		buf_be16(&b, 53);
		buf_be16(&b, 8 + PARTS * PART);
		buf_be16(&b, 0);
	}
	for (int i = 0; i < PART; i++)
		buf_u8(&b, 'x');
	feed_frame(f, ms, &b);
	buf_fini(&b);
}

static void any_order(void **state)
{
	(void)state;
	static const unsigned orders[][PARTS] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}};
	for (unsigned i = 0; i < 6; i++) {
		struct feed f;
		bool six = i & 1;
		feed_begin(&f, NULL);
		for (unsigned k = 0; k < PARTS; k++)
			part(&f, k, six, 7, orders[i / 2][k]);
		feed_flush(&f);
		assert_int_equal(f.n, 1);
		assert_int_equal(feed_num(&f, F_packets, 0), PARTS);
		assert_int_equal(feed_num(&f, F_dst_port, 0), 53);
		assert_int_equal(feed_num(&f, F_fragments, 0), PARTS);
		assert_int_equal(feed_num(&f, F_bytes, 0),
				 PARTS * (six ? 48 : 20) + 8 + PARTS * PART);
		assert_int_equal(feed_num(&f, F_t_first, 0), FEED_START_S * 1000ll);
		assert_int_equal(f.stats.v[ST_meter_fragments], PARTS);
		feed_end(&f);
	}
}

/* Without the first one they are counted, without ports. */
static void first_lost(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	for (unsigned k = 1; k < PARTS; k++)
		part(&f, k, false, 7, k);
	feed_tick(&f, 16000);
	assert_int_equal(meter_flows(f.meter), 1);
	feed_flush(&f);
	assert_int_equal(f.n, 1);
	assert_int_equal(feed_num(&f, F_packets, 0), PARTS - 1);
	assert_int_equal(feed_num(&f, F_dst_port, 0), 0);
	assert_int_equal(f.stats.v[ST_meter_fragments_lost], PARTS - 1);
	feed_end(&f);
}

/* More than can be remembered, and more than can wait: nothing goes uncounted. */
static void too_many(void **state)
{
	(void)state;
	struct feed f;
	enum { DATAGRAMS = 3 * FRAGMENT_PACKETS };
	feed_begin(&f, NULL);
	for (uint32_t id = 0; id < DATAGRAMS; id++)
		part(&f, id / 100, true, id, 1);
	feed_flush(&f);
	assert_int_equal(f.packets, DATAGRAMS);
	feed_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_order),
	    cmocka_unit_test(first_lost),
	    cmocka_unit_test(too_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
