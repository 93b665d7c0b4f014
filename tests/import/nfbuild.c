/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/import/nfbuild.h"

#include <bzlib.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { HEADER_2 = 40, PACK_ROOM = 1 << 20 };

/* Bytes as they are, in runs: LZO without a copy. */
static size_t pack_lzo(const uint8_t *p, size_t n, uint8_t *out)
{
	size_t at = 0;
	if (n <= 238) {
		out[at++] = (uint8_t)(17 + n);
	} else {
		size_t rest = n - 18;
		out[at++] = 0;
		for (; rest > 255; rest -= 255)
			out[at++] = 0;
		out[at++] = (uint8_t)rest;
	}
	memcpy(out + at, p, n);
	at += n;
	memcpy(out + at, "\x11\0\0", 3);
	return at + 3;
}

static size_t pack_block(enum pack pack, const uint8_t *p, size_t n, uint8_t *out)
{
	unsigned len = PACK_ROOM;
	switch (pack) {
	case PACK_LZO:
		return pack_lzo(p, n, out);
	case PACK_BZ2:
		if (BZ2_bzBuffToBuffCompress((char *)out, &len, (char *)(uintptr_t)p, (unsigned)n,
					     9, 0, 0))
			abort();
		return len;
	case PACK_LZ4:
		return (size_t)LZ4_compress_default((const char *)p, (char *)out, (int)n,
						    PACK_ROOM);
	case PACK_ZSTD:
		return ZSTD_compress(out, PACK_ROOM, p, n, 1);
	case PACK_NONE:
	case PACK_MAX:
		break;
	}
	memcpy(out, p, n);
	return n;
}

void nf_record(struct buf *out, uint16_t type, const struct buf *body)
{
	nf_le16(out, type);
	nf_le16(out, (uint16_t)(body->n + 4));
	buf_put(out, body->p, body->n);
}

void nf_element(struct buf *out, uint16_t type, const struct buf *body)
{
	nf_record(out, type, body);
}

void nf_block(struct buf *out, unsigned layout, enum pack pack, uint32_t n,
	      const struct buf *records)
{
	uint8_t *packed = malloc(PACK_ROOM);
	size_t size = pack_block(pack, records->p, records->n, packed);
	buf_le32(out, n);
	buf_le32(out, (uint32_t)size);
	nf_le16(out, layout == 1 ? 2 : 3);
	nf_le16(out, 0);
	buf_put(out, packed, size);
	free(packed);
}

static void header_1(struct buf *out, enum pack pack, const char *ident)
{
	static const uint32_t flags[] = {
	    [PACK_NONE] = 0, [PACK_LZO] = 1, [PACK_BZ2] = 8, [PACK_LZ4] = 16};
	char text[128] = {0}, sums[136] = {0};
	memcpy(text, ident, strlen(ident));
	nf_le16(out, 0xa50c);
	nf_le16(out, 1);
	buf_le32(out, flags[pack]);
	buf_le32(out, 1);
	buf_put(out, text, sizeof(text));
	buf_put(out, sums, sizeof(sums));
}

static void header_2(struct buf *out, enum pack pack, uint16_t appendix_blocks, uint64_t appendix)
{
	nf_le16(out, 0xa50c);
	nf_le16(out, 2);
	buf_le32(out, 0x01070100);
	buf_le64(out, 1700000000);
	buf_u8(out, (uint8_t)pack);
	buf_u8(out, 0);
	nf_le16(out, appendix_blocks);
	buf_le32(out, 1);
	buf_le64(out, appendix);
	buf_le32(out, 5 << 20);
	buf_le32(out, 1);
}

void nf_file(struct buf *out, unsigned layout, enum pack pack, const char *ident, uint32_t n,
	     const struct buf *records)
{
	struct buf block = {0}, name = {0}, appendix = {0};
	nf_block(&block, layout, pack, n, records);
	if (layout == 1) {
		header_1(out, pack, ident ? ident : "none");
		buf_put(out, block.p, block.n);
	} else {
		header_2(out, pack, ident != NULL, HEADER_2 + block.n);
		buf_put(out, block.p, block.n);
	}
	if (layout == 2 && ident) {
		buf_put(&name, ident, strlen(ident) + 1);
		nf_record(&appendix, 0x8001, &name);
		buf_le32(out, 1);
		buf_le32(out, (uint32_t)appendix.n);
		nf_le16(out, 3);
		nf_le16(out, 1);
		buf_put(out, appendix.p, appendix.n);
	}
	buf_fini(&block);
	buf_fini(&name);
	buf_fini(&appendix);
}

