/* SPDX-License-Identifier: Apache-2.0 */
/* Results as JSON, NDJSON and CSV: the same text from the API and from the command line. */
#pragma once
#include "query/flows.h"
#include "query/run.h"

/* The objects of docs/api.md. */
void render_top_json(struct buf *out, const struct query *q, const struct top_result *r);
void render_series_json(struct buf *out, const struct query *q, const struct series_result *r);

/* One object or CSV line per group: keys, bytes, packets, flows, and the metric if it is a rate. */
void render_top_ndjson(struct buf *out, const struct query *q, const struct top_result *r);
void render_top_csv(struct buf *out, const struct query *q, const struct top_result *r);
/* One per group and bin: t, keys, the metric. */
void render_series_ndjson(struct buf *out, const struct query *q, const struct series_result *r);
void render_series_csv(struct buf *out, const struct query *q, const struct series_result *r);

/* Flows: the columns in use of a batch (batch_has), absent values left out or empty. */
void render_flows_ndjson(struct buf *out, const struct batch *b);
void render_flows_csv_header(struct buf *out, const struct batch *b);
void render_flows_csv(struct buf *out, const struct batch *b);

/* A number as JSON: whole ones without a point, others with at most three digits behind it. */
void render_number(struct buf *out, double v);
