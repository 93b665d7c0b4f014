/* SPDX-License-Identifier: Apache-2.0 */
/* The queries of the command line asked of another Weir: the same results as from the store, so
 * that printing does not know the difference. */
#pragma once
#include "query/flows.h"
#include "query/run.h"

struct remote;

/* The query is checked; what the other side says about its range is written into it. */
must_check enum err remote_top(struct remote *r, struct query *q, struct top_result *ret,
			       struct diag *reterr);
must_check enum err remote_series(struct remote *r, struct query *q, struct series_result *ret,
				  struct diag *reterr);
/* Calls each with batches of flows, in the order of the list. */
must_check enum err remote_flows(struct remote *r, const struct query *q,
				 bool (*each)(void *arg, const struct batch *b), void *arg,
				 struct diag *reterr);
/* The flows as CSV, as the other side writes it, to stdout; *ret_lines without the header. */
must_check enum err remote_flows_csv(struct remote *r, const struct query *q, uint64_t *ret_lines,
				     struct diag *reterr);
