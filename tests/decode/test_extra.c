/* SPDX-License-Identifier: Apache-2.0 */
/* Elements that no field takes, and structured data (RFC 6313). */
#include "decode/extra.h"
#include "decode/harness.h"

#include <stdlib.h>
#include <string.h>

static struct wire begin(struct buf *b)
{
	const struct wire_header hd = {.version = 10, .domain = 7};
	return wire_begin(b, &hd);
}

/* The object of the row, unquoted. */
static const char *extra(const struct harness *h, uint32_t row)
{
	static char text[2 * EXTRA_MAX];
	struct span s = batch_span(h->rows, F_extra)[row];
	assert_true(batch_present(h->rows, F_extra, row));
	assert_true(s.len < sizeof(text));
	memcpy(text, batch_bytes(h->rows, s), s.len);
	text[s.len] = 0;
	return text;
}

static void numbers_texts_and_bytes(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const uint16_t var = WIRE_VARIABLE;
	const struct wire_element e[] = {{4, 1, 0},      {9000, 4, 0},  {1, 8, 4242},
					 {2, var, 4242}, {3, 12, 4242}, {4, var, 4242},
					 {5, var, 4242}};
	struct wire w = begin(&b);
	wire_template(&w, 256, e, 7);
	wire_set_begin(&w, 256);
	wire_uint(&w, 6, 1);
	wire_uint(&w, 77, 4);
	wire_uint(&w, UINT64_MAX, 8);
	wire_varlen(&w, "say \"hi\"", 8, false);
	wire_bytes(&w, "abc\0\0\0\0\0\0\0\0\0", 12);
	wire_varlen(&w, "\x01\x02\xff\x00\x01\x02\x03\x04\x05", 9, true);
	wire_varlen(&w, "", 0, false);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_string_equal(extra(h, 0),
			    "{\"9000\":77,\"4242/1\":18446744073709551615,\"4242/2\":\"say "
			    "\\\"hi\\\"\",\"4242/3\":\"abc\",\"4242/4\":\"0x0102ff000102030405\"}");
	assert_int_equal(batch_get_num(h->rows, F_proto, 0), 6);
	assert_int_equal(harness_malformed_total(h), 0);
	harness_free(h);
	buf_fini(&b);
}

static void not_kept_if_configured(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(&(struct decoder_opts){.drop_unknown = true});
	const struct wire_element e[] = {{4, 1, 0}, {9000, 4, 0}};
	struct wire w = begin(&b);
	wire_template(&w, 256, e, 2);
	wire_set_begin(&w, 256);
	wire_uint(&w, 6, 1);
	wire_uint(&w, 77, 4);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 1);
	assert_false(batch_present(h->rows, F_extra, 0));
	harness_free(h);
	buf_fini(&b);
}

/* RFC 6313 4.5.1: a basicList of numbers, and one of texts whose first is a field. */
static void basic_lists(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element e[] = {
	    {291, WIRE_VARIABLE, 0}, {291, WIRE_VARIABLE, 0}, {4, 1, 0}};
	/* allOf (3); 8057/1090 (nobody's) of 2 bytes: 60, 52, 1500 */
	static const uint8_t lengths[] = {3,    0x84, 0x42, 0, 2,  0, 0,   0x1f,
					  0x79, 0,    60,   0, 52, 5, 0xdc};
	/* 8057/2, the DNS name, of variable length: "a.example", "b" */
	static const uint8_t names[] = {3,   0x80, 2,   0xff, 0xff, 0,   0,   0x1f, 0x79, 9,  'a',
					'.', 'e',  'x', 'a',  'm',  'p', 'l', 'e',  1,    'b'};
	struct wire w = begin(&b);
	wire_template(&w, 256, e, 3);
	wire_set_begin(&w, 256);
	wire_varlen(&w, lengths, sizeof(lengths), true);
	wire_varlen(&w, names, sizeof(names), false);
	wire_uint(&w, 17, 1);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_string_equal(extra(h, 0), "{\"8057/1090\":{\"v\":[60,52,1500],\"n\":3},"
					 "\"8057/2\":{\"v\":[\"a.example\",\"b\"],\"n\":2}}");
	assert_true(batch_present(h->rows, F_dns_qname, 0));
	assert_int_equal(batch_span(h->rows, F_dns_qname)[0].len, 9);
	assert_int_equal(batch_get_num(h->rows, F_proto, 0), 17);
	assert_int_equal(harness_malformed_total(h), 0);
	harness_free(h);
	buf_fini(&b);
}

/* Lists whose element is that of a field of numbers: as_path (our own 203) of 2 bytes and again of
 * 4, which finds the field taken; bgp_communities (204) empty. */
