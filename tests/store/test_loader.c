/* SPDX-License-Identifier: Apache-2.0 */
/* The loader with a real store that goes away, refuses, and has another schema. */
#include "records.h"
#include "spool/spool.h"
#include "store/books.h"
#include "store/client.h"
#include "store/loader.h"
#include "store/migrate.h"
#include "with_store.h"

#include "base/timefmt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { N = 6000, WAIT_TRIES = 3000, WAIT_MS = 10 };

struct fixture {
	struct with_store with;
	struct store *writer;
	struct spool *spool;
	struct spool_writer *spool_writer;
	struct loader *loader;
	struct record records[N];
	struct stats stats;
	uint32_t used;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct diag why = {0};
	char dir[96];
	*state = f;
	with_store_start(&f->with);
	records_make(f->records, N);
	snprintf(dir, sizeof(dir), "%s/spool", f->with.dir);
	const struct spool_options so = {.dir = dir};
	assert_int_equal(spool_open(&so, &f->spool, &why), ERR_OK);
	f->spool_writer = spool_writer_new(f->spool, &f->stats);
	const struct store_conf conf = {.url = f->with.url, .user = "writer"};
	assert_int_equal(store_open(&conf, &f->writer, &why), ERR_OK);
	const struct loader_options lo = {
	    .store = conf, .backoff_first_ms = 10, .backoff_max_ms = 50};
	assert_int_equal(loader_new(&lo, f->spool, &f->loader, &why), ERR_OK);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	loader_free(&f->loader);
	store_close(f->writer);
	spool_writer_free(&f->spool_writer);
	spool_close(&f->spool);
	with_store_stop(&f->with);
	free(f);
	return 0;
}

/* Puts the next n records into the spool: a segment per shape. */
static void spool_more(struct fixture *f, uint32_t n)
{
	records_spool(f->records, f->used, f->used + n, f->spool_writer);
	f->used += n;
	spool_commit(f->spool_writer, clock_mono_ns(), NULL, 0);
	spool_flush_now(f->spool);
}

static struct spool_totals totals(struct fixture *f)
{
	struct spool_totals t;
	spool_totals(f->spool, &t);
	return t;
}

/* Loads until as many records as that wait; true if it came to it. */
static bool load_until(struct fixture *f, uint64_t waiting)
{
	atomic_bool stop = false;
	for (int i = 0; i < WAIT_TRIES; i++) {
		loader_drain(f->loader, &stop);
		if (totals(f).lifetime.v[ST_records_waiting] == waiting)
			return true;
		nanosleep(&(struct timespec){0, WAIT_MS * 1000000}, NULL);
	}
	return false;
}

static uint64_t ask(struct fixture *f, const char *sql)
{
	struct buf out = {0};
	struct diag why = {0};
	const struct store_query q = {.sql = sql, .format = "TabSeparated"};
	if (store_fetch(f->writer, &q, &out, NULL, &why) != ERR_OK)
		fail_msg("%s: %s", sql, why.msg);
	uint64_t v = strtoull(buf_cstr(&out), NULL, 10);
	buf_fini(&out);
	return v;
}

static void run(struct fixture *f, const char *sql)
{
	struct diag why = {0};
	if (store_exec(f->writer, sql, &why) != ERR_OK)
		fail_msg("%s: %s", sql, why.msg);
}

static void stored_once(struct fixture *f, uint64_t n)
{
	assert_int_equal(ask(f, "SELECT count() FROM weir.flows"), n);
	assert_int_equal(ask(f, "SELECT sum(flows) FROM weir.series_30s"), n);
	assert_int_equal(ask(f, "SELECT sum(flows) FROM weir.series_5m"), n);
}

