/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of texts in a segment: few values, more than a byte can number, more than the dictionary
 * takes; a column that comes late, is missing in some batches, has spans that are shared or not. */
#include "native_block.h"
#include "spool/segfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { BATCHES = 5, ROWS = BATCHES * BATCH_ROWS, BODY_MAX = 8 << 20, STEP = 29, WITHOUT = 2 };

/* The text of a row: one of `distinct`, the first of them empty; batches 0 and WITHOUT have none.
 */
static size_t text_of(uint32_t row, uint32_t distinct, char out[32])
{
	uint32_t batch = row / BATCH_ROWS, k = row * 7919u % distinct;
	if (batch == 0 || batch == WITHOUT || k == 0)
		return 0;
	return (size_t)snprintf(out, 32, "text %.*s%u", (int)(k % 9), "abcdefgh", k);
}

static void append(struct segbuf *s, struct batch *b, uint32_t first, uint32_t distinct,
		   bool shared)
{
	static struct span seen[65536];
	uint32_t batch = first / BATCH_ROWS;
	memset(seen, 0, sizeof(seen));
	batch_reset(b);
	batch_open_rows(b, BATCH_ROWS);
	for (uint32_t i = 0; i < BATCH_ROWS; i++) {
		char text[32];
		size_t n = text_of(first + i, distinct, text);
		batch_set_num(b, F_bytes, i, first + i);
		if (batch == 0 || batch == WITHOUT)
			continue;
		batch_use(b, F_app_name);
		struct span *known = &seen[(first + i) * 7919u % distinct];
		if (shared && known->len)
			batch_span(b, F_app_name)[i] = *known;
		else if (n)
			assert_true(batch_put_str(b, F_app_name, i, text, n));
		*known = batch_span(b, F_app_name)[i];
	}
	b->n = BATCH_ROWS;
	assert_true(segbuf_append(s, b, 0, b->n));
}

static void check(struct segbuf *s, uint32_t distinct, const char *type, struct segfile_scratch *x)
{
	static uint8_t body[BODY_MAX];
	struct segfile f = {.number = 1, .head = 1, .n_members = 1};
	struct block *block = calloc(1, sizeof(*block));
	int fd = memfd_create("segment", MFD_CLOEXEC);
	assert_int_equal(segfile_write(fd, &f, s, x), ERR_OK);
	assert_true(f.body_len < sizeof(body));
	assert_int_equal(pread(fd, body, f.body_len, (off_t)f.header_len), (ssize_t)f.body_len);
	close(fd);
	block_read(body, f.body_len, block);
	assert_int_equal(block->rows, ROWS);
	const struct block_column *c = block_find(block, "app_name");
	assert_int_equal(c->index == NULL, strcmp(type, "plain") == 0);
	if (c->index)
		assert_int_equal(c->index_width, strcmp(type, "bytes") == 0 ? 1 : 2);
	for (uint32_t row = 0; row < ROWS; row += STEP) {
		char want[32];
		size_t n, have;
		n = text_of(row, distinct, want);
		const uint8_t *p = block_string(block, "app_name", row, &have);
		assert_int_equal(have, n);
		assert_memory_equal(p, want, n);
		assert_int_equal(block_uint(block, "bytes", row), row);
	}
	free(block);
}

static void test_texts(void **state)
{
	/* 256 keys with the empty one fit into a byte; 4096 into the dictionary. */
	static const struct {
		uint32_t distinct;
		const char *type;
	} cases[] = {{2, "bytes"},    {256, "bytes"},  {257, "words"},
		     {4096, "words"}, {6000, "plain"}, {50000, "plain"}};
	struct batch *b = batch_new(SHAPE_WIDE);
	struct segbuf *s = segbuf_new();
	struct segfile_scratch *x = calloc(1, sizeof(*x));
	(void)state;
	/* The same buffers again and again, as the spool uses them. */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int shared = 0; shared < 2; shared++) {
			segbuf_begin(s, SHAPE_WIDE, 20000);
			for (uint32_t k = 0; k < BATCHES; k++)
				append(s, b, k * BATCH_ROWS, cases[i].distinct, shared);
			check(s, cases[i].distinct, cases[i].type, x);
		}
	dict_fini(&x->dict);
	free(x);
	segbuf_free(s);
	batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
