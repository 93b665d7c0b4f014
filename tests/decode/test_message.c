/* SPDX-License-Identifier: Apache-2.0 */
/* NetFlow v9 and IPFIX messages: options, data before its template, withdrawals, sequences, several
 * in a datagram. */
#include "decode/harness.h"

#include <string.h>

static const struct wire_element ports[] = {{7, 2, 0}, {11, 2, 0}};

static struct wire begin(struct buf *b, uint16_t version, uint32_t sequence, uint16_t count)
{
	const struct wire_header hd = {
	    .version = version, .uptime_ms = 3600000, .sequence = sequence, .domain = 7};
	struct wire w = wire_begin(b, &hd);
	w.count = count;
	return w;
}

static void data(struct wire *w, uint16_t id, uint16_t n)
{
	wire_set_begin(w, id);
	for (uint16_t i = 0; i < n; i++)
		wire_uint(w, (uint64_t)(1000 + i) << 16 | 443, 4);
	wire_set_end(w, true);
}

static void sampling_of_v9_options(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	/* scope: system; sampler id, mode, interval, and a text */
	const struct wire_element options[] = {
	    {1, 4, 0}, {48, 1, 0}, {49, 1, 0}, {50, 4, 0}, {84, 8, 0}};
	const struct wire_element flows[] = {{48, 1, 0}, {7, 2, 0}};
	struct wire w = begin(&b, 9, 1, 7);
	wire_options_template(&w, 256, options, 5, 1);
	wire_set_begin(&w, 256);
	for (uint8_t i = 1; i <= 2; i++) {
		wire_ip4(&w, "10.33.65.253");
		wire_uint(&w, i, 1);
		wire_uint(&w, 2, 1);
		wire_uint(&w, 1000u * i, 4);
		wire_bytes(&w, "sampler\0", 8);
	}
	wire_set_end(&w, true);
	wire_template(&w, 257, flows, 2);
	wire_set_begin(&w, 257);
	for (uint8_t i = 1; i <= 3; i++) {
		wire_uint(&w, i, 1);
		wire_uint(&w, 53, 2);
	}
	wire_set_end(&w, false); /* padding as long as a record would be one */
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 3);
	assert_int_equal(batch_get_num(h->rows, F_sampling_rate, 0), 1000);
	assert_int_equal(batch_get_num(h->rows, F_sampling_source, 0), 1);
	assert_int_equal(batch_get_num(h->rows, F_sampling_rate, 1), 2000);
	assert_false(batch_present(h->rows, F_sampling_rate, 2)); /* sampler 3 was not told */
	assert_int_equal(harness_stat(h, ST_records_options), 2);
	assert_int_equal(harness_exporter(h).option_records, 2);
	assert_int_equal(harness_malformed_total(h), 0);
	assert_string_equal(buf_cstr(&h->options),
			    "{\"record\":\"option\",\"exporter_ip\":\"192.0.2.1\",\"observation_"
			    "domain\":7,\"export_version\":9,"
			    "\"template_id\":256,\"scope\":{\"system\":169951741},\"values\":{"
			    "\"samplerId\":1,\"samplerMode\":2,"
			    "\"samplerRandomInterval\":1000,\"samplerName\":\"sampler\"}}\n"
			    "{\"record\":\"option\",\"exporter_ip\":\"192.0.2.1\",\"observation_"
			    "domain\":7,\"export_version\":9,"
			    "\"template_id\":256,\"scope\":{\"system\":169951741},\"values\":{"
			    "\"samplerId\":2,\"samplerMode\":2,"
			    "\"samplerRandomInterval\":2000,\"samplerName\":\"sampler\"}}\n");
	harness_free(h);
	buf_fini(&b);
}

/* One option record with these elements (4 bytes each), then a flow without sampler id: its rate.
 */