/* A description of bytes: b w d q = 1 2 4 8 bytes of the number that follows, s = text padded to a
 * length. */
static void bytes(struct buf *b, const char *what, const uint64_t *v)
{
	for (; *what; what++) {
		if (*what == 'b')
			buf_u8(b, (uint8_t)*v++);
		else if (*what == 'w')
			nf_le16(b, (uint16_t)*v++);
		else if (*what == 'd')
			buf_le32(b, (uint32_t)*v++);
		else
			buf_le64(b, *v++);
	}
}
#define BYTES(b, what, ...) bytes(b, what, (const uint64_t[]){__VA_ARGS__})

static void padded(struct buf *b, const char *s, size_t n)
{
	size_t len = strlen(s);
	buf_put(b, s, len);
	for (; len < n; len++)
		buf_u8(b, 0);
}

static uint16_t elements;

static void end(struct buf *out, uint16_t type, struct buf *body)
{
	nf_element(out, type, body);
	buf_reset(body);
	elements++;
}

static const uint64_t HI = 0x20010db800000000, HI2 = 0x20010db800010000;
enum { FROM = 0xc0000201, TO = 0xc6336407 }; /* 192.0.2.1, 198.51.100.7 */

static void put_elements(struct buf *e, bool ip6)
{
	struct buf b = {0};
	BYTES(&b, "qqqqqwwbbbb", 1700000000123, 1700000001456, 1700000002789, 11, 2222, 40000, 443,
	      6, 27, 64, 8);
	end(e, 1, &b);
	if (ip6)
		BYTES(&b, "qqqq", HI, 1, HI2, 2);
	else
		BYTES(&b, "dd", FROM, TO);
	end(e, ip6 ? 3 : 2, &b);
	BYTES(&b, "ddbbbbbbw", 3, 4, 24, 16, 1, 12, 0, 2, 0);
	end(e, 4, &b);
	BYTES(&b, "qqq", 5, 33, 4444);
	end(e, 5, &b);
	BYTES(&b, "dd", 100, 200);
	end(e, 6, &b);
	BYTES(&b, "dd", 64500, 64501);
	end(e, 7, &b);
	if (ip6)
		BYTES(&b, "qq", HI, 8);
	else
		BYTES(&b, "d", 0x0a000008);
	end(e, ip6 ? 9 : 8, &b);
	if (ip6)
		BYTES(&b, "qq", HI, 10);
	else
		BYTES(&b, "d", 0x0a00000a);
	end(e, ip6 ? 11 : 10, &b);
	if (ip6)
		BYTES(&b, "qq", HI, 12);
	else
		BYTES(&b, "d", 0x0a00000c);
	end(e, ip6 ? 13 : 12, &b);
	BYTES(&b, "dddddddddd", 1600, 1617, 0, 0, 0, 0, 0, 0, 0, 0);
	end(e, 14, &b);
	BYTES(&b, "qqqq", 0x020000000001, 0x020000000002, 0x020000000003, 0x020000000004);
	end(e, 15, &b);
	BYTES(&b, "dd", 64502, 64503);
	end(e, 16, &b);
	BYTES(&b, "qqq", 1001, 1002, 1003);
	end(e, 17, &b);
	BYTES(&b, "qww", 9, 1, 0);
	end(e, 18, &b);
	BYTES(&b, "qdwbb", 1700000003000, 77, 1002, 3, 0);
	end(e, 19, &b);
	if (ip6)
		BYTES(&b, "qqqq", HI, 20, HI, 21);
	else
		BYTES(&b, "dd", 0x0a000014, 0x0a000015);
	end(e, ip6 ? 21 : 20, &b);
	BYTES(&b, "ww", 50001, 50002);
	end(e, 22, &b);
	BYTES(&b, "dddddd", 1 << 24, 2 << 24, 3 << 24, 4 << 24, 5 << 24, 6 << 24);
	end(e, 23, &b);
	padded(&b, "alice", 68);
	end(e, 24, &b);
	BYTES(&b, "qdbbw", 1700000004000, 5, 4, 0, 0);
	end(e, 25, &b);
	BYTES(&b, "wwww", 1024, 2047, 1, 1024);
	end(e, 26, &b);
	BYTES(&b, "bbbb", 3, 0, 1, 187);
	end(e, 27, &b);
	padded(&b, "GET / HTTP", 12);
	end(e, 29, &b);
	if (ip6)
		BYTES(&b, "qqqqd", HI, 31, HI, 32, 4);
	else
		BYTES(&b, "ddd", 0x0a00001f, 0x0a000020, 47);
	end(e, ip6 ? 32 : 31, &b);
	BYTES(&b, "qd", 0xabcabcabc, 99);
	end(e, 33, &b);
	BYTES(&b, "dd", 36, 37);
	end(e, 36, &b);
	BYTES(&b, "bbbbdddd", 1, 2, 1, 0, 12, 0, 0, 0);
	padded(&b, "em0", 8);
	end(e, 37, &b);
	BYTES(&b, "wwwwddqwbbd", 0, 301, 0, 302, 1, 2, 4096, 0x8100, 0, 0, 0);
	end(e, 38, &b);
	BYTES(&b, "bbbb", 0, 0x40, 61, 64);
	end(e, 42, &b);
	BYTES(&b, "q", 1);
	end(e, 60, &b); /* of a newer nfdump */
	buf_fini(&b);
}

