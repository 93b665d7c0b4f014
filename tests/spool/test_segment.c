/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a segment, read back by an independent reader of the Native format. */
#include "native_block.h"
#include "spool_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static uint8_t *read_body(const struct segment *seg)
{
	uint8_t *p = malloc(seg->body_len);
	assert_int_equal(pread(seg->fd, p, seg->body_len, (off_t)seg->body_off),
			 (ssize_t)seg->body_len);
	return p;
}

static void every_type_is_written_as_native(void **state)
{
	(void)state;
	struct kit k = {0};
	struct segment seg;
	struct ip a;
	kit_begin(&k);
	struct batch *b = k.wide;
	assert_int_equal(ip_parse("192.0.2.7", 9, &a), ERR_OK);
	batch_open_rows(b, 3);
	batch_set_num(b, F_t_last, 0, 1767268800123);
	batch_set_ip(b, F_src_ip, 1, &a);
	batch_set_num(b, F_src_port, 1, 51514);
	batch_set_num(b, F_proto, 2, 17);
	batch_set_num(b, F_in_if, 2, 70000);
	batch_set_num(b, F_bytes, 2, UINT64_MAX);
	batch_set_num(b, F_src_mac, 0, 0x0a0b0c0d0e0f);
	batch_use(b, F_mpls_labels);
	batch_push_u32(b, F_mpls_labels, 1, 16001);
	batch_push_u32(b, F_mpls_labels, 1, 3);
	batch_use(b, F_dns_qname);
	char name[200];
	memset(name, 'x', sizeof(name));
	batch_put_str(b, F_dns_qname, 1, name, sizeof(name));
	batch_put_str(b, F_dns_qname, 2, "example.org", 11);
	batch_set_present(b, F_dns_qname, 2);
	batch_set_num(b, F_rev_bytes, 0, 9);
	for (int i = 0; i < 3; i++)
		b->day[i] = KIT_DAY;
	b->n = 3;
	spool_append(k.writer, b);
	stat_add(&k.stats, ST_records_decoded, 3);
	kit_commit(&k);

	assert_int_equal(spool_next(k.spool, 0, &seg), ERR_OK);
	assert_int_equal(seg.rows, 3);
	assert_int_equal(seg.day, KIT_DAY);
	assert_int_equal(seg.shape, SHAPE_WIDE);
	uint8_t *body = read_body(&seg);
	static struct block blk;
	block_read(body, seg.body_len, &blk);
	assert_int_equal(blk.rows, 3);
	assert_int_equal(block_uint(&blk, "t_last", 0), 1767268800123);
	assert_string_equal(block_find(&blk, "t_last")->type, "DateTime64(3)");
	assert_memory_equal(block_value(&blk, "src_ip", 1),
			    "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\7", 16);
	assert_int_equal(block_uint(&blk, "src_port", 0), 0);
	assert_int_equal(block_uint(&blk, "src_port", 1), 51514);
	assert_int_equal(block_uint(&blk, "proto", 2), 17);
	assert_int_equal(block_uint(&blk, "in_if", 2), 70000);
	assert_int_equal(block_uint(&blk, "bytes", 2), UINT64_MAX);
	assert_int_equal(block_uint(&blk, "src_mac", 0), 0x0a0b0c0d0e0f);
	assert_int_equal(block_uint(&blk, "rev_bytes", 0), 9);
	assert_int_equal(block_list_len(&blk, "mpls_labels", 0), 0);
	assert_int_equal(block_list_len(&blk, "mpls_labels", 1), 2);
	assert_int_equal(block_list_len(&blk, "mpls_labels", 2), 0);
	assert_int_equal(block_list_at(&blk, "mpls_labels", 1, 0), 16001);
	assert_int_equal(block_list_at(&blk, "mpls_labels", 1, 1), 3);
	size_t n;
	block_string(&blk, "dns_qname", 0, &n);
	assert_int_equal(n, 0);
	assert_memory_equal(block_string(&blk, "dns_qname", 1, &n), name, sizeof(name));
	assert_int_equal(n, sizeof(name));
	assert_memory_equal(block_string(&blk, "dns_qname", 2, &n), "example.org", 11);
	assert_int_equal(block_uint(&blk, "day", 2), KIT_DAY);
	/* fields.def: bytes is bit 14 of word 0; rev_bytes bit 14 of the first reverse word;
	 * dns_qname is 140. */
	assert_int_equal(block_uint(&blk, "present_0", 2), 1 << 11 | 1 << 17 | 1 << 14);
	assert_int_equal(block_uint(&blk, "present_2", 2), 1u << (140 - 128));
	assert_int_equal(block_uint(&blk, "rev_present_0", 0), 1 << 14);
	free(body);
	segment_done(k.spool, &seg);
	kit_check(&k);
	kit_end(&k);
}

