/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/dedup.h"

#include "model/batch.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const int64_t start = 1700000000000;
enum { WINDOW_MS = 5000 };

struct report {
	uint8_t exporter; /* 192.0.2.N */
	uint16_t port;    /* tells the flow */
	int32_t first_ms, last_ms;
};

static void put(struct batch *b, uint32_t row, const struct report *r)
{
	const uint8_t exporter[4] = {192, 0, 2, r->exporter}, src[4] = {198, 51, 100, 7},
		      dst[4] = {203, 0, 113, 9};
	const struct ip e = ip_from_v4(exporter), s = ip_from_v4(src), d = ip_from_v4(dst);
	batch_set_ip(b, F_exporter_ip, row, &e);
	batch_set_ip(b, F_src_ip, row, &s);
	batch_set_ip(b, F_dst_ip, row, &d);
	batch_set_num(b, F_src_port, row, r->port);
	batch_set_num(b, F_dst_port, row, 443);
	batch_set_num(b, F_proto, row, 6);
	batch_set_num(b, F_t_first, row, (uint64_t)(start + r->first_ms));
	batch_set_num(b, F_t_last, row, (uint64_t)(start + r->last_ms));
}

/* One batch of reports; bit i of the result: report i was marked. */
static uint64_t see(struct dedup_thread *t, const struct report *r, uint32_t n)
{
	struct batch *b = batch_new(SHAPE_CORE);
	uint64_t marks = 0;
	batch_open_rows(b, n);
	for (uint32_t i = 0; i < n; i++)
		put(b, i, &r[i]);
	b->n = n;
	uint32_t marked = dedup_mark(t, b);
	for (uint32_t i = 0; i < n; i++)
		if (batch_has(b, F_duplicate) && batch_present(b, F_duplicate, i)) {
			assert_int_equal(batch_u8(b, F_duplicate)[i], 1);
			marks |= (uint64_t)1 << i;
		}
	assert_int_equal(__builtin_popcountll(marks), marked);
	batch_free(b);
	return marks;
}

struct kit {
	struct dedup *d;
	struct dedup_thread *t;
};

static struct kit kit_of(const char *prefer)
{
	struct kit k;
	struct ip ips[4];
	struct dedup_opts o = {.flows = 4096, .window_ms = WINDOW_MS, .prefer = ips};
	assert_int_equal(dedup_prefer_parse(prefer, ips, 4, &o.n_prefer, NULL), ERR_OK);
	assert_int_equal(dedup_new(&o, &k.d), ERR_OK);
	assert_int_equal(dedup_thread_new(k.d, &k.t), ERR_OK);
	return k;
}

static void kit_free(struct kit *k)
{
	dedup_thread_free(&k->t);
	dedup_free(&k->d);
}

static void first_to_report_has_the_flow(void **state)
{
	(void)state;
	struct kit k = kit_of("");
	const struct report r[] = {
	    {1, 1000, 0, 900},     {2, 1000, 100, 950}, {3, 1000, 50, 920},
	    {2, 1001, 0, 900},     {1, 1001, 0, 900}, /* another */
	    {1, 1000, 1000, 2000},                    /* the first goes on */
	};
	assert_int_equal(see(k.t, r, 6), 0x16); /* reports 1, 2 and 4 */
	const uint8_t one[4] = {192, 0, 2, 1}, two[4] = {192, 0, 2, 2};
	const struct ip a = ip_from_v4(one), b = ip_from_v4(two);
	assert_int_equal(dedup_marked(k.t, &a, 0), 1);
	assert_int_equal(dedup_marked(k.t, &b, 0), 1);
	assert_int_equal(dedup_marked(k.t, &b, 7), 0);
	kit_free(&k);
}

/* Both cut the flow once a minute, at different moments: only one of them counts throughout. */
static void long_flow_stays_with_its_exporter(void **state)
{
	(void)state;
	struct kit k = kit_of("");
	for (int32_t minute = 0; minute < 10; minute++) {
		int32_t at = minute * 60000;
		const struct report r[] = {{1, 2000, at, at + 60000},
					   {2, 2000, at + 30000, at + 90000}};
		assert_int_equal(see(k.t, r, 2), 2);
	}
	kit_free(&k);
}

