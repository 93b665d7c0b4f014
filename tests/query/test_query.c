/* SPDX-License-Identifier: Apache-2.0 */
/* The query object from JSON, its defaults and its checks. */
#include "query/query.h"

#include "query/interfaces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const int64_t noon = 1767268800000;

static enum err parse(struct query *q, enum query_kind kind, const char *json, struct arena *a,
		      struct diag *why)
{
	*why = (struct diag){0};
	query_init(q, kind, noon, a);
	enum err e = query_from_json(q, json, strlen(json), noon, why);
	return e ? e : query_check(q, why);
}

static void test_defaults(void **state)
{
	(void)state;
	struct arena a = {0};
	struct query q;
	struct diag why;
	assert_int_equal(parse(&q, QUERY_TOP, "{}", &a, &why), ERR_OK);
	assert_int_equal(q.from_ms, noon - 3600000);
	assert_int_equal(q.to_ms, noon);
	assert_int_equal(q.limit, 10);
	assert_int_equal(q.metric, METRIC_BPS);
	assert_int_equal(q.n_by, 0);
	assert_int_equal(parse(&q, QUERY_FLOWS, "{}", &a, &why), ERR_OK);
	assert_int_equal(q.limit, 100);
	assert_int_equal(q.order, F_t_last);
	assert_true(q.desc);
	arena_fini(&a);
}

static void test_all_keys(void **state)
{
	(void)state;
	static const char json[] =
	    "{\"time\":{\"from\":\"now-6h\",\"to\":1767265200000},\"filter\":\"dst_port = 443\","
	    "\"by\":[\"src_ip\",\"port\"],\"metric\":\"packets\",\"limit\":7,\"limit_by\":\"last\","
	    "\"step\":60,\"order\":\"bytes\",\"desc\":false,\"offset\":5,\"raw\":true,"
	    "\"fields\":[\"t_last\",\"src_ip\"]}";
	struct arena a = {0};
	struct query q;
	struct diag why;
	assert_int_equal(parse(&q, QUERY_TOP, json, &a, &why), ERR_OK);
	assert_int_equal(q.from_ms, noon - 6 * 3600000);
	assert_int_equal(q.to_ms, noon - 3600000);
	assert_string_equal(q.filter_text, "dst_port = 443");
	assert_int_equal(q.n_by, 2);
	assert_int_equal(q.by[0], F_src_ip);
	assert_int_equal(q.by[1], KEY_PORT);
	assert_int_equal(q.metric, METRIC_PACKETS);
	assert_int_equal(q.limit, 7);
	assert_int_equal(q.limit_by, LIMIT_LAST);
	assert_int_equal(q.step_s, 60);
	assert_int_equal(q.order, F_bytes);
	assert_false(q.desc);
	assert_int_equal(q.offset, 5);
	assert_true(q.raw);
	assert_int_equal(q.fields[0], (uint64_t)1 << F_t_last | (uint64_t)1 << F_src_ip);
	arena_fini(&a);
}

/* [kind, JSON, the error, a word that its message must have] */
static void test_errors(void **state)
{
	(void)state;
	const struct {
		enum query_kind kind;
		const char *json;
		enum err err;
		const char *says;
	} wrong[] = {
	    {QUERY_TOP, "", ERR_SYNTAX, "JSON"},
	    {QUERY_TOP, "[]", ERR_TYPE, "object"},
	    {QUERY_TOP, "{\"limits\":3}", ERR_UNKNOWN, "limits"},
	    {QUERY_TOP, "{\"time\":{\"since\":3}}", ERR_UNKNOWN, "since"},
	    {QUERY_TOP, "{\"time\":{\"from\":\"yesterday\"}}", ERR_SYNTAX, "yesterday"},
	    {QUERY_TOP, "{\"time\":{\"from\":\"now\",\"to\":\"now-1h\"}}", ERR_SYNTAX, "before"},
	    {QUERY_TOP, "{\"time\":{\"from\":-5}}", ERR_LIMIT, "1970"},
	    {QUERY_TOP, "{\"time\":{\"to\":1e300}}", ERR_LIMIT, "2106"},
	    {QUERY_TOP, "{\"time\":{\"to\":4294967295001}}", ERR_LIMIT, "2106"},
	    {QUERY_TOP, "{\"by\":[\"src_ipp\"]}", ERR_UNKNOWN, "src_ip'"},
	    {QUERY_TOP, "{\"by\":[\"bytes\"]}", ERR_TYPE, "bytes"},
	    {QUERY_TOP, "{\"by\":[\"src_ip\",\"src_ip\"]}", ERR_EXISTS, "twice"},
	    {QUERY_TOP,
	     "{\"by\":[\"src_ip\",\"dst_ip\",\"src_port\",\"dst_port\",\"proto\",\"tos\",\"in_if\","
	     "\"out_if\",\"vlan\"]}",
	     ERR_LIMIT, "8"},
	    {QUERY_TOP, "{\"by\":\"src_ip\"}", ERR_TYPE, "by"},
	    {QUERY_TOP, "{\"metric\":\"bits\"}", ERR_UNKNOWN, "bps"},
	    {QUERY_TOP, "{\"limit\":-1}", ERR_TYPE, "limit"},
	    {QUERY_TOP, "{\"limit\":100001}", ERR_LIMIT, "100000"},
	    {QUERY_SERIES, "{\"limit\":501}", ERR_LIMIT, "500"},
	    {QUERY_SERIES, "{\"step\":45}", ERR_TYPE, "30"},
	    {QUERY_SERIES, "{\"step\":30,\"time\":{\"from\":\"now-30d\"}}", ERR_LIMIT, "steps"},
	    {QUERY_TOP, "{\"raw\":1}", ERR_TYPE, "raw"},
	    {QUERY_FLOWS, "{\"order\":\"size\"}", ERR_UNKNOWN, "size"},
	    {QUERY_FLOWS, "{\"fields\":[1]}", ERR_TYPE, "fields"},
	};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct arena a = {0};
		struct query q;
		struct diag why;
		assert_int_equal(parse(&q, wrong[i].kind, wrong[i].json, &a, &why), wrong[i].err);
		if (!strstr(why.msg, wrong[i].says))
			fail_msg("%s: %s", wrong[i].json, why.msg);
		arena_fini(&a);
	}
}

