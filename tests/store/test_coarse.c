/* SPDX-License-Identifier: Apache-2.0 */
/* Coarse answers of a real store: what they say is what the records of the slices that are read
 * say, scaled up, summed here from the records themselves. */
#include "model/batch.h"
#include "query/run.h"
#include "records.h"
#include "spool/spool.h"
#include "store/client.h"
#include "store/migrate.h"
#include "with_store.h"

#include "base/timefmt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two hours are 24 slices; a third of the flows are asked for, so every third slice is read. */
enum { N = 20000, ROWS = 7000, EVERY = 3, SLICE_MS = 300000 };

struct fixture {
	struct with_store with;
	struct store *reader, *writer;
	struct record *records;
};

static void fill(struct fixture *f)
{
	char dir[96];
	struct spool *spool;
	struct segment seg;
	struct stats stats = {0};
	struct diag why = {0};
	snprintf(dir, sizeof(dir), "%s/spool", f->with.dir);
	const struct spool_options o = {.dir = dir};
	assert_int_equal(spool_open(&o, &spool, &why), ERR_OK);
	struct spool_writer *w = spool_writer_new(spool, &stats);
	records_spool(f->records, 0, N, w);
	spool_commit(w, clock_mono_ns(), NULL, 0);
	spool_flush_now(spool);
	spool_writer_free(&w);
	while (spool_next(spool, clock_mono_ns(), &seg) == ERR_OK) {
		with_store_insert(f->writer, &seg);
		segment_done(spool, &seg);
	}
	spool_close(&spool);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct diag why = {0};
	*state = f;
	with_store_start(&f->with);
	f->records = calloc(N, sizeof(*f->records));
	records_make(f->records, N);
	assert_int_equal(store_open(&(struct store_conf){.url = f->with.url}, &f->reader, &why),
			 ERR_OK);
	assert_int_equal(store_open(&(struct store_conf){.url = f->with.url, .user = "writer"},
				    &f->writer, &why),
			 ERR_OK);
	if (store_migrate(f->writer, &why) != ERR_OK)
		fail_msg("migrate: %s", why.msg);
	fill(f);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	store_close(f->reader);
	store_close(f->writer);
	with_store_stop(&f->with);
	free(f->records);
	free(f);
	return 0;
}

static void make_query(struct query *q, enum query_kind kind, struct arena *a, const char *by,
		       const char *filter)
{
	struct diag why = {0};
	query_init(q, kind, records_start_ms, a);
	if (*by)
		assert_int_equal(query_add_by(q, by, strlen(by), &why), ERR_OK);
	q->metric = METRIC_BYTES;
	q->filter_text = filter;
	q->limit = 100;
	q->from_ms = records_start_ms;
	q->to_ms = records_start_ms + RECORDS_SPAN_S * 1000;
	q->step_s = kind == QUERY_SERIES ? 60 : 0;
	q->raw = true;
	q->coarse = true;
	if (query_check(q, &why) != ERR_OK)
		fail_msg("query: %s", why.msg);
}

static bool is_read(const struct record *r)
{
	return !r->duplicate && (r->last - records_start_ms) / SLICE_MS % EVERY == 0;
}

static void ask_top(struct fixture *f, const struct query *q, uint64_t rows, struct top_result *r)
{
	struct diag why = {0};
	const struct run_options o = {.timeout_ms = 60000, .coarse_rows = rows};
	if (run_top(f->reader, q, &o, r, &why) != ERR_OK)
		fail_msg("top: %s", why.msg);
}

