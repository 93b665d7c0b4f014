/* SPDX-License-Identifier: Apache-2.0 */
/* A real store: what queries say is compared with sums made here from the records themselves, and
 * rollups with raw flows. Every segment is inserted twice, which must not show anywhere. */
#include "model/batch.h"
#include "query/flows.h"
#include "query/run.h"
#include "records.h"
#include "spool/spool.h"
#include "store/client.h"
#include "store/import_lock.h"
#include "store/migrate.h"
#include "store/schema.h"
#include "store/talkers.h"
#include "with_store.h"

#include "base/timefmt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 40000, COMMITS = 5, BIN_MS = 30000, BINS_MAX = 64 };
/* True for every record, but made of a field that no rollup has: raw flows must answer. */
static const char only_raw[] = "(bytes >= 0 or not bytes >= 0)";

struct fixture {
	struct with_store with;
	struct store *reader, *writer;
	struct record *records;
	char spool_dir[96];
};

/* Each segment at once a second time; the first one again after all others. */
static void load_twice(struct fixture *f, struct spool *spool)
{
	struct segment seg, first;
	bool have_first = false;
	while (spool_next(spool, clock_mono_ns(), &seg) == ERR_OK) {
		with_store_insert(f->writer, &seg);
		with_store_insert(f->writer, &seg);
		if (have_first) {
			segment_done(spool, &seg);
		} else {
			first = seg;
			have_first = true;
		}
	}
	assert_true(have_first);
	with_store_insert(f->writer, &first);
	segment_done(spool, &first);
}

/* A flow of a clock that stands in 2000, stored by its arrival: no hour is to be rolled up for it.
 */
static void insert_from_2000(struct fixture *f)
{
	struct diag why = {0};
	struct buf sql = {0};
	buf_fmt(&sql,
		"INSERT INTO weir.%s (day, t_first, t_last, t_recv, bytes, packets, duplicate) "
		"SELECT toDate('2026-01-01'), '2000-01-01 01:02:03', '2000-01-01 01:02:03', "
		"'2026-01-01 12:00:00', 100, 1, 0",
		schema_flow_table(SHAPE_CORE));
	if (store_exec(f->writer, buf_cstr(&sql), &why) != ERR_OK)
		fail_msg("insert: %s", why.msg);
	buf_fini(&sql);
}

/* The hours are rolled up before the last commits come, which are late then. */
static void roll(struct fixture *f)
{
	struct diag why = {0};
	unsigned hours = 0;
	int64_t day_later = records_start_ms + MS_PER_DAY, from, to;
	bool rolling = true, held = true;
	insert_from_2000(f);
	/* Nothing is rolled up while an import says that it is under way. */
	assert_int_equal(import_lock_held(f->writer, &held, &why), ERR_OK);
	assert_false(held);
	assert_int_equal(import_lock_renew(f->writer, &why), ERR_OK);
	assert_int_equal(import_lock_renew(f->writer, &why), ERR_OK);
	assert_int_equal(import_lock_held(f->writer, &held, &why), ERR_OK);
	assert_true(held);
	assert_int_equal(import_lock_rolling(f->writer, &rolling, &why), ERR_OK);
	assert_false(rolling);
	assert_int_equal(talkers_roll(f->writer, day_later, 1, &hours, &why), ERR_OK);
	assert_int_equal(hours, 0);
	assert_int_equal(store_exec(f->writer, "DROP TABLE weir.importing", &why), ERR_OK);
	assert_int_equal(talkers_roll(f->writer, day_later, 1, &hours, &why), ERR_OK);
	assert_int_equal(hours, 1);
	if (talkers_roll(f->writer, day_later, 10, &hours, &why) != ERR_OK)
		fail_msg("roll: %s", why.msg);
	assert_int_equal(hours, 1);
	assert_int_equal(talkers_roll(f->writer, day_later, 10, &hours, &why), ERR_OK);
	assert_int_equal(hours, 0);
	assert_int_equal(talkers_ready(f->reader, records_start_ms - 1000000,
				       records_start_ms + 9000000, &from, &to, &why),
			 ERR_OK);
	assert_int_equal(from, records_start_ms);
	assert_int_equal(to, records_start_ms + 7200000);
}

