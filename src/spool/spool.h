/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/* The spool: rows on disk between the receive threads and the store, and the books of what was counted.
 *
 * A receive thread appends batches to its struct spool_writer: columns in memory, one open segment per (shape, day).
 * A COMMIT closes all open segments of the thread at once, together with what its counters grew by since the last
 * commit and where its exporters' sequence numbers stand. The flusher writes the segments as <number>.tmp and renames
 * them to <number>.seg; the loader takes the oldest with spool_next, inserts it, and says segment_done.
 *
 *   receive thread            flusher                  loader
 *   spool_append  --commit--> N.tmp, rename: N.seg --> spool_next, insert --> segment_done: ledger, unlink
 *   (memory)                  at the quota:                                   segment_bad: ledger, to bad/
 *                             oldest: ledger, unlink
 *
 * The books. Each commit has a delta (counters of the thread since its previous commit, taken when every row decoded
 * so far is in the segments of the commit), hence each delta alone satisfies equations 1 and 2. The first segment of
 * a commit, its head, carries the delta and the sequence numbers; the ledger holds the sum of the deltas of the heads
 * that are gone, and the rows stored and discarded. So at any moment
 *     lifetime counters = ledger + deltas of the heads still in the spool.
 *
 * A kill at every step:
 *  - before the head is renamed: the commit never was; its rows are lost, and the older sequence numbers show it.
 *  - head renamed, other members not yet: they are complete .tmp files of a head that exists; recovery renames them.
 *    (The loader sees a commit only when all of it is renamed, so the head cannot be gone before its members came.)
 *  - inserted, ledger not yet written: the segment is offered again, the store knows its token and does nothing.
 *  - ledger written, file not yet removed: the ledger says number < floor, or in a gap; recovery removes it.
 *  - records held for a template die with the process: the deltas carry how many are held, and recovery counts their
 *    sum as dropped (no_template).
 * After a power cut files may be missing or torn: a torn segment goes to bad/, a missing member of a commit is counted
 * as discarded (both bad_segment), a member without its head is counted as decoded and spooled itself. Numbers are
 * never used twice: they go on above everything seen in the folder and in the ledger; and the token holds the
 * checksum of the segment, so that a number used again with other rows would still be inserted.
 *
 * Threads: a spool_writer belongs to one receive thread. spool_flush_loop and spool_sync_loop each want a thread of
 * their own (made in cmd/). The loader calls spool_next and segment_*. Everyone may call spool_totals. */
/* clang-format on */
#pragma once
#include "base/err.h"
#include "model/batch.h"
#include "model/sequence.h"
#include "model/stats.h"

#include <stdbool.h>
#include <stdint.h>

enum { SPOOL_TOKEN_MAX = 96, SPOOL_UUID_MAX = 37, SPOOL_SEGMENTS_MAX = 64 };

struct spool_options {
	const char *dir;         /* D/spool; made if it is not there */
	uint64_t quota_bytes;    /* of waiting segments; 0 = no quota */
	uint64_t segment_bytes;  /* 0 = 128 MB */
	uint32_t segment_rows;   /* 0 = 1 M */
	uint32_t segment_age_ms; /* 0 = 1000 */
	uint32_t sync_ms;        /* fdatasync of what was written, this often; 0 = never */
};

struct spool;
struct spool_writer;

/* Opens or makes the spool, recovers what is in it. One process at a time: ERR_BUSY if another has
 * it. */
must_check enum err spool_open(const struct spool_options *o, struct spool **ret,
			       struct diag *reterr);
/* Writes the ledger and frees everything; writers must be free, the loops must have returned. */
void spool_close(struct spool **s);
/* Sequence numbers of all exporters as they were when the spool was opened, most recently heard
 * first, for the decoders at start. Borrowed from the spool. */
const struct exporter_seq *spool_sequences(const struct spool *s, size_t *ret_n);

/* ---- receive thread */
/* stats: the counters of the thread, borrowed; COUNTERs and records.held enter the books. The
 * writer adds drop.no_memory to it; records.spooled and drop.spool_full are counted when a commit
 * was written. NULL if there is no memory. */
struct spool_writer *spool_writer_new(struct spool *s, struct stats *stats);
/* Commits nothing: call spool_commit before. */
void spool_writer_free(struct spool_writer **w);
/* Copies all rows of the batch (day[] must be set). Rows that find no memory are counted as
 * drop.no_memory. */
void spool_append(struct spool_writer *w, const struct batch *b);
/* The same for rows from..from+n-1. A commit has room for SPOOL_SEGMENTS_MAX pairs of shape and
 * day; rows of further ones are counted as drop.no_memory. */
void spool_append_rows(struct spool_writer *w, const struct batch *b, uint32_t from, uint32_t n);
/* True when the thread should commit now: rows, bytes or age reached. Cheap; ask after every
 * datagram (a single datagram fits into the reserve above the limits) and after every wait. now_ns:
 * clock_mono_ns(). */
bool spool_wants_commit(const struct spool_writer *w, uint64_t now_ns);
/* Closes what is open and hands it to the flusher. Before: decoder_flush, so that every decoded row
 * was appended. Waits only when more than half a GB waits for the disk. */
void spool_commit(struct spool_writer *w, uint64_t now_ns, const struct exporter_seq *seqs,
		  size_t n);

/* ---- threads of the spool (return after spool_stop) */
void spool_flush_loop(struct spool *s);
void spool_sync_loop(struct spool *s);
/* Makes the loops return when everything committed is written; wakes spool_wait. */
void spool_stop(struct spool *s);
/* Tests, tools: writes what is queued now, in the caller's thread. */
void spool_flush_now(struct spool *s);

/* ---- loader */
struct segment {
	uint64_t number;
	char token[SPOOL_TOKEN_MAX]; /* for insert_deduplication_token: uuid-number-checksum */
	int fd;                      /* owned by the spool until segment_done, _bad or _later */
	uint64_t body_off, body_len; /* exactly one Native block */
	uint32_t rows;
	enum shape shape;
	int32_t day;
	int64_t closed_ms;   /* wall clock when it was closed */
	const char *columns; /* "t_first,t_last,...,day": names, safe in SQL; borrowed like fd */
};

/* The oldest segment that is not put off and not in the loader's hands. ERR_NOT_FOUND: nothing to
 * do now. */
must_check enum err spool_next(struct spool *s, uint64_t now_ns, struct segment *ret);
/* Waits until spool_next may have something, at most ms; false after spool_stop. */
bool spool_wait(struct spool *s, uint32_t ms);
/* Stored: ledger first, then the file goes. */
void segment_done(struct spool *s, struct segment *seg);
/* Refused for good: ledger, then moved to bad/ with why in <number>.txt; counted
 * discard.bad_segment. */
void segment_bad(struct spool *s, struct segment *seg, const char *why);
/* Not now: offered again after until_ns (clock_mono_ns); others go first meanwhile. */
void segment_later(struct spool *s, struct segment *seg, uint64_t until_ns);

/* ---- the books */
struct spool_totals {
	struct stats lifetime; /* all commits ever, and records.stored, .waiting, discard.*,
				  segments.*, loader.lag_ms */
	uint64_t bad_segments; /* files in bad/ */
	int64_t oldest_ms;     /* closed_ms of the oldest waiting segment, 0 if none */
	uint64_t quota_bytes;
	const char *uuid; /* borrowed from the spool */
	bool disk_error;  /* the last write failed */
};
void spool_totals(struct spool *s, struct spool_totals *ret);
/* Counters of other threads (the loader's) that should live as long as the spool's: added to the
 * ledger. */
void spool_count(struct spool *s, enum stat_id which, uint64_t n);
