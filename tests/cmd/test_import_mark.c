/* SPDX-License-Identifier: Apache-2.0 */
/* What is left on disk when an import is forgotten and the mark cannot be removed, as after a kill
 * between the two steps. */
#include "cmd/import_mark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void put_file(const char *path)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs("x\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void the_spool_goes_before_the_mark(void **state)
{
	(void)state;
	char dir[] = "/tmp/test_mark.XXXXXX", path[PATH_MAX + 16], import[64];
	struct import_mark m;
	struct diag why = {0};
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/capture", dir);
	put_file(path);
	assert_int_equal(import_mark_find(dir, path, &m, &why), ERR_OK);
	unlink(path);
	assert_false(import_mark_done(&m));
	assert_int_equal(mkdir(m.dir, 0700), 0);
	snprintf(path, sizeof(path), "%s/segment", m.dir);
	put_file(path);
	/* A mark that cannot be removed: a folder. */
	assert_int_equal(mkdir(m.done, 0700), 0);
	assert_int_not_equal(import_mark_forget(&m, &why), ERR_OK);
	assert_int_not_equal(access(m.dir, F_OK), 0);
	assert_int_equal(access(m.done, F_OK), 0);
	assert_int_equal(rmdir(m.done), 0);
	snprintf(import, sizeof(import), "%s/import", dir);
	assert_int_equal(rmdir(import), 0);
	snprintf(import, sizeof(import), "%s/run", dir);
	assert_int_equal(rmdir(import), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_spool_goes_before_the_mark)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