static void test_store_goes_away(void **state)
{
	struct fixture *f = *state;
	struct loader_status s;
	spool_more(f, 1000);
	assert_true(load_until(f, 0));
	stored_once(f, 1000);
	with_store_kill(&f->with);
	spool_more(f, 1000);
	atomic_bool stop = false;
	loader_drain(f->loader, &stop);
	loader_status(f->loader, &s);
	assert_false(s.up);
	assert_true(s.error[0] != 0);
	assert_int_equal(totals(f).lifetime.v[ST_records_waiting], 1000);
	with_store_again(&f->with);
	assert_true(load_until(f, 0));
	loader_status(f->loader, &s);
	assert_true(s.up && s.error[0] == 0);
	stored_once(f, 2000);
	assert_int_equal(totals(f).lifetime.v[ST_records_stored], 2000);
}

/* A table has the columns that segments brought, and no others; a view has all. */
static void test_columns_come_with_the_data(void **state)
{
	struct fixture *f = *state;
	const char *count = "SELECT count() FROM system.columns WHERE database = 'weir' AND table "
			    "= 'flows_wide' AND name = ";
	char sql[512];
	snprintf(sql, sizeof(sql), "%s'rev_present_0'", count);
	assert_int_equal(ask(f, sql), 1);
	snprintf(sql, sizeof(sql), "%s'dns_qname'", count);
	assert_int_equal(ask(f, sql), 0);
	assert_int_equal(ask(f, "SELECT count() FROM weir.flows WHERE dns_qname != ''"), 0);
	assert_true(ask(f, "SELECT count() FROM weir.biflows WHERE dns_qname = ''") > 0);
}

/* A column that the table has lost: that shape is refused for good, the other goes on. */
static void test_refused_segment(void **state)
{
	struct fixture *f = *state;
	uint64_t before = ask(f, "SELECT count() FROM weir.flows"), wide = 0;
	for (uint32_t i = f->used; i < f->used + 1000; i++)
		wide += f->records[i].wide;
	run(f, "ALTER TABLE weir.flows_core DROP COLUMN tcp_flags");
	spool_more(f, 1000);
	assert_true(load_until(f, 0));
	assert_int_equal(ask(f, "SELECT count() FROM weir.flows"), before + wide);
	struct spool_totals t = totals(f);
	assert_int_equal(t.bad_segments, 1);
	assert_int_equal(t.lifetime.v[ST_discard_bad_segment], 1000 - wide);
	assert_int_equal(t.lifetime.v[ST_records_spooled],
			 t.lifetime.v[ST_records_stored] + t.lifetime.v[ST_discard_bad_segment]);
}

static void test_missing_column_comes_back(void **state)
{
	struct fixture *f = *state;
	struct diag why = {0};
	uint64_t before = ask(f, "SELECT count() FROM weir.flows");
	assert_int_equal(
	    ask(f, "SELECT count() FROM system.columns WHERE database = 'weir' AND table = "
		   "'flows_core' AND name = 'tcp_flags'"),
	    0);
	assert_int_equal(store_migrate(f->writer, &why), ERR_OK);
	assert_int_equal(
	    ask(f, "SELECT count() FROM system.columns WHERE database = 'weir' AND table = "
		   "'flows_core' AND name = 'tcp_flags'"),
	    1);
	spool_more(f, 1000);
	assert_true(load_until(f, 0));
	assert_int_equal(ask(f, "SELECT count() FROM weir.flows"), before + 1000);
	/* Queries over both shapes see the column where it is. */
	assert_true(ask(f, "SELECT count() FROM weir.flows WHERE tcp_flags = 27") > 0);
}

