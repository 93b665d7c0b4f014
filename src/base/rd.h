/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded view of bytes from outside. It remembers that it went wrong: after a read past the end
 * every read yields 0 and `bad` stays set, so a decoder is straight-line code and checks once.
 * All multi-byte reads say their byte order. Never compare p + n with end: ask rd_left(). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rd {
	const uint8_t *p, *end;
	bool bad;
};

/* A view of n bytes at p; borrowed, p must outlive it. */
static inline struct rd rd_of(const void *p, size_t n)
{
	const uint8_t *b = p;
	return (struct rd){.p = b, .end = n ? b + n : b};
}

/* A view of nothing. */
static inline struct rd rd_none(void)
{
	return rd_of("", 0);
}

/* Bytes not read yet; 0 once bad. */
static inline size_t rd_left(const struct rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}

/* The next n bytes, borrowed from the input; NULL and bad if there are fewer. */
static inline const uint8_t *rd_take(struct rd *r, size_t n)
{
	if (r->bad || (size_t)(r->end - r->p) < n) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *q = r->p;
	r->p = n ? q + n : q; /* a view that is all zero has no p to count from */
	return q;
}

/* Big-endian loads from memory that is known to hold the bytes. */
static inline uint16_t load_be16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, 2);
	return __builtin_bswap16(v);
}

static inline uint32_t load_be32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}

static inline uint64_t load_be64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return __builtin_bswap64(v);
}

/* An unsigned big-endian number of n bytes, 0 <= n <= 8 (reduced-size encoding, RFC 7011 6.2). */
static inline uint64_t load_be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *p = rd_take(r, 1);
	return p ? *p : 0;
}

static inline uint16_t rd_be16(struct rd *r)
{
	const uint8_t *p = rd_take(r, 2);
	return p ? load_be16(p) : 0;
}

static inline uint32_t rd_be24(struct rd *r)
{
	const uint8_t *p = rd_take(r, 3);
	return p ? (uint32_t)load_be(p, 3) : 0;
}

static inline uint32_t rd_be32(struct rd *r)
{
	const uint8_t *p = rd_take(r, 4);
	return p ? load_be32(p) : 0;
}

static inline uint64_t rd_be64(struct rd *r)
{
	const uint8_t *p = rd_take(r, 8);
	return p ? load_be64(p) : 0;
}

static inline uint16_t rd_le16(struct rd *r)
{
	const uint8_t *p = rd_take(r, 2);
	if (!p)
		return 0;
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t rd_le32(struct rd *r)
{
	const uint8_t *p = rd_take(r, 4);
	uint32_t v = 0;
	if (p)
		memcpy(&v, p, 4);
	return v;
}

static inline uint64_t rd_le64(struct rd *r)
{
	const uint8_t *p = rd_take(r, 8);
	uint64_t v = 0;
	if (p)
		memcpy(&v, p, 8);
	return v;
}

static inline void rd_skip(struct rd *r, size_t n)
{
	(void)rd_take(r, n);
}

/* Copies n bytes to dst; writes zeros if they are not there. */
static inline void rd_copy(struct rd *r, void *dst, size_t n)
{
	const uint8_t *p = rd_take(r, n);
	if (p)
		memcpy(dst, p, n);
	else
		memset(dst, 0, n);
}

/* A child view of the next n bytes, which the parent then has behind it. A child cannot read past
 * itself. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_take(r, n);
	return p ? (struct rd){.p = p, .end = p + n} : (struct rd){.bad = true};
}
