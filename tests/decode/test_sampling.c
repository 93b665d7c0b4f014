/* SPDX-License-Identifier: Apache-2.0 */
/* Which sampling rate a flow gets: by sampler, by interface, by configuration, or none. */
#include "decode/harness.h"

#include <string.h>

static struct wire begin(struct buf *b, uint16_t version)
{
	const struct wire_header hd = {
	    .version = version, .uptime_ms = 3600000, .sequence = 1, .domain = 7};
	return wire_begin(b, &hd);
}

static void assert_rate(const struct harness *h, uint32_t row, uint32_t rate, uint32_t source)
{
	assert_int_equal(batch_present(h->rows, F_sampling_rate, row), rate != 0);
	assert_int_equal(batch_present(h->rows, F_sampling_source, row), rate != 0);
	if (rate == 0)
		return;
	assert_int_equal(batch_get_num(h->rows, F_sampling_rate, row), rate);
	assert_int_equal(batch_get_num(h->rows, F_sampling_source, row), source);
}

/* Option records {id of 4 bytes, rate of 4 bytes}, then flows of {4 bytes}. */
static void options_then_flows(struct harness *h, const struct wire_element *options,
			       const uint32_t (*told)[2], uint16_t n_told,
			       const struct wire_element *flow, const uint32_t *flows,
			       uint16_t n_flows)
{
	struct buf b = {0};
	struct wire w = begin(&b, 9);
	wire_options_template(&w, 256, options, 2, 1);
	wire_set_begin(&w, 256);
	for (uint16_t i = 0; i < n_told; i++) {
		wire_uint(&w, told[i][0], 4);
		wire_uint(&w, told[i][1], 4);
	}
	wire_set_end(&w, true);
	wire_template(&w, 257, flow, 1);
	wire_set_begin(&w, 257);
	for (uint16_t i = 0; i < n_flows; i++)
		wire_uint(&w, flows[i], 4);
	wire_set_end(&w, true);
	w.count = (uint16_t)(2 + n_told + n_flows);
	wire_end(&w);
	harness_feed(h, &b);
	buf_fini(&b);
}

static void rates_of_interfaces(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	const struct wire_element options[] = {{2, 4, 0}, {34, 4, 0}}; /* scope: interface */
	const struct wire_element flow[] = {{10, 4, 0}};
	const uint32_t differ[][2] = {{1, 100}, {2, 200}};
	options_then_flows(h, options, differ, 2, flow, (const uint32_t[]){1, 2, 3}, 3);
	assert_rate(h, 0, 100, 1);
	assert_rate(h, 1, 200, 1);
	assert_rate(h, 2, 0, 0); /* nobody told of interface 3 */
	/* Told again, and the same for all now: also for those not told of. */
	const uint32_t same[][2] = {{1, 200}};
	options_then_flows(h, options, same, 1, flow, (const uint32_t[]){1, 3}, 2);
	assert_rate(h, 3, 200, 1);
	assert_rate(h, 4, 200, 1);
	harness_free(h);
}

static void a_rate_told_anew_replaces(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	const struct wire_element options[] = {{1, 4, 0}, {34, 4, 0}}; /* scope: system */
	const struct wire_element flow[] = {{10, 4, 0}};
	const uint32_t first[][2] = {{1, 512}}, off[][2] = {{1, 0}};
	options_then_flows(h, options, first, 1, flow, (const uint32_t[]){1}, 1);
	assert_rate(h, 0, 512, 1);
	options_then_flows(h, options, off, 1, flow, (const uint32_t[]){1}, 1);
	assert_int_equal(h->rows->n, 2); /* unknown now, and kept */
	assert_rate(h, 1, 0, 0);
	harness_free(h);
}

static void configuration(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	struct sampling_rule rules[3] = {
	    {.rate = 10}, {.rate = 20, .bits = 96 + 24}, {.rate = 30, .bits = 96 + 24}};
	assert_int_equal(ip_parse("192.0.2.0", 9, &rules[1].net), ERR_OK);
	assert_int_equal(ip_parse("198.51.100.0", 12, &rules[2].net), ERR_OK);
	const struct wire_element options[] = {{1, 4, 0}, {34, 4, 0}};
	const struct wire_element flow[] = {{10, 4, 0}};
	assert_int_equal(decoder_set_sampling(h->decoder, rules, 3), ERR_OK);
	options_then_flows(h, options, NULL, 0, flow, (const uint32_t[]){1}, 1);
	assert_rate(h, 0, 20, 3); /* the longest prefix with 192.0.2.1 in it */
	const uint32_t told[][2] = {{1, 512}};
	options_then_flows(h, options, told, 1, flow, (const uint32_t[]){1}, 1);
	assert_rate(h, 1, 512, 1); /* what the exporter tells is better known */
	rules[1].always = true;
	assert_int_equal(decoder_set_sampling(h->decoder, rules, 3), ERR_OK);
	options_then_flows(h, options, told, 1, flow, (const uint32_t[]){1}, 1);
	assert_rate(h, 2, 20, 3);
	assert_int_equal(harness_exporter(h).sampling_rate, 20);
	assert_int_equal(harness_exporter(h).sampling_source, 3);
	harness_free(h);
}

