/* SPDX-License-Identifier: Apache-2.0 */
/* What segment headers and the ledger have in common: counters by name (so that rows of stats.def
 * may come and move) and sequence numbers. Little-endian. Written with struct buf, read with struct
 * rd. */
#pragma once
#include "base/buf.h"
#include "base/rd.h"
#include "model/sequence.h"
#include "model/stats.h"

enum { SPOOL_SEQ_MAX = 16384 }; /* exporters whose sequence numbers are kept */

/* Whether the books carry it: counters, and records.held, which they sum up as signed differences.
 */
static inline bool codec_carries(int which)
{
	return !stat_table[which].gauge || which == ST_records_held;
}
/* The carried ones that are not 0. */
void codec_put_stats(struct buf *out, const struct stats *s);
/* Adds to *s; names that this version does not know are skipped. */
void codec_get_stats(struct rd *r, struct stats *s);
void codec_put_seq(struct buf *out, const struct exporter_seq *q);
void codec_get_seq(struct rd *r, struct exporter_seq *q);