/* The rollups as version 1 had them, with a row in each. */
static void make_version_1(struct fixture *f)
{
	static const char *const series[] = {"series_30s", "series_5m"};
	char sql[1024];
	run(f, "DROP VIEW weir.series_5m_from_30s");
	for (size_t i = 0; i < ARRAY_LEN(series); i++) {
		snprintf(sql, sizeof(sql), "DROP TABLE weir.%s", series[i]);
		run(f, sql);
		snprintf(
		    sql, sizeof(sql),
		    "CREATE TABLE weir.%s (day Date, t DateTime('UTC'), exporter_ip IPv6, in_if "
		    "UInt32, out_if UInt32, ip_version UInt8, proto UInt8, sampling_rate "
		    "UInt32, present_0 UInt64, bytes UInt64, packets UInt64, rev_bytes UInt64, "
		    "rev_packets UInt64, flows UInt64, rev_flows UInt64, end_bytes UInt64, "
		    "end_packets UInt64, end_rev_bytes UInt64, end_rev_packets UInt64) ENGINE "
		    "= SummingMergeTree PARTITION BY day ORDER BY (t, exporter_ip, in_if, "
		    "out_if, ip_version, proto, sampling_rate, present_0)",
		    series[i]);
		run(f, sql);
		snprintf(sql, sizeof(sql),
			 "INSERT INTO weir.%s (day, t, flows) VALUES ('2025-06-01', 0, 5)",
			 series[i]);
		run(f, sql);
	}
	run(f, "DROP TABLE weir.talkers_1h");
	run(f, "CREATE TABLE weir.talkers_1h (day Date, t DateTime('UTC'), ip IPv6, exporter_ip "
	       "IPv6, sampling_rate UInt32, present_0 UInt64, out_bytes UInt64, out_packets "
	       "UInt64, out_flows UInt64, in_bytes UInt64, in_packets UInt64, in_flows UInt64, "
	       "flows UInt64, self_bytes UInt64, self_packets UInt64) ENGINE = SummingMergeTree "
	       "PARTITION BY day ORDER BY (t, ip, exporter_ip, sampling_rate, present_0)");
	run(f, "TRUNCATE TABLE weir.migrations");
	run(f, "INSERT INTO weir.migrations (version, program) VALUES (1, 'old')");
}

static void test_rollups_gain_duplicates(void **state)
{
	struct fixture *f = *state;
	struct diag why = {0};
	make_version_1(f);
	/* As after a migration that was cut off before its end, too. */
	for (int again = 0; again < 2; again++) {
		if (store_migrate(f->writer, &why) != ERR_OK)
			fail_msg("migrate: %s", why.msg);
		assert_int_equal(ask(f, "SELECT max(version) FROM weir.migrations"),
				 store_schema_version());
		assert_int_equal(ask(f, "SELECT count() FROM system.tables WHERE database = 'weir' "
					"AND endsWith(sorting_key, 'present_0, duplicate')"),
				 3);
		run(f, "ALTER TABLE weir.migrations DELETE WHERE version > 1 SETTINGS "
		       "mutations_sync = 1");
	}
	spool_more(f, 700);
	assert_true(load_until(f, 0));
	assert_int_equal(ask(f, "SELECT sum(flows) FROM weir.series_5m WHERE duplicate = 1"), 100);
	assert_int_equal(ask(f, "SELECT sum(flows) FROM weir.series_30s"), 705);
}

/* The tables of flows as version 7 had them: each address in one column. */
static void make_version_7(struct fixture *f)
{
	static const char *const tables[] = {"flows_core", "flows_wide"};
	char sql[512];
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		snprintf(
		    sql, sizeof(sql),
		    "CREATE TABLE weir.old ENGINE = MergeTree PARTITION BY day ORDER BY "
		    "(toStartOfFiveMinutes(t_last), src_ip, dst_ip, t_last) AS SELECT * EXCEPT "
		    "(src_ip4, src_ip6, dst_ip4, dst_ip6), if(src_ip4 = 0, src_ip6, "
		    "toIPv6(toIPv4(src_ip4))) AS src_ip, if(dst_ip4 = 0, dst_ip6, "
		    "toIPv6(toIPv4(dst_ip4))) AS dst_ip FROM weir.%s",
		    tables[i]);
		run(f, sql);
		/* What a migration that was cut off in the middle of a day left. */
		snprintf(sql, sizeof(sql), "RENAME TABLE weir.%s TO weir.%s_next", tables[i],
			 tables[i]);
		run(f, sql);
		snprintf(sql, sizeof(sql), "RENAME TABLE weir.old TO weir.%s", tables[i]);
		run(f, sql);
	}
	run(f, "ALTER TABLE weir.migrations DELETE WHERE version > 7 SETTINGS mutations_sync = 1");
}

