/* SPDX-License-Identifier: Apache-2.0 */
#include "spool/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct exporter_seq seq_of(uint32_t domain, uint32_t next)
{
	return (struct exporter_seq){.domain = domain, .next = next, .version = 9, .port = 2055};
}

static const struct seq_entry *find(const struct seqmap *m, uint32_t domain)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->e[i].seq.domain == domain)
			return &m->e[i];
	return NULL;
}

static void a_later_commit_wins_whatever_the_order(void **state)
{
	(void)state;
	struct seqmap m = {0};
	struct exporter_seq a = seq_of(1, 10), b = seq_of(1, 20), c = seq_of(2, 5);
	assert_true(seqmap_put(&m, &b, 7));
	assert_true(seqmap_put(&m, &a, 6));
	assert_true(seqmap_put(&m, &c, 1));
	assert_int_equal(m.n, 2);
	assert_int_equal(find(&m, 1)->seq.next, 20);
	a.next = 30;
	assert_true(seqmap_put(
	    &m, &a, 7)); /* the same commit again: the head after what came without rows */
	assert_int_equal(find(&m, 1)->seq.next, 30);
	seqmap_fini(&m);
}

/* Address, port, version and domain all tell exporters apart. */
static void keys_differ_in_every_part(void **state)
{
	(void)state;
	struct seqmap m = {0};
	struct exporter_seq q = seq_of(1, 1);
	assert_true(seqmap_put(&m, &q, 1));
	q.port++;
	assert_true(seqmap_put(&m, &q, 1));
	q.version++;
	assert_true(seqmap_put(&m, &q, 1));
	q.addr.b[15]++;
	assert_true(seqmap_put(&m, &q, 1));
	q.domain++;
	assert_true(seqmap_put(&m, &q, 1));
	assert_int_equal(m.n, 5);
	seqmap_fini(&m);
}

static void at_the_limit_the_oldest_make_room(void **state)
{
	(void)state;
	struct seqmap m = {0};
	for (uint32_t i = 0; i < 3 * SPOOL_SEQ_MAX; i++) {
		struct exporter_seq q = seq_of(i, i);
		assert_true(seqmap_put(&m, &q, i));
		assert_true(m.n <= SPOOL_SEQ_MAX);
	}
	assert_non_null(find(&m, 3 * SPOOL_SEQ_MAX - 1));
	assert_non_null(find(&m, 2 * SPOOL_SEQ_MAX + SPOOL_SEQ_MAX / 8));
	assert_null(find(&m, 0));
	struct exporter_seq q = seq_of(3 * SPOOL_SEQ_MAX - 1, 77);
	size_t n = m.n;
	assert_true(seqmap_put(&m, &q, UINT64_MAX));
	assert_int_equal(m.n, n);
	assert_int_equal(find(&m, 3 * SPOOL_SEQ_MAX - 1)->seq.next, 77);
	seqmap_fini(&m);
}

static void fill(struct ledger *l)
{
	struct exporter_seq q = seq_of(3, 99);
	l->floor = 5;
	assert_true(ledger_add_gap(l, 6, 9));
	assert_true(ledger_add_gap(l, 12, 13));
	l->sums.v[ST_records_stored] = 1000;
	l->sums.v[ST_records_held] = (uint64_t)-3;
	l->sums.v[ST_records_waiting] = 5; /* a gauge: not kept */
	assert_true(seqmap_put(&l->seqs, &q, 4));
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	struct ledger l = {0}, r = {0};
	struct buf out = {0};
	fill(&l);
	ledger_encode(&out, &l);
	assert_int_equal(ledger_decode(out.p, out.n, &r), ERR_OK);
	assert_int_equal(r.sums.v[ST_records_stored], 1000);
	assert_int_equal(r.sums.v[ST_records_held], (uint64_t)-3);
	assert_int_equal(r.sums.v[ST_records_waiting], 0);
	assert_int_equal(r.seqs.n, 1);
	assert_int_equal(r.seqs.e[0].seq.next, 99);
	assert_int_equal(r.seqs.e[0].as_of, 4);
	const bool gone[] = {true, true, true,  true,  true,  false, true,
			     true, true, false, false, false, true,  false};
	for (uint64_t i = 0; i < ARRAY_LEN(gone); i++)
		assert_int_equal(ledger_gone(&r, i), gone[i]);
	assert_int_equal(ledger_end(&r), 13);
	ledger_fini(&r);
	for (size_t i = 0; i < out.n; i++) {
		assert_int_not_equal(ledger_decode(out.p, i, &r), ERR_OK);
		ledger_fini(&r);
		out.p[i] ^= 1;
		assert_int_not_equal(ledger_decode(out.p, out.n, &r), ERR_OK);
		ledger_fini(&r);
		out.p[i] ^= 1;
	}
	ledger_fini(&l);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_later_commit_wins_whatever_the_order),
	    cmocka_unit_test(keys_differ_in_every_part),
	    cmocka_unit_test(at_the_limit_the_oldest_make_room),
	    cmocka_unit_test(what_is_written_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
