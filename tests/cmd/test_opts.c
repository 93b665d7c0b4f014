/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/opts.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct args {
	bool quiet;
	const char *order;
	uint64_t limit, step, size;
	struct opt_list methods;
};

static const struct opt rows[] = {
    OPT('q', "quiet", FLAG, NULL, struct args, quiet, "less"),
    OPT('O', "order", STR, "FIELD", struct args, order, "order"),
    OPT_RANGE('n', "limit", U64, "N", struct args, limit, 1, 100, "rows"),
    OPT(0, "step", DURATION, "S", struct args, step, "width of a bin"),
    OPT(0, "size", SIZE, "BYTES", struct args, size, "size"),
    OPT(0, "method", LIST, "CODE", struct args, methods, "a method"),
};

static struct args a;
static struct operands rest;
static int status;

static enum opts_next parse(const char *const *words, int min, int max)
{
	static char copy[16][64];
	static char *argv[16];
	int n = 0;
	for (; words[n]; n++) {
		snprintf(copy[n], sizeof(copy[n]), "%s", words[n]);
		argv[n] = copy[n];
	}
	argv[n] = NULL;
	a = (struct args){.limit = 10};
	status = -1;
	/* What it prints is not what is tested here. */
	int out = dup(1), err = dup(2);
	assert_non_null(freopen("/dev/null", "w", stdout));
	assert_non_null(freopen("/dev/null", "w", stderr));
	enum opts_next next =
	    opts_parse(rows, ARRAY_LEN(rows), n, argv, &a, min, max, &rest, &status);
	fflush(stdout);
	fflush(stderr);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	return next;
}
#define PARSE(min, max, ...) parse((const char *const[]){"top", __VA_ARGS__, NULL}, min, max)

static void options_and_operands_mix(void **state)
{
	(void)state;
	assert_int_equal(
	    PARSE(0, -1, "-qn5", "dst", "--step=5m", "port", "--order", "-bytes", "--", "-7"),
	    OPTS_RUN);
	assert_true(a.quiet);
	assert_int_equal(a.limit, 5);
	assert_int_equal(a.step, 300000);
	assert_string_equal(a.order, "-bytes");
	assert_int_equal(rest.n, 3);
	assert_string_equal(rest.v[0], "dst");
	assert_string_equal(rest.v[1], "port");
	assert_string_equal(rest.v[2], "-7");
}

static void a_list_keeps_its_order(void **state)
{
	(void)state;
	assert_int_equal(PARSE(0, 0, "--method", "SCAN", "--method=DOS", "--size", "2KB"),
			 OPTS_RUN);
	assert_int_equal(a.methods.n, 2);
	assert_string_equal(a.methods.v[0], "SCAN");
	assert_string_equal(a.methods.v[1], "DOS");
	assert_int_equal(a.size, 2048);
	assert_int_equal(a.limit, 10);
}

static void errors_exit_2(void **state)
{
	(void)state;
	static const char *const bad[][2] = {
	    {"--limit=0", NULL}, {"--limit=101", NULL}, {"--limit=ten", NULL}, {"-x", NULL},
	    {"--stepp=5", NULL}, {"--step=5y", NULL},   {"--size=1EB", NULL},  {"--order", NULL},
	    {"operand", NULL},   {"--quiet=1", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(PARSE(0, 0, bad[i][0]), OPTS_EXIT);
		assert_int_equal(status, 2);
	}
	assert_int_equal(PARSE(2, 2, "one"), OPTS_EXIT);
	assert_int_equal(status, 2);
}

static void help_exits_0(void **state)
{
	(void)state;
	assert_int_equal(PARSE(1, 1, "--help"), OPTS_EXIT);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_and_operands_mix),
	    cmocka_unit_test(a_list_keeps_its_order),
	    cmocka_unit_test(errors_exit_2),
	    cmocka_unit_test(help_exits_0),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
