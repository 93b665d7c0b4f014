/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that make the tables, on one server and on a cluster. (A cluster cannot run here:
 * its text only.) */
#include "store/schema.h"

#include "model/native.h"
#include "store/rollup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct schema_target single = {"weir", ""}, cluster = {"weir", "north"};

/* The statement that begins with `begin`, into out. */
static void find(const struct schema_target *t, const char *begin, struct buf *out)
{
	for (unsigned i = 0;; i++) {
		buf_reset(out);
		assert_true(schema_statement(out, t, i));
		if (strncmp(buf_cstr(out), begin, strlen(begin)) == 0)
			return;
	}
}

static void assert_has(struct buf *b, const char *text)
{
	if (!strstr(buf_cstr(b), text))
		fail_msg("'%s' is not in %s", text, buf_cstr(b));
}

static void test_single(void **state)
{
	(void)state;
	struct buf b = {0};
	find(&single, "CREATE DATABASE", &b);
	assert_string_equal(buf_cstr(&b), "CREATE DATABASE IF NOT EXISTS weir");
	find(&single, "CREATE TABLE IF NOT EXISTS weir.flows_core", &b);
	assert_has(&b, "t_last DateTime64(3, 'UTC') CODEC(T64('bit'), LZ4), ");
	assert_has(&b, "exporter_ip IPv6 CODEC(ZSTD(1)), ");
	assert_has(
	    &b,
	    "src_ip IPv6 EPHEMERAL, src_ip4 UInt32 DEFAULT "
	    "toUInt32(toIPv4OrDefault(src_ip)) CODEC(Delta, T64, ZSTD(1)), src_ip6 IPv6 DEFAULT "
	    "if(src_ip4 = 0, src_ip, toIPv6('::')) CODEC(ZSTD(1)), dst_ip IPv6 EPHEMERAL, ");
	assert_has(&b, "present_0 UInt64 CODEC(T64, ZSTD(1))");
	assert_has(
	    &b,
	    "day Date CODEC(ZSTD(1))) ENGINE = MergeTree PARTITION BY day ORDER BY "
	    "(toStartOfFiveMinutes(t_last), src_ip4, dst_ip4, src_ip6, dst_ip6, t_last) SETTINGS "
	    "non_replicated_deduplication_window = 10000");
	assert_null(strstr(buf_cstr(&b), "vlan"));
	assert_null(strstr(buf_cstr(&b), "rev_bytes"));
	find(&single, "CREATE TABLE IF NOT EXISTS weir.flows_wide", &b);
	assert_null(strstr(buf_cstr(&b), "dns_qname"));
	assert_has(&b, "rev_bytes UInt64 CODEC(T64, ZSTD(1))");
	find(&single, "CREATE OR REPLACE TABLE weir.flows ", &b);
	assert_has(&b, "dns_qname LowCardinality(String), ");
	assert_has(&b, "dst_ip4 UInt32, dst_ip6 IPv6, dst_ip IPv6 ALIAS if(dst_ip4 = 0, dst_ip6, "
		       "toIPv6(toIPv4(dst_ip4))), ");
	assert_has(&b, "payload String, ");
	assert_has(&b, "mpls_labels Array(UInt32), ");
	assert_has(&b, ") ENGINE = Merge('weir', '^flows_(core|wide)$')");
	find(&single, "CREATE OR REPLACE TABLE weir.biflows ", &b);
	assert_has(&b, "rev_tos UInt8, ");
	assert_has(&b, ") ENGINE = Merge('weir', '^flows_wide$')");
	find(&single, "CREATE MATERIALIZED VIEW IF NOT EXISTS weir.series_30s_from_core", &b);
	assert_has(&b, " TO weir.series_30s AS ");
	/* exporter_ip 4, ip_version 8, proto 11, in_if 17, out_if 18, sampling_rate 33, duplicate
	 * 56 */
	assert_has(&b, "bitAnd(src.present_0, 72057602628258064) AS present_0");
	buf_fini(&b);
}

