/* SPDX-License-Identifier: Apache-2.0 */
/* An IPFIX file (RFC 5655): messages one after another, each template before its first use. The
 * same rows give the same bytes: the export time is the latest end of a flow so far. */
#pragma once
#include "base/err.h"
#include "model/batch.h"

struct ipfix_file;
struct ipfix_file_opts {
	uint32_t domain;
	bool split; /* an answer is a record of its own (encode/target.h) */
};

/* path "-": standard output. */
must_check enum err ipfix_file_create(const char *path, const struct ipfix_file_opts *o,
				      struct ipfix_file **ret, struct diag *reterr);
/* Appends the rows of a batch; it stays the caller's. The first error stays. */
must_check enum err ipfix_file_put(struct ipfix_file *f, const struct batch *b);
/* Writes what is left, closes and frees; the first error of all calls. May be NULL. */
must_check enum err ipfix_file_close(struct ipfix_file *f);
