/* SPDX-License-Identifier: Apache-2.0 */
/* Every reason to reject a datagram or to call a part of it malformed: bytes that are wrong in one
 * way, the reason they must be counted under and no other, and how many rows come out nevertheless.
 */
#include "decode/harness.h"

#include <string.h>

static const struct wire_element ports[] = {{7, 2, 0}, {11, 2, 0}};

static struct wire begin(struct buf *b, uint16_t version, uint16_t count)
{
	const struct wire_header hd = {.version = version, .uptime_ms = 3600000};
	struct wire w = wire_begin(b, &hd);
	w.count = count;
	return w;
}

/* A good message: template 256 and one record. */
static void good(struct buf *b, uint16_t version)
{
	struct wire w = begin(b, version, 2);
	wire_template(&w, 256, ports, 2);
	wire_set_begin(&w, 256);
	wire_uint(&w, 1000u << 16 | 443, 4);
	wire_set_end(&w, false);
	wire_end(&w);
}

static void one_set(struct buf *b, uint16_t version, uint16_t id, const void *p, size_t n)
{
	struct wire w = begin(b, version, 1);
	wire_set_begin(&w, id);
	wire_bytes(&w, p, n);
	wire_set_end(&w, false);
	wire_end(&w);
}

#define ONE_SET(version, id, bytes) one_set(b, version, id, bytes, sizeof(bytes) - 1)

static void set_too_long(struct buf *b)
{
	ONE_SET(9, 256, "\0\1\0\2");
	b->p[23] = 9; /* the set says 9 bytes, there are 8 */
}

static void set_too_short(struct buf *b)
{
	ONE_SET(10, 256, "\0\1\0\2");
	b->p[19] = 3;
}

static void set_reserved_ipfix(struct buf *b)
{
	ONE_SET(10, 4, "\0\1\0\2");
}

static void set_reserved_nf9(struct buf *b)
{
	ONE_SET(9, 2, "\1\0\0\0"); /* template id of IPFIX */
}

static void template_without_fields(struct buf *b)
{
	ONE_SET(9, 0, "\1\2\0\0");
}

static void template_of_1100_fields(struct buf *b)
{
	static const struct wire_element many[1100] = {{1, 1, 0}};
	struct wire w = begin(b, 10, 1);
	wire_template(&w, 258, many, 1100);
	wire_end(&w);
}

static void template_ends_early(struct buf *b)
{
	ONE_SET(9, 0, "\1\2\0\2\0\1\0\4"); /* 2 fields, 1 there */
}

static void options_scope_beyond_fields(struct buf *b)
{
	ONE_SET(10, 3, "\1\2\0\1\0\2\0\1\0\4");
}

static void template_id_reserved(struct buf *b)
{
	ONE_SET(10, 2, "\0\377\0\1\0\1\0\4");
}

static void withdrawal_of_reserved(struct buf *b)
{
	ONE_SET(10, 2, "\0\5\0\0");
}

static void field_of_wrong_length(struct buf *b)
{
	ONE_SET(9, 0, "\1\2\0\1\0\10\0\3"); /* an IPv4 address of 3 bytes */
}

static void record_ends_early(struct buf *b)
{
	ONE_SET(9, 256, "\0\1\0\2\0\3");
}

static void variable_ends_early(struct buf *b)
{
	struct wire w = begin(b, 10, 1);
	const struct wire_element name = {96, WIRE_VARIABLE, 0};
	wire_template(&w, 258, &name, 1);
	wire_set_begin(&w, 258);
	wire_varlen(&w, "one", 3, false);
	wire_bytes(&w, "\11short", 6); /* says 9 bytes, 5 there */
	wire_set_end(&w, false);
	wire_end(&w);
}

static void records_of_no_length(struct buf *b)
{
	struct wire w = begin(b, 9, 1);
	const struct wire_element empty = {210, 0, 0};
	wire_template(&w, 258, &empty, 1);
	wire_set_begin(&w, 258);
	wire_uint(&w, 1, 4);
	wire_set_end(&w, false);
	wire_end(&w);
}

