/* SPDX-License-Identifier: Apache-2.0 */
/* Rows into batches: long texts, more than a batch has room for, and a heap without memory. */
#include "import/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct got {
	uint64_t batches, rows, texts, bytes, numbers;
};

static void take(void *ctx, struct batch *b)
{
	struct got *g = ctx;
	g->batches++;
	g->rows += b->n;
	for (uint32_t i = 0; i < b->n; i++) {
		g->numbers += batch_get_num(b, F_src_port, i);
		if (!batch_has(b, F_payload) || !batch_present(b, F_payload, i))
			continue;
		g->texts++;
		g->bytes += batch_span(b, F_payload)[i].len;
	}
}

static bool put(struct rows *s, uint64_t port, const char *text, size_t n)
{
	struct row r;
	row_begin(&r);
	row_num(&r, F_t_last, 1700000000000);
	row_num(&r, F_src_port, port);
	if (n)
		row_text(&r, F_payload, text, n);
	return row_put(s, &r);
}

/* 2000 texts of 60 000 bytes are 120 MB; a batch ends above 32 MB, which is after 560 of them. */
static void long_texts_are_kept(void **state)
{
	(void)state;
	enum { ROWS = 2000, LEN = 60000 };
	struct got g = {0};
	struct rows s;
	char *text = malloc(LEN);
	assert_non_null(text);
	memset(text, 'x', LEN);
	assert_int_equal(rows_init(&s, take, &g), ERR_OK);
	for (int i = 0; i < ROWS; i++)
		assert_true(put(&s, 1, text, LEN));
	rows_flush(&s);
	assert_int_equal(g.batches, 4);
	assert_int_equal(g.rows, ROWS);
	assert_int_equal(g.texts, ROWS);
	assert_int_equal(g.bytes, (uint64_t)ROWS * LEN);
	rows_fini(&s);
	free(text);
}

/* The row that finds no memory is left out; those before and after it are whole. */
static void no_memory_costs_one_row(void **state)
{
	(void)state;
	struct got g = {0};
	struct rows s;
	assert_int_equal(rows_init(&s, take, &g), ERR_OK);
	for (int i = 0; i < SHAPE_MAX; i++)
		s.batch[i]->heap.max = 100;
	char text[200];
	memset(text, 'x', sizeof(text));
	assert_true(put(&s, 1, text, 40));
	assert_false(put(&s, 10, text, sizeof(text)));
	assert_true(put(&s, 100, text, 50));
	assert_true(put(&s, 1000, NULL, 0));
	rows_flush(&s);
	assert_int_equal(g.rows, 3);
	assert_int_equal(g.numbers, 1101);
	assert_int_equal(g.texts, 2);
	assert_int_equal(g.bytes, 90);
	rows_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(long_texts_are_kept),
	    cmocka_unit_test(no_memory_costs_one_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