/* {elements of one option record after the scope, their values, the rate} with IPFIX sizes. */
static void rate_told(const struct wire_element *e, const uint64_t *v, uint16_t n, uint32_t rate)
{
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element flow[] = {{10, 4, 0}};
	struct wire w = begin(&b, 10);
	wire_options_template(&w, 256, e, n, 1);
	wire_set_begin(&w, 256);
	for (uint16_t i = 0; i < n; i++)
		wire_uint(&w, v[i], e[i].len);
	wire_set_end(&w, false);
	wire_template(&w, 257, flow, 1);
	wire_set_begin(&w, 257);
	wire_uint(&w, 1, 4);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_rate(h, 0, rate, rate ? 1 : 0);
	harness_free(h);
	buf_fini(&b);
}

/* RFC 5477 8.2: each algorithm has elements of its own. */
static void algorithms(void **state)
{
	(void)state;
	const struct wire_element count[] = {{302, 8, 0}, {304, 2, 0}, {305, 4, 0}, {306, 4, 0}};
	rate_told(count, (const uint64_t[]){5, 1, 1, 99}, 4, 100);
	rate_told(count, (const uint64_t[]){5, 1, 2, 998}, 4, 500);
	rate_told(count, (const uint64_t[]){5, 1, 0, 0}, 4, 0);
	const struct wire_element of_n[] = {{302, 8, 0}, {304, 2, 0}, {309, 4, 0}, {310, 4, 0}};
	rate_told(of_n, (const uint64_t[]){5, 3, 2, 2001}, 4, 1001);
	rate_told(of_n, (const uint64_t[]){5, 3, 0, 2001}, 4, 0);
	const struct wire_element chance[] = {{302, 8, 0}, {304, 2, 0}, {311, 8, 0}};
	rate_told(chance, (const uint64_t[]){5, 4, 0x3f50624dd2f1a9fc}, 3, 1000); /* 0.001 */
	rate_told(chance, (const uint64_t[]){5, 4, 0x7ff8000000000000}, 3, 0);    /* NaN */
	rate_told(chance, (const uint64_t[]){5, 4, 0}, 3, 0);
	const struct wire_element time[] = {{302, 8, 0}, {304, 2, 0}, {307, 4, 0}, {308, 4, 0}};
	rate_told(time, (const uint64_t[]){5, 2, 1000, 9000}, 4, 10);
}

/* RFC 5476 6.5.1: a selection sequence names its selector; flows carry the sequence. */
static void selection_sequences(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element selector[] = {{302, 4, 0}, {305, 4, 0}, {306, 4, 0}};
	const struct wire_element sequence[] = {{301, 4, 0}, {302, 4, 0}};
	const struct wire_element flow[] = {{301, 4, 0}};
	struct wire w = begin(&b, 10);
	wire_options_template(&w, 256, selector, 3, 1);
	wire_options_template(&w, 257, sequence, 2, 1);
	wire_template(&w, 258, flow, 1);
	wire_set_begin(&w, 256);
	for (uint32_t i = 1; i <= 2; i++) {
		wire_uint(&w, i, 4);
		wire_uint(&w, 1, 4);
		wire_uint(&w, i * 100 - 1, 4);
	}
	wire_set_end(&w, false);
	wire_set_begin(&w, 257);
	for (uint32_t i = 1; i <= 2; i++) {
		wire_uint(&w, 70 + i, 4);
		wire_uint(&w, i, 4);
	}
	wire_set_end(&w, false);
	wire_set_begin(&w, 258);
	wire_uint(&w, 72, 4);
	wire_uint(&w, 71, 4);
	wire_uint(&w, 70, 4);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_rate(h, 0, 200, 1);
	assert_rate(h, 1, 100, 1);
	assert_rate(h, 2, 0, 0);
	harness_free(h);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rates_of_interfaces), cmocka_unit_test(a_rate_told_anew_replaces),
	    cmocka_unit_test(configuration),       cmocka_unit_test(algorithms),
	    cmocka_unit_test(selection_sequences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