static void test_addresses_get_two_columns(void **state)
{
	static const char sums[] = "SELECT sum(cityHash64(src_ip, dst_ip, t_last, bytes, "
				   "rev_bytes, tcp_flags, in_if, present_0)) FROM weir.flows";
	static const char split[] =
	    "SELECT groupBitXor(cityHash64(toString(src_ip), src_ip4, src_ip6)) = "
	    "groupBitXor(cityHash64(toString(src_ip), a, if(a = 0, src_ip, "
	    "toIPv6('::')))) FROM (SELECT src_ip, src_ip4, src_ip6, "
	    "toUInt32(toIPv4OrDefault(src_ip)) "
	    "AS a FROM weir.flows)";
	struct fixture *f = *state;
	struct diag why = {0};
	run(f, "INSERT INTO weir.flows_core (day, t_last, src_ip, dst_ip, present_0) VALUES "
	       "('2026-01-01', '2026-01-01 12:00:00', '2001:db8:1::1', '0.0.0.0', 192), "
	       "('2026-01-02', '2026-01-02 12:00:00', '::', '192.0.2.1', 128)");
	uint64_t rows = ask(f, "SELECT count() FROM weir.flows"), sum = ask(f, sums);
	uint64_t in_series = ask(f, "SELECT sum(flows) FROM weir.series_30s");
	make_version_7(f);
	if (store_migrate(f->writer, &why) != ERR_OK)
		fail_msg("migrate: %s", why.msg);
	assert_int_equal(ask(f, "SELECT max(version) FROM weir.migrations"),
			 store_schema_version());
	assert_int_equal(ask(f, "SELECT count() FROM weir.flows"), rows);
	assert_int_equal(ask(f, sums), sum);
	assert_int_equal(ask(f, split), 1);
	assert_int_equal(ask(f, "SELECT count() FROM weir.flows WHERE src_ip4 = 0 AND src_ip6 = "
				"toIPv6('2001:db8:1::1') AND dst_ip4 = 0 AND dst_ip6 = toIPv6("
				"'0.0.0.0') AND dst_ip = toIPv6('0.0.0.0')"),
			 1);
	assert_int_equal(ask(f, "SELECT count() FROM weir.flows WHERE src_ip = toIPv6('::') AND "
				"dst_ip4 = 3221225985 AND dst_ip6 = toIPv6('::')"),
			 1);
	assert_int_equal(ask(f, "SELECT count() FROM system.tables WHERE database = 'weir' AND "
				"name LIKE '%_next'"),
			 0);
	assert_int_equal(ask(f, "SELECT sum(flows) FROM weir.series_30s"), in_series);
	spool_more(f, 100);
	assert_true(load_until(f, 0));
	assert_int_equal(ask(f, "SELECT count() FROM weir.flows"), rows + 100);
	assert_int_equal(ask(f, "SELECT sum(flows) FROM weir.series_30s"), in_series + 100);
}

/* A table with the codecs of version 8 gets those of now, keeps its rows and takes more. */
static void test_codecs_change(void **state)
{
	static const char codecs[] =
	    "SELECT countIf(compression_codec = 'CODEC(Delta(4), T64, ZSTD(1))' AND default_kind = "
	    "'DEFAULT') = 2 FROM system.columns WHERE database = 'weir' AND table LIKE 'flows_%' "
	    "AND name = 'src_ip4'";
	static const char sum[] = "SELECT sum(cityHash64(src_ip, src_port, t_last, present_0)) "
				  "FROM weir.flows";
	struct fixture *f = *state;
	struct diag why = {0};
	uint64_t rows = ask(f, "SELECT count() FROM weir.flows"), before = ask(f, sum);
	run(f, "ALTER TABLE weir.flows_core MODIFY COLUMN src_ip4 CODEC(T64, LZ4)");
	run(f, "ALTER TABLE weir.flows_wide MODIFY COLUMN src_ip4 CODEC(T64, LZ4)");
	run(f, "ALTER TABLE weir.migrations DELETE WHERE version > 8 SETTINGS mutations_sync = 1");
	assert_int_equal(ask(f, codecs), 0);
	if (store_migrate(f->writer, &why) != ERR_OK)
		fail_msg("migrate: %s", why.msg);
	assert_int_equal(ask(f, "SELECT max(version) FROM weir.migrations"),
			 store_schema_version());
	assert_int_equal(ask(f, codecs), 1);
	run(f, "OPTIMIZE TABLE weir.flows_core FINAL");
	assert_int_equal(ask(f, "SELECT count() FROM weir.flows"), rows);
	assert_int_equal(ask(f, sum), before);
	spool_more(f, 100);
	assert_true(load_until(f, 0));
	assert_int_equal(ask(f, "SELECT count() FROM weir.flows"), rows + 100);
}

