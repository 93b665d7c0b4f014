/* SPDX-License-Identifier: Apache-2.0 */
#include "input/admit.h"

#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t s_ns = 1000000000;

static struct ip ip(const char *text)
{
	struct ip a;
	assert_int_equal(ip_parse(text, strlen(text), &a), ERR_OK);
	return a;
}

static struct conf_net net(const char *text)
{
	struct conf_net n;
	assert_int_equal(ip_parse_net(text, strlen(text), &n.ip, &n.bits), ERR_OK);
	return n;
}

static enum stat_id ask(struct admit *a, const char *from, uint64_t now_ns)
{
	struct ip src = ip(from);
	return admit_datagram(a, &src, now_ns);
}

static void prefixes_of_both_families(void **state)
{
	(void)state;
	struct admit *a;
	assert_int_equal(admit_new(&a), ERR_OK);
	assert_int_equal(ask(a, "203.0.113.1", 1), ST_datagrams_received); /* no rule yet */
	const struct conf_net v[] = {net("192.0.2.0/24"), net("2001:db8::/32"), net("10.1.2.3")};
	assert_int_equal(admit_set(a, &(struct conf_nets){v, 3}, 0), ERR_OK);
	static const struct {
		const char *from;
		bool may;
	} cases[] = {{"192.0.2.0", true},      {"192.0.2.255", true},  {"192.0.3.0", false},
		     {"2001:db8:ff::1", true}, {"2001:db9::1", false}, {"10.1.2.3", true},
		     {"10.1.2.4", false},      {"::c000:201", false} /* not mapped */};
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < ARRAY_LEN(cases); i++)
			assert_int_equal(ask(a, cases[i].from, s_ns),
					 cases[i].may ? ST_datagrams_received : ST_reject_denied);
	assert_int_equal(admit_set(a, &(struct conf_nets){NULL, 0}, 0), ERR_OK);
	assert_int_equal(ask(a, "10.1.2.4", s_ns), ST_datagrams_received);
	admit_free(a);
}

/* A burst of one second, then the rate; each address has a bucket of its own. */
static void the_rate_is_kept(void **state)
{
	(void)state;
	enum { RATE = 100 };
	struct admit *a;
	uint64_t now = 5 * s_ns, taken = 0;
	assert_int_equal(admit_new(&a), ERR_OK);
	assert_int_equal(admit_set(a, &(struct conf_nets){NULL, 0}, RATE), ERR_OK);
	for (int i = 0; i < 3 * RATE; i++)
		taken += ask(a, "192.0.2.1", now) == ST_datagrams_received;
	assert_int_equal(taken, RATE);
	assert_int_equal(ask(a, "192.0.2.2", now), ST_datagrams_received);
	/* 10 s at ten times the rate: 10 * RATE are taken, evenly. */
	taken = 0;
	for (int i = 0; i < 10 * 10 * RATE; i++) {
		now += s_ns / (10 * RATE);
		taken += ask(a, "192.0.2.1", now) == ST_datagrams_received;
	}
	assert_in_range(taken, 10 * RATE - 1, 10 * RATE + 1);
	assert_int_equal(ask(a, "192.0.2.1", now), ST_reject_rate);
	/* After a second of silence the bucket is full, after an hour not fuller. */
	now += 3600 * s_ns;
	taken = 0;
	for (int i = 0; i < 3 * RATE; i++)
		taken += ask(a, "192.0.2.1", now) == ST_datagrams_received;
	assert_int_equal(taken, RATE);
	admit_free(a);
}

/* Very many addresses: the table stays what it is, and verdicts stay right. */
static void the_table_is_bounded(void **state)
{
	(void)state;
	struct admit *a;
	const struct conf_net v[] = {net("10.0.0.0/9")};
	assert_int_equal(admit_new(&a), ERR_OK);
	assert_int_equal(admit_set(a, &(struct conf_nets){v, 1}, 1), ERR_OK);
	for (uint32_t i = 0; i < 8 * ADMIT_SETS * ADMIT_WAYS; i++) {
		uint8_t b[4] = {10, (uint8_t)(i << 7), (uint8_t)(i >> 9), (uint8_t)(i >> 1)};
		struct ip src = ip_from_v4(b);
		assert_int_equal(admit_datagram(a, &src, s_ns + i),
				 i & 1 ? ST_reject_denied : ST_datagrams_received);
	}
	admit_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prefixes_of_both_families),
	    cmocka_unit_test(the_rate_is_kept),
	    cmocka_unit_test(the_table_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
