/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/mmdb_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NODES = 65536,
	T_STRING = 2,
	T_UINT16 = 5,
	T_UINT32 = 6,
	T_MAP = 7,
	T_UINT64 = 9,
	T_ARRAY = 11
};
static const uint32_t EMPTY = UINT32_MAX, DATA = 1u << 31;

struct mmdb_file {
	int version;
	uint32_t n, node[NODES][2]; /* number of a node, DATA + offset, or EMPTY */
	struct buf data;
};

struct mmdb_file *mmdb_file_new(int version)
{
	struct mmdb_file *f = calloc(1, sizeof(*f));
	f->version = version;
	f->n = 1;
	f->node[0][0] = f->node[0][1] = EMPTY;
	return f;
}

static void head(struct buf *b, unsigned type, size_t n)
{
	if (type > 7) {
		buf_u8(b, (uint8_t)n);
		buf_u8(b, (uint8_t)(type - 7));
	} else {
		buf_u8(b, (uint8_t)(type << 5 | (n < 29 ? n : 29)));
		if (n >= 29)
			buf_u8(b, (uint8_t)(n - 29));
	}
}

static void text(struct buf *b, const char *s, size_t n)
{
	head(b, T_STRING, n);
	buf_put(b, s, n);
}

static void number(struct buf *b, unsigned type, uint64_t v, unsigned bytes)
{
	head(b, type, bytes);
	for (unsigned i = bytes; i-- > 0;)
		buf_u8(b, (uint8_t)(v >> 8 * i));
}

static void put_record(struct buf *b, const char *record)
{
	size_t n = 0;
	for (const char *p = record; *p; p += strcspn(p, " "), p += strspn(p, " "))
		n++;
	head(b, T_MAP, n);
	for (const char *p = record; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
		size_t key = strcspn(p, "="), outer = strcspn(p, ".="), all = strcspn(p, " ");
		if (outer < key) {
			text(b, p, outer);
			head(b, T_MAP, 1);
			text(b, p + outer + 1, key - outer - 1);
		} else {
			text(b, p, key);
		}
		if (p[key + 1] == '#')
			number(b, T_UINT32, strtoul(p + key + 2, NULL, 10), 4);
		else
			text(b, p + key + 1, all - key - 1);
	}
}

static uint32_t step(struct mmdb_file *f, uint32_t at, bool bit)
{
	uint32_t *to = &f->node[at][bit];
	if (*to == EMPTY) {
		f->node[f->n][0] = f->node[f->n][1] = EMPTY;
		*to = f->n++;
	}
	return *to;
}

static bool bit_of(const uint8_t *b, unsigned i)
{
	return b[i / 8] >> (7 - i % 8) & 1;
}

void mmdb_file_put(struct mmdb_file *f, const char *net, const char *record)
{
	struct ip ip;
	uint8_t bits, at_bit = 0;
	uint8_t path[16];
	if (ip_parse_net(net, strlen(net), &ip, &bits))
		abort();
	memcpy(path, ip.b, sizeof(path));
	if (ip_is_v4(&ip) && f->version == 6)
		memset(path, 0, 12);
	if (f->version == 4)
		at_bit = 96;
	uint32_t at = 0;
	for (unsigned i = at_bit; i + 1 < bits; i++)
		at = step(f, at, bit_of(path, i));
	f->node[at][bit_of(path, bits - 1u)] = DATA | (uint32_t)f->data.n;
	put_record(&f->data, record);
}

void mmdb_file_alias(struct mmdb_file *f)
{
	static const uint8_t zeros[16], six[2] = {0x20, 0x02};
	uint32_t v4 = 0, at = 0;
	for (unsigned i = 0; i < 96; i++)
		v4 = step(f, v4, bit_of(zeros, i));
	for (unsigned i = 0; i < 15; i++)
		at = step(f, at, bit_of(six, i));
	f->node[at][bit_of(six, 15)] = v4;
}

void mmdb_file_write(struct mmdb_file *f, const char *path, uint64_t made_s)
{
	enum { SEPARATOR = 16 };
	struct buf b = {0};
	for (uint32_t i = 0; i < f->n; i++)
		for (int side = 0; side < 2; side++) {
			uint32_t v = f->node[i][side];
			if (v == EMPTY)
				v = f->n;
			else if (v & DATA)
				v = (v & ~DATA) + f->n + SEPARATOR;
			buf_be32(&b, v);
		}
	for (int i = 0; i < SEPARATOR; i++)
		buf_u8(&b, 0);
	buf_put(&b, f->data.p, f->data.n);
	buf_str(&b, "\xab\xcd\xefMaxMind.com");
	head(&b, T_MAP, 9);
	text(&b, "node_count", 10);
	number(&b, T_UINT32, f->n, 4);
	text(&b, "record_size", 11);
	number(&b, T_UINT16, 32, 2);
	text(&b, "ip_version", 10);
	number(&b, T_UINT16, (uint64_t)f->version, 2);
	text(&b, "database_type", 13);
	text(&b, "Test", 4);
	text(&b, "languages", 9);
	head(&b, T_ARRAY, 0);
	text(&b, "binary_format_major_version", 27);
	number(&b, T_UINT16, 2, 2);
	text(&b, "binary_format_minor_version", 27);
	number(&b, T_UINT16, 0, 2);
	text(&b, "build_epoch", 11);
	number(&b, T_UINT64, made_s, 8);
	text(&b, "description", 11);
	head(&b, T_MAP, 0);
	FILE *out = fopen(path, "w");
	if (!out || fwrite(b.p, 1, b.n, out) != b.n)
		abort();
	fclose(out);
	buf_fini(&b);
}

void mmdb_file_free(struct mmdb_file *f)
{
	buf_fini(&f->data);
	free(f);
}
