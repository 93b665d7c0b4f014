/* SPDX-License-Identifier: Apache-2.0 */
/* Values that follow from the definition alone: k equally frequent bytes have log2(k) bits, of
 * which one is 32. */
#include "meter/entropy.h"

#include "meter/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint8_t of(const void *p, size_t n, uint16_t most)
{
	struct entropy e = {0};
	entropy_see(&e, rd_of(p, n), most);
	return entropy_value(&e);
}

static void values(void **state)
{
	(void)state;
	uint8_t all[512];
	for (unsigned i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	assert_int_equal(of(all, 0, 512), 0);
	assert_int_equal(of("aaaaaaaaaaaa", 12, 512), 0);
	assert_int_equal(of("abababab", 8, 512), 1 * 32);
	assert_int_equal(of("abcdabcd", 8, 512), 2 * 32);
	/* 1/2, 1/4, 1/8, 1/8: 1.75 bits */
	assert_int_equal(of("aaaabbcd", 8, 512), 56);
	assert_int_equal(of(all, 16, 512), 4 * 32);
	/* 8 bits would be 256, which an octet does not hold. */
	assert_int_equal(of(all, 256, 512), 255);
	assert_int_equal(of(all, 512, 512), 255);
	/* Only so many count. */
	assert_int_equal(of(all, 512, 4), 2 * 32);
}

/* In pieces it is the same, and what is beyond the bound changes nothing. */
static void pieces(void **state)
{
	(void)state;
	struct entropy e = {0};
	entropy_see(&e, rd_of("ab", 2), 6);
	entropy_see(&e, rd_of("cda", 3), 6);
	entropy_see(&e, rd_of("bzzzz", 5), 6);
	entropy_see(&e, rd_of("zzzz", 4), 6);
	/* a and b twice, c and d once, of six: 2 * 1/3 log2(3) + 2 * 1/6 log2(6) = 1.918 bits */
	assert_int_equal(e.n, 6);
	assert_int_equal(entropy_value(&e), 61);
}

/* Both directions of a flow, only where it is asked for, and anew with each record. */
static void of_flows(void **state)
{
	(void)state;
	for (unsigned on = 0; on < 2; on++) {
		struct feed f;
		const struct meter_opts o = {.series = {.entropy = on ? 8 : 0}};
		feed_begin(&f, &o);
		feed_packet(&f, &(struct feed_packet){.proto = 17,
						      .src_port = 5000,
						      .dst_port = 6000,
						      .payload = 4,
						      .bytes = "abcd"});
		feed_packet(&f, &(struct feed_packet){.proto = 17,
						      .src_port = 6000,
						      .dst_port = 5000,
						      .reply = true,
						      .payload = 100});
		feed_packet(&f, &(struct feed_packet){.proto = 17,
						      .src_port = 5000,
						      .dst_port = 6000,
						      .payload = 8,
						      .bytes = "abcdXXXX"});
		feed_flush(&f);
		assert_int_equal(f.n, 1);
		assert_int_equal(feed_has(&f, F_payload_entropy, 0), on);
		if (on) {
			assert_int_equal(feed_num(&f, F_payload_entropy, 0), 64);
			assert_int_equal(feed_num(&f, F_rev_payload_entropy, 0), 0);
		}
		feed_end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values),
	    cmocka_unit_test(pieces),
	    cmocka_unit_test(of_flows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
