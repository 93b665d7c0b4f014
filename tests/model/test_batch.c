/* SPDX-License-Identifier: Apache-2.0 */
#include "model/batch.h"
#include "model/record.h"

#include "base/timefmt.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void late_column_is_zero_in_older_rows(void **state)
{
	(void)state;
	struct batch *b = batch_new(SHAPE_CORE);
	batch_open_rows(b, 2);
	batch_set_num(b, F_bytes, 0, 77);
	batch_set_num(b, F_bytes, 1, 78);
	b->n = 2;
	batch_open_rows(b, 1);
	batch_set_num(b, F_src_port, 2, 443);
	b->n = 3;
	assert_int_equal(batch_u16(b, F_src_port)[0], 0);
	assert_false(batch_present(b, F_src_port, 0));
	assert_true(batch_present(b, F_src_port, 2));
	assert_int_equal(batch_u64(b, F_bytes)[2], 0);
	assert_false(batch_present(b, F_bytes, 2));
	batch_free(b);
}

static void day_follows_t_last_within_bounds(void **state)
{
	(void)state;
	struct batch *b = batch_new(SHAPE_CORE);
	const int64_t noon = 1767268800000; /* 2026-01-01T12:00Z, day 20454 */
	const struct {
		int64_t last;
		int32_t day;
		bool suspect;
	} rows[] = {
	    {noon, 20454, false},
	    {noon - 13 * 3600000, 20453, false}, /* yesterday 23:00 */
	    {noon - 7 * (int64_t)MS_PER_DAY, 20447, false},
	    {noon - 7 * (int64_t)MS_PER_DAY - 1, 20454, true},
	    {noon + 3600000, 20454, false},
	    {noon + 3600001, 20454, true},
	};
	batch_open_rows(b, ARRAY_LEN(rows));
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		batch_set_num(b, F_t_recv, i, (uint64_t)noon);
		batch_set_num(b, F_t_last, i, (uint64_t)rows[i].last);
	}
	b->n = ARRAY_LEN(rows);
	batch_set_days(b, 0, false);
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(b->day[i], rows[i].day);
		assert_int_equal(batch_present(b, F_time_suspect, i), rows[i].suspect);
	}
	batch_free(b);
}

static void record_prints_what_is_present(void **state)
{
	(void)state;
	struct batch *b = batch_new(SHAPE_WIDE);
	struct ip a;
	assert_int_equal(ip_parse("10.0.0.5", 8, &a), ERR_OK);
	batch_open_rows(b, 1);
	batch_set_num(b, F_t_first, 0, 1767268800123);
	batch_set_ip(b, F_src_ip, 0, &a);
	batch_set_num(b, F_bytes, 0, UINT64_MAX);
	batch_set_num(b, F_src_mac, 0, 0x0a0b0c0d0e0f);
	batch_use(b, F_mpls_labels);
	batch_push_u32(b, F_mpls_labels, 0, 16001);
	batch_push_u32(b, F_mpls_labels, 0, 3);
	batch_set_present(b, F_mpls_labels, 0);
	batch_use(b, F_dns_qname);
	batch_put_str(b, F_dns_qname, 0, "a\"b\xff", 4);
	batch_set_present(b, F_dns_qname, 0);
	batch_set_num(b, F_rev_bytes, 0, 9);
	b->n = 1;
	struct buf out = {0};
	record_json(&out, b, 0);
	assert_string_equal(
	    buf_cstr(&out),
	    "{\"t_first\":\"2026-01-01T12:00:00.123Z\",\"src_ip\":\"10.0.0.5\","
	    "\"bytes\":18446744073709551615,\"src_mac\":\"0a:0b:0c:0d:0e:0f\","
	    "\"mpls_labels\":[16001,3],\"dns_qname\":\"a\\\"b\\ufffd\",\"rev_bytes\":9}");
	struct batch *c = batch_new(SHAPE_WIDE);
	assert_int_equal(batch_copy_row(c, b, 0), ERR_OK);
	struct buf copy = {0};
	record_json(&copy, c, 0);
	assert_string_equal(buf_cstr(&copy), buf_cstr(&out));
	buf_fini(&out);
	buf_fini(&copy);
	batch_free(b);
	batch_free(c);
}

static void names_are_found_whole(void **state)
{
	(void)state;
	assert_int_equal(field_find("src_ip", 6), F_src_ip);
	assert_int_equal(field_find("rev_bytes", 9), F_rev_bytes);
	assert_int_equal(field_find("src_i", 5), -1);
	assert_int_equal(field_find("src_ipx", 7), -1);
	assert_int_equal(field_table[F_rev_bytes].forward, F_bytes);
	assert_int_equal(field_table[F_bytes].reverse, F_rev_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(late_column_is_zero_in_older_rows),
	    cmocka_unit_test(day_follows_t_last_within_bounds),
	    cmocka_unit_test(record_prints_what_is_present),
	    cmocka_unit_test(names_are_found_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
