/* SPDX-License-Identifier: Apache-2.0 */
/* A second, independent reader of ClickHouse's Native format (from its documentation: varint
 * columns, varint rows, then name, type, data of each column), to hold what the spool writes
 * against. Asserts on anything unexpected. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { BLOCK_COLUMNS_MAX = 512 };

struct block_column {
	char name[64], type[32]; /* LowCardinality(X): X */
	const uint8_t *data;     /* first byte of the column's values */
	size_t len;
	const uint8_t *index; /* LowCardinality: row -> value, else NULL */
	size_t index_width;   /* bytes of one of them */
	uint64_t keys;
};

struct block {
	uint64_t columns, rows;
	struct block_column column[BLOCK_COLUMNS_MAX];
};

/* Reads exactly n bytes. */
void block_read(const uint8_t *p, size_t n, struct block *ret);
/* The column called name; asserts that it is there. */
const struct block_column *block_find(const struct block *b, const char *name);
/* Row i of a column of a fixed width, as bytes and as a number. */
const uint8_t *block_value(const struct block *b, const char *name, uint64_t row);
uint64_t block_uint(const struct block *b, const char *name, uint64_t row);
/* Row i of a String column; *ret_len its length. */
const uint8_t *block_string(const struct block *b, const char *name, uint64_t row, size_t *ret_len);
/* Row i of an Array(UInt32): how many, and element k. */
uint64_t block_list_len(const struct block *b, const char *name, uint64_t row);
uint32_t block_list_at(const struct block *b, const char *name, uint64_t row, uint64_t k);