static void test_top(void **state)
{
	struct fixture *f = *state;
	struct arena a = {0};
	struct query q;
	struct top_result r;
	uint64_t bytes[PORTS + 1] = {0}, flows[PORTS + 1] = {0}, all = 0;
	make_query(&q, QUERY_TOP, &a, "dst_port", "");
	ask_top(f, &q, ROWS, &r);
	for (uint32_t i = 0; i < N; i++) {
		const struct record *x = &f->records[i];
		if (x->duplicate)
			continue;
		all += x->bytes + x->rev_bytes;
		if (!is_read(x))
			continue;
		bytes[x->dport + 1] += x->bytes;
		flows[x->dport + 1]++;
		if (x->rev_packets) {
			bytes[x->sport + 1] += x->rev_bytes;
			flows[x->sport + 1]++;
		}
	}
	assert_true(r.cost.coarse);
	assert_true(r.cost.share > 0.3333 && r.cost.share < 0.3334);
	assert_int_equal(r.n, PORTS + 1);
	assert_true(r.groups_estimated);
	for (size_t i = 0; i < r.n; i++) {
		const struct cell *c = &r.rows[i].key[0];
		size_t k = c->present ? c->num + 1 : 0;
		assert_int_equal(r.rows[i].bytes, bytes[k] * EVERY);
		assert_int_equal(r.rows[i].flows, flows[k] * EVERY);
		assert_true(i == 0 || r.rows[i].bytes <= r.rows[i - 1].bytes);
	}
	/* A rollup has the total. */
	assert_int_equal(r.total.bytes, all);
	arena_fini(&a);
}

/* Few flows, or a rollup: the exact answer at once, and said so. */
static void test_exact_at_once(void **state)
{
	struct fixture *f = *state;
	const struct {
		const char *by;
		uint64_t rows;
	} exact[] = {{"dst_port", N}, {"proto", ROWS}};
	for (size_t k = 0; k < ARRAY_LEN(exact); k++) {
		struct arena a = {0};
		struct query q;
		struct top_result coarse, r;
		make_query(&q, QUERY_TOP, &a, exact[k].by, "");
		ask_top(f, &q, exact[k].rows, &coarse);
		q.coarse = false;
		ask_top(f, &q, 1, &r);
		assert_false(coarse.cost.coarse);
		assert_false(r.cost.coarse);
		assert_int_equal(r.total.bytes, coarse.total.bytes);
		assert_int_equal(r.n, coarse.n);
		for (size_t i = 0; i < r.n; i++)
			assert_int_equal(r.rows[i].bytes, coarse.rows[i].bytes);
		arena_fini(&a);
	}
}

/* Each slice stands for itself and the two after it, with the same value in each minute. */
static void test_series(void **state)
{
	struct fixture *f = *state;
	struct diag why = {0};
	struct arena a = {0};
	struct query q;
	struct series_result r;
	double slices[RECORDS_SPAN_S * 1000 / SLICE_MS] = {0}, sum = 0;
	const struct run_options o = {.timeout_ms = 60000, .coarse_rows = ROWS};
	make_query(&q, QUERY_SERIES, &a, "", "src_ip = 10.0.0.2");
	if (run_series(f->reader, &q, &o, &r, &why) != ERR_OK)
		fail_msg("series: %s", why.msg);
	for (uint32_t i = 0; i < N; i++) {
		const struct record *x = &f->records[i];
		if (is_read(x) && x->src == 2)
			slices[(x->last - records_start_ms) / SLICE_MS] +=
			    (double)(x->bytes + x->rev_bytes);
	}
	assert_true(r.cost.coarse);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.n_bins, RECORDS_SPAN_S / 60);
	for (size_t i = 0; i < r.n_bins; i++) {
		double want = slices[i / 5 / EVERY * EVERY] / 5;
		assert_true(r.lines[0].values[i] > want * 0.999999 - 1e-9 &&
			    r.lines[0].values[i] < want * 1.000001 + 1e-9);
		sum += want;
	}
	assert_true(r.lines[0].total > sum * 0.999999 && r.lines[0].total < sum * 1.000001);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_top),
					   cmocka_unit_test(test_exact_at_once),
					   cmocka_unit_test(test_series)};
	if (!with_store_can())
		return SKIPPED;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
