/* SPDX-License-Identifier: Apache-2.0 */
#include "native_block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

struct at {
	const uint8_t *p, *end;
};

static const uint8_t *take(struct at *a, uint64_t n)
{
	assert_true((uint64_t)(a->end - a->p) >= n);
	const uint8_t *q = a->p;
	a->p += n;
	return q;
}

static uint64_t varint(struct at *a)
{
	uint64_t v = 0;
	for (unsigned shift = 0;; shift += 7) {
		uint8_t b = *take(a, 1);
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
		assert_true(shift < 63);
	}
}

static void text(struct at *a, char *out, size_t max)
{
	uint64_t n = varint(a);
	assert_true(n < max);
	memcpy(out, take(a, n), n);
	out[n] = 0;
}

static uint64_t le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

static size_t width(const char *type)
{
	static const struct {
		const char *type;
		size_t width;
	} widths[] = {{"UInt8", 1},         {"UInt16", 2}, {"UInt32", 4}, {"UInt64", 8},
		      {"DateTime64(3)", 8}, {"IPv6", 16},  {"Date", 2}};
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		if (strcmp(widths[i].type, type) == 0)
			return widths[i].width;
	return 0;
}

static uint64_t block_index(const struct block_column *c, uint64_t row)
{
	return le(c->index + row * c->index_width, c->index_width);
}

/* LowCardinality(X): version 1, flags (0x600 | width of the index: 0 = a byte, 1 = two), number of
 * keys, keys, number of rows, index. */
static bool low_cardinality(struct at *a, struct block_column *c, uint64_t rows)
{
	char inner[32];
	size_t n = strlen(c->type);
	if (strncmp(c->type, "LowCardinality(", 15) != 0)
		return false;
	memcpy(inner, c->type + 15, n - 16);
	inner[n - 16] = 0;
	bool texts = strcmp(inner, "String") == 0;
	assert_true(texts || width(inner) > 0);
	assert_int_equal(le(take(a, 8), 8), 1);
	uint64_t flags = le(take(a, 8), 8);
	assert_true(flags == 0x600 || (texts && flags == 0x601));
	c->index_width = flags == 0x600 ? 1 : 2;
	c->keys = le(take(a, 8), 8);
	c->data = a->p;
	for (uint64_t i = 0; i < c->keys; i++)
		take(a, texts ? varint(a) : width(inner));
	c->len = (size_t)(a->p - c->data);
	assert_int_equal(le(take(a, 8), 8), rows);
	c->index = take(a, rows * c->index_width);
	for (uint64_t i = 0; i < rows; i++)
		assert_true(block_index(c, i) < c->keys);
	strcpy(c->type, inner);
	return true;
}

static void column_data(struct at *a, struct block_column *c, uint64_t rows)
{
	c->index = NULL;
	if (low_cardinality(a, c, rows))
		return;
	c->data = a->p;
	if (strcmp(c->type, "String") == 0) {
		for (uint64_t i = 0; i < rows; i++)
			take(a, varint(a));
	} else if (strcmp(c->type, "Array(UInt32)") == 0) {
		const uint8_t *offsets = take(a, rows * 8);
		if (rows)
			take(a, le(offsets + (rows - 1) * 8, 8) * 4);
	} else {
		assert_true(width(c->type) > 0);
		take(a, rows * width(c->type));
	}
	c->len = (size_t)(a->p - c->data);
}

void block_read(const uint8_t *p, size_t n, struct block *ret)
{
	struct at a = {p, p + n};
	ret->columns = varint(&a);
	ret->rows = varint(&a);
	assert_true(ret->columns <= BLOCK_COLUMNS_MAX);
	for (uint64_t i = 0; i < ret->columns; i++) {
		text(&a, ret->column[i].name, sizeof(ret->column[i].name));
		text(&a, ret->column[i].type, sizeof(ret->column[i].type));
		column_data(&a, &ret->column[i], ret->rows);
	}
	assert_ptr_equal(a.p, a.end);
}

const struct block_column *block_find(const struct block *b, const char *name)
{
	for (uint64_t i = 0; i < b->columns; i++)
		if (strcmp(b->column[i].name, name) == 0)
			return &b->column[i];
	fail_msg("no column %s", name);
	return NULL;
}

const uint8_t *block_value(const struct block *b, const char *name, uint64_t row)
{
	const struct block_column *c = block_find(b, name);
	size_t w = width(c->type);
	assert_true(w > 0 && row < b->rows);
	return c->data + (c->index ? block_index(c, row) : row) * w;
}

uint64_t block_uint(const struct block *b, const char *name, uint64_t row)
{
	size_t w = width(block_find(b, name)->type);
	assert_true(w <= 8);
	return le(block_value(b, name, row), w);
}

const uint8_t *block_string(const struct block *b, const char *name, uint64_t row, size_t *ret_len)
{
	const struct block_column *c = block_find(b, name);
	assert_string_equal(c->type, "String");
	struct at a = {c->data, c->data + c->len};
	for (uint64_t i = 0; i < (c->index ? block_index(c, row) : row); i++)
		take(&a, varint(&a));
	*ret_len = (size_t)varint(&a);
	return take(&a, *ret_len);
}

static uint64_t list_end(const struct block_column *c, uint64_t row)
{
	return le(c->data + row * 8, 8);
}

uint64_t block_list_len(const struct block *b, const char *name, uint64_t row)
{
	const struct block_column *c = block_find(b, name);
	assert_string_equal(c->type, "Array(UInt32)");
	return list_end(c, row) - (row ? list_end(c, row - 1) : 0);
}

uint32_t block_list_at(const struct block *b, const char *name, uint64_t row, uint64_t k)
{
	const struct block_column *c = block_find(b, name);
	uint64_t from = row ? list_end(c, row - 1) : 0;
	return (uint32_t)le(c->data + b->rows * 8 + (from + k) * 4, 4);
}