/* The list of columns is what the block has, in its order. */
static void column_list_names_the_block(void **state)
{
	(void)state;
	struct kit k = {0};
	struct segment seg;
	kit_begin(&k);
	kit_rows(&k, SHAPE_CORE, KIT_DAY, 5, 1);
	kit_commit(&k);
	assert_int_equal(spool_next(k.spool, 0, &seg), ERR_OK);
	assert_string_equal(seg.columns, "bytes,present_0,day");
	uint8_t *body = read_body(&seg);
	static struct block blk;
	block_read(body, seg.body_len, &blk);
	assert_int_equal(blk.columns, 3);
	assert_string_equal(blk.column[2].name, "day");
	free(body);
	segment_done(k.spool, &seg);
	kit_end(&k);
}

static void one_row(struct kit *k, enum field f, uint64_t v)
{
	batch_reset(k->wide);
	batch_open_rows(k->wide, 1);
	if (field_table[f].ctype == CT_STR) {
		batch_use(k->wide, f);
		batch_put_str(k->wide, f, 0, "abc", (size_t)v);
	} else if (field_table[f].ctype == CT_U32LIST) {
		batch_use(k->wide, f);
		batch_push_u32(k->wide, f, 0, (uint32_t)v);
	} else {
		batch_set_num(k->wide, f, 0, v);
	}
	k->wide->day[0] = KIT_DAY;
	k->wide->n = 1;
	spool_append(k->writer, k->wide);
	stat_add(&k->stats, ST_records_decoded, 1);
}

/* A column that comes late, or stays away in a later batch, is zero (empty) in the other rows; also
 * in a buffer that held other values before. */
static void late_columns_are_zero(void **state)
{
	(void)state;
	struct kit k = {0};
	struct segment seg;
	kit_begin(&k);
	for (int round = 0; round < 3; round++) {
		if (round < 2)
			for (int i = 0; i < 4; i++) {
				one_row(&k, F_bytes, UINT64_MAX);
				one_row(&k, F_dns_qname, 3);
				one_row(&k, F_mpls_labels, 77);
			}
		one_row(&k, F_packets, 1);
		one_row(&k, F_bytes, 100);
		one_row(&k, F_dns_qname, 2);
		one_row(&k, F_mpls_labels, 55);
		one_row(&k, F_packets, 2);
		kit_commit(&k);
		assert_int_equal(spool_next(k.spool, 0, &seg), ERR_OK);
		if (round == 2) {
			uint8_t *body = read_body(&seg);
			static struct block blk;
			block_read(body, seg.body_len, &blk);
			const uint64_t bytes[] = {0, 100, 0, 0, 0}, packets[] = {1, 0, 0, 0, 2};
			const uint64_t names[] = {0, 0, 2, 0, 0}, labels[] = {0, 0, 0, 1, 0};
			for (uint64_t i = 0; i < 5; i++) {
				size_t n;
				block_string(&blk, "dns_qname", i, &n);
				assert_int_equal(n, names[i]);
				assert_int_equal(block_uint(&blk, "bytes", i), bytes[i]);
				assert_int_equal(block_uint(&blk, "packets", i), packets[i]);
				assert_int_equal(block_list_len(&blk, "mpls_labels", i), labels[i]);
			}
			assert_int_equal(block_list_at(&blk, "mpls_labels", 3, 0), 55);
			free(body);
		}
		segment_done(k.spool, &seg);
	}
	kit_check(&k);
	kit_end(&k);
}

/* More rows than any first capacity: every one is there, in order. */
static void many_rows_keep_their_order(void **state)
{
	(void)state;
	struct kit k = {0};
	struct segment seg;
	enum { ROWS = 300001 };
	kit_begin(&k);
	kit_rows(&k, SHAPE_CORE, KIT_DAY, ROWS, 5);
	kit_commit(&k);
	assert_int_equal(spool_next(k.spool, 0, &seg), ERR_OK);
	assert_int_equal(seg.rows, ROWS);
	uint8_t *body = read_body(&seg);
	static struct block blk;
	block_read(body, seg.body_len, &blk);
	for (uint64_t i = 0; i < ROWS; i++)
		if (block_uint(&blk, "bytes", i) != i + 5)
			fail_msg("row %lu", (unsigned long)i);
	free(body);
	segment_done(k.spool, &seg);
	kit_end(&k);
}

/* Columns of few values in runs become dictionaries; the values stay what they were, whatever the
 * pattern. */
