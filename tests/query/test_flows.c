/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of RowBinary, cut anywhere, come back as the flows they are. The bytes follow ClickHouse's
 * description of the format: fixed little-endian numbers, 16 bytes of address, LEB128 lengths. */
#include "query/flows.h"

#include "model/batch.h"
#include "model/native.h"
#include "model/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const unsigned columns[] = {
    F_t_last,      F_src_ip,       F_src_port,         F_proto,           F_bytes, F_dns_qname,
    F_mpls_labels, NATIVE_PRESENT, NATIVE_PRESENT + 1, NATIVE_PRESENT + 2};

static void put_row(struct buf *b, uint16_t port, const char *name, uint64_t word0, uint64_t word1,
		    uint64_t word2)
{
	static const uint8_t ip[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
	buf_le64(b, 1767268800123);
	buf_put(b, ip, sizeof(ip));
	buf_put(b, &port, 2);
	buf_u8(b, 6);
	buf_le64(b, 1500);
	buf_varint(b, strlen(name));
	buf_str(b, name);
	buf_varint(b, 2);
	buf_le32(b, 16);
	buf_le32(b, 33);
	buf_le64(b, word0);
	buf_le64(b, word1);
	buf_le64(b, word2);
}

static bool add_lines(void *arg, const struct batch *b)
{
	struct buf *out = arg;
	for (uint32_t i = 0; i < b->n; i++) {
		record_json(out, b, i);
		buf_u8(out, '\n');
	}
	return true;
}

static uint64_t bit(enum field f)
{
	return (uint64_t)1 << (field_table[f].present_bit % 64);
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	static const char expect[] =
	    "{\"t_last\":\"2026-01-01T12:00:00.123Z\",\"src_ip\":\"10.0.0.1\",\"src_port\":443,"
	    "\"proto\":6,"
	    "\"bytes\":1500,\"mpls_labels\":[16,33],\"dns_qname\":\"example.org\"}\n"
	    /* The second row carries neither a port nor a name nor labels. */
	    "{\"t_last\":\"2026-01-01T12:00:00.123Z\",\"src_ip\":\"10.0.0.1\",\"proto\":6,"
	    "\"bytes\":1500}\n";
	uint64_t some = bit(F_t_last) | bit(F_src_ip) | bit(F_proto) | bit(F_bytes);
	struct buf rows = {0};
	put_row(&rows, 443, "example.org", some | bit(F_src_port), bit(F_mpls_labels),
		bit(F_dns_qname));
	put_row(&rows, 0, "", some, 0, 0);
	for (size_t step = 1; step <= rows.n; step++) {
		struct buf out = {0};
		struct flows_reader *r =
		    flows_reader_new(columns, ARRAY_LEN(columns), add_lines, &out);
		for (size_t at = 0; at < rows.n; at += step)
			assert_true(flows_reader_take(r, rows.p + at, MIN_OF(step, rows.n - at)));
		assert_int_equal(flows_reader_end(r), ERR_OK);
		assert_string_equal(buf_cstr(&out), expect);
		flows_reader_free(r);
		buf_fini(&out);
	}
	/* An end inside a row is an error, wherever it is. */
	for (size_t n = 1; n < rows.n; n++) {
		struct buf out = {0};
		struct flows_reader *r =
		    flows_reader_new(columns, ARRAY_LEN(columns), add_lines, &out);
		flows_reader_take(r, rows.p, n);
		bool at_row = out.n == 0 && n * 2 > rows.n;
		enum err e = flows_reader_end(r);
		size_t lines = 0;
		for (size_t i = 0; i < out.n; i++)
			lines += out.p[i] == '\n';
		assert_true(e == ERR_MALFORMED || (at_row && lines == 1));
		flows_reader_free(r);
		buf_fini(&out);
	}
	buf_fini(&rows);
}

static bool stop_at_once(void *arg, const struct batch *b)
{
	(void)b;
	(*(int *)arg)++;
	return false;
}

static void test_full_batches(void **state)
{
	(void)state;
	struct buf rows = {0};
	for (int i = 0; i < BATCH_ROWS + 1; i++)
		put_row(&rows, 1, "", bit(F_src_port), 0, 0);
	int calls = 0;
	struct flows_reader *r =
	    flows_reader_new(columns, ARRAY_LEN(columns), stop_at_once, &calls);
	assert_false(flows_reader_take(r, rows.p, rows.n));
	assert_int_equal(calls, 1);
	flows_reader_free(r);
	buf_fini(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cut_anywhere),
	    cmocka_unit_test(test_full_batches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