static void fill(struct fixture *f)
{
	struct spool *spool;
	struct stats stats = {0};
	struct diag why = {0};
	snprintf(f->spool_dir, sizeof(f->spool_dir), "%s/spool", f->with.dir);
	const struct spool_options o = {.dir = f->spool_dir};
	assert_int_equal(spool_open(&o, &spool, &why), ERR_OK);
	struct spool_writer *w = spool_writer_new(spool, &stats);
	for (uint32_t i = 0; i < COMMITS; i++) {
		records_spool(f->records, i * N / COMMITS, (i + 1) * N / COMMITS, w);
		spool_commit(w, clock_mono_ns(), NULL, 0);
		spool_flush_now(spool);
		if (i == COMMITS - 3) {
			load_twice(f, spool);
			roll(f);
		}
	}
	spool_writer_free(&w);
	load_twice(f, spool);
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
	for (uint32_t i = 0; i < N; i++)
		f->records[i].suspect = i % 11 == 5;
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
		       enum metric metric, const char *filter)
{
	struct diag why = {0};
	query_init(q, kind, records_start_ms, a);
	for (const char *b = by; *b;) {
		size_t n = strcspn(b, ",");
		assert_int_equal(query_add_by(q, b, n, &why), ERR_OK);
		b += n + (b[n] == ',');
	}
	q->metric = metric;
	q->filter_text = filter;
	q->limit = kind == QUERY_TOP ? 1000 : 500;
}

static void check(struct query *q)
{
	struct diag why = {0};
	if (query_check(q, &why) != ERR_OK)
		fail_msg("query: %s", why.msg);
}

static void top(struct fixture *f, struct query *q, struct top_result *r)
{
	struct diag why = {0};
	const struct run_options o = {.timeout_ms = 60000};
	check(q);
	if (run_top(f->reader, q, &o, r, &why) != ERR_OK)
		fail_msg("top: %s", why.msg);
}

static void series(struct fixture *f, struct query *q, struct series_result *r)
{
	struct diag why = {0};
	const struct run_options o = {.timeout_ms = 60000};
	check(q);
	if (run_series(f->reader, q, &o, r, &why) != ERR_OK)
		fail_msg("series: %s", why.msg);
}

/* --- sums of the records, made here */
struct sums {
	uint64_t bytes, packets, flows;
};

static void add(struct sums *s, const struct record *r, bool forward, bool reverse, bool raw)
{
	uint64_t k = record_scale(r, raw);
	if (!forward && r->rev_packets == 0)
		return;
	s->bytes += (forward ? r->bytes * k : 0) + (reverse ? r->rev_bytes * k : 0);
	s->packets += (forward ? r->packets * k : 0) + (reverse ? r->rev_packets * k : 0);
	s->flows++;
}

static void same_sums(const struct top_row *row, const struct sums *s)
{
	assert_int_equal(row->bytes, s->bytes);
	assert_int_equal(row->packets, s->packets);
	assert_int_equal(row->flows, s->flows);
}

/* What a question counts that is not about exporters, interfaces or duplicates. */
static bool inside(const struct record *r, const struct query *q)
{
	return r->last >= q->from_ms && r->last < q->to_ms &&
	       (!r->duplicate || q->kind == QUERY_FLOWS);
}

/* Ranges with odd ends, short and long. */
static const struct {
	int64_t from, to;
} ranges[] = {{0, RECORDS_SPAN_S * 1000},
	      {61234, 3599999},
	      {300000, 6000000},
	      {1, 400001},
	      {3333333, 3333999}};

