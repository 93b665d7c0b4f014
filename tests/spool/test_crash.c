/* SPDX-License-Identifier: Apache-2.0 */
/* Kill at every step. A child works on a spool and dies at its k-th system call that changes the
 * folder, for every k; then another child recovers and dies at its j-th; then the spool is opened
 * once more, emptied into the store, and the books must add up: nothing twice, nothing missing, the
 * three equations true. The linker wraps the system calls. */
#include "spool_kit.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { KILLED = 9, DONE = 0, STEPS_MAX = 400, RECOVERY_STEPS = 12 };

/* In memory shared with the parent. */
struct shared {
	struct fake_store store;
	uint64_t committed; /* rows of commits that returned: these may not be missing */
	uint64_t decoded;   /* rows ever given to the spool */
};

static struct step {
	uint32_t left; /* dies when this comes to 0; 0 = never */
} step;

static void maybe_die(void)
{
	if (step.left && --step.left == 0)
		_exit(KILLED);
}

int __real_renameat(int from, const char *a, int to, const char *b);
int __real_unlinkat(int fd, const char *name, int flags);
ssize_t __real_pwrite64(int fd, const void *p, size_t n, off_t off);
ssize_t __real_write(int fd, const void *p, size_t n);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __wrap_unlinkat(int fd, const char *name, int flags);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t off);
ssize_t __wrap_write(int fd, const void *p, size_t n);

/* Before, and after it was done: both are points where the process may end. */
int __wrap_renameat(int from, const char *a, int to, const char *b)
{
	maybe_die();
	int r = __real_renameat(from, a, to, b);
	maybe_die();
	return r;
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
	maybe_die();
	int r = __real_unlinkat(fd, name, flags);
	maybe_die();
	return r;
}

/* A write may also end half-way. */
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t off)
{
	maybe_die();
	if (step.left == 1) {
		(void)!__real_pwrite64(fd, p, n / 2, off);
		_exit(KILLED);
	}
	return __real_pwrite64(fd, p, n, off);
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	maybe_die();
	if (step.left == 1) {
		(void)!__real_write(fd, p, n / 2);
		_exit(KILLED);
	}
	return __real_write(fd, p, n);
}

static void rows(struct kit *k, struct shared *sh, enum shape shape, int32_t day, uint32_t n)
{
	sh->decoded += n;
	kit_rows(k, shape, day, n, sh->decoded);
}

static void commit(struct kit *k, struct shared *sh)
{
	kit_commit(k);
	sh->committed = sh->decoded;
}

static bool take(struct kit *k, struct shared *sh, struct segment *seg)
{
	if (spool_next(k->spool, UINT64_MAX, seg) != ERR_OK)
		return false;
	fake_insert(&sh->store, seg);
	return true;
}

/* Two shapes, two days, commits without rows, segments done in order, out of order and refused. */
static void work(const char *dir, struct shared *sh)
{
	struct kit k = {0};
	struct segment a, b;
	memcpy(k.dir, dir, sizeof(k.dir));
	kit_open(&k);
	rows(&k, sh, SHAPE_CORE, KIT_DAY, 10);
	rows(&k, sh, SHAPE_WIDE, KIT_DAY, 20);
	rows(&k, sh, SHAPE_CORE, KIT_DAY - 1, 30);
	commit(&k, sh);
	rows(&k, sh, SHAPE_CORE, KIT_DAY, 40);
	stat_add(&k.stats, ST_datagrams_received, 1);
	stat_add(&k.stats, ST_reject_not_export, 1);
	commit(&k, sh);
	if (take(&k, sh, &a) && take(&k, sh, &b)) {
		segment_done(k.spool, &b); /* a member before its head */
		segment_done(k.spool, &a);
	}
	stat_add(&k.stats, ST_datagrams_received, 3);
	stat_add(&k.stats, ST_reject_not_export, 3);
	commit(&k, sh);
	rows(&k, sh, SHAPE_WIDE, KIT_DAY, 50);
	commit(&k, sh);
	if (take(&k, sh, &a) && take(&k, sh, &b)) {
		segment_later(k.spool, &a, UINT64_MAX - 1);
		segment_done(k.spool, &b);
	}
	kit_close(&k);
}

/* Runs fn in a child that dies at step n; whether it was killed. */
static bool run_until(uint32_t n, void (*fn)(const char *dir, struct shared *sh), const char *dir,
		      struct shared *sh)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		step.left = n;
		fn(dir, sh);
		_exit(DONE);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == DONE || WEXITSTATUS(status) == KILLED);
	return WEXITSTATUS(status) == KILLED;
}

static void recover_only(const char *dir, struct shared *sh)
{
	(void)sh;
	struct kit k = {0};
	memcpy(k.dir, dir, sizeof(k.dir));
	kit_open(&k);
	_exit(DONE); /* as if killed when idle */
}

static void recover_and_check(const char *dir, struct shared *sh)
{
	struct kit k = {0};
	memcpy(k.dir, dir, sizeof(k.dir));
	kit_open(&k);
	kit_check(&k);
	kit_drain(&k, &sh->store);
	struct stats s = kit_check(&k);
	assert_int_equal(s.v[ST_records_waiting], 0);
	assert_int_equal(s.v[ST_records_stored], sh->store.rows);
	assert_int_equal(s.v[ST_records_stored], s.v[ST_records_decoded]);
	assert_true(sh->store.rows >= sh->committed);
	assert_true(sh->store.rows <= sh->decoded);
	/* The number of the newest commit that counts is that of its rows: what was lost shows as a
	 * gap. */
	size_t n;
	const struct exporter_seq *q = spool_sequences(k.spool, &n);
	assert_int_equal(n ? q[0].next : 0, s.v[ST_records_decoded]);
	kit_close(&k);
}

static struct shared *new_shared(void)
{
	void *p = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(p != MAP_FAILED);
	return p;
}

static void killed_anywhere_the_books_add_up(void **state)
{
	(void)state;
	bool killed = true;
	for (uint32_t k = 1; killed && k < STEPS_MAX; k++)
		for (uint32_t j = 0; j <= RECOVERY_STEPS; j++) {
			char dir[64];
			struct shared *sh = new_shared();
			kit_make_dir(dir);
			killed = run_until(k, work, dir, sh);
			if (j)
				run_until(j, recover_only, dir, sh);
			recover_and_check(dir, sh);
			kit_remove_dir(dir);
			munmap(sh, sizeof(*sh));
			if (!killed)
				assert_true(k > 30); /* the wraps are at work */
		}
	assert_false(killed);
}

/* Numbers go on after everything was stored and the collector was started again. */
static void numbers_are_never_used_twice(void **state)
{
	(void)state;
	struct kit k = {0};
	struct fake_store *f = calloc(1, sizeof(*f));
	kit_begin(&k);
	for (int life = 0; life < 3; life++) {
		for (int i = 0; i < 3; i++) {
			kit_rows(&k, SHAPE_CORE, KIT_DAY, 10, 1);
			kit_commit(&k);
			kit_drain(&k, f);
		}
		kit_close(&k);
		kit_open(&k);
	}
	assert_int_equal(f->rows, 90);
	assert_int_equal(kit_check(&k).v[ST_records_stored], 90);
	kit_end(&k);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(killed_anywhere_the_books_add_up),
	    cmocka_unit_test(numbers_are_never_used_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
