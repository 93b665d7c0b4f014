/* SPDX-License-Identifier: Apache-2.0 */
/* A flow's packets as series: what they give is worked out by hand, the figures of NetTiSA with
 * fractions from their definitions. */
#include "meter/feed.h"
#include "meter/series.h"

#include "base/attr.h"
#include "noted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { C, S, ACK = 0x10, PUSH = 0x18, SYN = 2 };

struct line {
	uint32_t at_ms;
	uint8_t dir, flags;
	uint32_t len;
};

static const struct line talk[] = {
    {0, C, SYN, 0},     {10, S, SYN | ACK, 0}, {20, C, PUSH, 100},  {30, S, ACK, 1500},
    {31, S, ACK, 1500}, {32, S, PUSH, 300},    {1040, C, PUSH, 20}, {2100, C, PUSH, 40},
};

static struct pool pool;

/* The first packet comes 0.6 ms after a full one. */
static struct batch *run(const struct line *l, size_t n, const struct series_opts *o)
{
	const uint64_t start_ms = 1767268800000;
	struct series s = {0};
	struct batch *b = batch_new(SHAPE_WIDE);
	assert_non_null(b);
	if (!pool.max_bytes)
		pool_init(&pool, 1 << 20);
	for (size_t i = 0; i < n; i++) {
		const struct series_packet p = {.t_ns = (start_ms + l[i].at_ms) * 1000000 + 600000,
						.len = l[i].len,
						.flags = l[i].flags,
						.dir = l[i].dir};
		assert_true(series_see(&s, o, &pool, &p));
	}
	batch_open_rows(b, 1);
	b->n = 1;
	series_to_batch(&s, b, 0, start_ms);
	series_clear(&s, &pool);
	return b;
}

static void is_list(const struct batch *b, enum field f, const uint32_t *want, size_t n)
{
	if (!batch_present(b, f, 0))
		fail_msg("%s is absent", field_table[f].name);
	struct span s = batch_span(b, f)[0];
	assert_int_equal(s.len, n);
	for (uint32_t i = 0; i < n; i++)
		if (batch_list_at(b, s, i) != want[i])
			fail_msg("%s[%u] is %u, not %u", field_table[f].name, i,
				 batch_list_at(b, s, i), want[i]);
	noted_checked(field_table[f].name);
}
#define IS(b, f, ...)                                                                              \
	is_list(b, f, (const uint32_t[]){__VA_ARGS__}, ARRAY_LEN(((const uint32_t[]){__VA_ARGS__})))

static void is(const struct batch *b, enum field f, uint64_t v)
{
	if (!batch_present(b, f, 0) || batch_get_num(b, f, 0) != v)
		fail_msg("%s is %llu, not %llu", field_table[f].name,
			 (unsigned long long)batch_get_num(b, f, 0), (unsigned long long)v);
	noted_checked(field_table[f].name);
}

static void first_packets(void **state)
{
	(void)state;
	struct batch *b = run(talk, ARRAY_LEN(talk), &(struct series_opts){.packets = 4});
	IS(b, F_packet_lengths, 100, 1500, 1500, 300);
	IS(b, F_packet_times_ms, 20, 30, 31, 32);
	IS(b, F_packet_flags, PUSH, ACK, ACK, PUSH);
	IS(b, F_packet_directions, 0, 1, 1, 1);
	assert_false(batch_present(b, F_histogram_lengths, 0));
	assert_false(batch_present(b, F_burst_packets, 0));
	assert_false(batch_present(b, F_nts_payload_mean_milli, 0));
	batch_free(b);
	b = run(talk, ARRAY_LEN(talk), &(struct series_opts){.packets = 3, .empty = true});
	IS(b, F_packet_lengths, 0, 0, 100);
	IS(b, F_packet_flags, SYN, SYN | ACK, PUSH);
	batch_free(b);
}

