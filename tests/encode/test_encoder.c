/* SPDX-License-Identifier: Apache-2.0 */
/* Messages byte by byte (RFC 7011, RFC 3954, NetFlow v5), and what does not fit into one. */
#include "encode/encoder.h"
#include "encode/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 32 };

struct caught {
	struct stats stats;
	struct encoder *e;
	struct message *m[MANY];
	size_t n;
};

static void take(void *ctx, struct message *m)
{
	struct caught *c = ctx;
	assert_true(c->n < MANY);
	c->m[c->n++] = m;
}

static void encode(struct caught *c, const struct batch *b, struct encoder_opts o)
{
	*c = (struct caught){0};
	o.stats = &c->stats;
	o.emit = take;
	o.ctx = c;
	o.message_max = o.message_max ? o.message_max : 1400;
	o.record_max = o.record_max ? o.record_max : MESSAGE_MAX_UDP;
	assert_int_equal(encoder_new(&o, &c->e), ERR_OK);
	encoder_rows(c->e, b, NULL, b->n, kit_time_ms);
}

static void done(struct caught *c)
{
	while (c->n)
		message_put(c->m[--c->n]);
	encoder_free(c->e);
}

static struct batch *one_row(void)
{
	struct batch *b = batch_new(SHAPE_WIDE);
	assert_non_null(b);
	batch_open_rows(b, 1);
	b->n = 1;
	return b;
}

static void put_text(struct batch *b, enum field f, const void *p, size_t n)
{
	batch_use(b, f);
	assert_true(batch_put_str(b, f, 0, p, n));
	batch_set_present(b, f, 0);
}

static void put_ip(struct batch *b, enum field f, const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(text, strlen(text), &ip), ERR_OK);
	batch_set_ip(b, f, 0, &ip);
}

static void ipfix_bytes(void **state)
{
	(void)state;
	/* Export time 2026-01-01T12:00:00Z = 0x695661c0, domain 9. Fields in the order of
	 * fields.def, those of variable length last: 27 sourceIPv6Address, 7, 4, 6, 1, 139
	 * icmpTypeCodeIPv6, reverse 1, 39499/1 httpHost. */
	static const uint8_t template[] = {
	    0,    10, 0,    64,   0x69, 0x56, 0x61, 0xc0, 0,    0, 0, 0, 0, 0, 0,    9, /* header */
	    0,    2,  0,    48,   1,    0,    0,    8, /* set, template 256 */
	    0,    27, 0,    16,   0,    7,    0,    2,    0,    4, 0, 1, 0, 6, 0,    2,
	    0,    1,  0,    8,    0,    139,  0,    2,    0x80, 1, 0, 8, 0, 0, 0x72, 0x79,
	    0x80, 1,  0xff, 0xff, 0,    0,    0x9a, 0x4b};
	static const uint8_t data[] = {
	    0, 10,  0, 61, 0x69, 0x56, 0x61, 0xc0, 0,    0, 0, 0, 0,  0, 0, 9,
	    1, 0,   0, 45, 0x20, 1,    0xd,  0xb8, 0,    0, 0, 0, 0,  0, 0, 0,
	    0, 0,   0, 1,  0x01, 0xbb, 58,   0,    0x12, 0, 0, 0, 1,  0, 0, 0,
	    0, 128, 4, 0,  0,    0,    0,    0,    0,    0, 7, 1, 'h'};
	struct batch *b = one_row();
	struct caught c;
	put_ip(b, F_src_ip, "2001:db8::1");
	batch_set_num(b, F_src_port, 0, 443);
	batch_set_num(b, F_proto, 0, 58);
	batch_set_num(b, F_tcp_flags, 0, 0x12);
	batch_set_num(b, F_bytes, 0, 1ull << 32);
	batch_set_num(b, F_icmp_type, 0, 128);
	batch_set_num(b, F_icmp_code, 0, 4);
	batch_set_num(b, F_rev_bytes, 0, 7);
	put_text(b, F_http_host, "h", 1);
	encode(&c, b, (struct encoder_opts){.domain = 9});
	assert_int_equal(c.n, 1);
	struct message *m = c.m[0], *t;
	size_t told = 0;
	assert_int_equal(m->n, sizeof(data));
	assert_memory_equal(m->bytes, data, sizeof(data));
	t = encoder_templates(c.e, m->layouts, m->n_layouts, kit_time_ms, &told);
	assert_int_equal(told, 1);
	assert_int_equal(t->n, sizeof(template));
	assert_memory_equal(t->bytes, template, sizeof(template));
	message_put(t);
	done(&c);
	batch_free(b);
}

