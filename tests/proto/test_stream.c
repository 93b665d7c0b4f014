/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/stream.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>

/* Reads all it is shown, or leaves `leave` bytes; writes down what it saw, gaps as [n]. */
struct reader {
	struct pool pool;
	struct proto_stream s;
	char text[256];
	size_t n, leave;
	uint64_t skip;
};

static void see(struct reader *r, const struct stream_view *v)
{
	struct rd b = v->bytes;
	size_t n = rd_left(&b), leave = r->leave < n ? r->leave : n;
	if (v->gap)
		r->n += (size_t)snprintf(r->text + r->n, sizeof(r->text) - r->n, "[%u]", v->gap);
	memcpy(r->text + r->n, b.p, n - leave);
	r->n += n - leave;
	r->text[r->n] = 0;
	rd_skip(&b, n - leave);
	proto_stream_keep(&r->pool, &r->s, v, &b, r->skip);
	r->skip = 0;
}

static void segment(struct reader *r, uint32_t seq, const char *s)
{
	struct stream_view v;
	size_t n = strlen(s);
	if (proto_stream_feed(&r->pool, &r->s, seq, rd_of(s, n), (uint32_t)n, 1, &v))
		see(r, &v);
	while (r->s.n_pieces && proto_stream_next(&r->pool, &r->s, proto_stream_full(&r->s), &v))
		see(r, &v);
}

static struct reader reader(void)
{
	struct reader r = {.n = 0};
	pool_init(&r.pool, 1 << 20);
	return r;
}

static void end(struct reader *r)
{
	struct stream_view v;
	while (proto_stream_next(&r->pool, &r->s, true, &v))
		see(r, &v);
	proto_stream_clear(&r->pool, &r->s);
	pool_fini(&r->pool);
}

static void order(void **state)
{
	(void)state;
	struct reader r = reader();
	segment(&r, 0xfffffffe, "ab");
	segment(&r, 4, "gh");
	segment(&r, 2, "ef");
	segment(&r, 0xfffffffe, "ab");   /* again */
	segment(&r, 0xffffffff, "bcde"); /* overlaps on both sides */
	assert_string_equal(r.text, "abcdefgh");
	end(&r);
}

static void holes(void **state)
{
	(void)state;
	struct reader r = reader();
	segment(&r, 0, "ab");
	for (uint32_t i = 0; i < STREAM_PIECES; i++)
		segment(&r, 10 + i, "x");
	assert_string_equal(r.text, "ab[8]xxxxxxxxxxxx");
	segment(&r, 30, "z");
	end(&r);
	assert_string_equal(r.text, "ab[8]xxxxxxxxxxxx[8]z");
}

static void unread(void **state)
{
	(void)state;
	struct reader r = reader();
	r.leave = 3;
	segment(&r, 0, "abcd");
	assert_string_equal(r.text, "a");
	segment(&r, 4, "ef");
	assert_string_equal(r.text, "abc");
	r.leave = 0;
	segment(&r, 6, "g");
	assert_string_equal(r.text, "abcdefg");
	end(&r);
}

static void passed_over(void **state)
{
	(void)state;
	struct reader r = reader();
	r.skip = 5;
	segment(&r, 0, "a");
	segment(&r, 4, "45"); /* a hole in what is passed over is none */
	segment(&r, 6, "z");
	assert_string_equal(r.text, "az");
	segment(&r, 7, "y");
	end(&r);
	assert_string_equal(r.text, "azy");
}

static void cut_short(void **state)
{
	(void)state;
	struct reader r = reader();
	struct stream_view v;
	assert_true(proto_stream_feed(&r.pool, &r.s, 0, rd_of("abc", 3), 10, 1, &v));
	assert_int_equal(v.miss, 7);
	r.leave = 1;
	see(&r, &v);
	r.leave = 0;
	segment(&r, 10, "k");
	assert_string_equal(r.text, "ab[8]k");
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(order),       cmocka_unit_test(holes),     cmocka_unit_test(unread),
	    cmocka_unit_test(passed_over), cmocka_unit_test(cut_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