void nf_full_record(struct buf *out, bool ip6)
{
	struct buf e = {0}, body = {0};
	elements = 0;
	put_elements(&e, ip6);
	BYTES(&body, "wbbwbb", elements, 1, 2, 7, 0, 9);
	buf_put(&body, e.p, e.n);
	nf_record(out, 11, &body);
	buf_fini(&e);
	buf_fini(&body);
}

void nf_exporter(struct buf *out, uint16_t number)
{
	struct buf b = {0};
	BYTES(&b, "dqqwwd", 9, 0, 0x0a0000fe, 2, number, 4711);
	nf_record(out, 7, &b);
	buf_fini(&b);
}

/* The extensions in the order of the map below. */
static void put_extensions(struct buf *b, bool ip6)
{
	BYTES(b, "ddddbbbb", 3, 4, 64500, 64501, 12, 1, 24, 16);
	if (ip6)
		BYTES(b, "qqqq", HI, 10, HI, 8);
	else
		BYTES(b, "dd", 0x0a00000a, 0x0a000008);
	BYTES(b, "wwqqqqqqq", 100, 200, 33, 4444, 5, 0x020000000001, 0x020000000002, 0x020000000003,
	      0x020000000004);
	BYTES(b, "dddddddddd", 1600, 1617, 0, 0, 0, 0, 0, 0, 0, 0);
	if (ip6)
		BYTES(b, "qq", HI, 12);
	else
		BYTES(b, "d", 0x0a00000c);
	BYTES(b, "wbbddq", 0, 1, 2, 64502, 64503, 1700000002789);
	BYTES(b, "qdwbbww", 1700000003000, 77, 0, 3, 0, 1002, 0);
	BYTES(b, "ww", 50001, 50002);
	if (ip6)
		BYTES(b, "qqqq", HI, 20, HI, 21);
	else
		BYTES(b, "dd", 0x0a000014, 0x0a000015);
	BYTES(b, "dddddd", 1 << 24, 2 << 24, 3 << 24, 4 << 24, 5 << 24, 6 << 24);
	padded(b, "alice", 72);
	BYTES(b, "qqq", 1001, 1002, 1003);
	BYTES(b, "bbwdd", 4, 0, 0, 36, 37);
	BYTES(b, "wwww", 1024, 2047, 1, 1024);
}

void nf1_full_record(struct buf *out, bool ip6)
{
	struct buf b = {0}, x = {0};
	put_extensions(&x, ip6);
	BYTES(&b, "ww", 7, x.n);
	BYTES(&b, "wwwwwwwwwwwwww", 1, 2, 3, 5, 7, 8, ip6 ? 10 : 9, ip6 ? 12 : 11, 13, 15, 17, 19,
	      20, 21);
	BYTES(&b, "wwwwwwwwwwwww", 22, ip6 ? 24 : 23, 25, 26, 27, 37, 38, ip6 ? 40 : 39, 41, 43, 45,
	      46, 48);
	BYTES(&b, "w", 0);
	nf_record(out, 2, &b);
	buf_reset(&b);
	BYTES(&b, "wwwwddbbbbwwww", ip6 ? 7 : 2, 7, 123, 456, 1700000000, 1700000001, 64, 27, 6, 8,
	      40000, 443, 7, 0);
	if (ip6)
		BYTES(&b, "qqqqqq", HI, 1, HI2, 2, 11, 2222);
	else
		BYTES(&b, "ddqd", FROM, TO, 11, 2222);
	buf_put(&b, x.p, x.n);
	nf_record(out, 10, &b);
	buf_fini(&b);
	buf_fini(&x);
}
