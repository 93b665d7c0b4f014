/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that keep counters over time, as SQL text: self_counters, what each counter of a role
 * (stats.def) grew by, or where it stood if it is a gauge; exporter_stats, the same for each
 * exporter (account.def), with the reasons why parts could not be decoded. Narrow, one row per
 * interval in which something happened. */
#pragma once
#include "base/ip.h"
#include "model/account.h"
#include "store/schema.h"

enum { BOOKS_INTERVAL_MS = 10000 };

void books_create_counters(struct buf *sql, const struct schema_target *t);
void books_create_exporters(struct buf *sql, const struct schema_target *t);
/* Columns for rows that account.def has gained; false: no more. */
bool books_add_columns(struct buf *sql, const struct schema_target *t, unsigned i);

/* "INSERT INTO ... VALUES " and rows to follow it; the second and later rows bring their comma. */
void books_insert_counters(struct buf *sql, const char *database);
void books_counter_row(struct buf *sql, int64_t t_ms, const char *role, const char *group,
		       const char *name, uint64_t n);
void books_insert_exporters(struct buf *sql, const char *database);

struct books_reason {
	const char *name;
	uint64_t n;
};
struct books_exporter {
	struct ip ip;
	uint32_t domain;
	uint8_t version;
	struct account growth; /* gauges as they are */
	const struct books_reason *reasons;
	size_t n_reasons;
};
void books_exporter_row(struct buf *sql, int64_t t_ms, const struct books_exporter *e);