static void rate_told(const struct wire_element *e, const uint32_t *v, uint16_t n, uint32_t rate)
{
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	struct wire w = begin(&b, 10, 0, 0);
	wire_options_template(&w, 256, e, n, 1);
	wire_set_begin(&w, 256);
	for (uint16_t i = 0; i < n; i++)
		wire_uint(&w, v[i], 4);
	wire_set_end(&w, true);
	wire_template(&w, 257, ports, 2);
	data(&w, 257, 1);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(batch_present(h->rows, F_sampling_rate, 0), rate != 0);
	if (rate)
		assert_int_equal(batch_get_num(h->rows, F_sampling_rate, 0), rate);
	assert_int_equal(harness_exporter(h).sampling_rate, rate);
	harness_free(h);
	buf_fini(&b);
}

static void sampling_of_ipfix_options(void **state)
{
	(void)state;
	const struct wire_element interval[] = {{143, 4, 0}, {34, 4, 0}, {35, 4, 0}};
	rate_told(interval, (const uint32_t[]){1, 512, 1}, 3, 512);
	rate_told(interval, (const uint32_t[]){1, 0, 1}, 3, 0); /* 0 is no rate */
	const struct wire_element selector[] = {{302, 4, 0}, {304, 4, 0}, {305, 4, 0}, {306, 4, 0}};
	rate_told(selector, (const uint32_t[]){5, 1, 1, 99}, 4, 100); /* 1 taken, 99 left out */
	rate_told(selector, (const uint32_t[]){5, 1, 10, 90}, 4, 10);
	rate_told(selector, (const uint32_t[]){5, 1, 1, 0}, 4, 1);
	rate_told(selector, (const uint32_t[]){5, 1, 1000, 0}, 3,
		  1000); /* 305 alone in the place of 34 */
	const struct wire_element of_n[] = {{302, 4, 0}, {304, 4, 0}, {309, 4, 0}, {310, 4, 0}};
	rate_told(of_n, (const uint32_t[]){5, 3, 2, 2001}, 4, 1001); /* rounded */
}

static void configured_rate_is_the_last_resort(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct sampling_rule everybody = {.rate = 64};
	assert_int_equal(decoder_set_sampling(h->decoder, &everybody, 1), ERR_OK);
	struct wire w = begin(&b, 10, 0, 0);
	wire_template(&w, 257, ports, 2);
	data(&w, 257, 1);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(batch_get_num(h->rows, F_sampling_rate, 0), 64);
	assert_int_equal(batch_get_num(h->rows, F_sampling_source, 0), 3);
	assert_int_equal(harness_exporter(h).sampling_source, 3);
	assert_int_equal(decoder_set_sampling(h->decoder, NULL, 0), ERR_OK);
	w = begin(&b, 10, 1, 0);
	data(&w, 257, 1);
	wire_end(&w);
	harness_feed(h, &b);
	assert_false(batch_present(h->rows, F_sampling_rate, 1));
	harness_free(h);
	buf_fini(&b);
}

/* Domain 0 speaks for the whole device; what a domain tells itself goes first. */
static void domain_0_speaks_for_the_device(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element options[] = {{1, 4, 0}, {34, 4, 0}};
	const uint32_t domains[] = {5, 0, 5, 0, 6};
	for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
		const struct wire_header hd = {
		    .version = 9, .uptime_ms = 3600000, .sequence = 1, .domain = domains[i]};
		struct wire w = wire_begin(&b, &hd);
		w.count = 2;
		if (domains[i] == 0) {
			wire_options_template(&w, 256, options, 2, 1);
			wire_set_begin(&w, 256);
			wire_uint(&w, 1, 4);
			wire_uint(&w, 100 * (i + 1), 4);
			wire_set_end(&w, true);
		} else {
			wire_template(&w, 257, ports, 2);
			data(&w, 257, 1);
		}
		wire_end(&w);
		harness_feed(h, &b);
	}
	assert_int_equal(h->rows->n, 3);
	assert_false(batch_present(h->rows, F_sampling_rate, 0));
	assert_int_equal(batch_get_num(h->rows, F_sampling_rate, 1), 200);
	assert_int_equal(batch_get_num(h->rows, F_sampling_rate, 2), 400);
	assert_int_equal(batch_get_num(h->rows, F_sampling_source, 2), 1);
	harness_free(h);
	buf_fini(&b);
}

