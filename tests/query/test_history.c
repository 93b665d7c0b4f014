/* SPDX-License-Identifier: Apache-2.0 */
#include "query/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* 2026-01-01T12:00:07Z */
static const int64_t now = 1767268807000;

static enum err set(struct history_query *q, const char *name, const char *value)
{
	struct diag d;
	return history_set(q, name, value, now, &d);
}

static void range_and_step(void **state)
{
	(void)state;
	struct history_query q;
	struct diag d = {0};
	history_init(&q, now);
	assert_int_equal(history_check(&q, &d), ERR_OK);
	assert_int_equal(q.step_s, 10); /* 360 of them are an hour */
	assert_int_equal(q.from_ms, now - 7000 - 3600000);
	assert_int_equal(q.to_ms, now + 3000);
	assert_int_equal(set(&q, "from", "now-1d"), ERR_OK);
	q.step_s = 0;
	assert_int_equal(history_check(&q, &d), ERR_OK);
	assert_int_equal(q.step_s, 300);
	assert_int_equal((q.to_ms - q.from_ms) % 300000, 0);
}

static void parameters_are_checked(void **state)
{
	(void)state;
	struct history_query q;
	struct diag d = {0};
	history_init(&q, now);
	assert_int_equal(set(&q, "exporter", "192.0.2.1"), ERR_UNKNOWN);
	assert_int_equal(set(&q, "exporter_ip", "rtr1"), ERR_TYPE);
	assert_int_equal(set(&q, "domain", "-1"), ERR_TYPE);
	assert_int_equal(set(&q, "domain", "4294967296"), ERR_TYPE);
	assert_int_equal(set(&q, "domain", "7x"), ERR_TYPE);
	assert_int_equal(set(&q, "domain", "7"), ERR_OK);
	assert_int_equal(history_check(&q, &d), ERR_SYNTAX); /* whose domain? */
	assert_int_equal(set(&q, "exporter_ip", "192.0.2.1"), ERR_OK);
	assert_int_equal(set(&q, "step", "15"), ERR_OK);
	assert_int_equal(history_check(&q, &d), ERR_TYPE);
	assert_int_equal(set(&q, "step", "10"), ERR_OK);
	assert_int_equal(set(&q, "from", "now-10d"), ERR_OK);
	assert_int_equal(history_check(&q, &d), ERR_LIMIT);
	assert_int_equal(set(&q, "from", "now+1d"), ERR_OK);
	assert_int_equal(history_check(&q, &d), ERR_SYNTAX);
}

static void whose_counters(void **state)
{
	(void)state;
	struct history_query q;
	struct diag d = {0};
	struct buf sql = {0};
	history_init(&q, now);
	assert_int_equal(history_check(&q, &d), ERR_OK);
	history_sql(&q, "weir", &sql);
	assert_non_null(strstr(buf_cstr(&sql), "FROM weir.self_counters WHERE"));
	buf_reset(&sql);
	assert_int_equal(set(&q, "exporter_ip", "192.0.2.1"), ERR_OK);
	assert_int_equal(set(&q, "version", "9"), ERR_OK);
	history_sql(&q, "weir", &sql);
	assert_non_null(strstr(buf_cstr(&sql), "FROM weir.exporter_stats ARRAY JOIN"));
	assert_non_null(
	    strstr(buf_cstr(&sql), "exporter_ip = toIPv6('192.0.2.1') AND version = 9 GROUP"));
	buf_fini(&sql);
}

static void unknown_gauges_are_null(void **state)
{
	(void)state;
	struct history_query q = {.from_ms = 0, .to_ms = 20000, .step_s = 10};
	double records[] = {5, 0}, templates[] = {3, __builtin_nan("")};
	struct history_line lines[] = {{.name = "records.decoded", .v = records},
				       {.name = "templates.live", .gauge = true, .v = templates}};
	const struct history_result r = {.lines = lines, .n = 2, .n_bins = 2};
	struct buf out = {0};
	history_json(&out, &q, &r);
	assert_string_equal(buf_cstr(&out),
			    "{\"from\":0,\"to\":20000,\"step_ms\":10000,\"t\":[0,10000],"
			    "\"counters\":{\"records.decoded\":[5,0]},"
			    "\"gauges\":{\"templates.live\":[3,null]}}");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(range_and_step),
	    cmocka_unit_test(parameters_are_checked),
	    cmocka_unit_test(whose_counters),
	    cmocka_unit_test(unknown_gauges_are_null),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
