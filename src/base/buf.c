/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 256 };

void buf_fini(struct buf *b)
{
	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
	b->bad = false;
}

bool buf_reserve(struct buf *b, size_t n)
{
	if (b->bad)
		return false;
	if (n > SIZE_MAX / 4 || (b->max && (n > b->max || b->n > b->max - n))) {
		b->bad = true;
		return false;
	}
	if (b->cap - b->n >= n)
		return true;
	size_t cap = b->cap ? b->cap : BUF_FIRST;
	while (cap - b->n < n)
		cap *= 2;
	uint8_t *p = realloc(b->p, cap);
	if (!p) {
		b->bad = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !buf_reserve(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buf_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0 && buf_reserve(b, (size_t)n + 1)) {
		vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	} else if (n < 0) {
		b->bad = true;
	}
	va_end(again);
}

void buf_u8(struct buf *b, uint8_t v)
{
	if (buf_reserve(b, 1))
		b->p[b->n++] = v;
}

void buf_be16(struct buf *b, uint16_t v)
{
	v = __builtin_bswap16(v);
	buf_put(b, &v, 2);
}

void buf_be32(struct buf *b, uint32_t v)
{
	v = __builtin_bswap32(v);
	buf_put(b, &v, 4);
}

void buf_be64(struct buf *b, uint64_t v)
{
	v = __builtin_bswap64(v);
	buf_put(b, &v, 8);
}

void buf_le32(struct buf *b, uint32_t v)
{
	buf_put(b, &v, 4);
}

void buf_le64(struct buf *b, uint64_t v)
{
	buf_put(b, &v, 8);
}

void buf_varint(struct buf *b, uint64_t v)
{
	uint8_t t[10];
	size_t n = 0;
	do {
		t[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
	} while (v);
	buf_put(b, t, n);
}

void buf_dec(struct buf *b, uint64_t v)
{
	char t[20];
	size_t i = sizeof(t);
	do {
		t[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_put(b, t + i, sizeof(t) - i);
}

void buf_dec_signed(struct buf *b, int64_t v)
{
	if (v < 0) {
		buf_u8(b, '-');
		buf_dec(b, 0 - (uint64_t)v);
	} else {
		buf_dec(b, (uint64_t)v);
	}
}

const char *buf_cstr(struct buf *b)
{
	if (!buf_reserve(b, 1))
		return "";
	b->p[b->n] = 0;
	return (const char *)b->p;
}

/* Length of the valid UTF-8 sequence at p (RFC 3629), 0 if there is none. */
static size_t utf8_len(const uint8_t *p, size_t n)
{
	uint8_t c = p[0];
	size_t len = c < 0x80                ? 1
		     : c >= 0xc2 && c < 0xe0 ? 2
		     : c >= 0xe0 && c < 0xf0 ? 3
		     : c >= 0xf0 && c < 0xf5 ? 4
					     : 0;
	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ||
	    (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

void buf_json_str(struct buf *b, const void *s, size_t n)
{
	const uint8_t *p = s;
	buf_u8(b, '"');
	for (size_t i = 0; i < n;) {
		uint8_t c = p[i];
		size_t len = utf8_len(p + i, n - i);
		if (len == 0) {
			buf_str(b, "\\ufffd");
			i++;
			continue;
		}
		if (c == '"' || c == '\\') {
			buf_u8(b, '\\');
			buf_u8(b, c);
		} else if (c == '\n') {
			buf_str(b, "\\n");
		} else if (c == '\t') {
			buf_str(b, "\\t");
		} else if (c == '\r') {
			buf_str(b, "\\r");
		} else if (c < 0x20 || c == 0x7f) {
			buf_fmt(b, "\\u%04x", c);
		} else {
			buf_put(b, p + i, len);
		}
		i += len;
	}
	buf_u8(b, '"');
}

void buf_json_key(struct buf *b, const char *key)
{
	if (b->n && b->p[b->n - 1] != '{' && b->p[b->n - 1] != '[' && b->p[b->n - 1] != ',')
		buf_u8(b, ',');
	buf_u8(b, '"');
	buf_str(b, key);
	buf_put(b, "\":", 2);
}

void buf_csv_cell(struct buf *b, const void *s, size_t n)
{
	const char *p = s;
	bool quote = false;
	for (size_t i = 0; i < n && !quote; i++)
		quote = p[i] == '"' || p[i] == ',' || p[i] == '\n' || p[i] == '\r';
	if (!quote) {
		buf_put(b, s, n);
		return;
	}
	buf_u8(b, '"');
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			buf_u8(b, '"');
		buf_u8(b, (uint8_t)p[i]);
	}
	buf_u8(b, '"');
}
