/* SPDX-License-Identifier: Apache-2.0 */
/* Each conversion: one element alone in a template, one record, the value that the registry says it
 * is. */
#include "decode/harness.h"

#include "decode/convert.h"

#include <string.h>

/* NTP seconds of 2026-01-01T12:00:00Z: 1767268800 + 2208988800 = 3976257600 = 0xed00e040. */
static const struct value {
	uint16_t version, id;
	uint32_t pen;
	uint8_t n;
	uint8_t bytes[24];
	const char *expect; /* part of the record */
} values[] = {
    /* numbers in every width, and one too big for the field */
    {9, 4, 0, 1, {17}, "\"proto\":17"},
    {9, 4, 0, 2, {0, 17}, "\"proto\":17"},
    {9, 4, 0, 4, {0, 0, 0, 17}, "\"proto\":17"},
    {9, 4, 0, 8, {0, 0, 0, 0, 0, 0, 0, 17}, "\"proto\":17"},
    {9, 4, 0, 3, {0, 0, 17}, "\"proto\":17"},
    {9, 4, 0, 2, {1, 0}, "\"proto\":255"},
    {9, 7, 0, 1, {53}, "\"src_port\":53"},
    {9, 7, 0, 2, {0x01, 0xbb}, "\"src_port\":443"},
    {9, 7, 0, 3, {0, 0x01, 0xbb}, "\"src_port\":443"},
    {9, 7, 0, 4, {0, 1, 0, 0}, "\"src_port\":65535"},
    {9, 7, 0, 8, {0, 0, 0, 0, 0, 0, 0x01, 0xbb}, "\"src_port\":443"},
    {9, 10, 0, 1, {7}, "\"in_if\":7"},
    {9, 10, 0, 2, {1, 2}, "\"in_if\":258"},
    {9, 10, 0, 4, {1, 2, 3, 4}, "\"in_if\":16909060"},
    {9, 10, 0, 8, {0, 0, 0, 1, 0, 0, 0, 0}, "\"in_if\":4294967295"},
    {9, 10, 0, 5, {0, 1, 2, 3, 4}, "\"in_if\":16909060"},
    {9, 1, 0, 1, {200}, "\"bytes\":200"},
    {9, 1, 0, 2, {1, 0}, "\"bytes\":256"},
    {9, 1, 0, 4, {255, 255, 255, 255}, "\"bytes\":4294967295"},
    {9, 1, 0, 7, {1, 0, 0, 0, 0, 0, 0}, "\"bytes\":281474976710656"},
    {9, 1, 0, 8, {255, 255, 255, 255, 255, 255, 255, 255}, "\"bytes\":18446744073709551615"},
    /* addresses */
    {9, 8, 0, 4, {10, 0, 0, 5}, "\"src_ip\":\"10.0.0.5\",\"ip_version\":4"},
    {9,
     28,
     0,
     16,
     {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5},
     "\"dst_ip\":\"2001:db8::5\",\"ip_version\":6"},
    {9, 56, 0, 6, {0, 0x1b, 0x21, 1, 2, 0xff}, "\"src_mac\":\"00:1b:21:01:02:ff\""},
    /* two bytes in one number */
    {10, 32, 0, 2, {3, 13}, "\"icmp_type\":3,\"icmp_code\":13"},
    {10, 139, 0, 2, {128, 0}, "\"icmp_type\":128,\"icmp_code\":0"},
    /* times */
    {10,
     152,
     0,
     8,
     {0, 0, 0x01, 0x9b, 0x79, 0x6d, 0xd6, 0x00},
     "\"t_first\":\"2026-01-01T12:00:00.000Z\""},
    {10, 150, 0, 4, {0x69, 0x56, 0x61, 0xc0}, "\"t_first\":\"2026-01-01T12:00:00.000Z\""},
    {10, 151, 0, 4, {0x69, 0x56, 0x61, 0xc0}, "\"t_last\":\"2026-01-01T12:00:00.000Z\""},
    {10,
     156,
     0,
     8,
     {0xed, 0x00, 0xe0, 0x40, 0x80, 0, 0, 0},
     "\"t_first\":\"2026-01-01T12:00:00.500Z\""},
    /* the 11 lowest bits of a microsecond stamp say nothing; 0.9994 s rounds to 999 ms, 0.9996 s to
       the next second */
    {10,
     154,
     0,
     8,
     {0xed, 0x00, 0xe0, 0x40, 0x80, 0, 0x07, 0xff},
     "\"t_first\":\"2026-01-01T12:00:00.500Z\""},
    {10,
     157,
     0,
     8,
     {0xed, 0x00, 0xe0, 0x40, 0xff, 0xd8, 0xad, 0xab},
     "\"t_last\":\"2026-01-01T12:00:00.999Z\""},
    {10,
     157,
     0,
     8,
     {0xed, 0x00, 0xe0, 0x40, 0xff, 0xe5, 0xc9, 0x1d},
     "\"t_last\":\"2026-01-01T12:00:01.000Z\""},
    {10, 158, 0, 4, {0, 0x16, 0xe3, 0x60}, "\"t_first\":\"2026-01-01T11:59:58.500Z\""}, /* 1 500 000
											   us ago */
    {10,
     323,
     0,
     8,
     {0, 0, 0x01, 0x9b, 0x79, 0x6d, 0xd6, 0x00},
     "\"t_first\":\"2026-01-01T12:00:00.000Z\",\"t_last\":\"2026-01-01T12:00:00.000Z\""},
    {10, 322, 0, 4, {0x69, 0x56, 0x61, 0xc0}, "\"t_last\":\"2026-01-01T12:00:00.000Z\""},
    {10,
     325,
     0,
     8,
     {0xed, 0x00, 0xe0, 0x40, 0x80, 0, 0, 0},
     "\"t_last\":\"2026-01-01T12:00:00.500Z\""},
    {10,
     324,
     0,
     8,
     {0xed, 0x00, 0xe0, 0x40, 0x80, 0, 0, 0},
     "\"t_last\":\"2026-01-01T12:00:00.500Z\""},
    /* uptime: the header of the test says 1 h = 3600000 ms at the export time */
    {9, 22, 0, 4, {0, 0x36, 0xd7, 0x10}, "\"t_first\":\"2026-01-01T11:59:54.000Z\""}, /* 3 594 000
										       */
    {9, 21, 0, 4, {0, 0x36, 0xee, 0x80}, "\"t_last\":\"2026-01-01T12:00:00.000Z\""},
    {9,
     22,
     0,
     4,
     {0xff, 0xff, 0xff, 0xff},
     "\"t_first\":\"2026-01-01T10:59:59.999Z\""}, /* before the counter wrapped */
    /* texts: padding is cut, nothing left is absent */
    {10, 96, 0, 8, {'h', 't', 't', 'p', 's', 0, 0, 0}, "\"app_name\":\"https\""},
    {9, 56702, 0, 4, {'b', 'o', 'b', 0}, "\"user_name\":\"bob\""},
    /* lists */
    {9, 33000, 0, 12, {0, 0, 0, 1, 0, 0, 0, 2, 255, 0, 0, 0}, "\"ingress_acl\":[1,2,4278190080]"},
    {9, 70, 0, 3, {0x05, 0xdc, 0x21}, "\"mpls_labels\":[384033]"},
    /* Flowmon's: little-endian, filled up with ones; 0x1301 first, X25519 is 29 */
    {10, 341, 39499, 6, {0x01, 0x13, 0x2b, 0xc0, 0xff, 0xff}, "\"tls_cipher_suites\":[4865,49195]"},
    {10, 346, 39499, 4, {0x1d, 0, 0x17, 0}, "\"tls_groups\":[29,23]"},
    {10, 347, 39499, 4, {0, 1, 2, 0xff}, "\"tls_point_formats\":[0,1,2]"},
    /* ms kept as us */
    {10, 123, 35632, 4, {0, 0, 0, 7}, "\"latency_client_us\":7000"},
    {10, 124, 35632, 4, {255, 255, 255, 255}, "\"latency_server_us\":4294967295"},
    /* enterprise numbers and reverse elements */
    {10, 2, 8057, 4, {'a', '.', 'd', 'e'}, "\"dns_qname\":\"a.de\""},
    {10, 1, 29305, 4, {0, 0, 1, 0}, "\"rev_bytes\":256"},
    {10, 6, 29305, 1, {18}, "\"rev_tcp_flags\":18"},
    {10, 232, 0, 4, {0, 0, 1, 0}, "\"rev_bytes\":256"},
    {9, 23, 0, 4, {0, 0, 1, 0}, "\"rev_bytes\":256"},
    {10, 23, 0, 4, {0, 0, 1, 0}, "\"bytes\":256"},
};

