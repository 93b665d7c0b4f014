/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ber.h"

#include <stdio.h>

static bool head(struct rd *r, struct ber *ret, uint64_t *ret_len)
{
	uint8_t first = rd_u8(r);
	ret->class_ = first & 0xc0;
	ret->constructed = first & 0x20;
	ret->tag = first & 0x1f;
	if (ret->tag == 0x1f) {
		uint8_t b;
		ret->tag = 0;
		for (int i = 0; i < 4; i++) {
			b = rd_u8(r);
			ret->tag = ret->tag << 7 | (b & 0x7f);
			if (!(b & 0x80))
				break;
		}
	}
	uint8_t len = rd_u8(r);
	*ret_len = len;
	if (len & 0x80) {
		size_t n = len & 0x7f;
		const uint8_t *p = n && n <= 4 ? rd_take(r, n) : NULL;
		if (!p)
			r->bad = true;
		else
			*ret_len = load_be(p, n);
	}
	return !r->bad;
}

bool ber_next(struct rd *r, struct ber *ret)
{
	uint64_t len;
	if (rd_left(r) == 0 || !head(r, ret, &len))
		return false;
	ret->body = rd_sub(r, len);
	return !ret->body.bad;
}

size_t ber_whole(const struct rd *r)
{
	struct rd at = *r;
	struct ber b;
	uint64_t len;
	return head(&at, &b, &len) ? (size_t)(at.p - r->p) + (size_t)len : 0;
}

bool ber_expect(struct rd *r, enum ber_class class_, uint32_t tag, struct rd *ret_body)
{
	struct rd at = *r;
	struct ber b;
	if (!ber_next(&at, &b) || b.class_ != class_ || b.tag != tag)
		return false;
	*r = at;
	*ret_body = b.body;
	return true;
}

bool ber_integer(struct rd body, int64_t *ret)
{
	size_t n = rd_left(&body);
	if (n == 0 || n > 8)
		return false;
	uint64_t v = load_be(body.p, n);
	if (n < 8 && body.p[0] & 0x80)
		v |= UINT64_MAX << 8 * n;
	*ret = (int64_t)v;
	return true;
}

bool ber_oid_text(struct rd body, char out[BER_OID_TEXT])
{
	size_t at = 0;
	bool first = true;
	if (rd_left(&body) == 0)
		return false;
	while (rd_left(&body)) {
		uint64_t arc = 0;
		uint8_t b;
		do {
			b = rd_u8(&body);
			if (body.bad || arc >> 56)
				return false;
			arc = arc << 7 | (b & 0x7f);
		} while (b & 0x80);
		uint64_t root = arc < 80 ? arc / 40 : 2;
		int n =
		    first ? snprintf(out + at, BER_OID_TEXT - at, "%u.%llu", (unsigned)root,
				     (unsigned long long)(arc - root * 40))
			  : snprintf(out + at, BER_OID_TEXT - at, ".%llu", (unsigned long long)arc);
		if (n < 0 || (size_t)n >= BER_OID_TEXT - at)
			return false;
		at += (size_t)n;
		first = false;
	}
	return true;
}

bool ber_oid_is(const struct rd *body, const void *der, size_t n)
{
	return rd_left(body) == n && memcmp(body->p, der, n) == 0;
}
