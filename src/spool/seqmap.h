/* SPDX-License-Identifier: Apache-2.0 */
/* The newest sequence number of every exporter over all commits. as_of is the number of the commit
 * that brought it: a later commit replaces, an earlier one (recovery reads them in any order) does
 * not. At SPOOL_SEQ_MAX the entry with the oldest commit makes room. */
#pragma once
#include "spool/codec.h"

struct seq_entry {
	struct exporter_seq seq;
	uint64_t as_of;
};

struct seqmap {
	struct seq_entry *e; /* owned, n in use */
	size_t n, cap;
	uint32_t *slot; /* hash -> index + 1; slots is a power of two */
	size_t slots;
};

void seqmap_fini(struct seqmap *m);
/* false = no memory; the entry is then not kept. */
bool seqmap_put(struct seqmap *m, const struct exporter_seq *q, uint64_t as_of);