static void start_of_the_device_from_options(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element options[] = {{143, 4, 0}, {160, 8, 0}};
	const struct wire_element flows[] = {{22, 4, 0}, {21, 4, 0}};
	struct wire w = begin(&b, 10, 0, 0);
	wire_options_template(&w, 256, options, 2, 1);
	wire_set_begin(&w, 256);
	wire_uint(&w, 1, 4);
	wire_uint(&w, (uint64_t)t_export_ms - 100000, 8);
	wire_set_end(&w, true);
	wire_template(&w, 257, flows, 2);
	wire_set_begin(&w, 257);
	wire_uint(&w, 40000, 4);
	wire_uint(&w, 90000, 4);
	wire_set_end(&w, true);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(batch_ms(h->rows, F_t_first)[0], t_export_ms - 60000);
	assert_int_equal(batch_ms(h->rows, F_t_last)[0], t_export_ms - 10000);
	harness_free(h);
	buf_fini(&b);
}

static void balanced(const struct harness *h)
{
	assert_int_equal(harness_stat(h, ST_records_decoded),
			 h->rows->n + harness_stat(h, ST_records_held) +
			     harness_stat(h, ST_drop_no_template) +
			     harness_stat(h, ST_drop_held_count));
}

static void data_before_its_template_waits(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	struct wire w = begin(&b, 9, 1, 5);
	data(&w, 256, 5);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 0);
	assert_int_equal(harness_stat(h, ST_records_held), 5); /* the header says so */
	assert_int_equal(harness_stat(h, ST_sets_held), 1);
	assert_int_equal(harness_exporter(h).templates_missing, 1);
	balanced(h);
	w = begin(&b, 9, 2, 1);
	wire_template(&w, 256, ports, 2);
	wire_end(&w);
	h->t_recv += 5000;
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 5);
	assert_int_equal(batch_get_num(h->rows, F_src_port, 4), 1004);
	assert_int_equal(batch_ms(h->rows, F_t_recv)[0], t_export_ms); /* when it came */
	assert_int_equal(harness_stat(h, ST_records_held), 0);
	assert_int_equal(harness_stat(h, ST_sets_held), 0);
	assert_int_equal(harness_stat(h, ST_sets_without_template), 0);
	assert_int_equal(harness_exporter(h).templates_missing, 0);
	balanced(h);
	harness_free(h);
	buf_fini(&b);
}

static void data_before_its_template_in_one_message(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	struct wire w = begin(&b, 10, 0, 0);
	data(&w, 256, 3);
	wire_template(&w, 256, ports, 2);
	data(&w, 256, 2);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 5);
	w = begin(&b, 10, 9, 0); /* 5..8 are missing */
	data(&w, 256, 1);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(harness_exporter(h).lost, 4);
	balanced(h);
	harness_free(h);
	buf_fini(&b);
}

static void held_options_are_no_flows(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element options[] = {{1, 4, 0}, {34, 4, 0}};
	struct wire w = begin(&b, 9, 1, 1);
	wire_set_begin(&w, 256);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 100, 4);
	wire_set_end(&w, true);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(harness_stat(h, ST_records_held), 1);
	w = begin(&b, 9, 2, 1);
	wire_options_template(&w, 256, options, 2, 1);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(harness_stat(h, ST_records_options), 1);
	assert_int_equal(harness_stat(h, ST_drop_held_count), 1);
	assert_int_equal(harness_exporter(h).sampling_rate, 100);
	balanced(h);
	harness_free(h);
	buf_fini(&b);
}

static void held_data_is_given_up(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h =
	    harness_new(&(struct decoder_opts){.max_held_sets = 2, .held_ms = 60000});
	for (uint16_t i = 0; i < 3; i++) {
		struct wire w = begin(&b, 9, i, 4);
		data(&w, (uint16_t)(256 + i), 4);
		wire_end(&w);
		harness_feed(h, &b);
	}
	assert_int_equal(harness_stat(h, ST_drop_no_template), 4); /* the oldest made room */
	assert_int_equal(harness_stat(h, ST_records_held), 8);
	balanced(h);
	h->t_recv += 60001;
	harness_feed_bytes(h, "", 0);
	assert_int_equal(harness_stat(h, ST_drop_no_template), 12);
	assert_int_equal(harness_stat(h, ST_sets_without_template), 3);
	assert_int_equal(harness_stat(h, ST_records_held), 0);
	balanced(h);
	harness_free(h);
	buf_fini(&b);
}