static void test_top_by_source(void **state)
{
	struct fixture *f = *state;
	for (size_t k = 0; k < ARRAY_LEN(ranges) * 4; k++) {
		struct arena a = {0};
		struct query q;
		struct top_result r;
		struct sums want[HOSTS] = {0}, total = {0};
		bool dst = k & 1;
		make_query(&q, QUERY_TOP, &a, dst ? "dst_ip" : "src_ip", METRIC_BYTES, "");
		q.raw = k & 2;
		q.from_ms = records_start_ms + ranges[k / 4].from;
		q.to_ms = records_start_ms + ranges[k / 4].to;
		top(f, &q, &r);
		for (uint32_t i = 0; i < N; i++) {
			const struct record *x = &f->records[i];
			if (!inside(x, &q))
				continue;
			add(&want[dst ? x->dst : x->src], x, true, false, q.raw);
			add(&want[dst ? x->src : x->dst], x, false, true, q.raw);
			add(&total, x, true, true, q.raw);
		}
		same_sums(&r.total, &total);
		for (size_t i = 0; i < r.n; i++) {
			same_sums(&r.rows[i], &want[r.rows[i].key[0].ip.b[15]]);
			assert_true(i == 0 || r.rows[i].bytes <= r.rows[i - 1].bytes);
		}
		assert_int_equal(r.groups, r.n);
		assert_int_equal(r.cost.scaled, !q.raw);
		arena_fini(&a);
	}
}

/* Either end: once per flow and end, once if both ends are the same; absent is a group of its own.
 */
static void test_top_by_either_end(void **state)
{
	struct fixture *f = *state;
	struct arena a = {0};
	struct query q;
	struct top_result r;
	struct sums hosts[HOSTS] = {0}, ports[PORTS + 1] = {0};
	make_query(&q, QUERY_TOP, &a, "ip", METRIC_PACKETS, "");
	q.to_ms = records_start_ms + 7000001;
	q.from_ms = records_start_ms + 100001;
	top(f, &q, &r);
	for (uint32_t i = 0; i < N; i++) {
		const struct record *x = &f->records[i];
		if (!inside(x, &q))
			continue;
		add(&hosts[x->src], x, true, true, false);
		if (x->dst != x->src)
			add(&hosts[x->dst], x, true, true, false);
		add(&ports[x->sport + 1], x, true, true, false);
		if (x->dport != x->sport)
			add(&ports[x->dport + 1], x, true, true, false);
	}
	assert_int_equal(r.n, HOSTS);
	for (size_t i = 0; i < r.n; i++)
		same_sums(&r.rows[i], &hosts[r.rows[i].key[0].ip.b[15]]);
	make_query(&q, QUERY_TOP, &a, "port", METRIC_FLOWS, "");
	q.to_ms = records_start_ms + 7000001;
	q.from_ms = records_start_ms + 100001;
	top(f, &q, &r);
	assert_int_equal(r.n, PORTS + 1);
	for (size_t i = 0; i < r.n; i++) {
		const struct cell *c = &r.rows[i].key[0];
		same_sums(&r.rows[i], &ports[c->present ? c->num + 1 : 0]);
	}
	arena_fini(&a);
}

/* What the survey of very many groups may do: all at once, enough in the first round, a second
 * round, all after all. */
static const struct survey_limits surveys[] = {
    {0},
    {.groups = 1, .buckets = 4096},
    {.groups = 1, .buckets = 12},
    {.groups = 1, .buckets = 1},
    {.groups = 1, .buckets = 1, .most = 2},
};

struct pair {
	struct sums sums;
	unsigned src, dst;
};

static int more_packets(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	if (x->sums.packets != y->sums.packets)
		return x->sums.packets < y->sums.packets ? 1 : -1;
	return x->src != y->src ? (int)x->src - (int)y->src : (int)x->dst - (int)y->dst;
}

