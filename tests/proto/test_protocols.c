/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"
#include "proto/dissection.h"

static bool looked_for(const struct protocols *p, const char *name)
{
	for (size_t i = 0; i < dissectors_n; i++)
		if (strcmp(dissectors[i]->name, name) == 0)
			return protocols_has(p, i);
	fail_msg("%s is no protocol", name);
	return false;
}

static void lists(void **state)
{
	(void)state;
	struct protocols p;
	struct diag d;
	assert_int_equal(protocols_parse("", &p, &d), ERR_OK);
	assert_true(looked_for(&p, "dns") && looked_for(&p, "tls") && looked_for(&p, "rtp"));
	assert_int_equal(protocols_parse("dns,tls http", &p, &d), ERR_OK);
	assert_true(looked_for(&p, "dns") && looked_for(&p, "tls") && looked_for(&p, "http"));
	assert_false(looked_for(&p, "rtp") || looked_for(&p, "ssh"));
	assert_int_equal(protocols_parse("!rtp", &p, &d), ERR_OK);
	assert_true(looked_for(&p, "dns"));
	assert_false(looked_for(&p, "rtp"));
	/* all rows of that name */
	for (size_t i = 0; i < dissectors_n; i++)
		assert_int_equal(protocols_has(&p, i), strcmp(dissectors[i]->name, "rtp") != 0);
	assert_int_equal(protocols_parse("!dns dns tls", &p, &d), ERR_OK);
	assert_true(looked_for(&p, "tls"));
	assert_false(looked_for(&p, "dns") || looked_for(&p, "http"));
}

static void mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} cases[] = {
	    {"dns,htpp", "no protocol \"htpp\"; did you mean \"http\"?"},
	    {"!tsl", "no protocol \"tsl\"; did you mean \"tls\"?"},
	    {"zzzzzzzz",
	     "no protocol \"zzzzzzzz\"; names are those of app_name, such as dns or tls"},
	    {"!", "no protocol \"\"; names are those of app_name, such as dns or tls"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct protocols p = {{7}};
		struct diag d = {0};
		assert_int_equal(protocols_parse(cases[i].text, &p, &d), ERR_NOT_FOUND);
		assert_string_equal(d.msg, cases[i].says);
		assert_int_equal(p.off[0], 7); /* as it was */
	}
}

/* A message to port 53 that is DNS, to a thread that looks for something else or for all. */
static bool names(const char *text)
{
	static const char query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0\1";
	struct dissection *d;
	struct pool pool;
	struct protocols p;
	assert_int_equal(protocols_parse(text, &p, NULL), ERR_OK);
	assert_int_equal(dissection_new(1 << 20, NULL, &d), ERR_OK);
	dissection_only(d, &p);
	pool_init(&pool, 1 << 20);
	struct notes notes = notes_of(&pool);
	const struct talk_ends ends = {
	    .src_port = 50000, .dst_port = 53, .proto = 17, .ip_version = 4};
	const struct talk_segment s = {
	    .payload = rd_of(query, sizeof(query) - 1), .wire_len = sizeof(query) - 1, .t_ns = 1};
	struct talk *t = talk_new(d, &ends);
	(void)talk_see(d, t, &notes, &s);
	talk_end(d, t, &notes, 2);
	bool named = notes_has(&notes, F_dns_qname);
	talk_free(d, t);
	notes_clear(&notes);
	pool_fini(&pool);
	dissection_free(d);
	return named;
}

static void asked(void **state)
{
	(void)state;
	assert_true(names(""));
	assert_true(names("dns"));
	assert_true(names("!tls"));
	assert_false(names("tls"));
	assert_false(names("!dns"));
}

/* SMTP goes over to TLS, but nobody looks for TLS: the flow is SMTP's, without a word of TLS. */
static void handed_over(void **state)
{
	(void)state;
	static const char *const lines[2][2] = {
	    {"EHLO a\r\n", "STARTTLS\r\n"},
	    {"220 mx ESMTP\r\n250 STARTTLS\r\n", "220 go\r\n"},
	};
	struct dissection *d;
	struct pool pool;
	struct protocols p;
	assert_int_equal(protocols_parse("smtp", &p, NULL), ERR_OK);
	assert_int_equal(dissection_new(1 << 20, NULL, &d), ERR_OK);
	dissection_only(d, &p);
	pool_init(&pool, 1 << 20);
	struct notes notes = notes_of(&pool);
	const struct talk_ends ends = {
	    .src_port = 50000, .dst_port = 25, .proto = 6, .ip_version = 4};
	struct talk *t = talk_new(d, &ends);
	uint32_t seq[2] = {1, 1};
	for (int i = 0; i < 4; i++) {
		uint8_t dir = i % 2 == 0;
		const char *text = lines[dir][i / 2];
		uint32_t n = (uint32_t)strlen(text);
		const struct talk_segment s = {.payload = rd_of(text, n),
					       .wire_len = n,
					       .seq = seq[dir],
					       .dir = dir,
					       .t_ns = (uint64_t)i + 1};
		seq[dir] += n;
		(void)talk_see(d, t, &notes, &s);
	}
	talk_end(d, t, &notes, 9);
	assert_true(notes_has(&notes, F_smtp_domain));
	assert_false(notes_has(&notes, F_tls_content_types));
	talk_free(d, t);
	notes_clear(&notes);
	pool_fini(&pool);
	dissection_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists),
	    cmocka_unit_test(mistakes),
	    cmocka_unit_test(asked),
	    cmocka_unit_test(handed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