/* Lists as ipfixprobe tells them: IANA's 291 in the template; of elements of 8057 the lengths in 2
 * bytes, times in 8 of ms since 1970, directions 1 and -1; NetTiSA's figures as float32. */
static void cesnet_bytes(void **state)
{
	(void)state;
	/* t_first 2026-01-01T12:00:00Z, 1767268800000 ms. */
	static const uint8_t record[] = {
	    0,    0,    0x01, 0x9b, 0x79, 0x6d, 0xd6, 0, /* 152 */
	    0x3f, 0xc0, 0,    0,                         /* 8057/1020: 1.5 */
	    13,   4,    0x83, 0xf5, 0,    2,    0,    0, 0x1f, 0x79, 0,    60,   0x05,
	    0xdc, 25,   4,    0x83, 0xf6, 0,    8,    0, 0,    0x1f, 0x79, 0,    0,
	    0x01, 0x9b, 0x79, 0x6d, 0xd6, 0,    0,    0, 0x01, 0x9b, 0x79, 0x6d, 0xd7,
	    0x02, 11,   4,    0x83, 0xf7, 0,    1,    0, 0,    0x1f, 0x79, 2,    24,
	    11,   4,    0x83, 0xf8, 0,    1,    0,    0, 0x1f, 0x79, 1,    0xff};
	static const struct {
		enum field f;
		uint32_t v[2];
	} lists[] = {{F_packet_lengths, {60, 1500}},
		     {F_packet_times_ms, {0, 258}},
		     {F_packet_flags, {2, 24}},
		     {F_packet_directions, {0, 1}}};
	struct batch *b = one_row();
	struct caught c;
	batch_set_num(b, F_t_first, 0, (uint64_t)kit_time_ms);
	batch_set_num(b, F_nts_payload_mean_milli, 0, 1500);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		batch_use(b, lists[i].f);
		batch_set_present(b, lists[i].f, 0);
		for (int k = 0; k < 2; k++)
			assert_true(batch_push_u32(b, lists[i].f, 0, lists[i].v[k]));
	}
	encode(&c, b, (struct encoder_opts){.domain = 9});
	assert_int_equal(c.n, 1);
	assert_int_equal(c.m[0]->n, 20 + sizeof(record));
	assert_memory_equal(c.m[0]->bytes + 20, record, sizeof(record));
	done(&c);
	batch_free(b);
}

/* Flowmon's lists: numbers of two bytes, the low one first, and bytes; as real exports have them.
 */
static void flowmon_bytes(void **state)
{
	(void)state;
	static const uint8_t record[] = {
	    4, 0x02, 0x13, 0x2b, 0xc0, /* 39499/341: 0x1302, 0xc02b */
	    4, 0x1d, 0,    0x17, 0,    /* 346: 29, 23 */
	    2, 0,    1,                /* 347 */
	};
	static const struct {
		enum field f;
		uint32_t v[2];
	} lists[] = {{F_tls_cipher_suites, {0x1302, 0xc02b}},
		     {F_tls_groups, {29, 23}},
		     {F_tls_point_formats, {0, 1}}};
	struct batch *b = one_row();
	struct caught c;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		batch_use(b, lists[i].f);
		batch_set_present(b, lists[i].f, 0);
		for (int k = 0; k < 2; k++)
			assert_true(batch_push_u32(b, lists[i].f, 0, lists[i].v[k]));
	}
	encode(&c, b, (struct encoder_opts){.domain = 9});
	assert_int_equal(c.n, 1);
	assert_int_equal(c.m[0]->n, 20 + sizeof(record));
	assert_memory_equal(c.m[0]->bytes + 20, record, sizeof(record));
	done(&c);
	batch_free(b);
}

