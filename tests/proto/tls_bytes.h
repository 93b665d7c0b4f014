/* SPDX-License-Identifier: Apache-2.0 */
/* Hellos for tests, made from RFC 8446 4.1. The client's is that of the example in the description
 * of JA4: t13d1516h2_8daaf6152771_e5627efa2ab1. */
#pragma once
#include "base/buf.h"

#include <string.h>

/* Fills the two bytes at `at` with the number of bytes behind them. */
static inline void tls_close16(struct buf *b, size_t at)
{
	size_t n = b->n - at - 2;
	b->p[at] = (uint8_t)(n >> 8);
	b->p[at + 1] = (uint8_t)n;
}

static inline size_t tls_open16(struct buf *b)
{
	buf_be16(b, 0);
	return b->n - 2;
}

static inline void tls_numbers(struct buf *b, const uint16_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_be16(b, v[i]);
}

static inline void tls_extension(struct buf *b, uint16_t type, const void *p, size_t n)
{
	buf_be16(b, type);
	buf_be16(b, (uint16_t)n);
	buf_put(b, p, n);
}

static inline void tls_name_extension(struct buf *b, const char *name)
{
	size_t n = strlen(name);
	buf_be16(b, 0);
	buf_be16(b, (uint16_t)(n + 5));
	buf_be16(b, (uint16_t)(n + 3));
	buf_u8(b, 0);
	buf_be16(b, (uint16_t)n);
	buf_put(b, name, n);
}

/* What differs from hello to hello. */
struct hello {
	const char *name;
	size_t padding;    /* bytes of the padding extension */
	const void *extra; /* one more extension, whole, before the padding */
	size_t extra_n;
	const char *cookie; /* DTLS: of cookie_n bytes; NULL: no DTLS */
	size_t cookie_n;
};

static inline void hello_ciphers(struct buf *b)
{
	static const uint16_t v[] = {0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
				     0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
				     0x009c, 0x009d, 0x002f, 0x0035};
	buf_be16(b, sizeof v);
	tls_numbers(b, v, sizeof v / sizeof *v);
}

static inline void hello_extensions(struct buf *b, const struct hello *h)
{
	static const uint8_t share[] = {0, 9, 0x6a, 0x6a, 0, 1, 0, 0, 0x1d, 0, 0}; /* of nothing */
	static const uint8_t padding[1500];
	tls_extension(b, 0x2a2a, "", 0);
	tls_name_extension(b, h->name);
	tls_extension(b, 0x0017, "", 0);
	tls_extension(b, 0xff01, "\0", 1);
	tls_extension(b, 0x000a, "\x00\x08\x6a\x6a\x00\x1d\x00\x17\x00\x18", 10);
	tls_extension(b, 0x000b, "\x01\x00", 2);
	tls_extension(b, 0x0023, "", 0);
	tls_extension(b, 0x0010, "\x00\x0c\x02h2\x08http/1.1", 14);
	tls_extension(b, 0x0005, "\x01\0\0\0\0", 5);
	tls_extension(b, 0x000d,
		      "\x00\x10\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01\x08\x06\x06\x01",
		      18);
	tls_extension(b, 0x0012, "", 0);
	tls_extension(b, 0x0033, share, sizeof share);
	tls_extension(b, 0x002d, "\x01\x01", 2);
	tls_extension(b, 0x002b, "\x06\x3a\x3a\x03\x04\x03\x03", 7);
	tls_extension(b, 0x001b, "\x02\x00\x02", 3);
	tls_extension(b, 0x4469, "\x00\x03\x02h2", 5);
	tls_extension(b, 0x3a3a, "\0", 1);
	buf_put(b, h->extra, h->extra_n);
	tls_extension(b, 0x0015, padding, h->padding);
}

/* The message with its head of four bytes. */
static inline void client_hello(struct buf *b, const struct hello *h)
{
	buf_u8(b, 1);
	buf_u8(b, 0);
	size_t message = tls_open16(b);
	buf_be16(b, h->cookie ? 0xfefd : 0x0303);
	for (int i = 0; i < 32; i++)
		buf_u8(b, (uint8_t)(0xa0 + i));
	buf_u8(b, 2);
	buf_be16(b, 0x5566);
	if (h->cookie) {
		buf_u8(b, (uint8_t)h->cookie_n);
		buf_put(b, h->cookie, h->cookie_n);
	}
	hello_ciphers(b);
	buf_be16(b, 0x0100);
	size_t extensions = tls_open16(b);
	hello_extensions(b, h);
	tls_close16(b, extensions);
	tls_close16(b, message);
}

/* A server's, with this session id of two bytes, cipher and extensions. */
static inline void server_hello(struct buf *b, uint16_t version, uint16_t id, uint16_t cipher,
				const void *extensions, size_t n)
{
	buf_u8(b, 2);
	buf_u8(b, 0);
	size_t message = tls_open16(b);
	buf_be16(b, version);
	for (int i = 0; i < 32; i++)
		buf_u8(b, (uint8_t)(0xc0 + i));
	buf_u8(b, 2);
	buf_be16(b, id);
	buf_be16(b, cipher);
	buf_u8(b, 0);
	buf_be16(b, (uint16_t)n);
	buf_put(b, extensions, n);
	tls_close16(b, message);
}

/* A record of this type around bytes. */
static inline void tls_record(struct buf *b, uint8_t type, uint16_t version, const void *p,
			      size_t n)
{
	buf_u8(b, type);
	buf_be16(b, version);
	buf_be16(b, (uint16_t)n);
	buf_put(b, p, n);
}
