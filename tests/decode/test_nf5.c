/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/harness.h"

#include <string.h>

static const struct wire_fixed tcp = {.src = "10.0.0.5",
				      .dst = "203.0.113.7",
				      .next_hop = "10.0.0.1",
				      .in_if = 3,
				      .out_if = 9,
				      .packets = 12,
				      .bytes = 1840,
				      .first_ms = 3590000,
				      .last_ms = 3594120,
				      .src_port = 51514,
				      .dst_port = 443,
				      .proto = 6,
				      .tcp_flags = 27,
				      .tos = 16,
				      .src_as = 64512,
				      .dst_as = 15169,
				      .src_mask = 24,
				      .dst_mask = 16};

/* One message with n copies of r. */
static void message(struct buf *b, const struct wire_header *h, const struct wire_fixed *r,
		    uint16_t n)
{
	struct wire w = wire_begin(b, h);
	w.count = n;
	for (uint16_t i = 0; i < n; i++)
		wire_fixed_record(&w, r);
	wire_end(&w);
}

static void v5_fields(void **state)
{
	(void)state;
	struct buf b = {0}, json = {0};
	struct harness *h = harness_new(NULL);
	/* 500 ms in the ns field; sampled 1 in 100, mode bits 01 */
	const struct wire_header hd = {.version = 5,
				       .export_ns = 500000000,
				       .uptime_ms = 3600000,
				       .domain = 1 << 8 | 2,
				       .sampling = 0x4000 | 100};
	message(&b, &hd, &tcp, 1);
	harness_feed(h, &b);
	assert_int_equal(batch_get_num(h->rows, F_observation_domain, 0), 258);
	assert_int_equal(batch_get_num(h->rows, F_export_version, 0), 5);
	assert_true(ip_equal(&batch_ip(h->rows, F_exporter_ip)[0], &h->src));
	assert_int_equal(batch_ms(h->rows, F_t_recv)[0], t_export_ms);
	assert_string_equal(
	    harness_json(h, &json),
	    "{\"t_first\":\"2026-01-01T11:59:50.500Z\",\"t_last\":\"2026-01-01T11:59:54.620Z\","
	    "\"src_ip\":\"10.0.0.5\",\"dst_ip\":\"203.0.113.7\",\"ip_version\":4,\"src_port\":"
	    "51514,"
	    "\"dst_port\":443,\"proto\":6,\"tcp_flags\":27,\"tos\":16,\"bytes\":1840,\"packets\":"
	    "12,"
	    "\"in_if\":3,\"out_if\":9,\"src_as\":64512,\"dst_as\":15169,\"src_mask\":24,\"dst_"
	    "mask\":16,"
	    "\"next_hop\":\"10.0.0.1\",\"sampling_rate\":100,\"sampling_source\":2,"
	    "\"engine_type\":1,\"engine_id\":2}\n");
	harness_free(h);
	buf_fini(&b);
	buf_fini(&json);
}

static void v1_and_v7_fields(void **state)
{
	(void)state;
	struct buf b = {0}, json = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_header v1 = {.version = 1, .uptime_ms = 3600000};
	message(&b, &v1, &tcp, 2);
	harness_feed(h, &b);
	const struct wire_header v7 = {.version = 7, .uptime_ms = 3600000};
	message(&b, &v7, &tcp, 1);
	harness_feed(h, &b);
	assert_int_equal(batch_get_num(h->rows, F_export_version, 0), 1);
	assert_int_equal(batch_get_num(h->rows, F_export_version, 2), 7);
	assert_false(batch_present(h->rows, F_observation_domain, 0));
	const char *v1_line =
	    "{\"t_first\":\"2026-01-01T11:59:50.000Z\",\"t_last\":\"2026-01-01T11:59:54.120Z\","
	    "\"src_ip\":\"10.0.0.5\",\"dst_ip\":\"203.0.113.7\",\"ip_version\":4,"
	    "\"src_port\":51514,\"dst_port\":443,\"proto\":6,\"tcp_flags\":27,\"tos\":16,"
	    "\"bytes\":1840,\"packets\":12,\"in_if\":3,\"out_if\":9,\"next_hop\":\"10.0.0.1\"}\n";
	const char *text = harness_json(h, &json);
	assert_memory_equal(text, v1_line, strlen(v1_line));
	assert_memory_equal(text + strlen(v1_line), v1_line, strlen(v1_line));
	assert_non_null(
	    strstr(text + 2 * strlen(v1_line), "\"dst_as\":15169,\"src_mask\":24,\"dst_mask\":16"));
	harness_free(h);
	buf_fini(&b);
	buf_fini(&json);
}