static void nf5_bytes(void **state)
{
	(void)state;
	struct batch *b = one_row();
	struct caught c;
	put_ip(b, F_src_ip, "10.0.0.1");
	put_ip(b, F_dst_ip, "10.0.0.2");
	batch_set_num(b, F_t_first, 0, (uint64_t)kit_time_ms - 2000);
	batch_set_num(b, F_t_last, 0, (uint64_t)kit_time_ms - 1000);
	batch_set_num(b, F_proto, 0, 1);
	batch_set_num(b, F_icmp_type, 0, 3);
	batch_set_num(b, F_icmp_code, 0, 13);
	batch_set_num(b, F_packets, 0, 5);
	batch_set_num(b, F_bytes, 0, 420);
	/* Started an hour ago: uptimes 3600000 = 0x36ee80, 3598000 = 0x36e6b0, 3599000 = 0x36ea98.
	 * Sampling 1 in 10, count based: 0x400a. Type 3 code 13 are port 0x030d. */
	static const uint8_t want[] = {
	    0, 5, 0,    1, 0,    0x36, 0xee, 0x80, 0x69, 0x56, 0x61, 0xc0, 0, 0,  0,
	    0, 0, 0,    0, 0,    0,    4,    0x40, 0x0a, 10,   0,    0,    1, 10, 0,
	    0, 2, 0,    0, 0,    0,    0,    0,    0,    0,    0,    0,    0, 5,  0,
	    0, 1, 0xa4, 0, 0x36, 0xe6, 0xb0, 0,    0x36, 0xea, 0x98, 0,    0, 3,  13,
	    0, 0, 1,    0, 0,    0,    0,    0,    0,    0,    0,    0};
	encode(&c, b,
	       (struct encoder_opts){.protocol = EXPORT_NF5,
				     .domain = 4,
				     .start_ms = kit_time_ms - 3600000,
				     .sampling = {1, 10, false}});
	assert_int_equal(c.n, 1);
	assert_int_equal(c.m[0]->n, sizeof(want));
	assert_memory_equal(c.m[0]->bytes, want, sizeof(want));
	done(&c);
	batch_free(b);
}

/* 10 GiB in one flow: three records, whose counters have 32 bits, with the same sum. */
static void nf5_large_counters(void **state)
{
	(void)state;
	struct batch *b = one_row();
	struct kit_result r;
	put_ip(b, F_src_ip, "10.0.0.1");
	put_ip(b, F_dst_ip, "10.0.0.2");
	batch_set_num(b, F_t_first, 0, (uint64_t)kit_time_ms - 2000);
	batch_set_num(b, F_t_last, 0, (uint64_t)kit_time_ms - 1000);
	batch_set_num(b, F_proto, 0, 17);
	batch_set_num(b, F_packets, 0, 7);
	batch_set_num(b, F_bytes, 0, 10ull << 30);
	kit_there_and_back(b, &(struct encoder_opts){.protocol = EXPORT_NF5}, &r);
	assert_int_equal(r.rows, 3);
	/* 10737418240 = 3579139414 + 2 * 3579139413; 7 = 3 + 2 + 2 */
	assert_non_null(strstr(buf_cstr(&r.text), "\"bytes\":3579139414,\"packets\":3"));
	assert_non_null(strstr(buf_cstr(&r.text), "\"bytes\":3579139413,\"packets\":2"));
	buf_fini(&r.text);
	batch_free(b);
}

static void ip6_in_nf5(void **state)
{
	(void)state;
	struct batch *b = one_row();
	struct kit_result r;
	put_ip(b, F_src_ip, "2001:db8::1");
	put_ip(b, F_dst_ip, "2001:db8::2");
	kit_there_and_back(b, &(struct encoder_opts){.protocol = EXPORT_NF5}, &r);
	assert_int_equal(r.rows, 0);
	assert_int_equal(r.unsendable, 1);
	buf_fini(&r.text);
	batch_free(b);
}

/* A present text of no bytes is no text; one of 254 has a length of one byte, one of 255 of three.
 */
static void text_lengths(void **state)
{
	(void)state;
	static const struct {
		size_t text, message;
	} cases[] = {{0, 16 + 4 + 1},
		     {1, 16 + 4 + 2},
		     {254, 16 + 4 + 255},
		     {255, 16 + 4 + 258},
		     {1300, 16 + 4 + 1303}};
	static const char text[2000] = {1};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct batch *b = one_row();
		struct caught c;
		put_text(b, F_http_url, text, cases[i].text);
		encode(&c, b, (struct encoder_opts){0});
		assert_int_equal(c.n, 1);
		assert_int_equal(c.m[0]->n, cases[i].message);
		done(&c);
		batch_free(b);
	}
}

/* A record longer than a datagram should be goes alone; what no message can hold is cut, and
 * counted. */