/* 2106-02-07T06:28:15Z is the last second of 32 bits. */
static void test_interfaces_times(void **state)
{
	(void)state;
	struct diag why;
	struct interfaces_query q;
	interfaces_init(&q, 4294967295000);
	assert_int_equal(interfaces_check(&q, &why), ERR_OK);
	interfaces_init(&q, 4294967295001);
	assert_int_equal(interfaces_check(&q, &why), ERR_LIMIT);
	interfaces_init(&q, INT64_MAX - 1);
	q.series = true;
	assert_int_equal(interfaces_check(&q, &why), ERR_LIMIT);
}

static void test_filter_place(void **state)
{
	(void)state;
	struct arena a = {0};
	struct query q;
	struct diag why;
	assert_int_not_equal(
	    parse(&q, QUERY_TOP, "{\"filter\":\"proto = 6 and nonsense = 1\"}", &a, &why), ERR_OK);
	assert_int_equal(why.line, 1);
	assert_int_equal(why.col, 15);
	assert_int_equal(why.end_col, 23);
	arena_fini(&a);
}

/* 400 bins at most, both ends covered, steps on their own multiples. */
static void test_step(void **state)
{
	(void)state;
	const struct {
		const char *from;
		uint32_t step_s;
	} rows[] = {{"now-1h", 30},    {"now-6h", 60},      {"now-1d", 300},     {"now-7d", 1800},
		    {"now-30d", 7200}, {"now-365d", 86400}, {"now-730d", 172800}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena a = {0};
		struct query q;
		struct diag why;
		char json[64];
		snprintf(json, sizeof(json), "{\"time\":{\"from\":\"%s\"}}", rows[i].from);
		assert_int_equal(parse(&q, QUERY_SERIES, json, &a, &why), ERR_OK);
		assert_int_equal(q.step_s, rows[i].step_s);
		assert_int_equal(q.from_ms % (q.step_s * 1000ll), 0);
		assert_int_equal(q.to_ms % (q.step_s * 1000ll), 0);
		assert_true(q.to_ms >= noon && (q.to_ms - q.from_ms) / 1000 / q.step_s <= 400);
		arena_fini(&a);
	}
}

static void test_swapped_ends(void **state)
{
	(void)state;
	assert_int_equal(field_swapped(F_src_ip), F_dst_ip);
	assert_int_equal(field_swapped(F_out_if), F_in_if);
	assert_int_equal(field_swapped(F_tcp_flags), F_rev_tcp_flags);
	assert_int_equal(field_swapped(F_rev_tos), F_tos);
	assert_int_equal(field_swapped(F_proto), F_proto);
	assert_int_equal(field_swapped(F_exporter_ip), F_exporter_ip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),     cmocka_unit_test(test_all_keys),
	    cmocka_unit_test(test_errors),       cmocka_unit_test(test_interfaces_times),
	    cmocka_unit_test(test_filter_place), cmocka_unit_test(test_step),
	    cmocka_unit_test(test_swapped_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