static void each_conversion(void **state)
{
	(void)state;
	struct buf b = {0}, json = {0};
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		const struct value *v = &values[i];
		struct harness *h = harness_new(NULL);
		const struct wire_header hd = {.version = v->version, .uptime_ms = 3600000};
		const struct wire_element e = {v->id, v->n, v->pen};
		struct wire w = wire_begin(&b, &hd);
		w.count = 2;
		wire_template(&w, 256, &e, 1);
		wire_set_begin(&w, 256);
		wire_bytes(&w, v->bytes, v->n);
		wire_set_end(&w, false);
		wire_end(&w);
		harness_feed(h, &b);
		assert_int_equal(h->rows->n, 1);
		if (!strstr(harness_json(h, &json), v->expect))
			fail_msg("element %u.%u/%u: %s has no %s", v->pen, v->id, v->n,
				 buf_cstr(&json), v->expect);
		assert_int_equal(harness_malformed_total(h), 0);
		harness_free(h);
	}
	buf_fini(&b);
	buf_fini(&json);
}

static void the_same_of_variable_length(void **state)
{
	(void)state;
	struct buf b = {0}, json = {0};
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		const struct value *v = &values[i];
		if (v->version != 10)
			continue;
		struct harness *h = harness_new(NULL);
		const struct wire_header hd = {.version = 10};
		const struct wire_element e = {v->id, WIRE_VARIABLE, v->pen};
		struct wire w = wire_begin(&b, &hd);
		wire_template(&w, 256, &e, 1);
		wire_set_begin(&w, 256);
		wire_varlen(&w, v->bytes, v->n, i % 2);
		wire_set_end(&w, false);
		wire_end(&w);
		harness_feed(h, &b);
		assert_int_equal(h->rows->n, 1);
		if (!strstr(harness_json(h, &json), v->expect))
			fail_msg("element %u.%u: %s has no %s", v->pen, v->id, buf_cstr(&json),
				 v->expect);
		assert_int_equal(harness_malformed_total(h), 0);
		harness_free(h);
	}
	buf_fini(&b);
	buf_fini(&json);
}

