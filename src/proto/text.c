/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/text.h"

#include "base/attr.h"

bool text_line(struct rd *r, struct rd *ret_line)
{
	size_t n = rd_left(r);
	const uint8_t *end = n ? memchr(r->p, '\n', n) : NULL;
	if (!end)
		return false;
	size_t len = (size_t)(end - r->p);
	*ret_line = rd_of(r->p, len && end[-1] == '\r' ? len - 1 : len);
	rd_skip(r, len + 1);
	return true;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct rd text_word(struct rd *r)
{
	size_t n = rd_left(r), i = 0;
	while (i < n && !is_blank(r->p[i]))
		i++;
	struct rd word = rd_sub(r, i);
	while (rd_left(r) && is_blank(*r->p))
		rd_skip(r, 1);
	return word;
}

struct rd text_until(struct rd *r, uint8_t c)
{
	size_t n = rd_left(r);
	const uint8_t *end = n ? memchr(r->p, c, n) : NULL;
	struct rd before = rd_sub(r, end ? (size_t)(end - r->p) : n);
	if (end)
		rd_skip(r, 1);
	return before;
}

struct rd text_trim(struct rd r)
{
	size_t n = rd_left(&r);
	const uint8_t *p = r.p;
	for (; n && is_blank(*p); n--)
		p++;
	while (n && is_blank(p[n - 1]))
		n--;
	return rd_of(p, n);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool text_begins(const struct rd *r, const char *what)
{
	size_t n = strlen(what);
	return rd_left(r) >= n && memcmp(r->p, what, n) == 0;
}

bool text_begins_nocase(const struct rd *r, const char *what)
{
	size_t n = strlen(what);
	if (rd_left(r) < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (lower(r->p[i]) != lower((uint8_t)what[i]))
			return false;
	return true;
}

bool text_is(const struct rd *r, const char *what)
{
	return rd_left(r) == strlen(what) && text_begins(r, what);
}

bool text_is_nocase(const struct rd *r, const char *what)
{
	return rd_left(r) == strlen(what) && text_begins_nocase(r, what);
}

const uint8_t *text_find(const struct rd *r, const void *what, size_t n)
{
	return rd_left(r) >= n ? memmem(r->p, rd_left(r), what, n) : NULL;
}

static int digit(uint8_t c, unsigned base)
{
	int v = c >= '0' && c <= '9'                 ? c - '0'
		: lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10
						     : 99;
	return v < (int)base ? v : -1;
}

static bool number(struct rd *r, unsigned base, uint64_t *ret)
{
	uint64_t v = 0;
	bool any = false;
	int d;
	while (rd_left(r) && (d = digit(*r->p, base)) >= 0) {
		v = v * base + (uint64_t)d;
		if (v > (uint64_t)1 << 53)
			return false;
		any = true;
		rd_skip(r, 1);
	}
	if (any)
		*ret = v;
	return any;
}

bool text_number(struct rd *r, uint64_t *ret)
{
	return number(r, 10, ret);
}

bool text_hex_number(struct rd *r, uint64_t *ret)
{
	return number(r, 16, ret);
}

bool text_printable(const struct rd *r)
{
	size_t n = rd_left(r);
	for (size_t i = 0; i < n; i++)
		if (r->p[i] < 0x20 || r->p[i] > 0x7e)
			return false;
	return n > 0;
}

static size_t put_utf8(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t head[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(head[n] | c);
	return n;
}

size_t text_from_utf16le(struct rd r, uint8_t *out, size_t cap)
{
	size_t used = 0;
	while (rd_left(&r) >= 2) {
		uint32_t c = rd_le16(&r);
		if (c >= 0xd800 && c < 0xdc00 && rd_left(&r) >= 2 && (r.p[1] & 0xfc) == 0xdc) {
			uint32_t low = rd_le16(&r);
			c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
		} else if (c >= 0xd800 && c < 0xe000) {
			c = 0xfffd;
		}
		uint8_t one[4];
		size_t n = put_utf8(c, one);
		if (used + n > cap)
			break;
		memcpy(out + used, one, n);
		used += n;
	}
	return used;
}

void text_hex(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
}