static void test_top_pairs(void **state)
{
	struct fixture *f = *state;
	struct diag why = {0};
	for (size_t k = 0; k < ARRAY_LEN(surveys); k++) {
		struct arena a = {0};
		struct query q;
		struct top_result r;
		static struct pair want[HOSTS * HOSTS];
		struct sums total = {0};
		size_t groups = 0;
		const struct run_options o = {.timeout_ms = 60000, .survey = surveys[k]};
		memset(want, 0, sizeof(want));
		make_query(&q, QUERY_TOP, &a, "src_ip,dst_ip", METRIC_PPS, "");
		q.limit = 10;
		q.from_ms = records_start_ms + 61234;
		q.to_ms = records_start_ms + 6000001;
		check(&q);
		assert_int_equal(run_top(f->reader, &q, &o, &r, &why), ERR_OK);
		for (uint32_t i = 0; i < N; i++) {
			const struct record *x = &f->records[i];
			if (!inside(x, &q))
				continue;
			add(&want[x->src * HOSTS + x->dst].sums, x, true, false, false);
			add(&want[x->dst * HOSTS + x->src].sums, x, false, true, false);
			add(&total, x, true, true, false);
		}
		for (unsigned i = 0; i < HOSTS * HOSTS; i++) {
			want[i].src = i / HOSTS;
			want[i].dst = i % HOSTS;
			groups += want[i].sums.flows > 0;
		}
		qsort(want, HOSTS * HOSTS, sizeof(want[0]), more_packets);
		assert_int_equal(r.n, 10);
		same_sums(&r.total, &total);
		for (size_t i = 0; i < r.n; i++) {
			same_sums(&r.rows[i], &want[i].sums);
			assert_int_equal(r.rows[i].key[0].ip.b[15], want[i].src);
			assert_int_equal(r.rows[i].key[1].ip.b[15], want[i].dst);
		}
		assert_int_equal(r.groups_estimated, k > 0);
		if (k == 0)
			assert_int_equal(r.groups, groups);
		arena_fini(&a);
	}
}

static void test_series_pairs(void **state)
{
	struct fixture *f = *state;
	struct diag why = {0};
	static const enum limit_by by[] = {LIMIT_AVG, LIMIT_MAX, LIMIT_LAST};
	for (size_t k = 0; k < ARRAY_LEN(surveys) * ARRAY_LEN(by); k++) {
		struct arena a = {0};
		struct query q;
		struct series_result all, r;
		const struct run_options o = {.timeout_ms = 60000,
					      .survey = surveys[k / ARRAY_LEN(by)]};
		make_query(&q, QUERY_SERIES, &a, "src_ip,dst_ip", METRIC_BYTES, "");
		q.from_ms = records_start_ms;
		q.to_ms = records_start_ms + 3600000;
		q.step_s = 300;
		q.limit_by = by[k % ARRAY_LEN(by)];
		series(f, &q, &all);
		assert_true(all.n > 100);
		q.limit = 4;
		assert_int_equal(run_series(f->reader, &q, &o, &r, &why), ERR_OK);
		assert_int_equal(r.n, 4);
		for (size_t i = 0; i < r.n; i++) {
			assert_int_equal(r.lines[i].key[0].ip.b[15], all.lines[i].key[0].ip.b[15]);
			assert_int_equal(r.lines[i].key[1].ip.b[15], all.lines[i].key[1].ip.b[15]);
			assert_memory_equal(r.lines[i].values, all.lines[i].values,
					    r.n_bins * sizeof(double));
		}
		arena_fini(&a);
	}
}

/* Two keys, one of them often absent, with a filter; nothing swaps but the interface. */
static void test_top_filtered(void **state)
{
	struct fixture *f = *state;
	struct arena a = {0};
	struct query q;
	struct top_result r;
	struct sums want[IFACES + 1][2] = {0};
	make_query(&q, QUERY_TOP, &a, "in_if,proto", METRIC_BPS,
		   "exporter_ip = 192.0.2.2 and not dst_port = 3");
	q.to_ms = records_start_ms + RECORDS_SPAN_S * 1000;
	q.from_ms = records_start_ms;
	top(f, &q, &r);
	for (uint32_t i = 0; i < N; i++) {
		const struct record *x = &f->records[i];
		if (x->exporter != 2 || x->dport == 3)
			continue;
		add(&want[x->in_if + 1][x->proto == 6], x, true, false, false);
		add(&want[x->out_if + 1][x->proto == 6], x, false, true, false);
	}
	assert_int_equal(r.n, (INPUTS + 1) * 2);
	for (size_t i = 0; i < r.n; i++) {
		const struct cell *c = r.rows[i].key;
		same_sums(&r.rows[i], &want[c[0].present ? c[0].num + 1 : 0][c[1].num == 6]);
		assert_true(r.rows[i].value == (double)r.rows[i].bytes * 8 / RECORDS_SPAN_S);
	}
	arena_fini(&a);
}

