/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the store within its limits by dropping whole days, the oldest first: beyond their age,
 * then while the tables are larger than max_size or the disk has less than min_free, raw days
 * before those of the rollups. The newest raw day is never dropped for its size. On a cluster only
 * the age is looked at (sizes differ from node to node). */
#pragma once
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct store;

struct retention_limits {
	uint64_t keep_flows_ms, keep_rollups_ms, max_size, min_free; /* 0 = no limit */
};
struct retention_result {
	uint32_t days; /* partitions dropped */
	uint64_t rows, bytes;
	char last[64]; /* "flows_core 2026-01-01", the last one dropped */
};
/* Adds to *ret what was dropped, also when it fails half way. */
must_check enum err retention_apply(struct store *s, const struct retention_limits *limits,
				    int64_t now_ms, struct retention_result *ret,
				    struct diag *reterr);

/* ---- the decision by itself, for tests */
struct retention_day {
	int32_t day;   /* since the epoch */
	uint8_t table; /* index of schema_day_table */
	uint64_t bytes, rows;
};
/* The index of the day that has to go next, -1 if none. free_bytes: of the disk now. */
int retention_choose(const struct retention_day *days, size_t n,
		     const struct retention_limits *limits, int64_t now_ms, uint64_t free_bytes);
