/* SPDX-License-Identifier: Apache-2.0 */
/* Every field of fields.def goes out as IPFIX and comes back the same: rows drawn at random, from
 * few fields to all of them at once, in messages of UDP and of files. */
#include "encode/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 12, ROWS = 300 };

static const struct encoder_opts udp = {.message_max = 1400, .record_max = MESSAGE_MAX_UDP};

static void first_difference(const char *a, const char *b)
{
	size_t i = 0;
	while (a[i] && a[i] == b[i])
		i++;
	size_t from = i > 60 ? i - 60 : 0;
	if (a[i] || b[i])
		fail_msg("at %zu: sent ...%.140s, got ...%.140s", i, a + from, b + from);
}

static void same(const struct batch *b, const struct encoder_opts *o)
{
	struct buf sent = {0};
	struct kit_result got;
	kit_text(b, &sent);
	kit_there_and_back(b, o, &got);
	assert_int_equal(got.malformed, 0);
	assert_int_equal(got.lost, 0);
	assert_int_equal(got.rows, b->n);
	first_difference(buf_cstr(&sent), buf_cstr(&got.text));
	assert_null(strstr(buf_cstr(&got.text), "\"extra\""));
	buf_fini(&sent);
	buf_fini(&got.text);
}

static void rounds(const struct encoder_opts *o, unsigned share)
{
	struct kit_random r = {.seed = 20260101 + share};
	for (int i = 0; i < ROUNDS; i++) {
		struct batch *b = kit_batch(&r, ROWS, share);
		same(b, o);
		batch_free(b);
	}
}

static void few_fields(void **state)
{
	(void)state;
	rounds(&udp, 6);
}

static void half_of_the_fields(void **state)
{
	(void)state;
	rounds(&udp, 128);
}

static void large_messages(void **state)
{
	(void)state;
	const struct encoder_opts file = {.message_max = 16384, .record_max = MESSAGE_MAX};
	rounds(&file, 40);
}

/* With all fields at once every one is there; make_tellable took none away but ICMP's. */
static void every_field(void **state)
{
	(void)state;
	struct kit_random r = {.seed = 7};
	struct batch *b = kit_batch(&r, ROWS, 256);
	unsigned never = 0;
	for (int f = 0; f < FIELD_MAX; f++) {
		never += field_table[f].exported < 0;
		uint32_t n = 0;
		for (uint32_t i = 0; field_table[f].exported >= 0 && i < b->n; i++)
			n += batch_present(b, (enum field)f, i);
		if (field_table[f].exported >= 0 && n == 0)
			fail_msg("%s is in no row", field_table[f].name);
	}
	assert_int_equal(never, 8); /* COLLECTOR in fields.def */
	same(b, &udp);
	batch_free(b);
}

/* More combinations than templates may be: the oldest are withdrawn, nothing is lost. */
static void few_templates(void **state)
{
	(void)state;
	struct encoder_opts o = udp;
	o.max_templates = 5;
	rounds(&o, 20);
}

/* No two fields go out as the same element, or what came back would be the wrong one. */
static void elements_are_of_one_field(void **state)
{
	(void)state;
	for (int f = 0; f < FIELD_MAX; f++)
		for (int g = 0; g < f; g++) {
			const struct field_info *a = &field_table[f], *b = &field_table[g];
			/* ICMP's type and code are two halves of one. */
			if (a->exported < 0 || b->exported < 0 ||
			    a->sources[a->exported].conv == CONV_LOW8)
				continue;
			const struct field_source *x[] = {&a->sources[a->exported],
							  &a->sources[a->exported6]};
			const struct field_source *y[] = {&b->sources[b->exported],
							  &b->sources[b->exported6]};
			for (int i = 0; i < 4; i++)
				if (x[i & 1]->pen == y[i >> 1]->pen &&
				    x[i & 1]->id == y[i >> 1]->id)
					fail_msg("%s and %s are both %u/%u", a->name, b->name,
						 x[i & 1]->pen, x[i & 1]->id);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(elements_are_of_one_field),
	    cmocka_unit_test(every_field),
	    cmocka_unit_test(few_fields),
	    cmocka_unit_test(half_of_the_fields),
	    cmocka_unit_test(large_messages),
	    cmocka_unit_test(few_templates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
