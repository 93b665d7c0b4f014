/* SPDX-License-Identifier: Apache-2.0 */
/* Which table answers which query. That the numbers are the same whatever answers is tested on a
 * real store (tests/store/test_numbers.c). */
#include "query/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 2026-01-01T12:00:00Z */
static const int64_t noon = 1767268800000;

/* 12:00 to 14:00 are rolled up by the hour. */
static const struct plan_hours rolled = {1767268800000, 1767268800000 + 7200000};

struct fixture {
	struct arena arena;
	struct query q;
	struct plan p;
};

static void make(struct fixture *f, enum query_kind kind, const char *by, const char *filter,
		 int64_t from, int64_t to, uint32_t step)
{
	struct diag why;
	*f = (struct fixture){0};
	query_init(&f->q, kind, noon, &f->arena);
	for (const char *b = by; *b;) {
		size_t n = strcspn(b, ",");
		assert_int_equal(query_add_by(&f->q, b, n, &why), ERR_OK);
		b += n + (b[n] == ',');
	}
	f->q.filter_text = filter;
	f->q.from_ms = from;
	f->q.to_ms = to;
	f->q.step_s = step;
	assert_int_equal(query_check(&f->q, &why), ERR_OK);
	plan_make(&f->p, &f->q, "weir", false, rolled);
}

