/* SPDX-License-Identifier: Apache-2.0 */
/* Quota, full disk, torn files, order of loading, the two threads: what a spool does when things go
 * wrong. pwrite is wrapped so that the disk can be full. */
#include "spool_kit.h"

#include "base/timefmt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct disk {
	bool full;
	int full_until_unlinks; /* full until so many files were removed */
} disk;

ssize_t __real_pwrite64(int fd, const void *p, size_t n, off_t off);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t off);
int __real_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags);

ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t off)
{
	if (disk.full || disk.full_until_unlinks > 0) {
		errno = ENOSPC;
		return -1;
	}
	return __real_pwrite64(fd, p, n, off);
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
	if (disk.full_until_unlinks > 0 && strstr(name, ".seg"))
		disk.full_until_unlinks--;
	return __real_unlinkat(fd, name, flags);
}

static int count_files(const char *dir, const char *suffix)
{
	int n = 0;
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *x; (x = readdir(d));)
		n += strstr(x->d_name, suffix) != NULL;
	closedir(d);
	return n;
}

static void commit_rows(struct kit *k, uint32_t n)
{
	kit_rows(k, SHAPE_CORE, KIT_DAY, n, 1);
	kit_commit(k);
}

static void at_the_quota_the_oldest_go_and_are_counted(void **state)
{
	(void)state;
	struct kit k = {.o.quota_bytes = 400000};
	struct segment seg;
	kit_begin(&k);
	for (int i = 0; i < 20; i++)
		commit_rows(&k, 10000); /* 80 kB of bytes, each */
	struct stats s = kit_check(&k);
	assert_true(s.v[ST_discard_quota] > 0);
	assert_int_equal(s.v[ST_records_waiting] % 10000, 0);
	assert_true(s.v[ST_segments_bytes] <= 400000);
	assert_int_equal(count_files(k.dir, ".seg"), s.v[ST_segments_waiting]);
	/* The newest are the ones that are left. */
	assert_int_equal(spool_next(k.spool, 0, &seg), ERR_OK);
	assert_int_equal(seg.number, 21 - s.v[ST_segments_waiting]);
	/* The one in the loader's hands stays. */
	for (int i = 0; i < 20; i++)
		commit_rows(&k, 10000);
	char path[128];
	snprintf(path, sizeof(path), "%s/%012llu.seg", k.dir, (unsigned long long)seg.number);
	assert_int_equal(access(path, F_OK), 0);
	segment_done(k.spool, &seg);
	assert_int_equal(kit_check(&k).v[ST_records_stored], 10000);
	kit_close(&k);
	kit_open(&k);
	assert_int_equal(kit_check(&k).v[ST_records_decoded], 400000);
	kit_end(&k);
}

static void on_a_full_disk_the_oldest_go(void **state)
{
	(void)state;
	struct kit k = {0};
	kit_begin(&k);
	for (int i = 0; i < 5; i++)
		commit_rows(&k, 100);
	disk.full_until_unlinks = 2;
	commit_rows(&k, 100);
	struct stats s = kit_check(&k);
	assert_int_equal(disk.full_until_unlinks, 0);
	assert_int_equal(s.v[ST_discard_quota], 200);
	assert_int_equal(s.v[ST_records_waiting], 400);
	kit_end(&k);
}

static void with_nothing_to_remove_rows_are_dropped_and_receiving_goes_on(void **state)
{
	(void)state;
	struct kit k = {0};
	struct spool_totals t;
	kit_begin(&k);
	disk.full = true;
	commit_rows(&k, 100);
	kit_rows(&k, SHAPE_WIDE, KIT_DAY, 7, 1);
	commit_rows(&k, 100);
	disk.full = false;
	struct stats s = kit_check(&k);
	assert_int_equal(s.v[ST_drop_spool_full], 207);
	assert_int_equal(count_files(k.dir, "0."), 0);
	spool_totals(k.spool, &t);
	assert_true(t.disk_error);
	commit_rows(&k, 50);
	spool_totals(k.spool, &t);
	assert_false(t.disk_error);
	assert_int_equal(kit_check(&k).v[ST_records_waiting], 50);
	kit_close(&k);
	kit_open(&k);
	assert_int_equal(kit_check(&k).v[ST_drop_spool_full], 207);
	kit_end(&k);
}