static void write_twice(struct fixture *f, struct buf *sql, const char *token)
{
	const struct store_pair setting = {"insert_deduplication_token", token};
	const struct store_query q = {
	    .sql = buf_cstr(sql), .settings = &setting, .n_settings = 1, .whole = true};
	struct diag why = {0};
	for (int i = 0; i < 2; i++)
		if (store_query(f->writer, &q, NULL, &why) != ERR_OK)
			fail_msg("%s: %s", buf_cstr(sql), why.msg);
	buf_fini(sql);
}

static void test_counters_over_time(void **state)
{
	struct fixture *f = *state;
	struct buf sql = {0};
	const uint8_t four[4] = {192, 0, 2, 9};
	const struct books_reason reasons[] = {{"set_length", 3}, {"trailing", 2}};
	struct books_exporter e = {
	    .ip = ip_from_v4(four), .domain = 7, .version = 9, .reasons = reasons, .n_reasons = 2};
	e.growth.v[ACCOUNT_datagrams] = 12;
	e.growth.v[ACCOUNT_clock_skew_ms] = -250;
	books_insert_counters(&sql, "weir");
	books_counter_row(&sql, records_start_ms, "collect", "records", "decoded", 40);
	books_counter_row(&sql, records_start_ms, "collect", "drop", "no_template", 2);
	write_twice(f, &sql, "a");
	books_insert_exporters(&sql, "weir");
	books_exporter_row(&sql, records_start_ms, &e);
	e.n_reasons = 0;
	e.domain = 8;
	books_exporter_row(&sql, records_start_ms, &e);
	write_twice(f, &sql, "b");
	assert_int_equal(ask(f,
			     "SELECT sum(n) FROM weir.self_counters WHERE day = '2026-01-01' AND "
			     "t = toDateTime('2026-01-01 12:00:00', 'UTC')"),
			 42);
	assert_int_equal(ask(f,
			     "SELECT sum(datagrams) FROM weir.exporter_stats WHERE exporter_ip = "
			     "toIPv6('192.0.2.9') AND clock_skew_ms = -250"),
			 24);
	assert_int_equal(ask(f, "SELECT sum(reasons['set_length'] + reasons['trailing']) FROM "
				"weir.exporter_stats"),
			 5);
}

static void test_newer_store_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct diag why = {0};
	run(f, "INSERT INTO weir.migrations (version, program) VALUES (999, 'future')");
	assert_int_equal(store_migrate(f->writer, &why), ERR_VERSION);
	assert_non_null(strstr(why.msg, "newer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_store_goes_away),
	    cmocka_unit_test(test_columns_come_with_the_data),
	    cmocka_unit_test(test_refused_segment),
	    cmocka_unit_test(test_missing_column_comes_back),
	    cmocka_unit_test(test_rollups_gain_duplicates),
	    cmocka_unit_test(test_addresses_get_two_columns),
	    cmocka_unit_test(test_codecs_change),
	    cmocka_unit_test(test_counters_over_time),
	    cmocka_unit_test(test_newer_store_is_left_alone),
	};
	if (!with_store_can())
		return SKIPPED;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
