/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/notes.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>

static void numbers(void **state)
{
	(void)state;
	struct pool p;
	pool_init(&p, 1 << 20);
	struct notes n = notes_of(&p);
	uint64_t v = 0;
	assert_false(notes_num(&n, F_tls_version, &v));
	notes_num_once(&n, F_tls_version, 3);
	notes_num_once(&n, F_tls_version, 9);
	assert_true(notes_num(&n, F_tls_version, &v));
	assert_int_equal(v, 3);
	notes_num_put(&n, F_tls_version, 7);
	notes_num_add(&n, F_tls_version, 5);
	notes_num(&n, F_tls_version, &v);
	assert_int_equal(v, 12);
	notes_num_max(&n, F_tls_version, 4);
	notes_num_min(&n, F_tls_version, 10);
	notes_num_or(&n, F_tls_version, 1);
	notes_num(&n, F_tls_version, &v);
	assert_int_equal(v, 11);
	notes_clear(&n);
	assert_false(notes_has(&n, F_tls_version));
	pool_fini(&p);
}

static void columns(void **state)
{
	(void)state;
	struct pool p;
	pool_init(&p, 1 << 20);
	struct notes n = notes_of(&p);
	notes_push(&n, F_mpls_labels, 10);
	notes_str_once(&n, F_http_host, "a.example\0\0", 11);
	notes_push(&n, F_mpls_labels, 11);
	notes_str_put(&n, F_http_url, "/x", 2);
	notes_str_put(&n, F_http_url, "/longer", 7);
	notes_num_put(&n, F_dns_rcode, 70000); /* a field of one byte: the most it can say */
	struct batch *b = batch_new(SHAPE_WIDE);
	batch_open_rows(b, 1);
	b->n = 1;
	notes_to_batch(&n, b, 0);
	struct span s = batch_span(b, F_mpls_labels)[0];
	assert_int_equal(s.len, 2);
	assert_int_equal(batch_list_at(b, s, 0), 10);
	assert_int_equal(batch_list_at(b, s, 1), 11);
	s = batch_span(b, F_http_host)[0];
	assert_int_equal(s.len, 9);
	assert_memory_equal(batch_bytes(b, s), "a.example", 9);
	s = batch_span(b, F_http_url)[0];
	assert_int_equal(s.len, 7);
	assert_int_equal(batch_u8(b, F_dns_rcode)[0], 255);
	batch_free(b);
	notes_clear(&n);
	pool_fini(&p);
}

static void limits(void **state)
{
	(void)state;
	struct pool p;
	uint8_t text[NOTES_STR_MAX + 100];
	memset(text, 'x', sizeof(text));
	pool_init(&p, 1 << 20);
	struct notes n = notes_of(&p);
	notes_str_once(&n, F_http_host, text, sizeof(text));
	assert_int_equal(n.n, 4 + NOTES_STR_MAX);
	for (int i = 0; i < 20; i++)
		notes_str_once(&n, (enum field)i, text, sizeof(text));
	assert_true(n.n <= NOTES_FLOW_MAX);
	assert_true(p.refused > 0);
	for (uint32_t i = 0; i < 2 * NOTES_LIST_MAX; i++)
		notes_push(&n, F_mpls_labels, i);
	notes_clear(&n);
	pool_fini(&p);
	pool_init(&p, 0); /* no memory at all */
	n = notes_of(&p);
	notes_num_once(&n, F_dns_rcode, 1);
	assert_false(notes_has(&n, F_dns_rcode));
	assert_int_equal(p.refused, 1);
	pool_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(columns),
	    cmocka_unit_test(limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