static void flow_that_moves_is_taken_over(void **state)
{
	(void)state;
	struct kit k = kit_of("");
	const struct report r[] = {
	    {1, 3000, 0, 10000},
	    {2, 3000, 10000 + WINDOW_MS + 1000, 30000}, /* after what 1 covered */
	    {1, 3000, 20000, 25000},                    /* now 2 has it */
	    {2, 3000, 30000, 40000},
	};
	assert_int_equal(see(k.t, r, 4), 4);
	kit_free(&k);
}

static void preferred_exporter_wins(void **state)
{
	(void)state;
	struct kit k = kit_of("192.0.2.9, 192.0.2.8");
	const struct report r[] = {
	    {1, 4000, 0, 900},    {8, 4000, 0, 900},    {1, 4000, 900, 1500}, {9, 4000, 0, 900},
	    {8, 4000, 900, 1500}, {9, 4000, 900, 1500}, {1, 4000, 900, 1500},
	};
	assert_int_equal(see(k.t, r, 7), 0x54); /* reports 2, 4 and 6 */
	kit_free(&k);
}

/* Off, on again, with another preference: what was marked stays counted. */
static void another_table(void **state)
{
	(void)state;
	struct kit k = kit_of(""), other = kit_of("192.0.2.2");
	const struct report r[] = {{1, 4000, 0, 900}, {2, 4000, 0, 900}};
	const uint8_t address[4] = {192, 0, 2, 2};
	const struct ip second = ip_from_v4(address);
	assert_int_equal(see(k.t, r, 2), 2);
	assert_int_equal(dedup_marked(k.t, &second, 0), 1);
	dedup_thread_use(k.t, NULL);
	assert_int_equal(see(k.t, r, 2), 0);
	assert_int_equal(dedup_marked(k.t, &second, 0), 1);
	struct dedup *shared = dedup_get(other.d);
	kit_free(&other); /* the table lives on */
	dedup_thread_use(k.t, shared);
	assert_int_equal(see(k.t, r, 2), 0); /* the second takes the flow over */
	assert_int_equal(see(k.t, r, 2), 1);
	assert_int_equal(dedup_marked(k.t, &second, 0), 1);
	kit_free(&k);
	dedup_free(&shared);
}

/* Twelve days later the time in the slot means nothing any more. */
static void old_entries_are_no_cover(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 14; day++) {
		struct kit fresh = kit_of("");
		const struct report before = {1, 5000, 0, 900};
		assert_int_equal(see(fresh.t, &before, 1), 0);
		struct batch *b = batch_new(SHAPE_CORE);
		batch_open_rows(b, 1);
		const struct report r = {2, 5000, 0, 0};
		put(b, 0, &r);
		b->n = 1;
		int64_t at = start + day * 86400000 + 3600000;
		batch_set_num(b, F_t_first, 0, (uint64_t)at);
		batch_set_num(b, F_t_last, 0, (uint64_t)at + 100);
		assert_int_equal(dedup_mark(fresh.t, b), 0);
		batch_free(b);
		kit_free(&fresh);
	}
}

/* More flows than there is room for: what is remembered stays right, nothing grows. */
static void a_full_table_forgets(void **state)
{
	(void)state;
	struct kit k = kit_of("");
	uint32_t marked = 0;
	for (uint32_t i = 0; i < 60000; i += 50) {
		struct report r[50];
		for (uint32_t n = 0; n < 50; n++)
			r[n] = (struct report){1, (uint16_t)(i + n), (int32_t)i, (int32_t)i + 10};
		assert_int_equal(see(k.t, r, 50), 0);
	}
	for (uint32_t i = 0; i < 60000; i += 50) {
		struct report r[50];
		for (uint32_t n = 0; n < 50; n++)
			r[n] = (struct report){2, (uint16_t)(i + n), (int32_t)i, (int32_t)i + 10};
		marked += (uint32_t)__builtin_popcountll(see(k.t, r, 50));
	}
	assert_in_range(marked, 1, 4096); /* as many as there are slots */
	kit_free(&k);
}

