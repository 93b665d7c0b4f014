/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/reassembly.h"

#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PAYLOAD = 4000, PART = 1400 / 8 * 8, PARTS = (PAYLOAD + 8 + PART - 1) / PART };
static const int64_t second = 1000000000;

/* Part i of a UDP datagram of PAYLOAD bytes cut into parts of PART. */
static struct packet part(struct buf *b, const char *src, uint32_t id, size_t i)
{
	struct buf udp = {0};
	uint8_t bytes[PAYLOAD];
	struct packet p;
	for (size_t k = 0; k < PAYLOAD; k++)
		bytes[k] = (uint8_t)(k * 7);
	wire_udp(&udp, 1234, 2055, bytes, PAYLOAD);
	size_t at = i * PART, n = MIN_OF(udp.n - at, (size_t)PART);
	const struct wire_ip ip = {.src = src,
				   .dst = strchr(src, ':') ? "2001:db8::2" : "192.0.2.2",
				   .proto = 17,
				   .id = id,
				   .fragment_at = (uint16_t)at,
				   .more_fragments = at + n < udp.n};
	buf_reset(b);
	wire_ip_header(b, &ip, n);
	buf_put(b, udp.p + at, n);
	buf_fini(&udp);
	const struct frame f = {.p = b->p, .n = b->n, .link = LINK_IP};
	assert_int_equal(packet_parse(&f, &p), PACKET_FRAGMENT);
	return p;
}

static bool feed(struct reassembly *r, struct buf *b, const char *src, uint32_t id, size_t i,
		 int64_t t)
{
	enum packet_kind kind;
	struct packet p = part(b, src, id, i);
	if (!reassembly_feed(r, &p, t, &kind))
		return false;
	assert_int_equal(kind, PACKET_UDP);
	assert_int_equal(p.dst_port, 2055);
	assert_int_equal(rd_left(&p.payload), PAYLOAD);
	for (size_t k = 0; k < PAYLOAD; k++)
		assert_int_equal(p.payload.p[k], (uint8_t)(k * 7));
	return true;
}

static void in_any_order(void **state)
{
	(void)state;
	static const size_t orders[][PARTS] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};
	static const char *const sources[] = {"192.0.2.1", "2001:db8::1"};
	struct reassembly *r;
	struct buf b = {0};
	assert_int_equal(reassembly_new(&r), ERR_OK);
	for (uint32_t s = 0; s < 2; s++)
		for (uint32_t o = 0; o < ARRAY_LEN(orders); o++) {
			assert_false(feed(r, &b, sources[s], o, orders[o][0], 0));
			assert_false(feed(r, &b, sources[s], o, orders[o][1], 0));
			assert_true(feed(r, &b, sources[s], o, orders[o][2], 0));
		}
	assert_int_equal(reassembly_failed(r, true), 0);
	reassembly_free(r);
	buf_fini(&b);
}

static void interleaved_and_repeated(void **state)
{
	(void)state;
	struct reassembly *r;
	struct buf b = {0};
	assert_int_equal(reassembly_new(&r), ERR_OK);
	for (size_t i = 0; i < PARTS; i++)
		for (uint32_t id = 0; id < 3; id++) {
			bool whole = feed(r, &b, "192.0.2.1", id, i, 0);
			assert_int_equal(whole, i == PARTS - 1);
			if (!whole) /* the same again */
				assert_false(feed(r, &b, "192.0.2.1", id, i, 0));
		}
	assert_int_equal(reassembly_failed(r, true), 0);
	reassembly_free(r);
	buf_fini(&b);
}

static void overlap_with_other_bytes_drops_all(void **state)
{
	(void)state;
	struct reassembly *r;
	struct buf b = {0};
	enum packet_kind kind;
	assert_int_equal(reassembly_new(&r), ERR_OK);
	assert_false(feed(r, &b, "192.0.2.1", 1, 0, 0));
	struct packet p = part(&b, "192.0.2.1", 1, 0);
	b.p[100] ^= 1;
	assert_false(reassembly_feed(r, &p, 0, &kind));
	assert_int_equal(reassembly_failed(r, false), 1);
	reassembly_free(r);
	buf_fini(&b);
}

static void incomplete_ones_are_given_up(void **state)
{
	(void)state;
	struct reassembly *r;
	struct buf b = {0};
	assert_int_equal(reassembly_new(&r), ERR_OK);
	assert_false(feed(r, &b, "192.0.2.1", 1, 0, 0));
	assert_int_equal(reassembly_failed(r, false), 0);
	assert_int_equal(reassembly_failed(r, true), 1);
	assert_false(feed(r, &b, "192.0.2.1", 2, 0, (REASSEMBLY_SECONDS + 1) * second));
	assert_int_equal(reassembly_failed(r, false), 1);
	for (uint32_t id = 0; id < REASSEMBLY_PACKETS + 5; id++)
		assert_false(
		    feed(r, &b, "192.0.2.9", id, 1, (REASSEMBLY_SECONDS + 1) * second + id));
	assert_int_equal(reassembly_failed(r, false), 1 + 6);
	reassembly_free(r);
	buf_fini(&b);
}

static void lengths_that_lie(void **state)
{
	(void)state;
	struct reassembly *r;
	struct buf b = {0};
	enum packet_kind kind;
	assert_int_equal(reassembly_new(&r), ERR_OK);
	struct packet p = part(&b, "192.0.2.1", 1, 0);
	p.payload.end -= 3; /* in the middle, not a multiple of 8 */
	assert_false(reassembly_feed(r, &p, 0, &kind));
	assert_int_equal(reassembly_failed(r, false), 1);
	p = part(&b, "192.0.2.1", 2, PARTS - 1);
	p.fragment.off = 65528; /* beyond 64 KiB */
	assert_false(reassembly_feed(r, &p, 0, &kind));
	assert_int_equal(reassembly_failed(r, false), 2);
	p = part(&b, "192.0.2.1", 3, PARTS - 1);
	assert_false(reassembly_feed(r, &p, 0, &kind));
	p.fragment.off -= 8; /* another end */
	assert_false(reassembly_feed(r, &p, 0, &kind));
	assert_int_equal(reassembly_failed(r, false), 3);
	p = part(&b, "192.0.2.1", 4, 1);
	assert_false(reassembly_feed(r, &p, 0, &kind));
	p = part(&b, "192.0.2.1", 4, 0);
	p.fragment.more = false; /* ends before bytes that are there */
	assert_false(reassembly_feed(r, &p, 0, &kind));
	reassembly_free(r);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(in_any_order),
	    cmocka_unit_test(interleaved_and_repeated),
	    cmocka_unit_test(overlap_with_other_bytes_drops_all),
	    cmocka_unit_test(incomplete_ones_are_given_up),
	    cmocka_unit_test(lengths_that_lie),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