static void lists_of_a_field(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element e[] = {
	    {291, WIRE_VARIABLE, 0}, {291, WIRE_VARIABLE, 0}, {291, WIRE_VARIABLE, 0}};
	static const uint8_t path[] = {4,    0x80, 203,  0, 2, 0,    0,   0x7e,
				       0xd9, 0xfd, 0xe8, 0, 1, 0xff, 0xff};
	static const uint8_t again[] = {4, 0x80, 203, 0, 4, 0, 0, 0x7e, 0xd9, 0, 0, 0, 9};
	static const uint8_t empty[] = {4, 0x80, 204, 0, 4, 0, 0, 0x7e, 0xd9};
	struct wire w = begin(&b);
	wire_template(&w, 256, e, 3);
	wire_set_begin(&w, 256);
	wire_varlen(&w, path, sizeof(path), false);
	wire_varlen(&w, again, sizeof(again), false);
	wire_varlen(&w, empty, sizeof(empty), false);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_string_equal(extra(h, 0), "{\"32473/203\":{\"v\":[9],\"n\":1}}");
	struct span s = batch_span(h->rows, F_as_path)[0];
	assert_int_equal(s.len, 3);
	assert_int_equal(batch_list_at(h->rows, s, 0), 65000);
	assert_int_equal(batch_list_at(h->rows, s, 1), 1);
	assert_int_equal(batch_list_at(h->rows, s, 2), 65535);
	assert_false(batch_present(h->rows, F_bgp_communities, 0));
	harness_free(h);
	buf_fini(&b);
}

/* What ipfixprobe sends: times of 8 bytes count from the flow's first packet, directions are 1 and
 * -1, figures of NetTiSA are float32; one that is no number is not there. */
static void packet_series(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element e[] = {{291, WIRE_VARIABLE, 0},
					 {291, WIRE_VARIABLE, 0},
					 {1020, 4, 8057},
					 {1024, 4, 8057},
					 {152, 8, 0}};
	static const uint8_t times[] = {3, 0x83, 0xf6, 0, 8, 0, 0,    0x1f, 0x79,
					0, 0,    0,    0, 0, 0, 0x03, 0xe8, /* 1000 */
					0, 0,    0,    0, 0, 0, 0x03, 0xe7, /* 999: before it */
					0, 0,    0,    0, 0, 0, 0x07, 0xd0};
	static const uint8_t ways[] = {3, 0x83, 0xf8, 0, 1, 0, 0, 0x1f, 0x79, 1, 0xff, 1};
	struct wire w = begin(&b);
	wire_template(&w, 256, e, ARRAY_LEN(e));
	wire_set_begin(&w, 256);
	wire_varlen(&w, times, sizeof(times), true);
	wire_varlen(&w, ways, sizeof(ways), true);
	wire_uint(&w, 0x42f6e979, 4); /* 123.456 */
	wire_uint(&w, 0x7fc00000, 4); /* not a number */
	wire_uint(&w, 1000, 8);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	static const uint32_t want[2][3] = {{0, 0, 1000}, {0, 1, 0}};
	static const enum field lists[2] = {F_packet_times_ms, F_packet_directions};
	for (int l = 0; l < 2; l++) {
		struct span s = batch_span(h->rows, lists[l])[0];
		assert_int_equal(s.len, 3);
		for (uint32_t i = 0; i < 3; i++)
			assert_int_equal(batch_list_at(h->rows, s, i), want[l][i]);
	}
	assert_int_equal(batch_get_num(h->rows, F_nts_payload_mean_milli, 0), 123456);
	assert_false(batch_present(h->rows, F_nts_payload_kurtosis_milli, 0));
	assert_int_equal(harness_malformed_total(h), 0);
	harness_free(h);
	buf_fini(&b);
}

/* RFC 6313 4.5.3, as YAF sends it: a subTemplateMultiList with a record of TCP flags, and inside it
 * a subTemplateList of two records. */
static void lists_of_records(void **state)
{
	(void)state;
	struct buf b = {0}, list = {0};
	struct harness *h = harness_new(NULL);
	const uint16_t var = WIRE_VARIABLE;
	const struct wire_element flow[] = {{4, 1, 0}, {293, var, 0}};
	const struct wire_element flags[] = {{14, 1, 6871}, {15, 1, 6871}, {292, var, 0}};
	const struct wire_element pair[] = {{9000, 2, 0}, {58, 2, 0}};
	buf_u8(&list, 3);
	buf_be16(&list, 300);
	buf_be16(&list, 4 + 2 + 1 + 3 + 8);
	buf_u8(&list, 0x02); /* SYN */
	buf_u8(&list, 0x18); /* PSH ACK */
	buf_u8(&list, 3 + 8);
	buf_u8(&list, 3);
	buf_be16(&list, 301);
	for (uint16_t i = 1; i <= 2; i++) {
		buf_be16(&list, (uint16_t)(70 + i));
		buf_be16(&list, (uint16_t)(100 + i));
	}
	struct wire w = begin(&b);
	wire_template(&w, 256, flow, 2);
	wire_template(&w, 300, flags, 3);
	wire_template(&w, 301, pair, 2);
	wire_set_begin(&w, 256);
	wire_uint(&w, 6, 1);
	wire_varlen(&w, list.p, list.n, false);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_string_equal(extra(h, 0), "{\"293\":[{\"template\":300,\"v\":{\"6871/14\":2,\"6871/"
					 "15\":24,\"292\":{\"template\":301,"
					 "\"v\":{\"9000\":71,\"58\":101},\"n\":2}},\"n\":1}]}");
	assert_int_equal(batch_get_num(h->rows, F_tcp_flags, 0), 0x1a);
	assert_int_equal(batch_get_num(h->rows, F_vlan, 0), 101);
	assert_int_equal(harness_malformed_total(h), 0);
	harness_free(h);
	buf_fini(&b);
	buf_fini(&list);
}