/* data-model.md: evenly over the bins from t_first to t_last, at most 64, the remainder in the
 * last. */
static void spread(double *bins, int64_t from, size_t n, const struct record *r, uint64_t v,
		   uint64_t scale)
{
	int64_t b1 = r->last / BIN_MS, b0 = r->first / BIN_MS;
	if (b1 - b0 + 1 > BINS_MAX)
		b0 = b1 - BINS_MAX + 1;
	uint64_t k = (uint64_t)(b1 - b0 + 1);
	for (int64_t b = b0; b <= b1; b++) {
		uint64_t part = v / k + (b == b1 ? v % k : 0);
		int64_t at = b - from / BIN_MS;
		if (at >= 0 && at < (int64_t)n)
			bins[at] += (double)(part * scale);
	}
}

static void test_series_total(void **state)
{
	struct fixture *f = *state;
	static const uint32_t steps[] = {30, 60, 300, 900};
	for (size_t k = 0; k < ARRAY_LEN(steps) * 2; k++) {
		struct arena a = {0};
		struct query q;
		struct series_result r;
		double fine[300] = {0};
		make_query(&q, QUERY_SERIES, &a, "", METRIC_BYTES, k & 1 ? only_raw : "");
		q.from_ms = records_start_ms + 900000;
		q.to_ms = records_start_ms + 5400000;
		q.step_s = steps[k / 2];
		series(f, &q, &r);
		assert_string_equal(r.cost.source, k & 1                ? "flows"
						   : steps[k / 2] % 300 ? "series_30s"
									: "series_5m");
		for (uint32_t i = 0; i < N; i++) {
			const struct record *x = &f->records[i];
			if (x->duplicate)
				continue;
			spread(fine, q.from_ms, 150, x, x->bytes, record_scale(x, false));
			spread(fine, q.from_ms, 150, x, x->rev_bytes, record_scale(x, false));
		}
		assert_int_equal(r.n, 1);
		assert_int_equal(r.n_bins, 4500 / q.step_s);
		for (size_t i = 0; i < r.n_bins; i++) {
			double sum = 0;
			for (size_t b = 0; b < q.step_s / 30; b++)
				sum += fine[i * (q.step_s / 30) + b];
			assert_true(r.lines[0].values[i] == sum);
		}
		arena_fini(&a);
	}
}

/* flows count in the bin of t_last, and are never scaled. */
static void test_series_flows(void **state)
{
	struct fixture *f = *state;
	struct arena a = {0};
	struct query q;
	struct series_result r;
	double want[2][4] = {0};
	make_query(&q, QUERY_SERIES, &a, "proto", METRIC_FLOWS, "");
	q.from_ms = records_start_ms;
	q.to_ms = records_start_ms + 7200000;
	q.step_s = 1800;
	series(f, &q, &r);
	for (uint32_t i = 0; i < N; i++)
		want[f->records[i].proto == 6][(f->records[i].last - records_start_ms) / 1800000] +=
		    !f->records[i].duplicate;
	assert_int_equal(r.n, 2);
	assert_false(r.has_other);
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < 4; i++)
			assert_true(r.lines[k].values[i] == want[r.lines[k].key[0].num == 6][i]);
	arena_fini(&a);
}