static void options_of_no_length(struct buf *b)
{
	struct wire w = begin(b, 9, 1);
	const struct wire_element empty = {1, 0, 0};
	wire_options_template(&w, 258, &empty, 1, 1);
	wire_set_begin(&w, 258);
	wire_uint(&w, 1, 4);
	wire_set_end(&w, false);
	wire_end(&w);
}

static void option_ends_early(struct buf *b)
{
	struct wire w = begin(b, 10, 1);
	const struct wire_element name[] = {{143, 4, 0}, {82, WIRE_VARIABLE, 0}};
	wire_options_template(&w, 258, name, 2, 1);
	wire_set_begin(&w, 258);
	wire_uint(&w, 1, 4);
	wire_bytes(&w, "\11short", 6);
	wire_set_end(&w, false);
	wire_end(&w);
}

static void nf9_fewer_records(struct buf *b)
{
	good(b, 9);
	b->p[3] = 3;
}

static void nf5_message(struct buf *b, uint16_t records, uint16_t count)
{
	struct wire w = begin(b, 5, count);
	const struct wire_fixed r = {.src = "10.0.0.1", .dst = "10.0.0.2"};
	for (uint16_t i = 0; i < records; i++)
		wire_fixed_record(&w, &r);
	wire_end(&w);
}

static void nf5_fewer_records(struct buf *b)
{
	nf5_message(b, 2, 3);
}

static void nf5_bytes_after(struct buf *b)
{
	nf5_message(b, 2, 2);
	buf_be32(b, 0xdeadbeef);
}

static void ipfix_bytes_after(struct buf *b)
{
	good(b, 10);
	buf_be32(b, 0xdeadbeef);
}

static void ipfix_wrong_total(struct buf *b)
{
	good(b, 10);
	b->p[3] -= 2; /* the sets end 2 bytes behind the message */
}

static void header_cut(struct buf *b)
{
	good(b, 9);
	b->n = 12;
}

static void one_byte(struct buf *b)
{
	buf_u8(b, 0);
}

static void unknown_version(struct buf *b)
{
	good(b, 9);
	b->p[1] = 11;
}

static void ipfix_length_beyond(struct buf *b)
{
	good(b, 10);
	b->n -= 4;
}

static void ipfix_length_in_header(struct buf *b)
{
	good(b, 10);
	b->p[3] = 15;
	b->p[19] = 1;
}

static void nf5_of_none(struct buf *b)
{
	nf5_message(b, 0, 0);
}

static const struct wrong {
	const char *what;
	void (*make)(struct buf *b);
	enum stat_id reason;
	uint32_t rows; /* that come out of it */
} wrongs[] = {
    {"set longer than the datagram", set_too_long, ST_malformed_set_length, 0},
    {"set shorter than its header", set_too_short, ST_malformed_set_length, 0},
    {"reserved set id of IPFIX", set_reserved_ipfix, ST_malformed_set_id, 0},
    {"reserved set id of v9", set_reserved_nf9, ST_malformed_set_id, 0},
    {"template without fields", template_without_fields, ST_malformed_template_fields, 0},
    {"template with too many fields", template_of_1100_fields, ST_malformed_template_fields, 0},
    {"more scope fields than fields", options_scope_beyond_fields, ST_malformed_template_fields, 0},
    {"template that ends early", template_ends_early, ST_malformed_template_length, 0},
    {"reserved template id", template_id_reserved, ST_malformed_template_id, 0},
    {"withdrawal of a reserved id", withdrawal_of_reserved, ST_malformed_template_id, 0},
    {"element of a wrong length", field_of_wrong_length, ST_malformed_field_length, 0},
    {"record that ends early", record_ends_early, ST_malformed_record_length, 1},
    {"variable-length record that ends early", variable_ends_early, ST_malformed_record_length, 1},
    {"option record that ends early", option_ends_early, ST_malformed_record_length, 0},
    {"records of zero length", records_of_no_length, ST_malformed_record_zero, 0},
    {"option records of zero length", options_of_no_length, ST_malformed_record_zero, 0},
    {"v9 with fewer records than its count", nf9_fewer_records, ST_malformed_count, 1},
    {"v5 with fewer records than its count", nf5_fewer_records, ST_malformed_count, 2},
    {"v5 with bytes after its records", nf5_bytes_after, ST_malformed_trailing, 2},
    {"IPFIX with bytes after the message", ipfix_bytes_after, ST_malformed_trailing, 1},
    {"IPFIX that miscounts its length", ipfix_wrong_total, ST_malformed_message_length, 1},
    {"header cut", header_cut, ST_reject_short_header, 0},
    {"one byte", one_byte, ST_reject_short_header, 0},
    {"unknown version", unknown_version, ST_reject_version, 0},
    {"IPFIX cut", ipfix_length_beyond, ST_reject_bad_length, 0},
    {"IPFIX length below its header", ipfix_length_in_header, ST_reject_bad_length, 0},
    {"v5 without records", nf5_of_none, ST_reject_bad_length, 0},
};