static void long_records(void **state)
{
	(void)state;
	static const size_t lengths[] = {3000, 65000, 65460, 70000, 200000};
	char *text = malloc(200000);
	assert_non_null(text);
	memset(text, 'x', 200000);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct batch *b = one_row();
		struct kit_result r;
		batch_set_num(b, F_proto, 0, 6);
		put_text(b, F_http_url, text, lengths[i]);
		put_text(b, F_http_host, "www.example", 11);
		kit_there_and_back(
		    b, &(struct encoder_opts){.message_max = 1400, .record_max = MESSAGE_MAX_UDP},
		    &r);
		assert_int_equal(r.rows, 1);
		assert_int_equal(r.malformed, 0);
		assert_true(r.longest <= MESSAGE_MAX_UDP);
		assert_int_equal(r.cut, lengths[i] > 65460);
		assert_non_null(strstr(buf_cstr(&r.text), "\"http_host\":\"www.example\""));
		if (!r.cut)
			assert_true(r.text.n > lengths[i]);
		else
			assert_true(r.text.n > 65000); /* cut no more than it must be */
		buf_fini(&r.text);
		batch_free(b);
	}
	free(text);
}

/* What no collector would take as a record: none of its fields are exported. */
static void nothing_to_tell(void **state)
{
	(void)state;
	struct batch *b = one_row();
	struct kit_result r;
	batch_set_num(b, F_time_suspect, 0, 1);
	kit_there_and_back(b, &(struct encoder_opts){.message_max = 1400, .record_max = 65507}, &r);
	assert_int_equal(r.rows, 0);
	assert_int_equal(r.unsendable, 1);
	buf_fini(&r.text);
	batch_free(b);
}

/* Split, the answer is a record from the other end, without what was said of the request. */
static void split(void **state)
{
	(void)state;
	struct batch *b = one_row();
	struct kit_result r;
	put_ip(b, F_src_ip, "10.0.0.1");
	put_ip(b, F_dst_ip, "2001:db8::2");
	batch_set_num(b, F_t_first, 0, (uint64_t)kit_time_ms);
	batch_set_num(b, F_t_last, 0, (uint64_t)kit_time_ms);
	batch_set_num(b, F_src_port, 0, 1024);
	batch_set_num(b, F_dst_port, 0, 80);
	batch_set_num(b, F_proto, 0, 6);
	batch_set_num(b, F_bytes, 0, 100);
	batch_set_num(b, F_packets, 0, 2);
	batch_set_num(b, F_rev_bytes, 0, 5000);
	batch_set_num(b, F_rev_packets, 0, 4);
	put_text(b, F_http_host, "h", 1);
	kit_there_and_back(
	    b, &(struct encoder_opts){.split = true, .message_max = 1400, .record_max = 65507}, &r);
	assert_string_equal(
	    buf_cstr(&r.text),
	    "{\"t_first\":\"2026-01-01T12:00:00.000Z\",\"t_last\":\"2026-01-01T12:00:00.000Z\","
	    "\"observation_domain\":0,\"src_ip\":\"10.0.0.1\",\"dst_ip\":\"2001:db8::2\",\"ip_"
	    "version\":4,"
	    "\"src_port\":1024,\"dst_port\":80,\"proto\":6,\"bytes\":100,\"packets\":2,\"http_"
	    "host\":\"h\"}\n"
	    "{\"t_first\":\"2026-01-01T12:00:00.000Z\",\"t_last\":\"2026-01-01T12:00:00.000Z\","
	    "\"observation_domain\":0,\"src_ip\":\"2001:db8::2\",\"dst_ip\":\"10.0.0.1\",\"ip_"
	    "version\":6,"
	    "\"src_port\":80,\"dst_port\":1024,\"proto\":6,\"bytes\":5000,\"packets\":4}\n");
	buf_fini(&r.text);
	batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ipfix_bytes),
	    cmocka_unit_test(cesnet_bytes),
	    cmocka_unit_test(flowmon_bytes),
	    cmocka_unit_test(nf5_bytes),
	    cmocka_unit_test(nf5_large_counters),
	    cmocka_unit_test(ip6_in_nf5),
	    cmocka_unit_test(text_lengths),
	    cmocka_unit_test(long_records),
	    cmocka_unit_test(split),
	    cmocka_unit_test(nothing_to_tell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