/* The groups that the limit leaves out are in `other`. */
static void test_series_other(void **state)
{
	struct fixture *f = *state;
	struct arena a = {0};
	struct query q;
	struct series_result all, few;
	make_query(&q, QUERY_SERIES, &a, "src_ip", METRIC_BPS, "");
	q.from_ms = records_start_ms;
	q.to_ms = records_start_ms + 7200000;
	q.step_s = 600;
	series(f, &q, &all);
	assert_int_equal(all.n, SENDERS);
	assert_false(all.has_other);
	q.limit = 3;
	series(f, &q, &few);
	assert_int_equal(few.n, 3);
	assert_true(few.has_other);
	for (size_t i = 0; i < few.n_bins; i++) {
		double rest = 0;
		for (size_t k = 3; k < all.n; k++)
			rest += all.lines[k].values[i];
		assert_true(few.other.values[i] > rest * 0.999999 &&
			    few.other.values[i] < rest * 1.000001);
	}
	for (size_t k = 0; k < 3; k++)
		assert_true(few.lines[k].avg == all.lines[k].avg &&
			    few.lines[k].p95 == all.lines[k].p95);
	/* The lines count the reverse halves as flows, the total does not: no rest. */
	q.metric = METRIC_FLOWS;
	series(f, &q, &few);
	assert_int_equal(few.n, 3);
	assert_false(few.has_other);
	arena_fini(&a);
}

/* Whatever answers, the same rows in the same order. */
static void test_rollup_equals_raw(void **state)
{
	struct fixture *f = *state;
	static const char *const bys[] = {"",
					  "src_ip",
					  "dst_ip",
					  "ip",
					  "proto",
					  "in_if",
					  "out_if",
					  "exporter_ip,in_if",
					  "src_ip,exporter_ip",
					  "ip_version",
					  "out_if,proto"};
	uint64_t answered_by_rollup = 0;
	for (size_t k = 0; k < ARRAY_LEN(bys) * ARRAY_LEN(ranges) * 2; k++) {
		struct arena a = {0};
		struct query q[2];
		struct top_result r[2];
		for (int raw = 0; raw < 2; raw++) {
			size_t range = k / 2 % ARRAY_LEN(ranges);
			make_query(&q[raw], QUERY_TOP, &a, bys[k / 2 / ARRAY_LEN(ranges)],
				   (enum metric)(k % METRIC_MAX), raw ? only_raw : "");
			q[raw].raw = k & 1;
			q[raw].from_ms = records_start_ms + ranges[range].from;
			q[raw].to_ms = records_start_ms + ranges[range].to;
			top(f, &q[raw], &r[raw]);
		}
		answered_by_rollup += strcmp(r[0].cost.source, "flows") != 0;
		assert_string_equal(r[1].cost.source, "flows");
		assert_int_equal(r[0].n, r[1].n);
		assert_int_equal(r[0].total.bytes, r[1].total.bytes);
		for (size_t i = 0; i < r[0].n; i++) {
			assert_int_equal(r[0].rows[i].bytes, r[1].rows[i].bytes);
			assert_int_equal(r[0].rows[i].packets, r[1].rows[i].packets);
			assert_int_equal(r[0].rows[i].flows, r[1].rows[i].flows);
			for (size_t c = 0; c < q[0].n_by; c++) {
				assert_int_equal(r[0].rows[i].key[c].num, r[1].rows[i].key[c].num);
				assert_int_equal(r[0].rows[i].key[c].present,
						 r[1].rows[i].key[c].present);
				assert_true(
				    ip_equal(&r[0].rows[i].key[c].ip, &r[1].rows[i].key[c].ip));
			}
		}
		arena_fini(&a);
	}
	assert_true(answered_by_rollup > 50);
}

