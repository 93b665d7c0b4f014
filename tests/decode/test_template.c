/* SPDX-License-Identifier: Apache-2.0 */
/* What a template says about a record: which source wins, what two columns give together, layouts.
 */
#include "decode/harness.h"

#include <string.h>

enum { MAX_ELEMENTS = 16 };

/* One record: elements with their values (numbers; addresses as text). */
struct cell {
	struct wire_element e;
	uint64_t v;
	const char *ip;
};
static const struct winner {
	const char *what;
	uint16_t version;
	struct cell cells[MAX_ELEMENTS];
	const char *expect; /* the whole record */
} winners[] = {
    {"initiator octets pair with responder octets",
     9,
     {{{85, 4, 0}, 500, 0}, {{231, 4, 0}, 300, 0}, {{232, 4, 0}, 200, 0}},
     "{\"bytes\":300,\"rev_bytes\":200}"},
    {"responder octets before v9's OUT_BYTES",
     9,
     {{{1, 4, 0}, 9, 0}, {{23, 4, 0}, 7, 0}, {{232, 4, 0}, 8, 0}},
     "{\"bytes\":9,\"rev_bytes\":8}"},
    {"v9's OUT_BYTES and OUT_PKTS alone",
     9,
     {{{1, 4, 0}, 9, 0}, {{23, 4, 0}, 7, 0}, {{2, 4, 0}, 2, 0}, {{24, 4, 0}, 1, 0}},
     "{\"bytes\":9,\"packets\":2,\"rev_bytes\":7,\"rev_packets\":1}"},
    {"delta before total, whatever the order of the template",
     10,
     {{{85, 8, 0}, 500, 0}, {{1, 8, 0}, 300, 0}},
     "{\"bytes\":300}"},
    {"of two the first", 10, {{{1, 8, 0}, 1, 0}, {{1, 8, 0}, 2, 0}}, "{\"bytes\":1}"},
    {"milliseconds before seconds",
     10,
     {{{150, 4, 0}, 1, 0}, {{152, 8, 0}, 1767268800000, 0}},
     "{\"t_first\":\"2026-01-01T12:00:00.000Z\",\"t_last\":\"2026-01-01T12:00:00.000Z\"}"},
    {"both families, the IPv4 one filled",
     9,
     {{{8, 4, 0}, 0, "10.0.0.5"},
      {{27, 16, 0}, 0, "::"},
      {{12, 4, 0}, 0, "10.0.0.6"},
      {{28, 16, 0}, 0, "::"}},
     "{\"src_ip\":\"10.0.0.5\",\"dst_ip\":\"10.0.0.6\",\"ip_version\":4}"},
    {"both families, the IPv6 one filled",
     9,
     {{{27, 16, 0}, 0, "2001:db8::1"},
      {{8, 4, 0}, 0, "0.0.0.0"},
      {{28, 16, 0}, 0, "2001:db8::2"},
      {{12, 4, 0}, 0, "0.0.0.0"}},
     "{\"src_ip\":\"2001:db8::1\",\"dst_ip\":\"2001:db8::2\",\"ip_version\":6}"},
    {"the version as exported",
     10,
     {{{8, 4, 0}, 0, "10.0.0.5"}, {{60, 1, 0}, 4, 0}},
     "{\"src_ip\":\"10.0.0.5\",\"ip_version\":4}"},
    {"ICMP in the port of v9",
     9,
     {{{4, 1, 0}, 58, 0}, {{11, 2, 0}, 0x8000, 0}},
     "{\"dst_port\":32768,\"proto\":58,\"icmp_type\":128,\"icmp_code\":0}"},
    {"not in the port of IPFIX",
     10,
     {{{4, 1, 0}, 1, 0}, {{11, 2, 0}, 0x0800, 0}},
     "{\"dst_port\":2048,\"proto\":1}"},
    {"ICMP elements before the port",
     9,
     {{{4, 1, 0}, 1, 0}, {{11, 2, 0}, 0, 0}, {{32, 2, 0}, 0x0301, 0}},
     "{\"dst_port\":0,\"proto\":1,\"icmp_type\":3,\"icmp_code\":1}"},
    {"ICMP elements of TCP say nothing",
     10,
     {{{4, 1, 0}, 6, 0}, {{32, 2, 0}, 0, 0}},
     "{\"proto\":6}"},
    {"start and duration in ms",
     10,
     {{{152, 8, 0}, 1767268790000, 0}, {{161, 4, 0}, 1500, 0}},
     "{\"t_first\":\"2026-01-01T11:59:50.000Z\",\"t_last\":\"2026-01-01T11:59:51.500Z\"}"},
    {"end and duration in us",
     10,
     {{{153, 8, 0}, 1767268790000, 0}, {{162, 4, 0}, 2500499, 0}},
     "{\"t_first\":\"2026-01-01T11:59:47.500Z\",\"t_last\":\"2026-01-01T11:59:50.000Z\"}"},
    {"uptime with the start of the device in the record",
     10,
     {{{22, 4, 0}, 5000, 0}, {{21, 4, 0}, 6000, 0}, {{160, 8, 0}, 1767268790000, 0}},
     "{\"t_first\":\"2026-01-01T11:59:55.000Z\",\"t_last\":\"2026-01-01T11:59:56.000Z\"}"},
    {"uptime of IPFIX without it: the export time is the end, the duration is told",
     10,
     {{{22, 4, 0}, 5000, 0}, {{21, 4, 0}, 6000, 0}, {{4, 1, 0}, 6, 0}},
     "{\"t_first\":\"2026-01-01T11:59:59.000Z\",\"t_last\":\"2026-01-01T12:00:00.000Z\",\"proto\":"
     "6}"},
    {"labels down to the bottom of the stack",
     9,
     {{{70, 3, 0}, 0x3e8010, 0}, {{71, 3, 0}, 0x000321, 0}, {{72, 3, 0}, 0x123450, 0}},
     "{\"mpls_labels\":[4096016,801]}"},
    {"unknown and enterprise elements are kept as text, padding is not",
     10,
     {{{1, 4, 999}, 5, 0},
      {{32000, 8, 0}, 1, 0},
      {{2, 8, 0}, 77, 0},
      {{210, 3, 0}, 0, 0},
      {{7, 2, 0}, 53, 0}},
     "{\"src_port\":53,\"packets\":77,\"extra\":\"{\\\"999/1\\\":5,\\\"32000\\\":1}\"}"},
    {"a rate in the record",
     9,
     {{{34, 4, 0}, 512, 0}},
     "{\"sampling_rate\":512,\"sampling_source\":2}"},
    {"a rate in the record, as packets taken and left out",
     10,
     {{{305, 4, 0}, 1, 0}, {{306, 4, 0}, 999, 0}},
     "{\"sampling_rate\":1000,\"sampling_source\":2}"},
    {"a rate of 0 is no rate", 9, {{{34, 4, 0}, 0, 0}, {{4, 1, 0}, 6, 0}}, "{\"proto\":6}"},
};