static void test_series_tables(void **state)
{
	(void)state;
	const struct {
		const char *by, *filter;
		uint32_t step;
		const char *table;
	} rows[] = {
	    {"", "", 300, "series_5m"},
	    {"", "", 60, "series_30s"},
	    {"proto,in_if", "exporter_ip = 192.0.2.1", 600, "series_5m"},
	    {"in_if", "proto tcp", 90, "series_30s"},
	    {"src_ip", "", 300, "flows"},
	    {"proto", "dst_port = 443", 300, "flows"},
	    {"", "src_ip = 10.0.0.1", 300, "flows"},
	    /* The sums of a bin do not say which flows had the same interface at both ends. */
	    {"if", "", 300, "flows"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		make(&f, QUERY_SERIES, rows[i].by, rows[i].filter, noon, noon + 3600000,
		     rows[i].step);
		assert_string_equal(plan_source(&f.p), rows[i].table);
		arena_fini(&f.arena);
	}
}

static void test_top_tables(void **state)
{
	(void)state;
	const struct {
		const char *by, *filter;
		int64_t from, to;
		const char *table;
	} rows[] = {
	    {"src_ip", "", noon, noon + 7200000, "talkers_1h"},
	    {"ip,exporter_ip", "", noon, noon + 7200000, "talkers_1h"},
	    {"src_ip,dst_ip", "", noon, noon + 7200000, "flows"},
	    {"src_ip", "proto tcp", noon, noon + 7200000, "flows"},
	    {"proto", "", noon, noon + 3600000, "series_5m"},
	    {"proto", "", noon, noon + 600000, "series_30s"}, /* too short for bins of 5 min */
	    {"proto", "", noon, noon + 120000, "flows"},
	    {"dst_port", "", noon, noon + 3600000, "flows"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		make(&f, QUERY_TOP, rows[i].by, rows[i].filter, rows[i].from, rows[i].to, 0);
		assert_string_equal(plan_source(&f.p), rows[i].table);
		arena_fini(&f.arena);
	}
}

/* 11:30 to 14:10: the rollup takes the two hours that it has, raw flows the rest. */
static void test_edges(void **state)
{
	(void)state;
	struct fixture f;
	make(&f, QUERY_TOP, "src_ip", "", noon - 1800000, noon + 7800000, 0);
	assert_true(plan_wants_hours(&f.q));
	assert_int_equal(f.p.branch[0].source, SOURCE_TALKERS);
	assert_int_equal(f.p.branch[0].from_ms, noon);
	assert_int_equal(f.p.branch[0].to_ms, noon + 7200000);
	assert_int_equal(f.p.branch[1].source, SOURCE_FLOWS);
	assert_int_equal(f.p.branch[1].half, HALF_FORWARD);
	assert_int_equal(f.p.branch[1].hole_from_ms, noon);
	assert_int_equal(f.p.branch[1].hole_to_ms, noon + 7200000);
	assert_int_equal(f.p.branch[2].source, SOURCE_WIDE);
	assert_int_equal(f.p.branch[2].half, HALF_REVERSE);
	assert_int_equal(f.p.n, 3);
	/* No hour is rolled up: raw flows answer all. */
	plan_make(&f.p, &f.q, "weir", false, (struct plan_hours){0});
	assert_string_equal(plan_source(&f.p), "flows");
	assert_int_equal(f.p.branch[0].hole_from_ms, f.p.branch[0].hole_to_ms);
	arena_fini(&f.arena);
	/* Whole bins need no edges. */
	make(&f, QUERY_TOP, "src_ip", "", noon, noon + 7200000, 0);
	assert_int_equal(f.p.n, 1);
	arena_fini(&f.arena);
	/* 12:01:40 to 13:03:20 by 5 min: 12:05 to 13:00. */
	make(&f, QUERY_TOP, "proto", "", noon + 100000, noon + 3800000, 0);
	assert_false(plan_wants_hours(&f.q));
	assert_int_equal(f.p.branch[0].source, SOURCE_SERIES_5M);
	assert_int_equal(f.p.branch[0].from_ms, noon + 300000);
	assert_int_equal(f.p.branch[0].to_ms, noon + 3600000);
	arena_fini(&f.arena);
}

static void test_halves(void **state)
{
	(void)state;
	struct fixture f;
	make(&f, QUERY_TOP, "dst_port", "", noon, noon + 60000, 0);
	assert_int_equal(f.p.n, 2);
	assert_int_equal(f.p.branch[1].source, SOURCE_WIDE);
	arena_fini(&f.arena);
	make(&f, QUERY_TOP, "proto", "", noon, noon + 60000, 0);
	assert_int_equal(f.p.n, 1);
	assert_int_equal(f.p.branch[0].half, HALF_BOTH);
	arena_fini(&f.arena);
	make(&f, QUERY_TOP, "port", "", noon, noon + 60000, 0);
	assert_int_equal(f.p.n, 2);
	assert_true(f.p.branch[1].unless_equal && f.p.branch[1].other_end);
	arena_fini(&f.arena);
	/* The total has no direction. */
	make(&f, QUERY_TOP, "dst_port", "", noon, noon + 60000, 0);
	plan_make(&f.p, &f.q, "weir", true, rolled);
	assert_int_equal(f.p.n, 1);
	assert_int_equal(f.p.n_by, 0);
	arena_fini(&f.arena);
}

static void test_reverse_sql(void **state)
{
	(void)state;
	struct fixture f;
	struct buf sql = {0};
	make(&f, QUERY_TOP, "src_ip", "proto tcp", noon, noon + 60000, 0);
	plan_top_sql(&f.p, &sql);
	const char *text = buf_cstr(&sql);
	assert_non_null(strstr(text, "src_ip AS k0"));
	assert_non_null(strstr(text, "dst_ip AS k0"));
	/* IPv4 by itself, with keys of four bytes. */
	assert_non_null(strstr(text, "SELECT toIPv6(toIPv4(g.k0)) AS k0, m_bytes"));
	assert_non_null(strstr(text, "src_ip4 AS k0"));
	assert_non_null(strstr(text, " AND (src_ip4 != 0)"));
	assert_non_null(strstr(text, "dst_ip4 AS k0"));
	assert_non_null(strstr(text, " AND (src_ip4 = 0)"));
	assert_non_null(strstr(text, "rev_bytes * greatest(sampling_rate, 1) AS v_bytes"));
	assert_non_null(strstr(text, "FROM weir.biflows WHERE"));
	buf_reset(&sql);
	f.q.raw = true;
	plan_top_sql(&f.p, &sql);
	assert_null(strstr(buf_cstr(&sql), "sampling_rate"));
	buf_fini(&sql);
	arena_fini(&f.arena);
}

/* Both ends IPv4, or not; and with talkers_1h, whose groups are whole addresses, neither. */
static void test_split_keys(void **state)
{
	(void)state;
	struct fixture f;
	struct buf sql = {0};
	make(&f, QUERY_TOP, "dst_port,src_ip,dst_ip", "", noon, noon + 60000, 0);
	plan_top_sql(&f.p, &sql);
	const char *text = buf_cstr(&sql);
	assert_non_null(strstr(text, "SELECT g.k0 AS k0, toIPv6(toIPv4(g.k1)) AS k1, "
				     "toIPv6(toIPv4(g.k2)) AS k2, m_bytes"));
	assert_non_null(strstr(text, " AND (src_ip4 != 0 AND dst_ip4 != 0)"));
	assert_non_null(strstr(text, " AND (src_ip4 = 0 OR dst_ip4 = 0)"));
	buf_reset(&sql);
	plan_survey_sql(&f.p, &sql);
	text = buf_cstr(&sql);
	assert_non_null(strstr(text, "dst_port AS k0, src_ip4 AS k1, dst_ip4 AS k2 SELECT "
				     "cityHash64(k0, k1, k2) AS h"));
	assert_non_null(strstr(text, "dst_port AS k0, src_ip AS k1, dst_ip AS k2 SELECT "
				     "cityHash64(k0, k1, k2) AS h"));
	arena_fini(&f.arena);
	buf_reset(&sql);
	make(&f, QUERY_TOP, "ip,proto", "", noon, noon + 60000, 0);
	plan_top_sql(&f.p, &sql);
	text = buf_cstr(&sql);
	assert_non_null(strstr(text, "NOT (src_ip4 = dst_ip4) AND (dst_ip4 != 0)"));
	assert_non_null(
	    strstr(text, "NOT (src_ip4 = dst_ip4 AND src_ip6 = dst_ip6) AND (dst_ip4 = 0)"));
	arena_fini(&f.arena);
	buf_reset(&sql);
	make(&f, QUERY_TOP, "src_ip", "", noon - 1800000, noon + 7200000, 0);
	plan_make(&f.p, &f.q, "weir", false, rolled);
	assert_string_equal(plan_source(&f.p), "talkers_1h");
	plan_top_sql(&f.p, &sql);
	assert_null(strstr(buf_cstr(&sql), "src_ip4"));
	buf_fini(&sql);
	arena_fini(&f.arena);
}

static bool leaves_duplicates_out(enum query_kind kind, const char *by, const char *filter,
				  enum duplicates asked)
{
	struct fixture f;
	struct buf sql = {0};
	make(&f, kind, by, filter, noon, noon + 60000, 0);
	f.q.duplicates = asked;
	if (kind == QUERY_FLOWS)
		plan_flows_where(&f.q, &sql);
	else
		plan_top_sql(&f.p, &sql);
	bool out = strstr(buf_cstr(&sql), " AND duplicate = 0") != NULL;
	buf_fini(&sql);
	arena_fini(&f.arena);
	return out;
}

static void test_duplicates(void **state)
{
	(void)state;
	const enum duplicates q = DUPLICATES_BY_QUESTION;
	assert_true(leaves_duplicates_out(QUERY_TOP, "src_ip", "dst_port = 443", q));
	assert_true(leaves_duplicates_out(QUERY_TOP, "if", "", DUPLICATES_LEFT_OUT));
	assert_false(leaves_duplicates_out(QUERY_TOP, "src_ip", "", DUPLICATES_COUNTED));
	assert_false(leaves_duplicates_out(QUERY_TOP, "src_ip", "duplicate = 1", q));
	assert_false(leaves_duplicates_out(QUERY_TOP, "src_ip", "exporter_ip = 192.0.2.1", q));
	assert_false(leaves_duplicates_out(QUERY_TOP, "proto,out_if", "", q));
	assert_false(leaves_duplicates_out(QUERY_TOP, "if", "", q));
	assert_false(leaves_duplicates_out(QUERY_FLOWS, "", "proto 6", q));
	assert_true(leaves_duplicates_out(QUERY_FLOWS, "", "proto 6", DUPLICATES_LEFT_OUT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_series_tables), cmocka_unit_test(test_top_tables),
	    cmocka_unit_test(test_edges),         cmocka_unit_test(test_halves),
	    cmocka_unit_test(test_reverse_sql),   cmocka_unit_test(test_split_keys),
	    cmocka_unit_test(test_duplicates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