static void test_series_rollup_equals_raw(void **state)
{
	struct fixture *f = *state;
	static const char *const bys[] = {"", "proto", "in_if", "out_if,exporter_ip", "ip_version"};
	for (size_t k = 0; k < ARRAY_LEN(bys) * METRIC_MAX; k++) {
		struct arena a = {0};
		struct query q[2];
		struct series_result r[2];
		for (int raw = 0; raw < 2; raw++) {
			make_query(&q[raw], QUERY_SERIES, &a, bys[k / METRIC_MAX],
				   (enum metric)(k % METRIC_MAX), raw ? only_raw : "");
			q[raw].raw = k & 1;
			q[raw].limit_by = (enum limit_by)(k % LIMIT_BY_MAX);
			q[raw].from_ms = records_start_ms - 1800000;
			q[raw].to_ms = records_start_ms + 7200000;
			q[raw].step_s = k & 2 ? 300 : 90;
			series(f, &q[raw], &r[raw]);
		}
		assert_string_not_equal(r[0].cost.source, r[1].cost.source);
		assert_int_equal(r[0].n, r[1].n);
		for (size_t i = 0; i < r[0].n; i++)
			assert_memory_equal(r[0].lines[i].values, r[1].lines[i].values,
					    r[0].n_bins * sizeof(double));
		arena_fini(&a);
	}
}

/* Questions that count duplicates and such that do not, from rollups and raw. */
static void test_duplicates(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *by, *filter;
		enum duplicates asked;
		bool first, again; /* which records count */
	} cases[] = {
	    {"proto", "", DUPLICATES_BY_QUESTION, true, false},
	    {"proto", "", DUPLICATES_LEFT_OUT, true, false},
	    {"proto", "", DUPLICATES_COUNTED, true, true},
	    {"proto", only_raw, DUPLICATES_COUNTED, true, true},
	    {"proto", "in if 1 or not in if 1", DUPLICATES_BY_QUESTION, true, true},
	    {"proto", "in if 1 or not in if 1", DUPLICATES_LEFT_OUT, true, false},
	    {"exporter_ip", "", DUPLICATES_BY_QUESTION, true, true},
	    {"proto", "duplicate = 1", DUPLICATES_BY_QUESTION, false, true},
	    {"src_ip", "not duplicate = 1", DUPLICATES_BY_QUESTION, true, false},
	    {"src_ip", "", DUPLICATES_COUNTED, true, true},
	};
	for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
		struct arena a = {0};
		struct query q;
		struct top_result r;
		struct sums want = {0};
		make_query(&q, QUERY_TOP, &a, cases[k].by, METRIC_BYTES, cases[k].filter);
		q.duplicates = cases[k].asked;
		q.to_ms = records_start_ms + RECORDS_SPAN_S * 1000;
		q.from_ms = records_start_ms;
		top(f, &q, &r);
		for (uint32_t i = 0; i < N; i++)
			if (f->records[i].duplicate ? cases[k].again : cases[k].first)
				add(&want, &f->records[i], true, true, false);
		same_sums(&r.total, &want);
		assert_int_equal(strcmp(r.cost.source, "flows") == 0, cases[k].filter == only_raw);
		arena_fini(&a);
	}
}

/* A row is marked as scaled by its own records: exporter 2 samples, exporter 1 does not. */
static void test_scaled_by_row(void **state)
{
	struct fixture *f = *state;
	for (int series_too = 0; series_too < 2; series_too++) {
		struct arena a = {0};
		struct query q;
		struct top_result r;
		struct series_result s;
		make_query(&q, series_too ? QUERY_SERIES : QUERY_TOP, &a, "exporter_ip",
			   METRIC_BYTES, "");
		q.to_ms = records_start_ms + 3600000;
		if (series_too)
			series(f, &q, &s);
		else
			top(f, &q, &r);
		assert_int_equal(series_too ? s.n : r.n, 2);
		for (size_t i = 0; i < 2; i++) {
			const struct cell *key = series_too ? s.lines[i].key : r.rows[i].key;
			bool scaled = series_too ? s.lines[i].scaled : r.rows[i].scaled;
			assert_int_equal(scaled, key[0].ip.b[15] == 2);
		}
		assert_true(series_too ? s.cost.scaled : r.cost.scaled && r.total.scaled);
		arena_fini(&a);
	}
}

