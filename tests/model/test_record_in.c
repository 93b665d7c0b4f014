/* SPDX-License-Identifier: Apache-2.0 */
#include "model/record.h"
#include "model/record_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void prints_what_it_read(void **state)
{
	(void)state;
	/* clang-format off */
	static const char *const lines[] = {
	    "{}",
	    "{\"t_first\":\"2026-01-01T12:00:00.123Z\",\"src_ip\":\"10.0.0.5\",\"dst_ip\":\"2001:db8::1\"}",
	    "{\"src_port\":65535,\"bytes\":18446744073709551615,\"src_mac\":\"0a:0b:0c:0d:0e:0f\"}",
	    "{\"bytes\":9223372036854775808,\"mpls_labels\":[16001,3,4294967295]}",
	    "{\"observation_point\":12345678901234567890,\"dns_qname\":\"a\\\"b 12345678901234567890\"}",
	};
	/* clang-format on */
	struct batch *b = batch_new(SHAPE_WIDE);
	struct buf out = {0};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct diag d = {0};
		if (record_from_json(b, lines[i], strlen(lines[i]), &d))
			fail_msg("%s: %s", lines[i], d.msg);
		assert_int_equal(b->n, i + 1);
		buf_reset(&out);
		record_json(&out, b, (uint32_t)i);
		assert_string_equal(buf_cstr(&out), lines[i]);
	}
	buf_fini(&out);
	batch_free(b);
}

static void other_spellings(void **state)
{
	(void)state;
	static const char line[] =
	    " {\"bytes\": null, \"not_a_field\": [1, {\"x\": 2}], \"packets\": \"7\", "
	    "\"time_suspect\": "
	    "true, \"t_last\": \"2026-01-01T13:00:00+01:00\", \"mpls_labels\": []} ";
	struct batch *b = batch_new(SHAPE_WIDE);
	struct buf out = {0};
	assert_int_equal(record_from_json(b, line, strlen(line), NULL), ERR_OK);
	record_json(&out, b, 0);
	assert_string_equal(buf_cstr(&out),
			    "{\"t_last\":\"2026-01-01T12:00:00.000Z\",\"packets\":7,"
			    "\"time_suspect\":1,\"mpls_labels\":[]}");
	buf_fini(&out);
	batch_free(b);
}

static void what_is_no_record(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "",
	    "x",
	    "[]",
	    "5",
	    "{\"bytes\":1",
	    "{\"bytes\":-1}",
	    "{\"bytes\":1.5}",
	    "{\"bytes\":18446744073709551616}",
	    "{\"src_port\":65536}",
	    "{\"src_port\":\"x\"}",
	    "{\"src_port\":\"\"}",
	    "{\"src_ip\":\"10.0.0\"}",
	    "{\"src_ip\":5}",
	    "{\"t_last\":\"yesterday\"}",
	    "{\"src_mac\":\"0a\"}",
	    "{\"app_name\":5}",
	    "{\"mpls_labels\":5}",
	    "{\"mpls_labels\":[4294967296]}",
	    "{\"bytes\":1,\"bytes\":2}",
	    "{\"bytes\":1} {\"bytes\":2}",
	};
	struct batch *b = batch_new(SHAPE_WIDE);
	struct buf out = {0};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct diag d = {0};
		if (record_from_json(b, lines[i], strlen(lines[i]), &d) != ERR_MALFORMED ||
		    !d.msg[0])
			fail_msg("%s is taken", lines[i]);
		assert_int_equal(b->n, 0);
	}
	/* Nothing of them is left in the row that comes next. */
	assert_int_equal(record_from_json(b, "{\"proto\":6}", 11, NULL), ERR_OK);
	record_json(&out, b, 0);
	assert_string_equal(buf_cstr(&out), "{\"proto\":6}");
	buf_fini(&out);
	batch_free(b);
}

static void a_full_batch_takes_none(void **state)
{
	(void)state;
	struct batch *b = batch_new(SHAPE_WIDE);
	for (int i = 0; i < BATCH_ROWS; i++)
		assert_int_equal(record_from_json(b, "{\"proto\":6}", 11, NULL), ERR_OK);
	assert_int_equal(record_from_json(b, "{\"proto\":6}", 11, NULL), ERR_LIMIT);
	assert_int_equal(b->n, BATCH_ROWS);
	batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prints_what_it_read),
	    cmocka_unit_test(other_spellings),
	    cmocka_unit_test(what_is_no_record),
	    cmocka_unit_test(a_full_batch_takes_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
