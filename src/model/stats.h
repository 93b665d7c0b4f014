/* SPDX-License-Identifier: Apache-2.0 */
/* Counters. Each thread owns a struct stats and adds to it without locks; a reader sums them
 * (stats_add_to). */
#pragma once
#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum stat_id {
#define STAT(group, name, kind, doc) ST_##group##_##name,
#define DROP(group, name, doc)       ST_##group##_##name,
#include "model/stats.def"
#undef STAT
#undef DROP
	STAT_MAX
};

struct stat_info {
	const char *group, *name, *doc;
	bool gauge;  /* else it only grows */
	bool reason; /* a row of DROP */
};
extern const struct stat_info stat_table[STAT_MAX];

struct stats {
	uint64_t
	    v[STAT_MAX]; /* written by the owner with stat_add, read by others with relaxed loads */
};

/* Owner only: plain add, published with a relaxed store so that readers see whole numbers. */
static inline void stat_add(struct stats *s, enum stat_id which, uint64_t n)
{
	__atomic_store_n(&s->v[which], s->v[which] + n, __ATOMIC_RELAXED);
}
static inline void stat_set(struct stats *s, enum stat_id which, uint64_t n)
{
	__atomic_store_n(&s->v[which], n, __ATOMIC_RELAXED);
}
static inline uint64_t stat_get(const struct stats *s, enum stat_id which)
{
	return __atomic_load_n(&s->v[which], __ATOMIC_RELAXED);
}
/* sum[i] += s[i] for all. */
void stats_add_to(struct stats *sum, const struct stats *s);
/* {"datagrams":{"received":1,...},"reject":{"not_export":0,...}} */
void stats_json(struct buf *out, const struct stats *s);
/* Prometheus text, names weir_<group>_<name>[_total]; role is a label. */
void stats_metrics(struct buf *out, const struct stats *s, const char *role);