static void put_cells(struct wire *w, const struct cell *c)
{
	for (; c->e.len; c++) {
		if (c->ip && c->e.len == 16)
			wire_ip6(w, c->ip);
		else if (c->ip)
			wire_ip4(w, c->ip);
		else
			wire_uint(w, c->v, c->e.len);
	}
}

static uint16_t cell_elements(const struct cell *c, struct wire_element *ret)
{
	uint16_t n = 0;
	for (; c[n].e.len; n++)
		ret[n] = c[n].e;
	return n;
}

/* Without the times that stand in for absent ones. */
static void strip_times(struct harness *h, bool keep)
{
	static const enum field times[] = {F_t_first, F_t_last};
	for (size_t k = 0; !keep && k < ARRAY_LEN(times); k++)
		for (uint32_t i = 0; i < h->rows->n; i++)
			h->rows->present[0][i] &=
			    ~((uint64_t)1 << field_table[times[k]].present_bit);
}

static void which_source_wins(void **state)
{
	(void)state;
	struct buf b = {0}, json = {0};
	for (size_t i = 0; i < ARRAY_LEN(winners); i++) {
		const struct winner *t = &winners[i];
		struct wire_element e[MAX_ELEMENTS];
		struct harness *h = harness_new(NULL);
		const struct wire_header hd = {.version = t->version, .uptime_ms = 3600000};
		struct wire w = wire_begin(&b, &hd);
		w.count = 2;
		wire_template(&w, 300, e, cell_elements(t->cells, e));
		wire_set_begin(&w, 300);
		put_cells(&w, t->cells);
		wire_set_end(&w, false);
		wire_end(&w);
		harness_feed(h, &b);
		strip_times(h, strstr(t->expect, "t_first"));
		harness_json(h, &json);
		json.n--; /* the newline */
		if (strcmp(buf_cstr(&json), t->expect) != 0)
			fail_msg("%s: %s", t->what, buf_cstr(&json));
		assert_int_equal(harness_malformed_total(h), 0);
		harness_free(h);
	}
	buf_fini(&b);
	buf_fini(&json);
}

