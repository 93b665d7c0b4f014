/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share: the list of waiting segments, the books in memory, the queue
 * of commits.
 *
 * lock guards everything below it and is never held during I/O; io puts the writings of the ledger
 * file in order (taken before lock). Numbers: those below `published` are in the list or gone;
 * published..next-1 are being written by the flusher. So the ledger's floor and gaps follow from
 * the list alone. */
#pragma once
#include "spool/ledger.h"
#include "spool/segfile.h"
#include "spool/spool.h"

#include <pthread.h>

/* The counters a head stands for, compact: a store that is down for a day leaves many heads. */
struct delta {
	uint32_t n;
	struct {
		uint32_t which;
		uint64_t v;
	} e[];
};

struct entry {
	struct entry *prev, *next;
	uint64_t number, bytes, hash;
	struct delta *delta; /* of a head; NULL else */
	int64_t closed_ms;
	uint64_t later_ns; /* not before this */
	uint32_t rows;
	bool busy;    /* in the loader's hands */
	bool trusted; /* written by this process: no need to verify the body */
	int fd;       /* while busy */
	struct buf columns;
};

/* What a writer hands to the flusher. */
struct commit {
	struct commit *next;
	struct spool_writer *writer;
	struct segbuf *seg[SEGFILE_MEMBERS_MAX];
	uint32_t n;
	uint64_t bytes; /* of all segments */
	struct stats delta;
	struct exporter_seq *seqs; /* owned */
	size_t n_seqs, cap_seqs;
	int64_t closed_ms;
};

struct spool {
	struct spool_options o;
	int dir_fd, bad_fd, uuid_fd;
	char uuid[SPOOL_UUID_MAX];
	struct exporter_seq *start_seqs; /* as of spool_open */
	size_t n_start_seqs;
	struct segfile_scratch *scratch; /* the flusher's */
	uint8_t *load_stage;             /* SEGFILE_STAGE bytes, the loader's */

	pthread_mutex_t io;
	pthread_mutex_t lock;
	pthread_cond_t work;  /* for the flusher: a commit, or stop */
	pthread_cond_t room;  /* for the writers: a commit was written */
	pthread_cond_t ready; /* for the loader: a segment, or stop */
	pthread_cond_t tick;  /* for the sync loop: stop */
	bool stop;
	struct commit *queue, **queue_end;
	uint64_t queued_bytes; /* with the one that is being written */

	struct entry *first, *last; /* by number */
	uint64_t n_waiting, rows_waiting, bytes_waiting;
	uint64_t next, published;
	uint64_t synced; /* segments below are on the disk */
	struct ledger ledger;
	struct stats life; /* ledger + deltas of the waiting heads */
	bool dirty;        /* the ledger in memory is newer than the file */
	bool disk_error;
	uint64_t bad_segments;
};

enum { SPOOL_NAME_MAX = 32 };
/* "000000000042.seg" */
void spool_name(char out[SPOOL_NAME_MAX], uint64_t number, const char *suffix);

struct entry *entry_new(const struct segfile *f, uint64_t file_bytes);
void entry_free(struct entry *e);
/* Both with the lock held. */
void list_append(struct spool *s, struct entry *e);
void list_remove(struct spool *s, struct entry *e);

/* With the lock held: the segment is gone for this reason (ST_records_stored or a discard); its
 * delta goes into the ledger, it leaves the list. */
void books_fold(struct spool *s, struct entry *e, enum stat_id reason);
/* With the lock held: a commit's counters without a segment. */
void books_add(struct spool *s, const struct stats *delta);
/* With the lock held: its sequences. */
void books_seqs(struct spool *s, const struct exporter_seq *q, size_t n, uint64_t as_of);
/* Writes the ledger file. Without the lock. */
enum err books_save(struct spool *s);

/* recover.c: fills the list, the ledger, next, from the folder. Single-threaded. */
must_check enum err spool_recover(struct spool *s, struct diag *reterr);
/* Removes oldest segments until `bytes` fit under the quota, or with force at least one; false =
 * nothing to remove. */
bool spool_make_room(struct spool *s, uint64_t bytes, bool force);
/* writer.c: gives the buffers of a written commit back. With the lock held. */
void writer_take_back(struct spool_writer *w, struct commit *c);
