/* SPDX-License-Identifier: Apache-2.0 */
/* Every line of cases.txt: what an expression means in normal form, or where its error is. */
#include "filter/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *path;

/* Whether the printed form parses to a filter that prints the same. */
static bool prints_the_same(struct arena *arena, const char *printed)
{
	struct filter *f;
	struct buf again = {0};
	bool same = filter_parse(printed, strlen(printed), arena, &f, NULL) == ERR_OK;
	if (same) {
		filter_print(f, &again);
		same = strcmp(buf_cstr(&again), printed) == 0;
	}
	buf_fini(&again);
	return same;
}

static bool accepted(const char *expr, const char *want)
{
	struct arena arena = {0};
	struct filter *f;
	struct diag d = {0};
	struct buf out = {0}, sql = {0};
	bool good = false;
	if (filter_parse(expr, strlen(expr), &arena, &f, &d)) {
		print_error("'%s' at %u: %s\n", expr, d.col, d.msg);
	} else {
		filter_print(f, &out);
		filter_sql(f, &sql, NULL);
		good = strcmp(buf_cstr(&out), want) == 0 && prints_the_same(&arena, want) && sql.n;
		if (!good)
			print_error("'%s' is printed as '%s', not '%s'\n", expr, buf_cstr(&out),
				    want);
	}
	buf_fini(&out);
	buf_fini(&sql);
	arena_fini(&arena);
	return good;
}

static bool refused(const char *expr, const char *col)
{
	struct arena arena = {0};
	struct filter *f;
	struct diag d = {0};
	enum err e = filter_parse(expr, strlen(expr), &arena, &f, &d);
	arena_fini(&arena);
	if (e && d.line == 1 && d.col == strtoul(col, NULL, 10) && d.end_col > d.col && d.msg[0])
		return true;
	print_error("'%s': error %d at %u, not %s: %s\n", expr, (int)e, d.col, col, d.msg);
	return false;
}

static void every_case(void **state)
{
	(void)state;
	FILE *f = fopen(path, "re");
	char line[1024];
	unsigned wrong = 0, cases = 0;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		char *kind = strchr(line, '\t');
		char *want = kind ? strchr(kind + 1, '\t') : NULL;
		if (!want)
			continue;
		*kind++ = 0;
		*want++ = 0;
		cases++;
		wrong +=
		    !(strncmp(kind, "ok", 2) == 0 ? accepted(line, want) : refused(line, want));
	}
	fclose(f);
	assert_true(cases > 250);
	assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_case)};
	if (argc != 2)
		return 2;
	path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