static void shape_is_the_narrowest(void **state)
{
	(void)state;
	struct buf b = {0};
	const struct {
		uint16_t id, len;
		bool wide;
	} shapes[] = {{1, 8, false}, {7, 2, false}, {96, 4, true}, {232, 4, true}};
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		struct harness *h = harness_new(NULL);
		const struct wire_header hd = {.version = 10};
		const struct wire_element e = {shapes[i].id, shapes[i].len, 0};
		struct wire w = wire_begin(&b, &hd);
		wire_template(&w, 256, &e, 1);
		wire_set_begin(&w, 256);
		wire_uint(&w, 1, e.len);
		wire_set_end(&w, false);
		wire_end(&w);
		const struct datagram dg = {
		    .p = b.p, .n = b.n, .src = h->src, .src_port = h->port, .t_recv = h->t_recv};
		decoder_feed(h->decoder, &dg);
		assert_int_equal(decoder_open_rows(h->decoder), 1);
		assert_int_equal(h->rows->n, 0);
		decoder_flush(h->decoder);
		assert_int_equal(decoder_open_rows(h->decoder), 0);
		assert_int_equal(h->rows->n, 1);
		buf_reset(&b);
		harness_free(h);
	}
	buf_fini(&b);
}

/* Rows of several templates in one batch: a column one of them does not have is zero and absent
 * there. */
static void templates_share_a_batch(void **state)
{
	(void)state;
	struct buf b = {0}, json = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_header hd = {.version = 10};
	const struct wire_element one[] = {{7, 2, 0}, {1, 8, 0}}, two[] = {{11, 2, 0}};
	struct wire w = wire_begin(&b, &hd);
	wire_template(&w, 256, one, 2);
	wire_template(&w, 257, two, 1);
	for (uint16_t i = 0; i < 3; i++) {
		wire_set_begin(&w, 256);
		wire_uint(&w, 1000u + i, 2);
		wire_uint(&w, 100u + i, 8);
		wire_set_end(&w, true);
		wire_set_begin(&w, 257);
		wire_uint(&w, 2000u + i, 2);
		wire_set_end(&w, false);
	}
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 6);
	for (uint32_t i = 0; i < 6; i++) {
		bool first = i % 2 == 0;
		assert_int_equal(batch_present(h->rows, F_src_port, i), first);
		assert_int_equal(batch_present(h->rows, F_dst_port, i), !first);
		assert_int_equal(batch_get_num(h->rows, F_src_port, i), first ? 1000 + i / 2 : 0);
		assert_int_equal(batch_get_num(h->rows, F_dst_port, i), first ? 0 : 2000 + i / 2);
		assert_int_equal(batch_get_num(h->rows, F_bytes, i), first ? 100 + i / 2 : 0);
	}
	harness_free(h);
	buf_fini(&b);
	buf_fini(&json);
}

