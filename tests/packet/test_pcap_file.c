/* SPDX-License-Identifier: Apache-2.0 */
/* pcap files in both byte orders and units of time, whole and cut, against what was written. */
#include "packet/capture.h"

#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { FRAMES = 3000, BURST = 32 };
static const int64_t start_ns = 1767268800000000000;

static size_t frame_size(int i)
{
	return (size_t)(i * 37 % 1500);
}

static void word(struct buf *b, uint32_t v, bool big)
{
	if (big)
		buf_be32(b, v);
	else
		buf_le32(b, v);
}

static void build(struct buf *b, bool big, bool ns)
{
	word(b, ns ? 0xa1b23c4d : 0xa1b2c3d4, big);
	if (big) {
		buf_be16(b, 2);
		buf_be16(b, 4);
	} else {
		word(b, 4 << 16 | 2, false);
	}
	word(b, 0, big);
	word(b, 0, big);
	word(b, 262144, big);
	word(b, 1, big);
	for (int i = 0; i < FRAMES; i++) {
		int64_t t = start_ns + (int64_t)i * 1001000;
		word(b, (uint32_t)(t / 1000000000), big);
		word(b, (uint32_t)(t % 1000000000 / (ns ? 1 : 1000)), big);
		word(b, (uint32_t)frame_size(i), big);
		word(b, (uint32_t)frame_size(i) + 10, big);
		for (size_t k = 0; k < frame_size(i); k++)
			buf_u8(b, (uint8_t)(i + (int)k));
	}
}

static struct capture *open_bytes(const struct buf *b, size_t n)
{
	char path[] = "pcap_file_XXXXXX";
	struct diag diag = {0};
	struct capture *c;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, b->p, n), n);
	close(fd);
	enum err e = capture_open(path, &c, &diag);
	unlink(path);
	return e ? NULL : c;
}

/* How many frames come, all of them as they were written. */
static int frames_of(struct capture *c, enum err *ret_end)
{
	struct frame f[BURST];
	struct diag diag = {0};
	size_t n;
	int seen = 0;
	while ((*ret_end = capture_burst(c, f, BURST, &n, &diag)) == ERR_OK)
		for (size_t k = 0; k < n; k++, seen++) {
			assert_int_equal(f[k].n, frame_size(seen));
			assert_int_equal(f[k].wire_n, frame_size(seen) + 10);
			assert_true(f[k].t_ns == start_ns + (int64_t)seen * 1001000);
			assert_int_equal(f[k].link, LINK_ETHERNET);
			if (f[k].n)
				assert_int_equal(f[k].p[f[k].n - 1],
						 (uint8_t)(seen + (int)f[k].n - 1));
		}
	return seen;
}

static void whole(void **state)
{
	(void)state;
	for (int way = 0; way < 4; way++) {
		struct buf b = {0};
		enum err end;
		build(&b, way & 1, way & 2);
		struct capture *c = open_bytes(&b, b.n);
		assert_non_null(c);
		assert_int_equal(frames_of(c, &end), FRAMES);
		assert_int_equal(end, ERR_NOT_FOUND);
		capture_close(c);
		buf_fini(&b);
	}
}

static void cut(void **state)
{
	(void)state;
	struct buf b = {0};
	enum err end;
	build(&b, false, false);
	for (size_t less = 1; less < 40; less++) {
		struct capture *c = open_bytes(&b, b.n - less);
		assert_non_null(c);
		assert_int_equal(frames_of(c, &end), FRAMES - 1);
		assert_int_equal(end, ERR_MALFORMED);
		capture_close(c);
	}
	struct capture *c = open_bytes(&b, 24);
	assert_int_equal(frames_of(c, &end), 0);
	assert_int_equal(end, ERR_NOT_FOUND);
	capture_close(c);
	assert_null(open_bytes(&b, 23));
	assert_null(open_bytes(&b, 0));
	buf_fini(&b);
}

static void lying_length(void **state)
{
	(void)state;
	struct buf b = {0};
	enum err end;
	build(&b, false, false);
	memset(b.p + 24 + 8, 0xff, 4);
	struct capture *c = open_bytes(&b, b.n);
	assert_non_null(c);
	assert_int_equal(frames_of(c, &end), 0);
	assert_int_equal(end, ERR_MALFORMED);
	capture_close(c);
	buf_fini(&b);
}

/* The same frames of the other format, in bursts too. */
static void pcapng(void **state)
{
	(void)state;
	struct buf b = {0}, frame = {0};
	struct frame f[BURST];
	struct diag diag = {0};
	size_t n;
	int seen = 0;
	wire_pcapng_header(&b, 1);
	for (int i = 0; i < 100; i++) {
		buf_reset(&frame);
		for (int k = 0; k <= i; k++)
			buf_u8(&frame, (uint8_t)i);
		wire_pcapng_frame(&b, start_ns / 1000 + i, &frame);
	}
	struct capture *c = open_bytes(&b, b.n - 1);
	assert_non_null(c);
	enum err e;
	while ((e = capture_burst(c, f, BURST, &n, &diag)) == ERR_OK)
		for (size_t k = 0; k < n; k++, seen++) {
			assert_int_equal(f[k].n, seen + 1);
			assert_int_equal(f[k].p[0], seen);
			assert_int_equal(f[k].p[seen], seen);
			assert_true(f[k].t_ns == start_ns + seen * 1000);
		}
	assert_int_equal(seen, 99);
	assert_int_equal(e, ERR_MALFORMED);
	assert_true(diag.msg[0]);
	capture_close(c);
	buf_fini(&b);
	buf_fini(&frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole),
	    cmocka_unit_test(cut),
	    cmocka_unit_test(lying_length),
	    cmocka_unit_test(pcapng),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