/* Bins end at 16, 32, 64, 128, 256, 512, 1024. */
static void histograms(void **state)
{
	(void)state;
	struct batch *b = run(talk, ARRAY_LEN(talk), &(struct series_opts){.histograms = true});
	IS(b, F_histogram_lengths, 0, 1, 1, 1, 0, 0, 0, 0);
	IS(b, F_histogram_gaps, 0, 0, 0, 0, 0, 0, 1, 1); /* 1020, 1060 ms */
	IS(b, F_rev_histogram_lengths, 0, 0, 0, 0, 0, 1, 0, 2);
	IS(b, F_rev_histogram_gaps, 2, 0, 0, 0, 0, 0, 0, 0);
	batch_free(b);
	static const struct line edges[] = {
	    {0, C, 0, 1},    {0, C, 0, 15},   {0, C, 0, 16},  {0, C, 0, 31},
	    {0, C, 0, 32},   {0, C, 0, 255},  {0, C, 0, 256}, {0, C, 0, 511},
	    {0, C, 0, 1023}, {0, C, 0, 1024}, {0, C, 0, 0},
	};
	b = run(edges, ARRAY_LEN(edges), &(struct series_opts){.histograms = true, .empty = true});
	IS(b, F_histogram_lengths, 3, 2, 1, 0, 1, 2, 1, 1);
	assert_false(batch_present(b, F_rev_histogram_lengths, 0));
	batch_free(b);
}

/* The client's packets are too far apart; the server's three are one. */
static void bursts(void **state)
{
	(void)state;
	const struct series_opts o = {.bursts = true};
	struct batch *b = run(talk, ARRAY_LEN(talk), &o);
	assert_false(batch_present(b, F_burst_packets, 0));
	IS(b, F_rev_burst_packets, 3);
	IS(b, F_rev_burst_bytes, 3300);
	IS(b, F_rev_burst_first_ms, 30);
	IS(b, F_rev_burst_last_ms, 32);
	batch_free(b);
	/* 999 ms apart are together, 1000 ms are not; two packets are no burst. */
	static const struct line gaps[] = {
	    {0, C, 0, 1},    {999, C, 0, 2},   {1998, C, 0, 4},  {2998, C, 0, 8},
	    {2999, C, 0, 8}, {9000, C, 0, 16}, {9000, C, 0, 32}, {9001, C, 0, 64},
	};
	b = run(gaps, ARRAY_LEN(gaps), &o);
	IS(b, F_burst_packets, 3, 3);
	IS(b, F_burst_bytes, 7, 112);
	IS(b, F_burst_first_ms, 0, 9000);
	IS(b, F_burst_last_ms, 1998, 9001);
	batch_free(b);
}

static void at_most_15_bursts_and_30_packets(void **state)
{
	(void)state;
	struct line l[60];
	for (uint32_t i = 0; i < ARRAY_LEN(l); i++)
		l[i] = (struct line){i / 3 * 5000, C, 0, 10 + i};
	struct batch *b =
	    run(l, ARRAY_LEN(l), &(struct series_opts){.bursts = true, .packets = 30});
	struct span s = batch_span(b, F_burst_packets)[0];
	assert_int_equal(s.len, SERIES_BURSTS_MAX);
	s = batch_span(b, F_burst_last_ms)[0];
	assert_int_equal(batch_list_at(b, s, 14), 70000);
	s = batch_span(b, F_packet_lengths)[0];
	assert_int_equal(s.len, SERIES_PACKETS_MAX);
	assert_int_equal(batch_list_at(b, s, 29), 39);
	batch_free(b);
}