static bool is_reject(enum stat_id s)
{
	return strcmp(stat_table[s].group, "reject") == 0;
}

/* A known source sends good messages, then the wrong one, then good ones again. */
static void each_reason(void **state)
{
	(void)state;
	struct buf b = {0};
	for (size_t i = 0; i < ARRAY_LEN(wrongs); i++) {
		const struct wrong *t = &wrongs[i];
		struct harness *h = harness_new(NULL);
		good(&b, 9);
		harness_feed(h, &b);
		good(&b, 10);
		harness_feed(h, &b);
		t->make(&b);
		harness_feed(h, &b);
		assert_int_equal(h->rows->n, 2 + t->rows);
		for (int s = 0; s < STAT_MAX; s++) {
			bool counts =
			    stat_table[s].reason && strcmp(stat_table[s].group, "drop") != 0;
			if (counts && h->stats.v[s] != (s == (int)t->reason))
				fail_msg("%s: %s.%s is %llu", t->what, stat_table[s].group,
					 stat_table[s].name, (unsigned long long)h->stats.v[s]);
		}
		assert_int_equal(harness_stat(h, ST_datagrams_decoded),
				 is_reject(t->reason) ? 2 : 3);
		good(&b, 9);
		harness_feed(h, &b);
		assert_int_equal(h->rows->n, 3 + t->rows);
		harness_free(h);
	}
	buf_fini(&b);
}

/* The same from a source that has sent no export: what does not agree with itself is none. */
static void unknown_sources_must_be_right(void **state)
{
	(void)state;
	struct buf b = {0};
	for (size_t i = 0; i < ARRAY_LEN(wrongs); i++) {
		struct harness *h = harness_new(NULL);
		wrongs[i].make(&b);
		harness_feed(h, &b);
		assert_int_equal(harness_stat(h, ST_datagrams_decoded) +
				     harness_stat(h, ST_reject_not_export),
				 1);
		harness_free(h);
	}
	struct harness *h = harness_new(NULL);
	harness_feed_bytes(h, "GET / HTTP/1.1\r\n\r\n", 18);
	harness_feed_bytes(h, "\0\5\0\1", 4);
	harness_feed_bytes(h, "", 0);
	assert_int_equal(harness_stat(h, ST_reject_not_export), 3);
	assert_int_equal(harness_stat(h, ST_exporters_live), 0);
	harness_free(h);
	buf_fini(&b);
}

static void foreign_exports_are_named(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	/* sFlow v4 of an IPv4 agent without samples; NetFlow v8 with one record of 28 bytes */
	harness_feed_bytes(h, "\0\0\0\4\0\0\0\1\12\0\0\1\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0", 28);
	uint8_t v8[56] = {0, 8, 0, 1};
	harness_feed_bytes(h, v8, sizeof(v8));
	assert_int_equal(harness_stat(h, ST_reject_version), 2);
	assert_int_equal(harness_stat(h, ST_reject_not_export), 0);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_reason),
	    cmocka_unit_test(unknown_sources_must_be_right),
	    cmocka_unit_test(foreign_exports_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
