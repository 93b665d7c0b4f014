/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of the whole: what is printed means the same, limits hold, nothing of the user reaches
 * the SQL raw. */
#include "filter/filter.h"
#include "model/batch.h"
#include "tests/filter/random_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum err parse(const char *expr, size_t n, struct arena *arena, struct filter **f,
		      struct diag *d)
{
	*d = (struct diag){0};
	return filter_parse(expr, n, arena, f, d);
}

static void printed_means_the_same(void **state)
{
	(void)state;
	enum { EXPRESSIONS = 3000, ROWS = 200 };
	struct random r = {4711};
	struct batch *b = batch_new(SHAPE_WIDE);
	struct filter_scratch scratch = {0};
	struct buf expr = {0}, once = {0}, twice = {0};
	uint8_t mask[2][BATCH_ROWS];
	random_batch(&r, b, ROWS, 0);
	for (int i = 0; i < EXPRESSIONS; i++) {
		struct arena arena = {0};
		struct filter *f, *g;
		struct diag d;
		buf_reset(&expr);
		buf_reset(&once);
		buf_reset(&twice);
		random_filter(&r, &expr);
		assert_int_equal(parse(buf_cstr(&expr), expr.n, &arena, &f, &d), ERR_OK);
		filter_print(f, &once);
		if (parse(buf_cstr(&once), once.n, &arena, &g, &d))
			fail_msg("%s: %s", buf_cstr(&once), d.msg);
		filter_print(g, &twice);
		assert_string_equal(buf_cstr(&once), buf_cstr(&twice));
		assert_int_equal(filter_eval(f, b, &scratch, mask[0]), ERR_OK);
		assert_int_equal(filter_eval(g, b, &scratch, mask[1]), ERR_OK);
		assert_memory_equal(mask[0], mask[1], ROWS);
		arena_fini(&arena);
	}
	buf_fini(&expr);
	buf_fini(&once);
	buf_fini(&twice);
	filter_scratch_fini(&scratch);
	batch_free(b);
}

/* `piece` n times between head and tail. */
static enum err parse_repeated(const char *head, const char *piece, size_t n, const char *tail,
			       struct diag *d)
{
	struct buf text = {0};
	struct arena arena = {0};
	struct filter *f;
	buf_str(&text, head);
	for (size_t i = 0; i < n; i++)
		buf_str(&text, piece);
	buf_str(&text, tail);
	enum err e = parse(buf_cstr(&text), text.n, &arena, &f, d);
	arena_fini(&arena);
	buf_fini(&text);
	return e;
}

static void limits_hold(void **state)
{
	(void)state;
	struct diag d;
	assert_int_equal(parse_repeated("", "(", FILTER_DEPTH_MAX + 1, "any", &d), ERR_LIMIT);
	assert_int_equal(parse_repeated("", "not ", FILTER_DEPTH_MAX, "any", &d), ERR_OK);
	assert_int_equal(parse_repeated("", "! ", FILTER_DEPTH_MAX + 1, "any", &d), ERR_LIMIT);
	assert_int_equal(parse_repeated("", "!", 20000, "any", &d), ERR_LIMIT);
	assert_int_equal(parse_repeated("any", " or any", FILTER_NODES_MAX - 2, "", &d), ERR_OK);
	assert_int_equal(parse_repeated("any", " or any", FILTER_NODES_MAX, "", &d), ERR_LIMIT);
	assert_int_equal(parse_repeated("port in [1", " 1", FILTER_LIST_MAX - 1, "]", &d), ERR_OK);
	assert_int_equal(parse_repeated("port in [1", " 1", FILTER_LIST_MAX, "]", &d), ERR_LIMIT);
	assert_int_equal(parse_repeated("port in [1-2", " 1-2", FILTER_RANGES_MAX - 1, "]", &d),
			 ERR_OK);
	assert_int_equal(parse_repeated("port in [1-2", " 1-2", FILTER_RANGES_MAX, "]", &d),
			 ERR_LIMIT);
	assert_int_equal(parse_repeated("ip in [1/8", " 1/8", FILTER_RANGES_MAX, "]", &d), ERR_OK);
	assert_int_equal(parse_repeated("", " ", FILTER_TEXT_MAX, "", &d), ERR_OK);
	assert_int_equal(parse_repeated("", " ", FILTER_TEXT_MAX + 1, "", &d), ERR_LIMIT);
	assert_int_equal(parse_repeated("app_name ~ '", "x", FILTER_REGEX_MAX, "'", &d), ERR_OK);
	assert_int_equal(parse_repeated("app_name ~ '", "x", FILTER_REGEX_MAX + 1, "'", &d),
			 ERR_LIMIT);
}