static void withdrawals(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element options[] = {{143, 4, 0}, {34, 4, 0}};
	struct wire w = begin(&b, 10, 0, 0);
	wire_template(&w, 256, ports, 2);
	wire_template(&w, 257, ports, 2);
	wire_template(&w, 258, ports, 2);
	wire_options_template(&w, 259, options, 2, 1);
	wire_withdrawal(&w, 256, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(harness_stat(h, ST_templates_live), 3);
	w = begin(&b, 10, 0, 0);
	data(&w, 256, 1);
	data(&w, 257, 1);
	wire_withdrawal(&w, 2, false); /* all templates */
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 1);
	assert_int_equal(harness_stat(h, ST_templates_live), 1);
	w = begin(&b, 10, 0, 0);
	wire_withdrawal(&w, 3, true); /* all options templates */
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(harness_stat(h, ST_templates_live), 0);
	assert_int_equal(harness_stat(h, ST_templates_withdrawn), 3);
	assert_int_equal(harness_malformed_total(h), 0);
	harness_free(h);
	buf_fini(&b);
}

/* Data held for a withdrawn id belongs to what the id means next. */
static void withdrawn_and_learned_anew(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element bytes[] = {{1, 4, 0}};
	struct wire w = begin(&b, 10, 0, 0);
	wire_template(&w, 256, ports, 2);
	wire_withdrawal(&w, 256, false);
	data(&w, 256, 1);
	wire_template(&w, 256, bytes, 1);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 1);
	assert_int_equal(batch_get_num(h->rows, F_bytes, 0), 1000u << 16 | 443);
	harness_free(h);
	buf_fini(&b);
}

static void sequence_of_v9_counts_datagrams(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const uint32_t sequences[] = {10, 11, 15};
	for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
		struct wire w = begin(&b, 9, sequences[i], 1);
		wire_template(&w, 256, ports, 2);
		wire_end(&w);
		harness_feed(h, &b);
	}
	assert_int_equal(harness_exporter(h).lost, 3);
	assert_int_equal(harness_stat(h, ST_templates_received), 3);
	assert_int_equal(harness_stat(h, ST_templates_learned), 1);
	harness_free(h);
	buf_fini(&b);
}

static void uptime_that_falls_is_a_restart(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct {
		uint32_t uptime, sequence;
	} seen[] = {{4294967000u, 500},
		    {200, 501} /* wrapped */,
		    {7200000, 502},
		    {3000, 0} /* restarted */,
		    {4000, 1}};
	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		const struct wire_header hd = {
		    .version = 9, .uptime_ms = seen[i].uptime, .sequence = seen[i].sequence};
		struct wire w = wire_begin(&b, &hd);
		w.count = 1;
		wire_template(&w, 256, ports, 2);
		wire_end(&w);
		harness_feed(h, &b);
	}
	assert_int_equal(harness_exporter(h).restarts, 1);
	assert_int_equal(harness_exporter(h).lost, 0);
	assert_int_equal(harness_stat(h, ST_sequence_restarts), 1);
	harness_free(h);
	buf_fini(&b);
}

