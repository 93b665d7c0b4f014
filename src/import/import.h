/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hold flows, of other tools and of exporters, as column batches at their own times:
 * nfdump's files (layouts 1 and 2) and files of exports (captures, IPFIX files, datagrams one after
 * another). The same file gives the same rows in the same order every time, which is what lets an
 * import that was cut off go on. Hostile files are expected: every size is bounded, broken parts
 * are counted (malformed.*) and skipped. Single-threaded. */
#pragma once
#include "base/err.h"
#include "model/stats.h"

#include <stdint.h>

struct batch;
struct import;

enum import_kind { IMPORT_DETECT, IMPORT_NFCAPD, IMPORT_EXPORTS, IMPORT_KIND_MAX };

struct import_opts {
	enum import_kind kind; /* DETECT: by content */
	struct stats *stats;   /* borrowed; records.decoded, and what the decoder counts */
	/* Called with batches of rows, days set by the rows' own time; the batch is ours and is
	 * reset after the call. */
	void (*emit)(void *ctx, struct batch *b);
	void *ctx;
};

/* "nfcapd", "exports"; the kind of a name, IMPORT_KIND_MAX if there is none. */
const char *import_kind_name(enum import_kind kind);
enum import_kind import_kind_find(const char *name);

/* ERR_UNSUPPORTED, with what is supported, for a file of no known kind. opts is copied. */
must_check enum err import_open(const char *path, const struct import_opts *opts,
				struct import **ret, struct diag *reterr);
/* Reads a part of the file (at most some MB) and emits its rows. ERR_NOT_FOUND: the file is at its
 * end and everything was emitted. Other errors: the file cannot be read on; what was read before
 * was emitted. */
must_check enum err import_step(struct import *i, struct diag *reterr);
enum import_kind import_kind_of(const struct import *i);
void import_close(struct import **i);
