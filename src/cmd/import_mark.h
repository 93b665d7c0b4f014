/* SPDX-License-Identifier: Apache-2.0 */
/* Which files were imported: D/import/ID is the spool of one that is being stored, D/import/ID.done
 * the mark of one that is; ID stands for the content. */
#pragma once
#include "base/err.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

enum { IMPORT_MARK_LINE = 200 };

struct import_mark {
	char dir[PATH_MAX];          /* the spool */
	char done[PATH_MAX];         /* the mark */
	char line[IMPORT_MARK_LINE]; /* what the mark says, "" while there is none */
};

/* Makes D and D/import; reads the file once. */
must_check enum err import_mark_find(const char *state, const char *path, struct import_mark *ret,
				     struct diag *reterr);
/* A spool for files that nobody asks about again. */
must_check enum err import_mark_none(const char *state, struct import_mark *ret,
				     struct diag *reterr);
static inline bool import_mark_done(const struct import_mark *m)
{
	return m->line[0] != 0;
}
/* Removes the mark, and what a kill may have left of the spool. */
must_check enum err import_mark_forget(struct import_mark *m, struct diag *reterr);
/* Writes the mark ("NAME: 12345 flows, imported 2026-01-01T12:00:00.000Z"), then the spool goes. */
must_check enum err import_mark_set(struct import_mark *m, const char *path, uint64_t rows,
				    struct diag *reterr);
/* Removes the spool, which must be closed. */
void import_mark_remove_spool(const struct import_mark *m);
