/* SPDX-License-Identifier: Apache-2.0 */
/* gzip both ways. The fixed inputs were made with gzip(1), not with the code under test. */
#include "http/gzip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* printf 'hello weir\n' | gzip -n */
static const uint8_t hello_gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb,
				   0x48, 0xcd, 0xc9, 0xc9, 0x57, 0x28, 0x4f, 0xcd, 0x2c, 0xe2, 0x02,
				   0x00, 0xf0, 0xce, 0xcf, 0x0c, 0x0b, 0x00, 0x00, 0x00};
static const char hello[] = "hello weir\n";

static bool keep(void *ctx, const uint8_t *p, size_t n)
{
	struct buf *b = ctx;
	buf_put(b, p, n);
	return !b->bad;
}

static void test_inflate(void **state)
{
	(void)state;
	/* All at once, and in every split in two. */
	for (size_t cut = 0; cut <= sizeof(hello_gz); cut++) {
		struct gz *z = gz_inflate_new();
		struct buf out = {0};
		assert_int_equal(gz_inflate(z, hello_gz, cut, keep, &out), ERR_OK);
		assert_int_equal(gz_done(z), cut == sizeof(hello_gz));
		assert_int_equal(gz_inflate(z, hello_gz + cut, sizeof(hello_gz) - cut, keep, &out),
				 ERR_OK);
		assert_true(gz_done(z));
		assert_int_equal(out.n, sizeof(hello) - 1);
		assert_memory_equal(out.p, hello, out.n);
		buf_fini(&out);
		gz_free(z);
	}
}

static void test_members(void **state)
{
	(void)state;
	struct gz *z = gz_inflate_new();
	struct buf out = {0};
	assert_int_equal(gz_inflate(z, hello_gz, sizeof(hello_gz), keep, &out), ERR_OK);
	assert_int_equal(gz_inflate(z, hello_gz, sizeof(hello_gz), keep, &out), ERR_OK);
	assert_int_equal(out.n, 2 * (sizeof(hello) - 1));
	assert_int_equal(gz_inflate(z, "garbage", 7, keep, &out), ERR_MALFORMED);
	buf_fini(&out);
	gz_free(z);
}

static void test_limit(void **state)
{
	(void)state;
	struct gz *d = gz_deflate_new(), *z = gz_inflate_new();
	struct buf zeros = {0}, packed = {0}, out = {.max = 1 << 20};
	assert_true(buf_reserve(&zeros, 4 << 20));
	memset(zeros.p, 0, 4 << 20);
	assert_int_equal(gz_deflate(d, zeros.p, 4 << 20, true, &packed), ERR_OK);
	assert_true(packed.n < 64 << 10);
	assert_int_equal(gz_inflate(z, packed.p, packed.n, keep, &out), ERR_LIMIT);
	assert_true(out.n <= 1 << 20);
	buf_fini(&zeros);
	buf_fini(&packed);
	buf_fini(&out);
	gz_free(d);
	gz_free(z);
}

/* Everything given so far can be read, without the end of the stream. */
static void test_flush(void **state)
{
	(void)state;
	struct gz *d = gz_deflate_new(), *z = gz_inflate_new();
	struct buf packed = {0}, out = {0};
	for (int i = 0; i < 3; i++) {
		buf_reset(&packed);
		assert_int_equal(gz_deflate(d, "piece;", 6, false, &packed), ERR_OK);
		assert_int_equal(gz_inflate(z, packed.p, packed.n, keep, &out), ERR_OK);
		assert_int_equal(out.n, 6 * (i + 1));
	}
	assert_false(gz_done(z));
	buf_reset(&packed);
	assert_int_equal(gz_deflate(d, NULL, 0, true, &packed), ERR_OK);
	assert_int_equal(gz_inflate(z, packed.p, packed.n, keep, &out), ERR_OK);
	assert_true(gz_done(z));
	buf_fini(&packed);
	buf_fini(&out);
	gz_free(d);
	gz_free(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_inflate),
	    cmocka_unit_test(test_members),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_flush),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