/* Mean 3460 / 8; the others by the definitions, with fractions, as the nearest float32. */
static void nettisa(void **state)
{
	(void)state;
	const struct series_opts o = {.nettisa = true};
	struct batch *b = run(talk, ARRAY_LEN(talk), &o);
	is(b, F_nts_payload_mean_milli, 432500);
	is(b, F_nts_payload_min, 0);
	is(b, F_nts_payload_max, 1500);
	is(b, F_nts_payload_dev_milli, 623052);
	is(b, F_nts_payload_kurtosis_milli, 2266);
	is(b, F_nts_payload_rms_milli, 758452);
	is(b, F_nts_payload_dispersion_milli, 396801);
	is(b, F_nts_time_mean_ns, 407875000);
	is(b, F_nts_gap_mean_ns, 300000000);
	is(b, F_nts_gap_min_ns, 1000000);
	is(b, F_nts_gap_max_ns, 1060000000);
	is(b, F_nts_time_distribution_milli, 434);
	is(b, F_nts_switching_milli, 1429); /* 5 of 7 / 2 */
	batch_free(b);
	b = run(talk, 1, &o);
	assert_false(batch_present(b, F_nts_payload_mean_milli, 0));
	batch_free(b);
	/* All the same: nothing varies, nothing is divided by it. */
	static const struct line same[] = {{0, C, 0, 7}, {10, S, 0, 7}, {20, C, 0, 7}};
	b = run(same, ARRAY_LEN(same), &o);
	is(b, F_nts_payload_dev_milli, 0);
	is(b, F_nts_payload_kurtosis_milli, 0);
	is(b, F_nts_time_distribution_milli, 0);
	is(b, F_nts_switching_milli, 0);
	batch_free(b);
}

/* A pool without room: nothing is written, nothing breaks. */
static void no_room(void **state)
{
	(void)state;
	struct pool none;
	struct series s = {0};
	const struct series_opts o = {
	    .packets = 5, .histograms = true, .bursts = true, .nettisa = true};
	const struct series_packet p = {.t_ns = 1000, .len = 5, .dir = 1};
	struct batch *b = batch_new(SHAPE_WIDE);
	pool_init(&none, 0);
	assert_false(series_see(&s, &o, &none, &p));
	batch_open_rows(b, 1);
	series_to_batch(&s, b, 0, 0);
	assert_false(batch_present(b, F_packet_lengths, 0));
	series_clear(&s, &none);
	pool_fini(&none);
	batch_free(b);
}

/* Through the meter: each record tells of its own packets; nothing if it is not asked for. */
static void of_flows(void **state)
{
	(void)state;
	const struct meter_opts o = {.active_ms = 60000, .series = {.packets = 2, .nettisa = true}};
	struct feed f;
	feed_begin(&f, &o);
	feed_packet(&f, &(struct feed_packet){.ms = 0, .payload = 10});
	feed_packet(&f, &(struct feed_packet){.ms = 5, .payload = 20, .reply = true});
	feed_packet(&f, &(struct feed_packet){.ms = 25000, .payload = 30});
	feed_packet(&f, &(struct feed_packet){.ms = 50000, .payload = 30});
	feed_packet(&f, &(struct feed_packet){.ms = 70000, .payload = 40, .reply = true});
	feed_flush(&f);
	assert_int_equal(f.n, 2);
	struct span s = batch_span(f.records, F_packet_lengths)[0];
	assert_int_equal(s.len, 2);
	assert_int_equal(batch_list_at(f.records, s, 1), 20);
	s = batch_span(f.records, F_packet_times_ms)[0];
	assert_int_equal(batch_list_at(f.records, s, 1), 5);
	s = batch_span(f.records, F_packet_lengths)[1];
	assert_int_equal(s.len, 1);
	assert_int_equal(batch_list_at(f.records, s, 0), 40);
	s = batch_span(f.records, F_packet_directions)[1];
	assert_int_equal(batch_list_at(f.records, s, 0), 1);
	assert_true(feed_has(&f, F_nts_payload_mean_milli, 0));
	assert_false(feed_has(&f, F_nts_payload_mean_milli, 1));
	feed_end(&f);
	feed_begin(&f, NULL);
	feed_packet(&f, &(struct feed_packet){.payload = 10});
	feed_packet(&f, &(struct feed_packet){.ms = 1, .payload = 10});
	feed_flush(&f);
	assert_false(feed_has(&f, F_packet_lengths, 0));
	feed_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_packets), cmocka_unit_test(histograms),
	    cmocka_unit_test(bursts),        cmocka_unit_test(at_most_15_bursts_and_30_packets),
	    cmocka_unit_test(nettisa),       cmocka_unit_test(no_room),
	    cmocka_unit_test(of_flows),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	pool_fini(&pool);
	return failed;
}