struct listed {
	uint64_t n, bytes;
	int64_t last;
};

static bool list(void *arg, const struct batch *b)
{
	struct listed *l = arg;
	for (uint32_t i = 0; i < b->n; i++) {
		int64_t t = batch_ms(b, F_t_last)[i];
		assert_true(l->n == 0 || t <= l->last);
		assert_int_equal(batch_u8(b, F_proto)[i], 17);
		l->last = t;
		l->bytes += batch_get_num(b, F_bytes, i);
		l->n++;
	}
	return true;
}

static void test_list(void **state)
{
	struct fixture *f = *state;
	struct arena a = {0};
	struct query q;
	struct diag why = {0};
	struct run_cost cost = {0};
	struct listed got = {0};
	uint64_t n = 0, bytes = 0, count = 0;
	const struct run_options o = {.timeout_ms = 60000};
	make_query(&q, QUERY_FLOWS, &a, "", METRIC_BYTES, "proto udp");
	q.from_ms = records_start_ms + 12345;
	q.to_ms = records_start_ms + 3600000;
	q.limit = N;
	check(&q);
	assert_int_equal(run_flows(f->reader, &q, &o, list, &got, &cost, &why), ERR_OK);
	assert_int_equal(run_flows_count(f->reader, &q, &o, &count, &cost, &why), ERR_OK);
	for (uint32_t i = 0; i < N; i++)
		if (f->records[i].proto == 17 && inside(&f->records[i], &q)) {
			n++;
			bytes += f->records[i].bytes;
		}
	assert_int_equal(got.n, n);
	assert_int_equal(count, n);
	assert_int_equal(got.bytes, bytes);
	arena_fini(&a);
}

static bool add_up(void *arg, const struct batch *b)
{
	struct listed *l = arg;
	for (uint32_t i = 0; i < b->n; i++) {
		/* Which flow it is; the sum of squares tells if one came twice for another. */
		uint64_t v = batch_get_num(b, F_bytes, i) + 1;
		l->bytes += v * v;
		l->n++;
	}
	return true;
}

/* Pages of an order in which most flows are equal are together all flows, once. */
static void test_pages(void **state)
{
	struct fixture *f = *state;
	struct arena a = {0};
	struct query q;
	struct diag why = {0};
	struct run_cost cost = {0};
	struct listed got = {0}, want = {0};
	const struct run_options o = {.timeout_ms = 60000};
	make_query(&q, QUERY_FLOWS, &a, "", METRIC_BYTES, "");
	q.from_ms = records_start_ms;
	q.to_ms = records_start_ms + 1200000;
	q.order = F_proto;
	for (uint32_t i = 0; i < N; i++)
		if (inside(&f->records[i], &q)) {
			want.bytes += (f->records[i].bytes + 1) * (f->records[i].bytes + 1);
			want.n++;
		}
	for (q.limit = 700; q.offset < want.n; q.offset += q.limit) {
		check(&q);
		assert_int_equal(run_flows(f->reader, &q, &o, add_up, &got, &cost, &why), ERR_OK);
	}
	assert_int_equal(got.n, want.n);
	assert_int_equal(got.bytes, want.bytes);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_top_by_source),
	    cmocka_unit_test(test_top_by_either_end),
	    cmocka_unit_test(test_top_pairs),
	    cmocka_unit_test(test_series_pairs),
	    cmocka_unit_test(test_top_filtered),
	    cmocka_unit_test(test_series_total),
	    cmocka_unit_test(test_series_flows),
	    cmocka_unit_test(test_series_other),
	    cmocka_unit_test(test_rollup_equals_raw),
	    cmocka_unit_test(test_series_rollup_equals_raw),
	    cmocka_unit_test(test_duplicates),
	    cmocka_unit_test(test_scaled_by_row),
	    cmocka_unit_test(test_list),
	    cmocka_unit_test(test_pages),
	};
	if (!with_store_can())
		return SKIPPED;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
