/* SPDX-License-Identifier: Apache-2.0 */
/* Messages are made by hand after RFC 7011 3. */
#include "input/repeat.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t s_ns = 1000000000;

static void header(struct buf *b, uint32_t seq, uint32_t domain)
{
	buf_reset(b);
	buf_be16(b, 10);
	buf_be16(b, 0);
	buf_be32(b, 1767268800);
	buf_be32(b, seq);
	buf_be32(b, domain);
}

static void finish(struct buf *b)
{
	b->p[2] = (uint8_t)(b->n >> 8);
	b->p[3] = (uint8_t)b->n;
}

/* A set with one template of n elements, the first of an enterprise; of options if set is 3. */
static void template(struct buf *b, uint16_t set, uint16_t id, uint16_t n)
{
	buf_be16(b, set);
	buf_be16(b, (uint16_t)(4 + 4 + (set == 3 && n ? 2 : 0) + n * 4 + (n ? 4 : 0)));
	buf_be16(b, id);
	buf_be16(b, n);
	if (set == 3 && n)
		buf_be16(b, 1);
	for (uint16_t i = 0; i < n; i++) {
		buf_be16(b, i ? (uint16_t)(i + 1) : 0x8000 | 77);
		buf_be16(b, 4);
		if (i == 0)
			buf_be32(b, 9);
	}
}

static void data(struct buf *b, uint16_t id)
{
	buf_be16(b, id);
	buf_be16(b, 8);
	buf_be32(b, 1);
}

struct kit {
	struct stats stats;
	struct repeats *r;
	struct buf m, want;
};

static void begin(struct kit *k)
{
	*k = (struct kit){0};
	assert_int_equal(repeats_new(&k->stats, &k->r), ERR_OK);
}

static void over(struct kit *k)
{
	repeats_free(k->r);
	buf_fini(&k->m);
	buf_fini(&k->want);
}

/* What is said before the message k->m is k->want. */
static void see(struct kit *k, uint32_t session, uint64_t now_s)
{
	finish(&k->m);
	struct rd got = repeats_see(k->r, session, k->m.p, k->m.n, now_s * s_ns);
	if (k->want.n)
		finish(&k->want);
	assert_int_equal(rd_left(&got), k->want.n);
	if (k->want.n)
		assert_memory_equal(got.p, k->want.p, k->want.n);
	buf_reset(&k->want);
}

static void see_data(struct kit *k, uint32_t session, uint32_t seq, uint64_t now_s)
{
	header(&k->m, seq, 7);
	data(&k->m, 300);
	see(k, session, now_s);
}

static void told_again_every_minute(void **state)
{
	(void)state;
	struct kit k;
	begin(&k);
	header(&k.m, 0, 7);
	template(&k.m, 3, 400, 2);
	template(&k.m, 2, 300, 3);
	data(&k.m, 300);
	see(&k, 1, 100);
	see_data(&k, 1, 1, 159);
	header(&k.want, 2, 7); /* templates before options, with the number of the message */
	template(&k.want, 2, 300, 3);
	template(&k.want, 3, 400, 2);
	see_data(&k, 1, 2, 160);
	see_data(&k, 1, 3, 161);
	/* Another session and another domain are others. */
	see_data(&k, 2, 0, 300);
	header(&k.m, 0, 8);
	data(&k.m, 300);
	see(&k, 1, 300);
	repeats_renew(k.r);
	header(&k.want, 4, 7);
	template(&k.want, 2, 300, 3);
	template(&k.want, 3, 400, 2);
	see_data(&k, 1, 4, 162);
	see_data(&k, 1, 5, 163);
	repeats_end(k.r, 1);
	see_data(&k, 1, 6, 999);
	over(&k);
}

static void what_is_replaced_or_withdrawn_is_not_told(void **state)
{
	(void)state;
	struct kit k;
	begin(&k);
	header(&k.m, 0, 7);
	template(&k.m, 2, 300, 3);
	template(&k.m, 2, 301, 2);
	template(&k.m, 2, 302, 2);
	template(&k.m, 3, 400, 2);
	see(&k, 1, 0);
	header(&k.m, 0, 7);
	template(&k.m, 2, 300, 5); /* anew */
	template(&k.m, 2, 301, 0); /* withdrawn */
	see(&k, 1, 1);
	header(&k.want, 1, 7);
	buf_be16(&k.want, 2);
	buf_be16(&k.want, 4 + 4 + 2 * 4 + 4 + 4 + 5 * 4 + 4);
	size_t at = k.want.n;
	template(&k.want, 2, 302, 2);
	memmove(k.want.p + at, k.want.p + at + 4, k.want.n - at - 4);
	k.want.n -= 4;
	at = k.want.n;
	template(&k.want, 2, 300, 5);
	memmove(k.want.p + at, k.want.p + at + 4, k.want.n - at - 4);
	k.want.n -= 4;
	template(&k.want, 3, 400, 2);
	see_data(&k, 1, 1, 60);
	header(&k.m, 1, 7);
	template(&k.m, 2, 2, 0); /* all */
	see(&k, 1, 61);
	header(&k.want, 1, 7);
	template(&k.want, 3, 400, 2);
	see_data(&k, 1, 1, 120);
	header(&k.m, 1, 7);
	template(&k.m, 3, 3, 0);
	see(&k, 1, 121);
	see_data(&k, 1, 1, 999);
	over(&k);
}

static void bounded(void **state)
{
	(void)state;
	struct kit k;
	begin(&k);
	/* One stream: 8 bytes and 4 of each element. */
	for (uint16_t i = 0; i < 40; i++) {
		header(&k.m, 0, 7);
		template(&k.m, 2, (uint16_t)(300 + i), 255);
		see(&k, 1, 0);
	}
	const uint64_t fit = REPEAT_STREAM_BYTES / (4 + 255 * 4 + 4);
	assert_int_equal(stat_get(&k.stats, ST_forward_templates_refused), 40 - fit);
	/* All of them. */
	for (uint32_t session = 2; session < 2000; session++) {
		header(&k.m, 0, 7);
		for (uint16_t i = 0; i < 31; i++)
			template(&k.m, 2, (uint16_t)(300 + i), 255);
		see(&k, session, 0);
	}
	assert_true(stat_get(&k.stats, ST_forward_templates_refused) > 40u * 1000);
	for (uint32_t session = 2; session < 2000; session++)
		repeats_end(k.r, session);
	uint64_t before = stat_get(&k.stats, ST_forward_templates_refused);
	header(&k.m, 0, 7);
	template(&k.m, 2, 300, 255);
	see(&k, 5000, 0);
	assert_int_equal(stat_get(&k.stats, ST_forward_templates_refused), before);
	over(&k);
}

/* Every prefix of a message, and set lengths that lie: nothing is read beyond it. */
static void damaged_messages(void **state)
{
	(void)state;
	struct kit k;
	begin(&k);
	header(&k.m, 0, 7);
	template(&k.m, 2, 300, 3);
	template(&k.m, 3, 400, 3);
	finish(&k.m);
	for (size_t n = 0; n < k.m.n; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		memcpy(exact, k.m.p, n);
		for (unsigned len = 0; len < 64 && n > 20; len += 3) {
			exact[19] = (uint8_t)len;
			(void)repeats_see(k.r, (uint32_t)n, exact, n, len * s_ns);
		}
		(void)repeats_see(k.r, (uint32_t)n, exact, n, 100 * s_ns);
		free(exact);
	}
	over(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(told_again_every_minute),
	    cmocka_unit_test(what_is_replaced_or_withdrawn_is_not_told),
	    cmocka_unit_test(bounded),
	    cmocka_unit_test(damaged_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
