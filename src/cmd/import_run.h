/* SPDX-License-Identifier: Apache-2.0 */
/* Storing a file's flows, exactly once. The rows go through a spool of their own in D/import/<id>,
 * where id is the hash of the file, so what the spool promises holds here: each segment is inserted
 * once, and after a kill it says how many rows are on their way; the next run reads the file again
 * and goes on behind them (the same file gives the same rows). When all are stored the folder goes
 * and D/import/<id>.done stays, which is how the file is recognised. */
#pragma once
#include "cmd/import_mark.h"
#include "import/import.h"

#include <stdatomic.h>
#include <stdbool.h>

struct conf;

struct import_run_opts {
	const struct conf *conf; /* where the store is, and D */
	enum import_kind kind;
	bool again;              /* store it once more though it was imported */
	bool enrich;             /* as the collector does, with the data sets of conf */
	const atomic_bool *stop; /* ERR_CANCELLED soon after it is set */
	/* Called now and then with the rows read so far; may be NULL. */
	void (*progress)(void *ctx, uint64_t rows);
	/* Called for a file that cannot be read, with the reason; may be NULL. */
	void (*failed)(void *ctx, const char *path, const char *why);
	void *ctx;
};

struct import_result {
	enum import_kind kind;
	bool already;                /* nothing was done: `when` tells what it was imported as */
	char when[IMPORT_MARK_LINE]; /* the line of the .done file */
	uint64_t rows;               /* in the file */
	uint64_t resumed;            /* of them stored by an earlier run */
	uint64_t damaged;            /* records and blocks that could not be read */
	int64_t first_ms, last_ms;   /* of t_last; first > last if there are no rows */
};

/* ERR_REFUSED and the like: the store does not answer; run it again to go on. */
must_check enum err import_run(const char *path, const struct import_run_opts *o,
			       struct import_result *ret, struct diag *reterr);
/* Stores files in a store that nobody else uses, without asking whether they were imported. Files
 * that cannot be read are left out; an error if that is all of them. */
must_check enum err import_run_alone(const char *const *paths, size_t n,
				     const struct import_run_opts *o, struct import_result *ret,
				     struct diag *reterr);