static void dictionaries_say_the_same(void **state)
{
	(void)state;
	enum { ROWS = 5000 };
	struct kit k = {0};
	struct segment seg;
	kit_begin(&k);
	for (uint32_t at = 0; at < ROWS;) {
		batch_reset(k.core);
		uint32_t n = MIN_OF((uint32_t)ROWS - at, (uint32_t)BATCH_ROWS);
		batch_open_rows(k.core, n);
		for (uint32_t i = 0; i < n; i++, at++) {
			struct ip a = {{[15] = (uint8_t)(at / 100)}},
				  b = {{[0] = (uint8_t)at, [7] = (uint8_t)(at >> 8)}};
			batch_set_ip(k.core, F_exporter_ip, i, &a);  /* 50 values in runs of 100 */
			batch_set_ip(k.core, F_src_ip, i, &b);       /* all different */
			batch_set_num(k.core, F_in_if, i, at % 3);   /* few values, no runs */
			batch_set_num(k.core, F_out_if, i, at / 10); /* 500 values: too many */
			batch_set_num(k.core, F_observation_domain, i, 7); /* one value */
			batch_set_num(k.core, F_bytes, i,
				      at < 4000 ? 1 : at); /* changes its mind late */
			k.core->day[i] = KIT_DAY;
		}
		k.core->n = n;
		spool_append(k.writer, k.core);
		stat_add(&k.stats, ST_records_decoded, n);
	}
	kit_commit(&k);
	assert_int_equal(spool_next(k.spool, 0, &seg), ERR_OK);
	uint8_t *body = read_body(&seg);
	static struct block blk;
	block_read(body, seg.body_len, &blk);
	assert_int_equal(block_find(&blk, "exporter_ip")->keys, 50);
	assert_int_equal(block_find(&blk, "observation_domain")->keys, 1);
	assert_int_equal(block_find(&blk, "present_0")->keys, 1);
	assert_null(block_find(&blk, "src_ip")->index);
	assert_null(block_find(&blk, "in_if")->index);
	assert_null(block_find(&blk, "out_if")->index);
	for (uint64_t i = 0; i < ROWS; i++) {
		assert_int_equal(block_value(&blk, "exporter_ip", i)[15], i / 100);
		assert_int_equal(block_value(&blk, "src_ip", i)[7], i >> 8);
		assert_int_equal(block_uint(&blk, "in_if", i), i % 3);
		assert_int_equal(block_uint(&blk, "out_if", i), i / 10);
		assert_int_equal(block_uint(&blk, "observation_domain", i), 7);
		assert_int_equal(block_uint(&blk, "bytes", i), i < 4000 ? 1 : i);
		assert_int_equal(block_uint(&blk, "day", i), KIT_DAY);
	}
	free(body);
	segment_done(k.spool, &seg);
	kit_end(&k);
}

static void segments_are_cut_by_day_and_shape(void **state)
{
	(void)state;
	struct kit k = {0};
	struct segment seg;
	kit_begin(&k);
	batch_open_rows(k.core, 5);
	const int32_t days[] = {KIT_DAY, KIT_DAY, KIT_DAY - 1, KIT_DAY, KIT_DAY - 1};
	for (uint32_t i = 0; i < 5; i++) {
		batch_set_num(k.core, F_bytes, i, i);
		k.core->day[i] = days[i];
	}
	k.core->n = 5;
	spool_append(k.writer, k.core);
	stat_add(&k.stats, ST_records_decoded, 5);
	kit_rows(&k, SHAPE_WIDE, KIT_DAY, 2, 0);
	kit_commit(&k);
	const struct {
		int32_t day;
		uint32_t rows;
		enum shape shape;
	} want[] = {
	    {KIT_DAY, 3, SHAPE_CORE}, {KIT_DAY - 1, 2, SHAPE_CORE}, {KIT_DAY, 2, SHAPE_WIDE}};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(spool_next(k.spool, 0, &seg), ERR_OK);
		assert_int_equal(seg.day, want[i].day);
		assert_int_equal(seg.rows, want[i].rows);
		assert_int_equal(seg.shape, want[i].shape);
		segment_done(k.spool, &seg);
	}
	assert_int_equal(spool_next(k.spool, 0, &seg), ERR_NOT_FOUND);
	kit_check(&k);
	kit_end(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_type_is_written_as_native),
	    cmocka_unit_test(column_list_names_the_block),
	    cmocka_unit_test(late_columns_are_zero),
	    cmocka_unit_test(many_rows_keep_their_order),
	    cmocka_unit_test(dictionaries_say_the_same),
	    cmocka_unit_test(segments_are_cut_by_day_and_shape),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