static void too_little_memory(void **state)
{
	(void)state;
	static const char expr[] = "src_ip in [10.0.0.0/8, 192.168.0.0/16] and (app_name ~ 'a+' or "
				   "not port 80) and flags S";
	bool done = false;
	for (size_t max = 16; !done; max += 16) {
		struct arena arena = {.max = max};
		struct filter *f = NULL;
		struct diag d;
		enum err e = parse(expr, strlen(expr), &arena, &f, &d);
		done = e == ERR_OK;
		assert_true(done || e == ERR_NOMEM);
		arena_fini(&arena);
		assert_true(max < 1024 * 1024);
	}
}

static void positions_count_lines(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct filter *f;
	struct diag d;
	static const char expr[] = "port 80 # first\n  and port x\n";
	assert_int_equal(parse(expr, strlen(expr), &arena, &f, &d), ERR_TYPE);
	assert_int_equal(d.line, 2);
	assert_int_equal(d.col, 12);
	assert_int_equal(d.end_col, 13);
	assert_non_null(strstr(d.msg, "0 to 65535"));
	assert_int_equal(parse("scr_port = 1", 12, &arena, &f, &d), ERR_UNKNOWN);
	assert_non_null(strstr(d.msg, "'src_port'"));
	assert_int_equal(parse("port \0", 6, &arena, &f, &d), ERR_SYNTAX);
	arena_fini(&arena);
}

static void sql_of(const char *expr, struct buf *out)
{
	struct arena arena = {0};
	struct filter *f;
	struct diag d;
	buf_reset(out);
	if (parse(expr, strlen(expr), &arena, &f, &d))
		fail_msg("%s: %s", expr, d.msg);
	filter_sql(f, out, NULL);
	arena_fini(&arena);
}

static void sql_text(void **state)
{
	(void)state;
	static const struct {
		const char *expr, *sql;
	} rows[] = {
	    {"any", "1"},
	    {"dst port 443", "(dst_port = 443)"},
	    {"dst_port < 443", "(dst_port < 443 AND bitTest(present_0, 10))"},
	    {"rev_bytes < 443", "(rev_bytes < 443 AND bitTest(rev_present_0, 14))"},
	    {"min_ttl = max_ttl", "(min_ttl = max_ttl AND bitAnd(present_1, 12) = 12)"},
	    {"src net 10/8", "((src_ip4 >= 167772160 AND src_ip4 <= 184549375))"},
	    {"src ip 192.0.2.1", "(src_ip4 = 3221225985)"},
	    {"src_ip != 192.0.2.1", "(NOT (src_ip4 = 3221225985) AND bitTest(present_0, 6))"},
	    {"src ip 2001:db8::1", "((src_ip4 = 0 AND src_ip6 = toIPv6('2001:db8::1')))"},
	    /* Not to be taken for the 0 of what is no IPv4. */
	    {"src ip 0.0.0.0", "((src_ip4 = 0 AND src_ip6 = toIPv6('0.0.0.0')))"},
	    {"src net 0/8",
	     "((src_ip >= toIPv6('0.0.0.0') AND src_ip <= toIPv6('0.255.255.255')))"},
	    {"src_ip in [10.0.0.1, 10.0.0.3, 2001:db8::1]",
	     "((src_ip4 IN (167772161, 167772163) OR src_ip IN ('2001:db8::1')))"},
	    {"src_ip in [10.0.0.0/24, 10.0.2.0/24, 10.0.4.0/24, 10.0.6.0/24]",
	     "(((src_ip4 >= 167772160 AND src_ip4 <= 167773951) AND (bitAnd(src_ip4, 4294967040) "
	     "IN (167772160, 167772672, 167773184, 167773696))))"},
	    {"next_hop = 192.0.2.1", "(next_hop = toIPv6('192.0.2.1'))"},
	    {"app_name = \"'; DROP TABLE x; --\"", "(app_name = '\\'; DROP TABLE x; --')"},
	    {"app_name = 'a\\\\'", "(app_name = 'a\\\\')"},
	    {"app_name = 'a\nb'", "(app_name = 'a\\x0Ab')"},
	    {"app_name ~ '\\''", "(match(app_name, '(?-s)\\''))"},
	    {"not port 80", "NOT (src_port = 80 OR dst_port = 80)"},
	};
	struct buf out = {0};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		sql_of(rows[i].expr, &out);
		assert_string_equal(buf_cstr(&out), rows[i].sql);
	}
	buf_fini(&out);
}

