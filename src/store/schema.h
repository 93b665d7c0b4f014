/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the store as text, made from fields.def: raw flows by shape, one view over them,
 * the rollups and the materialized views that fill them. Pure functions from names to SQL;
 * migrate.c runs it.
 *
 * On a cluster every table X is a ReplicatedMergeTree X_local on all nodes with a Distributed X
 * over it; readers and the loader use X in both cases.
 */
#pragma once
#include "base/buf.h"
#include "model/field.h"

#include <stdbool.h>
#include <stdint.h>

struct schema_target {
	const char *database;
	const char *cluster; /* "" = a single server */
};

/* Tables that a segment of the shape goes to: "flows_core", "flows_wide". */
const char *schema_flow_table(enum shape s);
/* All tables with a day partition, raw ones first: index 0.. until NULL. */
const char *schema_day_table(unsigned i);
bool schema_day_table_is_raw(unsigned i);
/* Whether its days are kept no longer than single flows. */
bool schema_day_table_is_brief(unsigned i);

/* The type of a column (model/native.h) in a table. */
void schema_column_type(struct buf *sql, unsigned column);
/* The address of a column that is split (model/native.h), as one IPv6; prefix: "" or "src.". */
void schema_address(struct buf *sql, const char *prefix, unsigned column);
/* Statement number i of a new store, in the order in which they must run; false when there are no
 * more. */
bool schema_statement(struct buf *sql, const struct schema_target *t, unsigned i);
/* CREATE TABLE of raw flows of the shape, under this name. */
void schema_flows(struct buf *sql, const struct schema_target *t, enum shape s, const char *name);
/* ADD COLUMN for a column that fields.def has and the store has not; false when there are no more
 * (on a cluster each column takes two statements). step counts from 0. */
bool schema_add_column(struct buf *sql, const struct schema_target *t, const char *table,
		       unsigned column, unsigned step);
/* Whether the table of the shape has the column from the start (store/columns.h). */
bool schema_column_is_base(unsigned column, enum shape s);

/* What queries read: Merge tables over the tables of raw flows, with every column. `flows` is all
 * of them, `biflows` those that may have a reverse half. */
enum { SCHEMA_VIEWS = 2 };
const char *schema_view_name(unsigned i);
void schema_view(struct buf *sql, const struct schema_target *t, unsigned i);

/* Statement i of those that give the columns of existing tables of flows the codecs of version 9;
 * false: there is none. */
bool schema_recode(struct buf *sql, const struct schema_target *t, unsigned i);
/* DROP PARTITION; day begins with "2026-01-01". */
void schema_drop_day(struct buf *sql, const struct schema_target *t, const char *table,
		     const char *day);

/* Pieces of CREATE statements, for rollup.c. */
bool schema_clustered(const struct schema_target *t);
void schema_on_cluster(struct buf *sql, const struct schema_target *t);
/* "CREATE TABLE IF NOT EXISTS db.name[_local] [ON CLUSTER c]" */
void schema_create_table(struct buf *sql, const struct schema_target *t, const char *name);
/* kind: "" or "Summing". */
void schema_engine(struct buf *sql, const struct schema_target *t, const char *name,
		   const char *kind);
/* SETTINGS: how many blocks back a repeated insert is recognised. */
void schema_window(struct buf *sql, const struct schema_target *t);
