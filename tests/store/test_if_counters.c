/* SPDX-License-Identifier: Apache-2.0 */
/* Interface counters in a real store, and the rates that come out, by arithmetic. */
#include "store/if_counters.h"

#include "base/timefmt.h"
#include "query/interfaces.h"
#include "store/client.h"
#include "store/migrate.h"
#include "with_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { HOUR_MS = 3600 * 1000 };
static const int64_t long_ago = 1767268800000; /* 2026-01-01T12:00:00Z */
static int64_t start;                          /* within this week */

enum { POLL_S = 20, SAMPLES = 7 };

struct fixture {
	struct with_store with;
	struct store *store;
	struct arena arena;
};

/* Interface i of the exporter after n polls: a megabyte in, 250 kB and 100 packets out a poll; the
 * packets pass 2^32 on the way. */
static struct if_counter_row row_of(uint32_t i, uint32_t n)
{
	return (struct if_counter_row){.t = start + n * POLL_S * 1000,
				       .exporter_ip = ip_from_v4((const uint8_t *)"\300\0\2\1"),
				       .agent_ip = ip_from_v4((const uint8_t *)"\12\0\0\1"),
				       .if_index = i,
				       .uptime = 1000 + n * POLL_S * 1000,
				       .status = 3,
				       .speed = 10000000,
				       .in_octets = 1000000000000 + (uint64_t)n * 1000000,
				       .out_octets = (uint64_t)n * 250000,
				       .in_multicast = UINT32_MAX, /* it does not count these */
				       .out_unicast = UINT32_MAX - 250 + n * 100,
				       .out_errors = n};
}

static void insert(struct fixture *f, const struct if_counter_row *rows, size_t n)
{
	struct buf sql = {0};
	struct diag why = {0};
	if_counters_insert(&sql, store_database(f->store), rows, n);
	if (store_exec(f->store, buf_cstr(&sql), &why) != ERR_OK)
		fail_msg("%s", why.msg);
	buf_fini(&sql);
}

static int set_up(void **state)
{
	static struct fixture f;
	struct diag why = {0};
	if (!with_store_can())
		return -1;
	start = clock_wall_ms() / HOUR_MS * HOUR_MS - 2 * HOUR_MS;
	with_store_start(&f.with);
	const struct store_conf conf = {.url = f.with.url, .user = "writer"};
	assert_int_equal(store_open(&conf, &f.store, &why), ERR_OK);
	if (store_migrate(f.store, &why) != ERR_OK)
		fail_msg("%s", why.msg);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	arena_fini(&f->arena);
	store_close(f->store);
	with_store_stop(&f->with);
	return 0;
}

static struct interfaces_result ask(struct fixture *f, const struct interfaces_query *q)
{
	struct interfaces_query checked = *q;
	struct interfaces_result r;
	struct diag why = {0};
	const struct run_options o = {0};
	assert_int_equal(interfaces_check(&checked, &why), ERR_OK);
	if (interfaces_run(f->store, &checked, &o, &f->arena, &r, &why) != ERR_OK)
		fail_msg("%s", why.msg);
	return r;
}

static void rates(void **state)
{
	struct fixture *f = *state;
	struct if_counter_row rows[SAMPLES];
	for (uint32_t n = 0; n < SAMPLES; n++)
		rows[n] = row_of(1, n);
	insert(f, rows, SAMPLES);
	insert(f, rows, 3); /* told twice: nothing changes */
	struct if_counter_row once = row_of(2, 0);
	insert(f, &once, 1);

	/* The sample at the start of the range is the end of no step within it. */
	const struct interfaces_query q = {
	    .from_ms = start, .to_ms = start + 120 * 1000 + 1, .step_s = 60, .series = true};
	struct interfaces_result r = ask(f, &q);
	assert_int_equal(r.n, 2);
	const struct interface_row *i = &r.rows[0];
	assert_int_equal(i->if_index, 1);
	assert_int_equal(i->speed, 10000000);
	assert_int_equal(i->known_ms, 6 * POLL_S * 1000);
	assert_int_equal(i->in.octets, 6000000);
	assert_int_equal(i->out.octets, 1500000);
	assert_int_equal(i->out.packets, 600);
	assert_int_equal(i->in.packets, 0);
	assert_int_equal(i->out.errors, 6);
	/* 1 MB in 20 s */
	assert_int_equal(r.n_bins, 3);
	for (size_t b = 0; b < r.n_bins; b++) {
		assert_true(i->in.bps[b] == 400000);
		assert_true(i->out.bps[b] == 100000);
	}
	assert_true(i->in_max_bps == 400000);
	/* One sample: it is there, and nothing is known of its rates. */
	assert_int_equal(r.rows[1].if_index, 2);
	assert_int_equal(r.rows[1].known_ms, 0);
	assert_true(r.rows[1].in.bps[0] < 0);
}

