/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/stream.h"

#include "packet/numbers.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct stream *feed(struct streams *s, uint16_t port, uint32_t seq, uint8_t flags,
			   const char *text)
{
	const struct packet p = {.src_port = port,
				 .dst_port = 4739,
				 .tcp_seq = seq,
				 .tcp_flags = flags,
				 .payload = rd_of(text, strlen(text))};
	return streams_feed(s, &p);
}

static void waiting(const struct stream *t, const char *text)
{
	struct rd r = stream_bytes(t);
	assert_int_equal(rd_left(&r), strlen(text));
	assert_memory_equal(r.p, text, strlen(text));
}

static void bytes_in_order(void **state)
{
	(void)state;
	struct streams *s;
	assert_int_equal(streams_new(&s), ERR_OK);
	assert_null(feed(s, 1, 99, TCP_SYN, ""));
	waiting(feed(s, 1, 100, 0, "abc"), "abc");
	waiting(feed(s, 2, 7, 0, "xy"), "xy"); /* another connection, seen from its middle */
	struct stream *t = feed(s, 1, 103, 0, "def");
	waiting(t, "abcdef");
	stream_consume(t, 4);
	waiting(t, "ef");
	waiting(feed(s, 1, 106, 0, "g"), "efg");
	assert_int_equal(streams_gaps(s), 0);
	streams_free(s);
}

static void repeated_bytes_are_left_out(void **state)
{
	(void)state;
	struct streams *s;
	assert_int_equal(streams_new(&s), ERR_OK);
	feed(s, 1, 100, 0, "abc");
	waiting(feed(s, 1, 100, 0, "abc"), "abc");
	waiting(feed(s, 1, 101, 0, "bcde"), "abcde");
	streams_free(s);
}

static void a_gap_drops_what_waited(void **state)
{
	(void)state;
	struct streams *s;
	assert_int_equal(streams_new(&s), ERR_OK);
	feed(s, 1, 0xfffffffe, 0, "abc");
	waiting(feed(s, 1, 1, 0, "d"), "abcd"); /* across the wrap */
	waiting(feed(s, 1, 50, 0, "zz"), "zz");
	assert_int_equal(streams_gaps(s), 1);
	streams_free(s);
}

static void what_nobody_consumes_is_bounded(void **state)
{
	(void)state;
	static char text[1001];
	struct streams *s;
	assert_int_equal(streams_new(&s), ERR_OK);
	memset(text, 'x', 1000);
	size_t most = 0;
	for (uint32_t i = 0; i < 400; i++) {
		struct stream *t = feed(s, 1, i * 1000, 0, text);
		struct rd r = t ? stream_bytes(t) : (struct rd){0};
		most = MAX_OF(most, rd_left(&r));
	}
	assert_in_range(most, STREAM_BYTES_MAX - 1000, STREAM_BYTES_MAX);
	for (uint16_t port = 100; port < 100 + STREAMS_MAX * 2; port++)
		waiting(feed(s, port, 5, 0, "a"), "a");
	streams_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_in_order),
	    cmocka_unit_test(repeated_bytes_are_left_out),
	    cmocka_unit_test(a_gap_drops_what_waited),
	    cmocka_unit_test(what_nobody_consumes_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