static void test_cluster(void **state)
{
	(void)state;
	struct buf b = {0};
	find(&cluster, "CREATE DATABASE", &b);
	assert_string_equal(buf_cstr(&b), "CREATE DATABASE IF NOT EXISTS weir ON CLUSTER north");
	find(&cluster, "CREATE TABLE IF NOT EXISTS weir.flows_core_local ON CLUSTER north (", &b);
	assert_has(&b, "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/weir/flows_core', "
		       "'{replica}')");
	assert_has(&b, "SETTINGS replicated_deduplication_window = 10000");
	find(&cluster, "CREATE TABLE IF NOT EXISTS weir.flows_core ON", &b);
	assert_string_equal(
	    buf_cstr(&b),
	    "CREATE TABLE IF NOT EXISTS weir.flows_core ON CLUSTER north AS weir.flows_core_local "
	    "ENGINE = Distributed(north, weir, flows_core_local, cityHash64(src_ip4, "
	    "dst_ip4, src_ip6, dst_ip6))");
	find(&cluster, "CREATE TABLE IF NOT EXISTS weir.series_5m_local", &b);
	assert_has(&b, "ReplicatedSummingMergeTree(");
	find(&cluster,
	     "CREATE MATERIALIZED VIEW IF NOT EXISTS weir.talkers_1h_late_wide_dst ON CLUSTER "
	     "north TO "
	     "weir.talkers_1h_local AS ",
	     &b);
	assert_has(&b, " FROM weir.flows_wide_local AS src");
	buf_fini(&b);
}

static void test_changes(void **state)
{
	(void)state;
	struct buf b = {0};
	assert_true(schema_add_column(&b, &single, "flows_core", F_vlan, 0));
	assert_string_equal(
	    buf_cstr(&b),
	    "ALTER TABLE weir.flows_core ADD COLUMN IF NOT EXISTS vlan UInt16 CODEC(T64, ZSTD(1))");
	assert_false(schema_add_column(&b, &single, "flows_core", F_vlan, 1));
	buf_reset(&b);
	assert_true(schema_add_column(&b, &cluster, "flows_core", F_vlan, 0));
	assert_string_equal(buf_cstr(&b),
			    "ALTER TABLE weir.flows_core_local ON CLUSTER north ADD COLUMN IF NOT "
			    "EXISTS vlan UInt16 CODEC(T64, ZSTD(1))");
	buf_reset(&b);
	assert_true(schema_add_column(&b, &cluster, "flows_core", F_vlan, 1));
	assert_string_equal(
	    buf_cstr(&b),
	    "ALTER TABLE weir.flows_core ON CLUSTER north ADD COLUMN IF NOT EXISTS vlan UInt16");
	buf_reset(&b);
	schema_drop_day(&b, &cluster, "flows_wide", "2026-01-01T00:00:00.000Z");
	assert_string_equal(
	    buf_cstr(&b),
	    "ALTER TABLE weir.flows_wide_local ON CLUSTER north DROP PARTITION '2026-01-01'");
	buf_fini(&b);
}

static void test_codecs_of_version_9(void **state)
{
	(void)state;
	struct buf b = {0};
	assert_true(schema_recode(&b, &cluster, SHAPE_WIDE));
	assert_has(&b,
		   "ALTER TABLE weir.flows_wide_local ON CLUSTER north MODIFY COLUMN src_ip4 "
		   "CODEC(Delta, T64, ZSTD(1)), MODIFY COLUMN t_last CODEC(T64('bit'), LZ4), "
		   "MODIFY COLUMN src_port CODEC(ZSTD(1)), MODIFY COLUMN dst_port "
		   "CODEC(ZSTD(1)), MODIFY COLUMN proto CODEC(ZSTD(1)), MODIFY COLUMN IF EXISTS "
		   "present_0 CODEC(T64, ZSTD(1)), MODIFY COLUMN IF EXISTS present_1 ");
	assert_false(schema_recode(&b, &cluster, SHAPE_MAX));
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_single),
	    cmocka_unit_test(test_cluster),
	    cmocka_unit_test(test_changes),
	    cmocka_unit_test(test_codecs_of_version_9),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