/* Lists whose lengths lie, whose template nobody told, that nest for ever: as far as they go, and
 * the record is whole. */
static void damaged_lists(void **state)
{
	(void)state;
	static const struct {
		uint16_t id;
		const char *bytes;
		size_t n;
	} cases[] = {
	    {291, "\3", 1},
	    {291, "\3\0\7", 3},
	    {291, "\3\0\7\0\0aaaa", 9},           /* values of no length */
	    {291, "\3\0\7\xff\xff\xff\x40\0", 8}, /* a length beyond the list */
	    {292,
	     "\3\1\x2c"
	     "abc",
	     6}, /* template 300 is not known */
	    {293,
	     "\3\1\x2c\0\x50"
	     "abc",
	     8},                      /* a length beyond the list */
	    {293, "\3\1\x2c\0\2", 5}, /* shorter than its header */
	    {292, "\3\1\1", 3},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = {0};
		struct harness *h = harness_new(NULL);
		const struct wire_element e[] = {{cases[i].id, WIRE_VARIABLE, 0}, {4, 1, 0}};
		struct wire w = begin(&b);
		wire_template(&w, 256, e, 2);
		wire_set_begin(&w, 256);
		wire_varlen(&w, cases[i].bytes, cases[i].n, false);
		wire_uint(&w, 6, 1);
		wire_set_end(&w, false);
		wire_end(&w);
		harness_feed(h, &b);
		assert_int_equal(h->rows->n, 1);
		assert_int_equal(batch_get_num(h->rows, F_proto, 0), 6);
		harness_free(h);
		buf_fini(&b);
	}
}

/* A template that holds a list of itself, as deep as a message allows. */
static void nesting_is_bounded(void **state)
{
	(void)state;
	struct buf b = {0}, list = {0}, outer = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element e[] = {{292, WIRE_VARIABLE, 0}};
	for (int depth = 0; depth < 5000; depth++) {
		buf_reset(&outer);
		buf_u8(&outer, 255);
		buf_be16(&outer, (uint16_t)(3 + list.n));
		buf_u8(&outer, 3);
		buf_be16(&outer, 256);
		buf_put(&outer, list.p, list.n);
		buf_reset(&list);
		buf_put(&list, outer.p, outer.n);
	}
	struct wire w = begin(&b);
	wire_template(&w, 256, e, 1);
	wire_set_begin(&w, 256);
	wire_bytes(&w, list.p, list.n);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 1);
	harness_free(h);
	buf_fini(&b);
	buf_fini(&list);
	buf_fini(&outer);
}

static void length_is_bounded(void **state)
{
	(void)state;
	struct buf b = {0};
	enum { N = 100, LEN = 400 };
	struct harness *h = harness_new(NULL);
	struct wire_element e[N];
	char long_text[LEN];
	memset(long_text, '"', sizeof(long_text)); /* each becomes two bytes */
	for (uint16_t i = 0; i < N; i++)
		e[i] = (struct wire_element){(uint16_t)(9000 + i), LEN, 0};
	struct wire w = begin(&b);
	wire_template(&w, 256, e, N);
	wire_set_begin(&w, 256);
	for (int i = 0; i < N; i++)
		wire_bytes(&w, long_text, LEN);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 1);
	const char *text = extra(h, 0);
	assert_true(strlen(text) <= EXTRA_MAX);
	assert_int_equal(text[strlen(text) - 1], '}');
	harness_free(h);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_texts_and_bytes),
	    cmocka_unit_test(not_kept_if_configured),
	    cmocka_unit_test(basic_lists),
	    cmocka_unit_test(lists_of_a_field),
	    cmocka_unit_test(packet_series),
	    cmocka_unit_test(lists_of_records),
	    cmocka_unit_test(damaged_lists),
	    cmocka_unit_test(nesting_is_bounded),
	    cmocka_unit_test(length_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