static void changed_template_means_the_new_layout(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_header hd = {.version = 9, .uptime_ms = 3600000};
	const struct wire_element old[] = {{7, 2, 0}, {11, 2, 0}}, changed[] = {{1, 4, 0}};
	struct wire w = wire_begin(&b, &hd);
	w.count = 4;
	wire_template(&w, 256, old, 2);
	wire_set_begin(&w, 256);
	wire_uint(&w, 53 << 16 | 80, 4);
	wire_set_end(&w, true);
	wire_template(&w, 256, changed, 1);
	wire_set_begin(&w, 256);
	wire_uint(&w, 53 << 16 | 80, 4);
	wire_set_end(&w, true);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 2);
	assert_int_equal(batch_get_num(h->rows, F_src_port, 0), 53);
	assert_false(batch_present(h->rows, F_bytes, 0));
	assert_int_equal(batch_get_num(h->rows, F_bytes, 1), 53 << 16 | 80);
	assert_false(batch_present(h->rows, F_src_port, 1));
	assert_int_equal(harness_stat(h, ST_templates_learned), 2);
	assert_int_equal(harness_stat(h, ST_templates_live), 1);
	harness_free(h);
	buf_fini(&b);
}

static void variable_length_records(void **state)
{
	(void)state;
	struct buf b = {0}, json = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_header hd = {.version = 10};
	/* a text, an unknown list of RFC 6313, a number of variable length, a fixed one */
	const struct wire_element e[] = {
	    {96, WIRE_VARIABLE, 0}, {291, WIRE_VARIABLE, 0}, {1, WIRE_VARIABLE, 0}, {7, 2, 0}};
	char longer[300];
	memset(longer, 'x', sizeof(longer));
	struct wire w = wire_begin(&b, &hd);
	wire_template(&w, 256, e, ARRAY_LEN(e));
	wire_set_begin(&w, 256);
	for (uint16_t i = 0; i < 100; i++) {
		wire_varlen(&w, longer, i * 3u, i % 2);
		wire_varlen(&w, longer, 17, false);
		wire_varlen(&w, "\1\2\3", i % 4, false);
		wire_uint(&w, i, 2);
	}
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 100);
	static const uint32_t numbers[] = {0, 0x01, 0x0102, 0x010203};
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(batch_get_num(h->rows, F_src_port, i), i);
		assert_int_equal(batch_span(h->rows, F_app_name)[i].len, i * 3);
		assert_int_equal(batch_present(h->rows, F_app_name, i), i > 0);
		assert_int_equal(batch_present(h->rows, F_bytes, i), i % 4 > 0);
		assert_int_equal(batch_get_num(h->rows, F_bytes, i), numbers[i % 4]);
	}
	assert_int_equal(harness_malformed_total(h), 0);
	harness_free(h);
	buf_fini(&b);
	buf_fini(&json);
}

/* An exporter whose clock begins with 1970: 10 s before its first second is a negative time. */
static void flow_before_1970(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(&(struct decoder_opts){.import = true});
	const struct wire_header hd = {.version = 10, .export_s = 1};
	const struct wire_element e[] = {{158, 4, 0}, {161, 4, 0}};
	struct wire w = wire_begin(&b, &hd);
	wire_template(&w, 256, e, 2);
	wire_set_begin(&w, 256);
	wire_uint(&w, 10000000, 4);
	wire_uint(&w, 1500, 4);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 1);
	assert_int_equal(batch_ms(h->rows, F_t_first)[0], -9000);
	assert_int_equal(batch_ms(h->rows, F_t_last)[0], -7500);
	harness_free(h);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(which_source_wins),
	    cmocka_unit_test(shape_is_the_narrowest),
	    cmocka_unit_test(templates_share_a_batch),
	    cmocka_unit_test(changed_template_means_the_new_layout),
	    cmocka_unit_test(variable_length_records),
	    cmocka_unit_test(flow_before_1970),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