/* Counters and uptime begin anew: the step over the restart is not counted. */
static void restart(void **state)
{
	struct fixture *f = *state;
	struct if_counter_row rows[3];
	for (uint32_t n = 0; n < 3; n++)
		rows[n] = row_of(7, n);
	rows[2].uptime = 500;
	rows[2].in_octets = 0;
	insert(f, rows, 3);
	const struct interfaces_query q = {
	    .from_ms = start, .to_ms = start + 100 * 1000, .has_if_index = true, .if_index = 7};
	struct interfaces_result r = ask(f, &q);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.rows[0].known_ms, POLL_S * 1000);
	assert_int_equal(r.rows[0].in.octets, 1000000);
	assert_int_equal(r.rows[0].out.octets, 250000);
	assert_int_equal(r.rows[0].out.packets, 100);
}

/* After a week one sample in 5 minutes is kept, and the sums stay what they were. */
static void thinned_out(void **state)
{
	struct fixture *f = *state;
	enum { HOUR = 3600 / POLL_S };
	struct if_counter_row rows[HOUR + 1];
	struct diag why = {0};
	struct buf count = {0};
	for (uint32_t n = 0; n <= HOUR; n++) {
		rows[n] = row_of(9, n);
		rows[n].t += long_ago - start;
	}
	insert(f, rows, HOUR + 1);
	const struct interfaces_query q = {.from_ms = long_ago,
					   .to_ms = long_ago + HOUR_MS + 1,
					   .has_if_index = true,
					   .if_index = 9};
	if (store_exec(f->store, "OPTIMIZE TABLE weir.if_counters FINAL", &why) != ERR_OK)
		fail_msg("%s", why.msg);
	const struct store_query sq = {
	    .sql = "SELECT count(), max(in_octets) FROM weir.if_counters WHERE if_index = 9",
	    .format = "TabSeparated"};
	assert_int_equal(store_fetch(f->store, &sq, &count, NULL, &why), ERR_OK);
	/* 12 times 5 minutes, and the one at the full hour. */
	assert_string_equal(buf_cstr(&count), "13\t1000180000000\n");
	struct interfaces_result after = ask(f, &q);
	assert_int_equal(after.n, 1);
	/* What came before the first sample that is left is not known any more: 280 s, 14 polls. */
	assert_int_equal(after.rows[0].in.octets, (HOUR - 14) * 1000000);
	assert_int_equal(after.rows[0].out.packets, (HOUR - 14) * 100);
	assert_int_equal(after.rows[0].known_ms, (3600 - 280) * 1000);
	assert_int_equal(after.rows[0].speed, 10000000);
	buf_fini(&count);
}

static void another_exporter(void **state)
{
	struct fixture *f = *state;
	const struct interfaces_query q = {.from_ms = start,
					   .to_ms = start + 100 * 1000,
					   .has_exporter = true,
					   .exporter_ip =
					       ip_from_v4((const uint8_t *)"\300\0\2\2")};
	assert_int_equal(ask(f, &q).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rates),
	    cmocka_unit_test(restart),
	    cmocka_unit_test(another_exporter),
	    cmocka_unit_test(thinned_out),
	};
	if (!with_store_can())
		return SKIPPED;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