static void flip_byte(const char *dir, const char *name, off_t from_end)
{
	char path[128];
	uint8_t v;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	off_t at = lseek(fd, 0, SEEK_END) - from_end;
	assert_int_equal(pread(fd, &v, 1, at), 1);
	v ^= 0x40;
	assert_int_equal(__real_pwrite64(fd, &v, 1, at), 1);
	close(fd);
}

static void a_torn_body_goes_to_bad_and_the_next_goes_on(void **state)
{
	(void)state;
	struct kit k = {0};
	struct segment seg;
	struct spool_totals t;
	kit_begin(&k);
	for (int i = 0; i < 3; i++)
		commit_rows(&k, 100);
	kit_close(&k);
	flip_byte(k.dir, "000000000001.seg", 5);
	kit_open(&k);
	assert_int_equal(spool_next(k.spool, 0, &seg), ERR_OK);
	assert_int_equal(seg.number, 2);
	segment_done(k.spool, &seg);
	struct stats s = kit_check(&k);
	assert_int_equal(s.v[ST_discard_bad_segment], 100);
	assert_int_equal(s.v[ST_records_decoded], 300);
	spool_totals(k.spool, &t);
	assert_int_equal(t.bad_segments, 1);
	char bad[128];
	snprintf(bad, sizeof(bad), "%s/bad", k.dir);
	assert_int_equal(count_files(bad, "000000000001.seg"), 1);
	assert_int_equal(count_files(bad, "000000000001.txt"), 1);
	kit_close(&k);
	kit_open(&k);
	assert_int_equal(kit_check(&k).v[ST_discard_bad_segment], 100);
	kit_end(&k);
}

/* After a power cut: what was never known to be spooled is not counted; the rest adds up. */
static void a_torn_header_is_set_aside(void **state)
{
	(void)state;
	struct kit k = {0};
	struct fake_store *f = calloc(1, sizeof(*f));
	kit_begin(&k);
	commit_rows(&k, 100);
	commit_rows(&k, 100);
	kit_close(&k);
	char path[128];
	snprintf(path, sizeof(path), "%s/000000000001.seg", k.dir);
	assert_int_equal(truncate(path, 50), 0);
	kit_open(&k);
	kit_drain(&k, f);
	struct stats s = kit_check(&k);
	assert_int_equal(s.v[ST_records_stored], 100);
	assert_int_equal(s.v[ST_records_decoded], 100);
	assert_int_equal(s.v[ST_segments_refused], 1);
	kit_end(&k);
	free(f);
}

static void members_and_heads_may_be_missing(void **state)
{
	(void)state;
	for (int missing = 1; missing <= 3; missing++) {
		struct kit k = {0};
		struct fake_store *f = calloc(1, sizeof(*f));
		char path[128];
		kit_begin(&k);
		kit_rows(&k, SHAPE_CORE, KIT_DAY, 10, 1);
		kit_rows(&k, SHAPE_CORE, KIT_DAY - 1, 20, 1);
		kit_rows(&k, SHAPE_WIDE, KIT_DAY, 30, 1);
		kit_commit(&k);
		kit_close(&k);
		snprintf(path, sizeof(path), "%s/00000000000%d.seg", k.dir, missing);
		assert_int_equal(unlink(path), 0);
		/* Twice: what recovery decided must last. */
		for (int life = 0; life < 2; life++) {
			kit_open(&k);
			struct stats s = kit_check(&k);
			assert_int_equal(s.v[ST_records_waiting], 60 - missing * 10);
			assert_int_equal(s.v[ST_discard_bad_segment],
					 missing == 1 ? 0 : missing * 10);
			kit_close(&k);
		}
		kit_open(&k);
		kit_drain(&k, f);
		assert_int_equal(kit_check(&k).v[ST_records_stored], 60 - missing * 10);
		kit_close(&k);
		kit_open(&k);
		assert_int_equal(kit_check(&k).v[ST_records_stored], 60 - missing * 10);
		kit_end(&k);
		free(f);
	}
}

static void a_torn_ledger_is_kept_aside(void **state)
{
	(void)state;
	struct kit k = {0};
	kit_begin(&k);
	commit_rows(&k, 100);
	kit_close(&k);
	flip_byte(k.dir, "ledger", 3);
	kit_open(&k);
	assert_int_equal(count_files(k.dir, "ledger.bad"), 1);
	assert_int_equal(kit_check(&k).v[ST_records_waiting], 100);
	kit_end(&k);
}