static void rows_without_addresses_take_no_part(void **state)
{
	(void)state;
	struct kit k = kit_of("");
	struct batch *b = batch_new(SHAPE_CORE);
	batch_open_rows(b, 4);
	for (uint32_t i = 0; i < 4; i++) {
		const struct report r = {(uint8_t)(1 + i), 6000, 0, 10};
		put(b, i, &r);
	}
	b->present[0][1] &= ~((uint64_t)1 << field_table[F_src_ip].present_bit);
	b->present[0][2] &= ~((uint64_t)1 << field_table[F_exporter_ip].present_bit);
	b->n = 4;
	assert_int_equal(dedup_mark(k.t, b), 1);
	assert_true(batch_present(b, F_duplicate, 3));
	batch_free(b);
	kit_free(&k);
}

static void prefer_is_checked(void **state)
{
	(void)state;
	struct ip ips[2];
	size_t n = 9;
	struct diag d = {0};
	assert_int_equal(dedup_prefer_parse("  2001:db8::1 192.0.2.1 ", ips, 2, &n, &d), ERR_OK);
	assert_int_equal(n, 2);
	assert_int_equal(dedup_prefer_parse("1.2.3.4 rtr1", ips, 2, &n, &d), ERR_CONFIG);
	assert_int_equal(dedup_prefer_parse("1.1.1.1 1.1.1.2 1.1.1.3", ips, 2, &n, &d), ERR_LIMIT);
}

/* --- two threads, one exporter each, the same flows: no flow loses both its reports */
enum { SHARED_FLOWS = 1500, ROUNDS = 40 };
struct side {
	struct dedup_thread *t;
	uint8_t exporter;
	uint8_t marked[ROUNDS][SHARED_FLOWS];
};

static void *run_side(void *ctx)
{
	struct side *s = ctx;
	for (int32_t round = 0; round < ROUNDS; round++) {
		struct batch *b = batch_new(SHAPE_CORE);
		batch_open_rows(b, SHARED_FLOWS);
		for (uint32_t i = 0; i < SHARED_FLOWS; i++) {
			/* Rounds are other flows: later ones would be covered by earlier. */
			const struct report r = {s->exporter, (uint16_t)i, round * 60000,
						 round * 60000 + 1000};
			put(b, i, &r);
		}
		b->n = SHARED_FLOWS;
		dedup_mark(s->t, b);
		for (uint32_t i = 0; i < SHARED_FLOWS; i++)
			s->marked[round][i] =
			    batch_has(b, F_duplicate) && batch_present(b, F_duplicate, i);
		batch_free(b);
	}
	return NULL;
}

static void threads_never_mark_both(void **state)
{
	(void)state;
	struct kit k = kit_of("");
	struct side *a = test_calloc(1, sizeof(*a)), *b = test_calloc(1, sizeof(*b));
	pthread_t id;
	a->t = k.t;
	a->exporter = 1;
	b->exporter = 2;
	assert_int_equal(dedup_thread_new(k.d, &b->t), ERR_OK);
	assert_int_equal(pthread_create(&id, NULL, run_side, a), 0);
	run_side(b);
	pthread_join(id, NULL);
	for (int round = 0; round < ROUNDS; round++)
		for (uint32_t i = 0; i < SHARED_FLOWS; i++)
			assert_false(a->marked[round][i] && b->marked[round][i]);
	dedup_thread_free(&b->t);
	test_free(a);
	test_free(b);
	kit_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_to_report_has_the_flow),
	    cmocka_unit_test(long_flow_stays_with_its_exporter),
	    cmocka_unit_test(flow_that_moves_is_taken_over),
	    cmocka_unit_test(preferred_exporter_wins),
	    cmocka_unit_test(another_table),
	    cmocka_unit_test(old_entries_are_no_cover),
	    cmocka_unit_test(a_full_table_forgets),
	    cmocka_unit_test(rows_without_addresses_take_no_part),
	    cmocka_unit_test(prefer_is_checked),
	    cmocka_unit_test(threads_never_mark_both),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
