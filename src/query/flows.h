/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of flows: rows of the store come back as column batches, so that a flow prints the same
 * from a capture and from the store. */
#pragma once
#include "query/run.h"

struct batch;

/* Called with up to BATCH_ROWS flows at a time, in order; borrowed for the call. false stops. */
typedef bool flows_fn(void *arg, const struct batch *b);

/* Streams the flows of a checked query. cost->elapsed_ms is until the last row. ERR_CANCELLED when
 * each said stop. */
must_check enum err run_flows(struct store *s, const struct query *q, const struct run_options *o,
			      flows_fn *each, void *arg, struct run_cost *ret, struct diag *reterr);
/* The same in pieces, for a producer of a stream: begin, step until *ret_done or an error, end. */
struct flows_stream;
must_check enum err flows_begin(struct store *s, const struct query *q, const struct run_options *o,
				flows_fn *each, void *arg, struct flows_stream **ret,
				struct diag *reterr);
must_check enum err flows_step(struct flows_stream *f, bool *ret_done, struct diag *reterr);
void flows_end(struct flows_stream **f, struct run_cost *ret);
/* How many flows match, whatever limit and offset say. */
must_check enum err run_flows_count(struct store *s, const struct query *q,
				    const struct run_options *o, uint64_t *ret,
				    struct run_cost *ret_cost, struct diag *reterr);

/* ---- the reader by itself, for tests and fuzzing */
struct flows_reader;
/* columns: what the rows of RowBinary hold (model/native.h). NULL if there is no memory. */
struct flows_reader *flows_reader_new(const unsigned *columns, size_t n, flows_fn *each, void *arg);
/* Takes the next bytes, cut anywhere; false when each said stop or there is no memory. */
bool flows_reader_take(struct flows_reader *r, const uint8_t *p, size_t n);
/* Hands out what is left; ERR_MALFORMED if a row is incomplete. */
must_check enum err flows_reader_end(struct flows_reader *r);
void flows_reader_free(struct flows_reader *r);
