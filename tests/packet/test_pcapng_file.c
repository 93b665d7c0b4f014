/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng files in both byte orders: several interfaces and sections, units of time, the three kinds
 * of blocks with packets, and files that lie or end early. */
#include "packet/capture.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { NO_UNIT = -1 };

struct file {
	struct buf b;
	bool big;
	size_t block; /* where the open block begins */
};

static void word(struct file *f, uint32_t v)
{
	if (f->big)
		buf_be32(&f->b, v);
	else
		buf_le32(&f->b, v);
}

static void half(struct file *f, uint16_t v)
{
	if (f->big)
		buf_be16(&f->b, v);
	else
		buf_put(&f->b, (uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static void begin(struct file *f, uint32_t type)
{
	f->block = f->b.n;
	word(f, type);
	word(f, 0);
}

/* Pads and closes the block. */
static void end(struct file *f)
{
	while ((f->b.n - f->block) % 4)
		buf_u8(&f->b, 0);
	struct file length = {.big = f->big};
	word(f, (uint32_t)(f->b.n - f->block) + 4);
	word(&length, (uint32_t)(f->b.n - f->block));
	memcpy(f->b.p + f->block + 4, length.b.p, 4);
	buf_fini(&length.b);
}

static void section(struct file *f)
{
	begin(f, 0x0a0d0d0a);
	word(f, 0x1a2b3c4d);
	half(f, 1);
	half(f, 0);
	word(f, UINT32_MAX);
	word(f, UINT32_MAX);
	end(f);
}

static void interface(struct file *f, uint16_t link, uint32_t snaplen, int unit, uint32_t offset_s)
{
	begin(f, 1);
	half(f, link);
	half(f, 0);
	word(f, snaplen);
	half(f, 2); /* a name, with padding */
	half(f, 5);
	buf_put(&f->b, "eth10\0\0\0", 8);
	if (unit != NO_UNIT) {
		half(f, 9);
		half(f, 1);
		buf_put(&f->b, (uint8_t[]){(uint8_t)unit, 0, 0, 0}, 4);
	}
	half(f, 14);
	half(f, 8);
	word(f, f->big ? 0 : offset_s);
	word(f, f->big ? offset_s : 0);
	word(f, 0);
	end(f);
}

static void data(struct file *f, uint32_t n, uint8_t fill)
{
	for (uint32_t i = 0; i < n; i++)
		buf_u8(&f->b, fill);
}

static void packet(struct file *f, uint32_t interface, uint64_t ticks, uint32_t n, uint8_t fill)
{
	begin(f, 6);
	word(f, interface);
	word(f, (uint32_t)(ticks >> 32));
	word(f, (uint32_t)ticks);
	word(f, n);
	word(f, n + 100);
	data(f, n, fill);
	while ((f->b.n - f->block) % 4)
		buf_u8(&f->b, 0);
	half(f, 1); /* a comment */
	half(f, 5);
	buf_put(&f->b, "hello\0\0\0", 8);
	word(f, 0);
	end(f);
}

static enum err open_it(const struct file *f, size_t n, struct capture **ret)
{
	char path[] = "pcapng_file_XXXXXX";
	struct diag diag = {0};
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, f->b.p, n), n);
	close(fd);
	enum err e = capture_open(path, ret, &diag);
	unlink(path);
	assert_true(!e || diag.msg[0]);
	return e;
}

static void next_is(struct capture *c, enum link_type link, int64_t t_ns, uint32_t n, uint32_t wire,
		    uint8_t fill)
{
	struct frame f;
	struct diag diag = {0};
	assert_int_equal(capture_next(c, &f, &diag), ERR_OK);
	assert_int_equal(f.link, link);
	assert_true(f.t_ns == t_ns);
	assert_int_equal(f.n, n);
	assert_int_equal(f.wire_n, wire);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(f.p[i], fill);
}

static void ends_with(struct capture *c, enum err end)
{
	struct frame f;
	struct diag diag = {0};
	assert_int_equal(capture_next(c, &f, &diag), end);
	assert_true(end == ERR_NOT_FOUND || diag.msg[0]);
	capture_close(c);
}

/* 2^-10 s: 1536 of them are 1.5 s. 10^-12 s: 5 * 10^12 + 7000 of them 5 s and 7 ns. */
static void interfaces(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct file f = {.big = big};
		struct capture *c;
		section(&f);
		interface(&f, LINK_ETHERNET, 0, NO_UNIT, 0);
		interface(&f, LINK_IP, 65535, 9, 0);
		packet(&f, 0, 1700000000123456, 61, 1);
		interface(&f, LINK_SLL2, 96, 0x80 | 10, 1000);
		begin(&f, 0x0bad); /* nobody knows what this is */
		data(&f, 17, 7);
		end(&f);
		packet(&f, 2, 1536, 62, 2);
		packet(&f, 1, 1700000000123456789, 63, 3);
		packet(&f, 0, 1700000000123457, 0, 4);
		f.big = !big; /* another section, in the other order */
		section(&f);
		interface(&f, LINK_RADIOTAP, 0, 12, 0);
		interface(&f, LINK_PPP, 0, 3, 1700000000);
		packet(&f, 0, 5000000007000, 64, 5);
		packet(&f, 1, 250, 65, 6);
		assert_int_equal(open_it(&f, f.b.n, &c), ERR_OK);
		assert_int_equal(capture_link(c), LINK_ETHERNET);
		next_is(c, LINK_ETHERNET, 1700000000123456000, 61, 161, 1);
		next_is(c, LINK_SLL2, 1001500000000, 62, 162, 2);
		next_is(c, LINK_IP, 1700000000123456789, 63, 163, 3);
		next_is(c, LINK_ETHERNET, 1700000000123457000, 0, 100, 4);
		next_is(c, LINK_RADIOTAP, 5000000007, 64, 164, 5);
		next_is(c, LINK_PPP, 1700000000250000000, 65, 165, 6);
		ends_with(c, ERR_NOT_FOUND);
		buf_fini(&f.b);
	}
}

