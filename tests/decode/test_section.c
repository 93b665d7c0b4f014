/* SPDX-License-Identifier: Apache-2.0 */
/* Records that carry the beginning of a packet: their fields come from it, but for those that the
 * record has itself. */
#include "decode/harness.h"

#include <string.h>

/* 802.1Q VLAN 42, IPv4 10.0.0.1 -> 10.0.0.2, UDP 1000 -> 53 with 4 bytes: 14 + 4 + 20 + 12. */
static void make_frame(struct buf *b)
{
	const struct wire_ip ip = {.src = "10.0.0.1", .dst = "10.0.0.2", .proto = 17};
	wire_ethernet(b, 0x8100);
	wire_vlan(b, 42, 0x0800);
	wire_ip_header(b, &ip, 12);
	wire_udp(b, 1000, 53, "abcd", 4);
}

static struct wire begin(struct buf *b, uint16_t version)
{
	const struct wire_header hd = {.version = version, .uptime_ms = 3600000, .sequence = 1};
	struct wire w = wire_begin(b, &hd);
	w.count = 2;
	return w;
}

static void assert_frame(const struct batch *b, uint32_t row)
{
	struct ip src = ip_from_v4((const uint8_t *)"\12\0\0\1");
	assert_memory_equal(&batch_ip(b, F_src_ip)[row], &src, sizeof(src));
	assert_true(batch_present(b, F_src_ip, row));
	assert_int_equal(batch_get_num(b, F_ip_version, row), 4);
	assert_int_equal(batch_get_num(b, F_proto, row), 17);
	assert_int_equal(batch_get_num(b, F_src_port, row), 1000);
	assert_int_equal(batch_get_num(b, F_packets, row), 1);
}

static void link_section(void **state)
{
	(void)state;
	struct buf b = {0}, frame = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element e[] = {{10, 4, 0}, {312, 2, 0}, {315, WIRE_VARIABLE, 0}};
	make_frame(&frame);
	struct wire w = begin(&b, 10);
	wire_template(&w, 256, e, 3);
	wire_set_begin(&w, 256);
	for (unsigned i = 0; i < 2; i++) {
		wire_uint(&w, 7, 4);
		wire_uint(&w, 1500, 2);
		wire_varlen(&w, frame.p, i ? frame.n - 12 : frame.n, false);
	}
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 2);
	assert_frame(h->rows, 0);
	assert_int_equal(batch_get_num(h->rows, F_bytes, 0), 1500);
	assert_int_equal(batch_get_num(h->rows, F_in_if, 0), 7);
	assert_int_equal(batch_get_num(h->rows, F_vlan, 0), 42);
	assert_int_equal(batch_get_num(h->rows, F_ethertype, 0), 0x0800);
	/* cut before the ports */
	assert_true(batch_present(h->rows, F_proto, 1));
	assert_false(batch_present(h->rows, F_src_port, 1));
	assert_int_equal(harness_malformed_total(h), 0);
	harness_free(h);
	buf_fini(&frame);
	buf_fini(&b);
}

static void the_record_wins(void **state)
{
	(void)state;
	struct buf b = {0}, frame = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element e[] = {{11, 2, 0}, {2, 8, 0}, {410, 2, 0}, {315, 64, 0}};
	make_frame(&frame);
	size_t n = frame.n;
	while (frame.n < 64)
		buf_u8(&frame, 0);
	struct wire w = begin(&b, 10);
	wire_template(&w, 256, e, 4);
	wire_set_begin(&w, 256);
	wire_uint(&w, 5353, 2);
	wire_uint(&w, 9, 8);
	wire_uint(&w, n, 2);
	wire_bytes(&w, frame.p, 64);
	wire_set_end(&w, true);
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 1);
	assert_int_equal(batch_get_num(h->rows, F_dst_port, 0), 5353);
	assert_int_equal(batch_get_num(h->rows, F_src_port, 0), 1000);
	assert_int_equal(batch_get_num(h->rows, F_packets, 0), 9);
	assert_int_equal(batch_get_num(h->rows, F_bytes, 0), n); /* by the length in IP */
	harness_free(h);
	buf_fini(&frame);
	buf_fini(&b);
}

/* NetFlow v9 has element 104; its 315 would be another vendor's. */
static void netflow9(void **state)
{
	(void)state;
	struct buf b = {0}, frame = {0};
	struct harness *h = harness_new(NULL);
	make_frame(&frame);
	const struct wire_element e[] = {{10, 4, 0}, {104, (uint16_t)frame.n, 0}};
	const struct wire_element other[] = {{10, 4, 0}, {315, (uint16_t)frame.n, 0}};
	struct wire w = begin(&b, 9);
	w.count = 4;
	wire_template(&w, 256, e, 2);
	wire_template(&w, 257, other, 2);
	for (uint16_t id = 256; id <= 257; id++) {
		wire_set_begin(&w, id);
		wire_uint(&w, 7, 4);
		wire_bytes(&w, frame.p, frame.n);
		wire_set_end(&w, true);
	}
	wire_end(&w);
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 2);
	uint32_t with = batch_present(h->rows, F_src_ip, 0) ? 0 : 1;
	assert_frame(h->rows, with);
	assert_false(batch_present(h->rows, F_src_ip, 1 - with));
	harness_free(h);
	buf_fini(&frame);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(link_section),
	    cmocka_unit_test(the_record_wins),
	    cmocka_unit_test(netflow9),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
