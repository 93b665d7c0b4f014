/* SPDX-License-Identifier: Apache-2.0 */
#include "spool_kit.h"

#include "base/timefmt.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

void kit_make_dir(char dir[64])
{
	/* In memory if possible: these tests make thousands of folders, and each is synced once. */
	const char *base = getenv("TMPDIR");
	if (!base && access("/dev/shm", W_OK) == 0)
		base = "/dev/shm";
	snprintf(dir, 64, "%.40s/weir-spool-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(dir));
}

void kit_remove_dir(const char *dir)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void kit_open(struct kit *k)
{
	struct diag d = {0};
	k->o.dir = k->dir;
	enum err e = spool_open(&k->o, &k->spool, &d);
	if (e)
		fail_msg("spool_open: %s", d.msg);
	memset(&k->stats, 0, sizeof(k->stats));
	k->writer = spool_writer_new(k->spool, &k->stats);
	assert_non_null(k->writer);
	k->core = batch_new(SHAPE_CORE);
	k->wide = batch_new(SHAPE_WIDE);
}

void kit_begin(struct kit *k)
{
	kit_make_dir(k->dir);
	kit_open(k);
}

void kit_close(struct kit *k)
{
	spool_writer_free(&k->writer);
	spool_close(&k->spool);
	batch_free(k->core);
	batch_free(k->wide);
}

void kit_end(struct kit *k)
{
	kit_close(k);
	kit_remove_dir(k->dir);
}

void kit_rows(struct kit *k, enum shape shape, int32_t day, uint32_t n, uint64_t first)
{
	struct batch *b = shape == SHAPE_CORE ? k->core : k->wide;
	while (n > 0) {
		uint32_t m = n < BATCH_ROWS ? n : BATCH_ROWS;
		batch_reset(b);
		batch_open_rows(b, m);
		for (uint32_t i = 0; i < m; i++) {
			batch_set_num(b, F_bytes, i, first++);
			b->day[i] = day;
		}
		b->n = m;
		spool_append(k->writer, b);
		stat_add(&k->stats, ST_records_decoded, m);
		n -= m;
	}
	stat_add(&k->stats, ST_datagrams_received, 1);
	stat_add(&k->stats, ST_datagrams_decoded, 1);
}

void kit_commit(struct kit *k)
{
	const struct exporter_seq q = {.domain = 7,
				       .version = 10,
				       .port = 4000,
				       .next = (uint32_t)k->stats.v[ST_records_decoded]};
	spool_commit(k->writer, clock_mono_ns(), &q, 1);
	spool_flush_now(k->spool);
}

bool fake_insert(struct fake_store *f, const struct segment *seg)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (strcmp(f->token[i], seg->token) == 0)
			return false;
	assert_true(f->n < 1024);
	memcpy(f->token[f->n], seg->token, SPOOL_TOKEN_MAX);
	f->rows += seg->rows;
	f->n++;
	return true;
}

void kit_drain(struct kit *k, struct fake_store *f)
{
	struct segment seg;
	while (spool_next(k->spool, UINT64_MAX, &seg) == ERR_OK) {
		fake_insert(f, &seg);
		segment_done(k->spool, &seg);
	}
}

struct stats kit_check(struct kit *k)
{
	struct spool_totals t;
	spool_totals(k->spool, &t);
	const uint64_t *v = t.lifetime.v;
	assert_int_equal(v[ST_datagrams_received],
			 v[ST_datagrams_decoded] + v[ST_reject_not_export]);
	assert_int_equal(v[ST_records_decoded],
			 v[ST_records_spooled] + v[ST_drop_spool_full] + v[ST_drop_no_memory]);
	assert_int_equal(v[ST_records_spooled], v[ST_records_stored] + v[ST_records_waiting] +
						    v[ST_discard_quota] +
						    v[ST_discard_bad_segment]);
	return t.lifetime;
}
