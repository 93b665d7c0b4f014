/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: one small file, D/spool/ledger, replaced whole by rename. It says which segments are
 * gone for good and holds the sum of all they stood for (spool.h, "The books").
 *
 *   "WEIRLDG\n" | version u32 | hash64 of what follows u64 |
 *   floor u64, gaps: n u32, n x (from u64, to u64) | stats | n u32, n x (sequence, as_of u64)
 *
 * A segment is gone if its number is below floor or in a gap [from, to). */
#pragma once
#include "base/err.h"
#include "spool/seqmap.h"

struct ledger_gap {
	uint64_t from, to;
};

struct ledger {
	struct stats sums;
	struct seqmap seqs;
	uint64_t floor;
	struct ledger_gap *gaps; /* owned */
	size_t n_gaps, cap_gaps;
};

void ledger_fini(struct ledger *l);
bool ledger_gone(const struct ledger *l, uint64_t number);
/* One past the highest number that the ledger knows to be gone. */
uint64_t ledger_end(const struct ledger *l);
/* false = no memory. Gaps come in ascending order. */
bool ledger_add_gap(struct ledger *l, uint64_t from, uint64_t to);
void ledger_encode(struct buf *out, const struct ledger *l);
/* *ret is all zero before; on error it must be given to ledger_fini. */
must_check enum err ledger_decode(const void *p, size_t n, struct ledger *ret);