static void ntp_eras(void **state)
{
	(void)state;
	/* RFC 5905 figure 4: 1 Jan 1970 is 2208988800; the first second of era 1 is
	 * 2036-02-07T06:28:16Z. */
	assert_int_equal(ntp_ms((uint64_t)2208988800u << 32), 0);
	assert_int_equal(ntp_ms(0), 2085978496000);
}

static void wrong_lengths_are_absent_and_counted(void **state)
{
	(void)state;
	static const struct wire_element bad[] = {
	    {8, 5, 0}, {27, 15, 0}, {56, 8, 0}, {156, 4, 0},
	    {1, 9, 0}, {32, 1, 0},  {22, 5, 0}, {70, 4, 0},
	};
	static const uint8_t zeros[16];
	struct buf b = {0}, json = {0};
	struct harness *h = harness_new(&(struct decoder_opts){.drop_unknown = true});
	const struct wire_header hd = {.version = 10};
	struct wire w = wire_begin(&b, &hd);
	struct wire_element all[ARRAY_LEN(bad) + 2];
	memcpy(all, bad, sizeof(bad));
	all[ARRAY_LEN(bad)] = (struct wire_element){7, 2, 0};
	all[ARRAY_LEN(bad) + 1] = (struct wire_element){150, 0, 0}; /* of no length: just absent */
	wire_template(&w, 256, all, ARRAY_LEN(all));
	wire_set_begin(&w, 256);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		wire_bytes(&w, zeros, bad[i].len);
	wire_uint(&w, 4242, 2);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_non_null(strstr(harness_json(h, &json), ",\"src_port\":4242}"));
	assert_null(strstr(buf_cstr(&json), "src_ip"));
	assert_int_equal(harness_stat(h, ST_malformed_field_length), ARRAY_LEN(bad));
	harness_free(h);
	buf_fini(&b);
	buf_fini(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_conversion),
	    cmocka_unit_test(the_same_of_variable_length),
	    cmocka_unit_test(ntp_eras),
	    cmocka_unit_test(wrong_lengths_are_absent_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