/* Without a time a frame has that of the one before. */
static void other_blocks(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct file f = {.big = big};
		struct capture *c;
		section(&f);
		interface(&f, LINK_ETHERNET, 20, NO_UNIT, 0);
		begin(&f, 3); /* simple: only the length on the wire */
		word(&f, 10);
		data(&f, 10, 1);
		end(&f);
		begin(&f, 2); /* the packet block of old */
		half(&f, 0);
		half(&f, 3);
		word(&f, 0);
		word(&f, 5000000);
		word(&f, 11);
		word(&f, 1500);
		data(&f, 11, 2);
		end(&f);
		begin(&f, 3);
		word(&f, 1000); /* cut to the snap length */
		data(&f, 20, 3);
		end(&f);
		assert_int_equal(open_it(&f, f.b.n, &c), ERR_OK);
		next_is(c, LINK_ETHERNET, 0, 10, 10, 1);
		next_is(c, LINK_ETHERNET, 5000000000, 11, 1500, 2);
		next_is(c, LINK_ETHERNET, 5000000000, 20, 1000, 3);
		ends_with(c, ERR_NOT_FOUND);
		buf_fini(&f.b);
	}
}

/* A block longer than any buffer is passed over. */
static void long_blocks(void **state)
{
	(void)state;
	enum { LONG = 1 << 20 };
	struct file f = {0};
	struct capture *c;
	section(&f);
	interface(&f, LINK_ETHERNET, 0, NO_UNIT, 0);
	begin(&f, 10); /* secrets */
	data(&f, LONG, 9);
	end(&f);
	packet(&f, 0, 1, 262144, 1);
	begin(&f, 10);
	data(&f, LONG, 9);
	end(&f);
	packet(&f, 0, 2, 40, 2);
	assert_int_equal(open_it(&f, f.b.n, &c), ERR_OK);
	next_is(c, LINK_ETHERNET, 1000, 262144, 262244, 1);
	next_is(c, LINK_ETHERNET, 2000, 40, 140, 2);
	ends_with(c, ERR_NOT_FOUND);
	buf_fini(&f.b);
}

static void broken(void **state)
{
	(void)state;
	struct file f = {0};
	struct capture *c;
	section(&f);
	interface(&f, LINK_ETHERNET, 0, NO_UNIT, 0);
	size_t head = f.b.n;
	packet(&f, 0, 1, 40, 1);
	size_t whole = f.b.n;
	packet(&f, 0, 2, 40, 2);
	for (size_t n = whole + 1; n < f.b.n; n++) { /* cut within the second packet */
		assert_int_equal(open_it(&f, n, &c), ERR_OK);
		next_is(c, LINK_ETHERNET, 1000, 40, 140, 1);
		ends_with(c, ERR_MALFORMED);
	}
	assert_int_equal(open_it(&f, head, &c), ERR_OK);
	ends_with(c, ERR_NOT_FOUND);
	f.b.n = head; /* of an interface that nobody described */
	packet(&f, 1, 1, 40, 1);
	assert_int_equal(open_it(&f, f.b.n, &c), ERR_OK);
	ends_with(c, ERR_MALFORMED);
	f.b.n = head; /* longer than its block */
	packet(&f, 0, 1, 40, 1);
	f.b.p[head + 8 + 12] = 200;
	assert_int_equal(open_it(&f, f.b.n, &c), ERR_OK);
	ends_with(c, ERR_MALFORMED);
	f.b.p[8] = 0; /* no byte order */
	assert_int_not_equal(open_it(&f, f.b.n, &c), ERR_OK);
	buf_fini(&f.b);
}

/* What is no capture is named, with what helps. */
static void other_files(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *says;
	} rows[] = {
	    {"\x1f\x8b\x08", "gzip"},
	    {"snoop", "editcap"},
	    {"hello world", "neither"},
	    {"", "empty"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char path[] = "pcapng_file_XXXXXX";
		struct diag diag = {0};
		struct capture *c;
		int fd = mkstemp(path);
		size_t n = strlen(rows[i].bytes) + (rows[i].bytes[0] == 's');
		assert_true(fd >= 0);
		assert_int_equal(write(fd, rows[i].bytes, n), n);
		close(fd);
		assert_int_equal(capture_open(path, &c, &diag), ERR_MALFORMED);
		assert_non_null(strstr(diag.msg, rows[i].says));
		unlink(path);
		assert_int_equal(capture_open(path, &c, &diag), ERR_NOT_FOUND);
		assert_non_null(strstr(diag.msg, path));
		assert_int_not_equal(capture_open(".", &c, &diag), ERR_OK);
		assert_non_null(strstr(diag.msg, ".: "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(interfaces),  cmocka_unit_test(other_blocks),
	    cmocka_unit_test(long_blocks), cmocka_unit_test(broken),
	    cmocka_unit_test(other_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
