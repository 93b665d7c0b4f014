/* SPDX-License-Identifier: Apache-2.0 */
/* Valid messages, cut and damaged: nothing crashes (the sanitizers watch), each datagram is counted
 * exactly once, and the sums of data-model.md hold. */
#include "decode/harness.h"

#include "decode/corpus.h"

#include <stdlib.h>
#include <string.h>

static uint64_t rejected(const struct harness *h)
{
	uint64_t n = 0;
	for (int i = 0; i < STAT_MAX; i++)
		if (strcmp(stat_table[i].group, "reject") == 0)
			n += h->stats.v[i];
	return n;
}

static void check_sums(const struct harness *h, uint64_t rows)
{
	assert_int_equal(
	    harness_stat(h, ST_records_decoded),
	    rows + harness_stat(h, ST_records_held) + harness_stat(h, ST_drop_no_template) +
		harness_stat(h, ST_drop_held_count) + harness_stat(h, ST_drop_no_memory));
}

/* Feeds bytes to a decoder that knows the source; rows are counted and thrown away. */
static void feed_damaged(struct harness *h, const uint8_t *p, size_t n, uint64_t *rows)
{
	uint64_t seen = harness_stat(h, ST_datagrams_decoded) + rejected(h);
	harness_feed_bytes(h, p, n);
	assert_int_equal(harness_stat(h, ST_datagrams_decoded) + rejected(h), seen + 1);
	*rows += h->rows->n;
	batch_reset(h->rows);
	check_sums(h, *rows);
}

static void whole_messages_are_clean(void **state)
{
	(void)state;
	struct buf b = {0};
	for (unsigned i = 0; i < corpus_n; i++) {
		if (corpus_items[i].kind == CORPUS_CAPTURE)
			continue;
		struct harness *h = harness_new(NULL);
		corpus_items[i].make(&b);
		harness_feed(h, &b);
		for (int m = 0; m < MALFORMED_N; m++)
			if (h->stats.v[MALFORMED_FIRST + m])
				fail_msg("%s: %s", corpus_items[i].name,
					 stat_table[MALFORMED_FIRST + m].name);
		assert_int_equal(harness_stat(h, ST_datagrams_decoded), 1);
		assert_true(h->rows->n > 0);
		harness_free(h);
	}
	buf_fini(&b);
}

static void every_prefix(void **state)
{
	(void)state;
	struct buf b = {0};
	for (unsigned i = 0; i < corpus_n; i++) {
		uint64_t rows = 0;
		if (corpus_items[i].kind == CORPUS_CAPTURE)
			continue;
		struct harness *h = harness_new(NULL);
		buf_reset(&b);
		corpus_items[i].make(&b);
		for (size_t n = b.n + 1; n-- > 0;)
			feed_damaged(h, b.p, n, &rows);
		harness_free(h);
	}
	buf_fini(&b);
}

/* Each byte left out once, each byte set to 0 and to 255 once. */
static void every_byte(void **state)
{
	(void)state;
	struct buf b = {0};
	for (unsigned i = 0; i < corpus_n; i++) {
		uint64_t rows = 0;
		if (corpus_items[i].kind == CORPUS_CAPTURE)
			continue;
		struct harness *h = harness_new(NULL);
		buf_reset(&b);
		corpus_items[i].make(&b);
		uint8_t *copy = malloc(b.n);
		assert_non_null(copy);
		feed_damaged(h, b.p, b.n, &rows);
		for (size_t at = 0; at < b.n; at++) {
			memcpy(copy, b.p, at);
			memcpy(copy + at, b.p + at + 1, b.n - at - 1);
			feed_damaged(h, copy, b.n - 1, &rows);
			memcpy(copy, b.p, b.n);
			copy[at] = 0;
			feed_damaged(h, copy, b.n, &rows);
			copy[at] = 255;
			feed_damaged(h, copy, b.n, &rows);
		}
		free(copy);
		harness_free(h);
	}
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole_messages_are_clean),
	    cmocka_unit_test(every_prefix),
	    cmocka_unit_test(every_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
