/* SPDX-License-Identifier: Apache-2.0 */
/* A store for one question on files (`weir flows -r FILE`): a weir-store in a temporary folder, the
 * files imported into it, and both gone when the command ends, however it ends. The process splits
 * in two: this one goes on as the child, the parent keeps the store and the folder and takes both
 * away when the child has ended, also on Ctrl-C. */
#pragma once
#include "base/err.h"

#include <stdint.h>

struct conf;

struct private_store {
	const struct conf *conf; /* where the private store is; the caller's, conf_put */
	int64_t from_ms, to_ms;  /* the times of the flows, [from, to); from >= to: no flows */
};

/* files: a file (-r); dir: a folder with all below it, FIRST:LAST, or FIRST and what follows it in
 * its folder (-R); one of them is NULL. user: the user's configuration, for the library. Returns
 * only in the child; messages about single files are printed. */
must_check enum err private_store_open(const char *command, const struct conf *user,
				       const char *file, const char *dir, struct private_store *ret,
				       struct diag *reterr);
