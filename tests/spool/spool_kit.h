/* SPDX-License-Identifier: Apache-2.0 */
/* What the spool's tests share: a folder that goes away, batches with known rows, a store that
 * remembers tokens. */
#pragma once
#include "spool/spool.h"

#include <stdbool.h>

enum { KIT_DAY = 20454 }; /* 2026-01-01 */

struct kit {
	char dir[64];
	struct spool_options o;
	struct spool *spool;
	struct spool_writer *writer;
	struct stats stats; /* of the receive thread */
	struct batch *core, *wide;
};

/* A store that does nothing with a token it has seen. May lie in memory shared between processes.
 */
struct fake_store {
	uint32_t n;
	uint64_t rows;
	char token[1024][SPOOL_TOKEN_MAX];
};

void kit_make_dir(char dir[64]);
void kit_remove_dir(const char *dir);
void kit_begin(struct kit *k); /* new folder, opened spool with a writer */
void kit_open(struct kit *k);
void kit_close(struct kit *k); /* as a graceful stop without a commit */
void kit_end(struct kit *k);   /* kit_close and remove the folder */
/* n rows of a shape on a day, bytes = first, first + 1, ...; counted as decoded. */
void kit_rows(struct kit *k, enum shape shape, int32_t day, uint32_t n, uint64_t first);
/* Commits and writes, in this thread. */
void kit_commit(struct kit *k);
bool fake_insert(struct fake_store *f, const struct segment *seg); /* false: had it already */
/* Inserts everything that waits. */
void kit_drain(struct kit *k, struct fake_store *f);
/* Asserts the three equations; returns the counters. */
struct stats kit_check(struct kit *k);
