/* SPDX-License-Identifier: Apache-2.0 */
/* In a child, because it cannot be undone. */
#include "engine/confine.h"

#include "base/attr.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { CHILD_OK, CHILD_SKIP, CHILD_BAD };

static int try_open(const char *dir, const char *name, int flags)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int child(const char *rw, const char *ro, const char *none)
{
	const struct confine_path paths[] = {{rw, true}, {ro, false}, {"/nowhere/at/all", false}};
	enum err e = confine_files(paths, ARRAY_LEN(paths));
	if (e)
		return e == ERR_UNSUPPORTED ? CHILD_SKIP : CHILD_BAD;
	char memfd[40];
	snprintf(memfd, sizeof(memfd), "fd/%d", memfd_create("x", MFD_CLOEXEC));
	bool ok = try_open(rw, "new", O_CREAT | O_WRONLY) == 0 &&
		  try_open(ro, "f", O_RDONLY) == 0 && try_open(ro, "f", O_WRONLY) == EACCES &&
		  try_open(ro, "new", O_CREAT | O_WRONLY) == EACCES &&
		  try_open(none, "f", O_RDONLY) == EACCES &&
		  try_open("/proc/self", memfd, O_RDONLY) == 0;
	return ok ? CHILD_OK : CHILD_BAD;
}

static void test_confine(void **state unused_arg)
{
	char base[] = "/tmp/weir-confine-XXXXXX", dirs[3][64];
	static const char *const names[] = {"rw", "ro", "none"};
	assert_non_null(mkdtemp(base));
	for (size_t i = 0; i < 3; i++) {
		snprintf(dirs[i], sizeof(dirs[i]), "%s/%s", base, names[i]);
		assert_int_equal(mkdir(dirs[i], 0700), 0);
		assert_int_equal(try_open(dirs[i], "f", O_CREAT | O_WRONLY), 0);
	}
	pid_t pid = fork();
	if (pid == 0)
		_exit(child(dirs[0], dirs[1], dirs[2]));
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (size_t i = 0; i < 3; i++) {
		int dir = open(dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		unlinkat(dir, "f", 0);
		unlinkat(dir, "new", 0);
		close(dir);
		rmdir(dirs[i]);
	}
	rmdir(base);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_SKIP)
		skip();
	assert_int_equal(WEXITSTATUS(status), CHILD_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_confine)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