static void v1_of_52_bytes(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_header v1 = {.version = 1, .uptime_ms = 3600000};
	struct wire w = wire_begin(&b, &v1);
	w.count = 2;
	for (int i = 0; i < 2; i++) {
		wire_fixed_record(&w, &tcp);
		wire_uint(&w, 0xffffffff, 4);
	}
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 2);
	assert_int_equal(batch_get_num(h->rows, F_bytes, 1), 1840);
	harness_free(h);
	buf_fini(&b);
}

static void icmp_is_in_the_port(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	struct wire_fixed icmp = tcp;
	icmp.proto = 1;
	icmp.dst_port = 3 << 8 | 13;
	const struct wire_header hd = {.version = 5, .uptime_ms = 3600000};
	struct wire w = wire_begin(&b, &hd);
	w.count = 2;
	wire_fixed_record(&w, &tcp);
	wire_fixed_record(&w, &icmp);
	wire_end(&w);
	harness_feed(h, &b);
	assert_false(batch_present(h->rows, F_icmp_type, 0));
	assert_int_equal(batch_get_num(h->rows, F_icmp_type, 0), 0);
	assert_true(batch_present(h->rows, F_icmp_type, 1));
	assert_int_equal(batch_get_num(h->rows, F_icmp_type, 1), 3);
	assert_int_equal(batch_get_num(h->rows, F_icmp_code, 1), 13);
	assert_int_equal(batch_get_num(h->rows, F_dst_port, 1), 781); /* as exported */
	harness_free(h);
	buf_fini(&b);
}

static void uptime_wraps(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	struct wire_fixed r = tcp;
	r.first_ms = 4294966296u; /* 1000 ms before the wrap */
	r.last_ms = 2000;
	const struct wire_header hd = {.version = 5, .uptime_ms = 5000};
	message(&b, &hd, &r, 1);
	harness_feed(h, &b);
	assert_int_equal(batch_ms(h->rows, F_t_first)[0], t_export_ms - 6000);
	assert_int_equal(batch_ms(h->rows, F_t_last)[0], t_export_ms - 3000);
	harness_free(h);
	buf_fini(&b);
}

static void sequence_counts_records(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const uint32_t sequences[] = {100, 130, 190}; /* 30 each: 160..189 are missing */
	for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
		const struct wire_header hd = {
		    .version = 5, .uptime_ms = 3600000, .sequence = sequences[i]};
		message(&b, &hd, &tcp, 30);
		harness_feed(h, &b);
	}
	struct exporter_info e = harness_exporter(h);
	assert_int_equal(e.lost, 30);
	assert_int_equal(e.datagrams, 3);
	assert_int_equal(e.records, 90);
	assert_int_equal(e.bytes, 3 * (24 + 30 * 48));
	assert_int_equal(harness_stat(h, ST_records_decoded), 90);
	harness_free(h);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(v5_fields),      cmocka_unit_test(v1_and_v7_fields),
	    cmocka_unit_test(v1_of_52_bytes), cmocka_unit_test(icmp_is_in_the_port),
	    cmocka_unit_test(uptime_wraps),   cmocka_unit_test(sequence_counts_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