static void a_segment_put_off_does_not_hold_up_the_next(void **state)
{
	(void)state;
	struct kit k = {0};
	struct segment a, b;
	kit_begin(&k);
	for (int i = 0; i < 3; i++)
		commit_rows(&k, 10);
	assert_int_equal(spool_next(k.spool, 100, &a), ERR_OK);
	assert_int_equal(a.number, 1);
	segment_later(k.spool, &a, 200);
	assert_int_equal(spool_next(k.spool, 150, &b), ERR_OK);
	assert_int_equal(b.number, 2);
	segment_bad(k.spool, &b, "Code: 27. no");
	assert_int_equal(spool_next(k.spool, 250, &a), ERR_OK);
	assert_int_equal(a.number, 1);
	segment_done(k.spool, &a);
	struct stats s = kit_check(&k);
	assert_int_equal(s.v[ST_records_stored], 10);
	assert_int_equal(s.v[ST_discard_bad_segment], 10);
	assert_int_equal(s.v[ST_records_waiting], 10);
	kit_end(&k);
}

static void only_one_collector_at_a_time(void **state)
{
	(void)state;
	struct kit k = {0};
	struct spool *other;
	struct diag d = {0};
	kit_begin(&k);
	assert_int_equal(spool_open(&k.o, &other, &d), ERR_BUSY);
	assert_non_null(strstr(d.msg, "another collector"));
	kit_end(&k);
}

/* Records that wait for a template die with the process: counted as dropped by the next life. */
static void held_records_are_dropped_by_the_next_life(void **state)
{
	(void)state;
	struct kit k = {0};
	kit_begin(&k);
	stat_add(&k.stats, ST_records_decoded, 12);
	stat_set(&k.stats, ST_records_held, 12);
	commit_rows(&k, 5);
	stat_set(&k.stats, ST_records_held,
		 8); /* 4 found their template: rows now, not decoded again */
	kit_rows(&k, SHAPE_CORE, KIT_DAY, 4, 1);
	k.stats.v[ST_records_decoded] -= 4;
	kit_commit(&k);
	struct spool_totals t;
	spool_totals(k.spool, &t);
	assert_int_equal(t.lifetime.v[ST_records_held], 8);
	assert_int_equal(t.lifetime.v[ST_records_decoded], 17);
	assert_int_equal(t.lifetime.v[ST_records_spooled], 9);
	for (int life = 0; life < 2; life++) {
		kit_close(&k);
		kit_open(&k);
		spool_totals(k.spool, &t);
		assert_int_equal(t.lifetime.v[ST_records_held], 0);
		assert_int_equal(t.lifetime.v[ST_drop_no_template], 8);
	}
	kit_end(&k);
}

static void sequences_of_the_last_commit_come_back_newest_first(void **state)
{
	(void)state;
	struct kit k = {0};
	struct exporter_seq q[2] = {{.domain = 1, .version = 9, .next = 10},
				    {.domain = 2, .version = 9, .next = 20}};
	kit_begin(&k);
	kit_rows(&k, SHAPE_CORE, KIT_DAY, 3, 1);
	spool_commit(k.writer, 1, q, 2);
	spool_flush_now(k.spool);
	q[1].next = 25;
	stat_add(&k.stats, ST_datagrams_received, 1); /* no rows: straight into the ledger */
	stat_add(&k.stats, ST_datagrams_decoded, 1);
	spool_commit(k.writer, 2, &q[1], 1);
	spool_flush_now(k.spool);
	kit_close(&k);
	kit_open(&k);
	size_t n;
	const struct exporter_seq *r = spool_sequences(k.spool, &n);
	assert_int_equal(n, 2);
	assert_int_equal(r[0].domain, 2);
	assert_int_equal(r[0].next, 25);
	assert_int_equal(r[1].next, 10);
	kit_check(&k);
	kit_end(&k);
}

/* An open gap counts as lost by the next life, once, however often it starts while the head waits.
 */