/* A clock an hour behind: shown, and repaired only where configured. */
static void clock_that_is_off(void **state)
{
	(void)state;
	const struct wire_element times[] = {{152, 8, 0}, {153, 8, 0}};
	const int64_t hour = 3600 * 1000;
	for (int repair = 0; repair < 2; repair++) {
		struct buf b = {0};
		struct harness *h = harness_new(&(struct decoder_opts){.repair_clock = repair});
		h->t_recv = t_export_ms + hour;
		struct wire w = begin(&b, 10, 0, 0);
		wire_template(&w, 256, times, 2);
		wire_set_begin(&w, 256);
		wire_uint(&w, (uint64_t)t_export_ms - 9000, 8);
		wire_uint(&w, (uint64_t)t_export_ms - 1000, 8);
		wire_set_end(&w, false);
		wire_end(&w);
		harness_feed(h, &b);
		assert_int_equal(batch_ms(h->rows, F_t_first)[0],
				 t_export_ms - 9000 + repair * hour);
		assert_int_equal(batch_ms(h->rows, F_t_last)[0],
				 t_export_ms - 1000 + repair * hour);
		assert_int_equal(harness_exporter(h).clock_skew_ms, hour);
		assert_int_equal(harness_exporter(h).clock_repair_ms, repair * hour);
		/* The way to us takes its time. */
		h->t_recv = t_export_ms + 4000;
		w = begin(&b, 10, 1, 0);
		wire_template(&w, 256, times, 2);
		wire_end(&w);
		harness_feed(h, &b);
		assert_int_equal(harness_exporter(h).clock_repair_ms, 0);
		harness_free(h);
		buf_fini(&b);
	}
}

static void several_ipfix_messages_in_a_datagram(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	for (uint32_t i = 0; i < 3; i++) {
		struct wire w = begin(&b, 10, i, 0);
		wire_template(&w, 256, ports, 2);
		data(&w, 256, 1);
		wire_end(&w);
	}
	const size_t bytes = b.n;
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 3);
	assert_int_equal(harness_stat(h, ST_datagrams_decoded), 1);
	assert_int_equal(harness_exporter(h).lost, 0);
	assert_int_equal(harness_exporter(h).bytes, bytes);
	assert_int_equal(harness_malformed_total(h), 0);
	harness_free(h);
	buf_fini(&b);
}

static void clock_skew_and_suspect_times(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element last[] = {{153, 8, 0}};
	h->t_recv = t_export_ms + 8 * 86400000ll;
	struct wire w = begin(&b, 10, 0, 0);
	wire_template(&w, 256, last, 1);
	wire_set_begin(&w, 256);
	wire_uint(&w, (uint64_t)t_export_ms, 8);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(harness_exporter(h).clock_skew_ms, 8 * 86400000ll);
	assert_int_equal(batch_get_num(h->rows, F_time_suspect, 0), 1);
	assert_int_equal(harness_stat(h, ST_records_suspect_time), 1);
	harness_free(h);
	buf_fini(&b);
}

static void nameless_files_have_no_arrival(void **state)
{
	(void)state;
	struct buf b = {0}, json = {0};
	struct harness *h = harness_new(NULL);
	h->src = (struct ip){0};
	h->port = 0;
	h->t_recv = 0;
	struct wire w = begin(&b, 10, 0, 0);
	wire_template(&w, 256, ports, 2);
	data(&w, 256, 1);
	wire_end(&w);
	harness_feed(h, &b);
	assert_false(batch_present(h->rows, F_exporter_ip, 0));
	assert_false(batch_present(h->rows, F_t_recv, 0));
	assert_string_equal(harness_json(h, &json), "{\"src_port\":1000,\"dst_port\":443}\n");
	assert_int_equal(h->rows->day[0], 20454); /* of the export time */
	harness_free(h);
	buf_fini(&b);
	buf_fini(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sampling_of_v9_options),
	    cmocka_unit_test(sampling_of_ipfix_options),
	    cmocka_unit_test(configured_rate_is_the_last_resort),
	    cmocka_unit_test(domain_0_speaks_for_the_device),
	    cmocka_unit_test(start_of_the_device_from_options),
	    cmocka_unit_test(data_before_its_template_waits),
	    cmocka_unit_test(data_before_its_template_in_one_message),
	    cmocka_unit_test(held_options_are_no_flows),
	    cmocka_unit_test(held_data_is_given_up),
	    cmocka_unit_test(withdrawals),
	    cmocka_unit_test(withdrawn_and_learned_anew),
	    cmocka_unit_test(sequence_of_v9_counts_datagrams),
	    cmocka_unit_test(uptime_that_falls_is_a_restart),
	    cmocka_unit_test(clock_that_is_off),
	    cmocka_unit_test(several_ipfix_messages_in_a_datagram),
	    cmocka_unit_test(clock_skew_and_suspect_times),
	    cmocka_unit_test(nameless_files_have_no_arrival),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