static void fields_and_presence(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct filter *f;
	struct diag d;
	struct field_set set;
	struct buf out = {0};
	static const char expr[] = "port 80 and bps > 1k";
	assert_int_equal(parse(expr, strlen(expr), &arena, &f, &d), ERR_OK);
	filter_fields(f, &set);
	static const enum field want[] = {F_src_port, F_dst_port, F_bytes, F_t_first, F_t_last};
	unsigned bits = 0;
	for (size_t i = 0; i < ARRAY_LEN(set.w); i++)
		bits += (unsigned)__builtin_popcountll(set.w[i]);
	assert_int_equal(bits, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_true(field_set_has(&set, want[i]));
	assert_true(filter_needs_presence(f));
	assert_int_equal(parse("port 80", 7, &arena, &f, &d), ERR_OK);
	assert_false(filter_needs_presence(f));
	filter_sql(f, &out, &(struct filter_sql_opts){.prefix = "f."});
	assert_string_equal(buf_cstr(&out), "(f.src_port = 80 OR f.dst_port = 80)");
	buf_fini(&out);
	arena_fini(&arena);
}

static size_t two_addresses(void *ctx, const char *name, struct ip *out, size_t max)
{
	(void)ctx;
	if (strcmp(name, "www.example.org") != 0 || max < 2)
		return 0;
	if (ip_parse("192.0.2.80", 10, &out[0]) || ip_parse("2001:db8::80", 12, &out[1]))
		return 0;
	return 2;
}

static void names_only_when_asked(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct filter *f;
	struct diag d;
	struct buf out = {0};
	const struct filter_parse_opts opts = {.resolve = two_addresses};
	assert_int_equal(filter_parse("host www.example.org", 20, &arena, &f, &d), ERR_TYPE);
	assert_int_equal(filter_parse_with("host www.example.net", 20, &opts, &arena, &f, &d),
			 ERR_NOT_FOUND);
	assert_int_equal(filter_parse_with("host www.example.org", 20, &opts, &arena, &f, &d),
			 ERR_OK);
	filter_print(f, &out);
	assert_string_equal(buf_cstr(&out), "ip in [192.0.2.80, 2001:db8::80]");
	buf_fini(&out);
	arena_fini(&arena);
}

static const char *included(void *ctx, const char *file, struct arena *arena, size_t *ret_n)
{
	(void)ctx;
	const char *text =
	    strcmp(file, "web") == 0 ? "port 80 or\nport 443 # web" : "any and @include loop";
	*ret_n = strlen(text);
	return strcmp(file, "none") == 0 ? NULL : arena_strndup(arena, text, *ret_n);
}

static void files_only_when_asked(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct filter *f;
	struct diag d;
	struct buf out = {0};
	const struct filter_parse_opts opts = {.include = included};
	static const char expr[] = "not @include web and proto tcp";
	assert_int_equal(filter_parse("@include web", 12, &arena, &f, &d), ERR_UNSUPPORTED);
	assert_int_equal(filter_parse_with("@include none", 13, &opts, &arena, &f, &d),
			 ERR_NOT_FOUND);
	assert_int_equal(filter_parse_with("@include loop", 13, &opts, &arena, &f, &d), ERR_LIMIT);
	assert_int_equal(filter_parse_with(expr, strlen(expr), &opts, &arena, &f, &d), ERR_OK);
	filter_print(f, &out);
	assert_string_equal(buf_cstr(&out), "not (port = 80 or port = 443) and proto = tcp");
	buf_fini(&out);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(printed_means_the_same),
	    cmocka_unit_test(limits_hold),
	    cmocka_unit_test(too_little_memory),
	    cmocka_unit_test(positions_count_lines),
	    cmocka_unit_test(sql_text),
	    cmocka_unit_test(fields_and_presence),
	    cmocka_unit_test(names_only_when_asked),
	    cmocka_unit_test(files_only_when_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