static void open_gaps_are_lost_by_the_next_life(void **state)
{
	(void)state;
	struct kit k = {0};
	struct exporter_seq q[2] = {{.domain = 1, .version = 9, .next = 10, .open = 3},
				    {.domain = 2, .version = 10, .next = 20, .open = 40}};
	kit_begin(&k);
	kit_rows(&k, SHAPE_CORE, KIT_DAY, 3, 1);
	spool_commit(k.writer, 1, q, 2);
	spool_flush_now(k.spool);
	for (int life = 0; life < 3; life++) {
		kit_close(&k);
		kit_open(&k);
		struct stats s = kit_check(&k);
		assert_int_equal(s.v[ST_sequence_lost_datagrams], 3);
		assert_int_equal(s.v[ST_records_lost_before], 40);
	}
	/* The next commit of the exporter is newer. */
	q[0].next = 50;
	q[0].open = 0;
	kit_rows(&k, SHAPE_CORE, KIT_DAY, 3, 1);
	spool_commit(k.writer, 1, q, 1);
	spool_flush_now(k.spool);
	kit_close(&k);
	kit_open(&k);
	size_t n;
	assert_int_equal(spool_sequences(k.spool, &n)[0].next, 50);
	assert_int_equal(kit_check(&k).v[ST_sequence_lost_datagrams], 3);
	kit_end(&k);
}

struct threads {
	struct kit k;
	struct fake_store store;
};

static void *flusher(void *ctx)
{
	spool_flush_loop(((struct threads *)ctx)->k.spool);
	return NULL;
}

static void *syncer(void *ctx)
{
	spool_sync_loop(((struct threads *)ctx)->k.spool);
	return NULL;
}

static void *loader(void *ctx)
{
	struct threads *t = ctx;
	do
		kit_drain(&t->k, &t->store);
	while (spool_wait(t->k.spool, 50));
	return NULL;
}

/* A writer, the flusher, the syncer and a loader at once; the thread sanitizer looks on when it is
 * built in. */
static void threads_work_at_once(void **state)
{
	(void)state;
	struct threads *t = calloc(1, sizeof(*t));
	void *(*const fn[])(void *) = {flusher, syncer, loader};
	pthread_t id[ARRAY_LEN(fn)];
	t->k.o.sync_ms = 5;
	t->k.o.segment_rows = 1000;
	kit_begin(&t->k);
	for (size_t i = 0; i < ARRAY_LEN(fn); i++)
		assert_int_equal(pthread_create(&id[i], NULL, fn[i], t), 0);
	for (int i = 0; i < 300; i++) {
		kit_rows(&t->k, i % 3 ? SHAPE_CORE : SHAPE_WIDE, KIT_DAY, 500, 1);
		if (spool_wants_commit(t->k.writer, clock_mono_ns()))
			spool_commit(t->k.writer, clock_mono_ns(), NULL, 0);
		struct spool_totals x;
		spool_totals(t->k.spool, &x);
		assert_int_equal(x.lifetime.v[ST_records_spooled],
				 x.lifetime.v[ST_records_stored] +
				     x.lifetime.v[ST_records_waiting]);
	}
	spool_commit(t->k.writer, clock_mono_ns(), NULL, 0);
	spool_stop(t->k.spool);
	for (size_t i = 0; i < ARRAY_LEN(fn); i++)
		pthread_join(id[i], NULL);
	kit_drain(&t->k, &t->store);
	assert_int_equal(kit_check(&t->k).v[ST_records_stored], 150000);
	assert_int_equal(t->store.rows, 150000);
	kit_end(&t->k);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(at_the_quota_the_oldest_go_and_are_counted),
	    cmocka_unit_test(on_a_full_disk_the_oldest_go),
	    cmocka_unit_test(with_nothing_to_remove_rows_are_dropped_and_receiving_goes_on),
	    cmocka_unit_test(a_torn_body_goes_to_bad_and_the_next_goes_on),
	    cmocka_unit_test(a_torn_header_is_set_aside),
	    cmocka_unit_test(members_and_heads_may_be_missing),
	    cmocka_unit_test(a_torn_ledger_is_kept_aside),
	    cmocka_unit_test(a_segment_put_off_does_not_hold_up_the_next),
	    cmocka_unit_test(only_one_collector_at_a_time),
	    cmocka_unit_test(held_records_are_dropped_by_the_next_life),
	    cmocka_unit_test(sequences_of_the_last_commit_come_back_newest_first),
	    cmocka_unit_test(open_gaps_are_lost_by_the_next_life),
	    cmocka_unit_test(threads_work_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
