/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

#include "model/native.h"
#include "store/books.h"
#include "store/community.h"
#include "store/if_counters.h"
#include "store/rollup.h"

#include <string.h>

static const struct {
	const char *name;
	enum { RAW, ROLLUP, BOOKS } kind;
} day_tables[] = {
    {"flows_core", RAW},      {"flows_wide", RAW},       {"series_30s", ROLLUP},
    {"series_5m", ROLLUP},    {"talkers_hours", ROLLUP}, /* before the table that it speaks of */
    {"talkers_1h", ROLLUP},   {"if_counters", ROLLUP},   {"self_counters", BOOKS},
    {"exporter_stats", BOOKS}};

const char *schema_flow_table(enum shape s)
{
	return day_tables[s].name;
}

const char *schema_day_table(unsigned i)
{
	return i < ARRAY_LEN(day_tables) ? day_tables[i].name : NULL;
}

bool schema_day_table_is_raw(unsigned i)
{
	return day_tables[i].kind == RAW;
}

bool schema_day_table_is_brief(unsigned i)
{
	return day_tables[i].kind != ROLLUP;
}

static const uint64_t PART_MAX_BYTES = 8ull << 30;

/* Texts that repeat little; a dictionary per part would cost more than it saves. */
static bool text_is_diverse(unsigned column)
{
	return column == F_payload || column == F_http_url || column == F_community_id;
}

/* What nearly every query reads, each by what was measured (docs/performance.md, "On disk"). All
 * else is compressed harder: numbers go through T64 first, which leaves out the bits that a block
 * of them does not use. */
static const struct {
	unsigned column;
	const char *codec;
} own_codecs[] = {
    {F_t_last, "T64('bit'), LZ4"}, {F_bytes, "T64, LZ4"},   {F_packets, "T64, LZ4"},
    {F_src_port, "ZSTD(1)"},       {F_dst_port, "ZSTD(1)"},
};
/* Of the first columns of an address; the source is in order within five minutes. */
static const char src_codec[] = "Delta, T64, ZSTD(1)", dst_codec[] = "T64, LZ4";

/* Of more than one byte. */
static bool column_is_number(unsigned column)
{
	if (column >= NATIVE_PRESENT && column != NATIVE_DAY)
		return true;
	enum ctype t = column < FIELD_MAX ? field_table[column].ctype : CT_MAX;
	return t == CT_U16 || t == CT_U32 || t == CT_U64 || t == CT_MS || t == CT_MAC;
}

void schema_column_type(struct buf *sql, unsigned column)
{
	if (column < FIELD_MAX && field_table[column].ctype == CT_MS)
		buf_str(sql, "DateTime64(3, 'UTC')");
	else if (column < FIELD_MAX && field_table[column].ctype == CT_STR &&
		 !text_is_diverse(column))
		buf_str(sql, "LowCardinality(String)");
	else
		buf_str(sql, native_type(column));
}

void schema_address(struct buf *sql, const char *prefix, unsigned column)
{
	const struct native_split *s = native_split(column);
	buf_fmt(sql, "if(%s%s = 0, %s%s, toIPv6(toIPv4(%s%s)))", prefix, s->ip4, prefix, s->ip6,
		prefix, s->ip4);
}

/* A segment brings the address as it is; the table makes its two columns of it, and keeps those. */
static void split_definition(struct buf *sql, const struct native_split *s)
{
	const char *whole = native_name(s->column);
	buf_fmt(sql,
		"%s IPv6 EPHEMERAL, %s UInt32 DEFAULT toUInt32(toIPv4OrDefault(%s)) CODEC(%s), "
		"%s IPv6 DEFAULT if(%s = 0, %s, toIPv6('::')) CODEC(ZSTD(1))",
		whole, s->ip4, whole, s->column == F_src_ip ? src_codec : dst_codec, s->ip6, s->ip4,
		whole);
}

static const char *codec_of(unsigned column)
{
	for (size_t i = 0; i < ARRAY_LEN(own_codecs); i++)
		if (own_codecs[i].column == column)
			return own_codecs[i].codec;
	return column_is_number(column) ? "T64, ZSTD(1)" : "ZSTD(1)";
}

static void column_definition(struct buf *sql, unsigned column)
{
	if (native_split(column)) {
		split_definition(sql, native_split(column));
		return;
	}
	buf_fmt(sql, "%s ", native_name(column));
	schema_column_type(sql, column);
	if (column < FIELD_MAX && field_is_computed((enum field)column)) {
		buf_str(sql, " ALIAS ");
		community_id_sql(sql);
		return;
	}
	buf_fmt(sql, " CODEC(%s)", codec_of(column));
}

/* What order, partition and rollups are made of, and nearly every question reads. */
bool schema_column_is_base(unsigned column, enum shape s)
{
	static const unsigned base[] = {F_t_first, F_t_last, F_t_recv, F_exporter_ip, F_src_ip,
					F_dst_ip, F_ip_version, F_src_port, F_dst_port, F_proto,
					F_tcp_flags, F_bytes, F_packets, F_in_if, F_out_if,
					F_sampling_rate, F_duplicate, NATIVE_DAY, NATIVE_PRESENT,
					/* community_id, and what it is computed of */
					F_icmp_type, F_icmp_code, F_community_id};
	for (size_t i = 0; i < ARRAY_LEN(base); i++)
		if (base[i] == column)
			return true;
	return s == SHAPE_WIDE && (column == F_rev_bytes || column == F_rev_packets);
}

bool schema_clustered(const struct schema_target *t)
{
	return *t->cluster != 0;
}

void schema_on_cluster(struct buf *sql, const struct schema_target *t)
{
	if (schema_clustered(t))
		buf_fmt(sql, " ON CLUSTER %s", t->cluster);
}

/* "CREATE TABLE IF NOT EXISTS db.name[_local] [ON CLUSTER c] " */
void schema_create_table(struct buf *sql, const struct schema_target *t, const char *name)
{
	buf_fmt(sql, "CREATE TABLE IF NOT EXISTS %s.%s%s", t->database, name,
		schema_clustered(t) ? "_local" : "");
	schema_on_cluster(sql, t);
}

void schema_engine(struct buf *sql, const struct schema_target *t, const char *name,
		   const char *kind)
{
	if (schema_clustered(t))
		buf_fmt(sql,
			" ENGINE = Replicated%sMergeTree('/clickhouse/tables/{shard}/%s/%s', "
			"'{replica}')",
			kind, t->database, name);
	else
		buf_fmt(sql, " ENGINE = %sMergeTree", kind);
}

/* The window counts blocks: a repeat is recognised while fewer segments than this went in after the
 * first try. */
void schema_window(struct buf *sql, const struct schema_target *t)
{
	buf_fmt(sql, schema_clustered(t) ? " SETTINGS replicated_deduplication_window = 10000"
					 : " SETTINGS non_replicated_deduplication_window = 10000");
}

void schema_flows(struct buf *sql, const struct schema_target *t, enum shape s, const char *name)
{
	schema_create_table(sql, t, name);
	const char *comma = " (";
	for (unsigned c = 0; c < NATIVE_MAX; c++) {
		if (!schema_column_is_base(c, s))
			continue;
		buf_str(sql, comma);
		column_definition(sql, c);
		comma = ", ";
	}
	buf_str(sql, ")");
	schema_engine(sql, t, name, "");
	buf_str(
	    sql,
	    " PARTITION BY day ORDER BY (toStartOfFiveMinutes(t_last), src_ip4, dst_ip4, src_ip6, "
	    "dst_ip6, t_last)");
	schema_window(sql, t);
	/* A merge costs nearly as much as the insert (0.9 against 1.0 CPU s per million rows):
	 * beyond this size a part is left as it is, so that a busy day is merged two or three
	 * times over, not five or six. */
	buf_fmt(sql, ", max_bytes_to_merge_at_max_space_in_pool = %llu",
		(unsigned long long)PART_MAX_BYTES);
}

static const struct {
	const char *name, *tables;
} views[SCHEMA_VIEWS] = {{"flows", "^flows_(core|wide)$"}, {"biflows", "^flows_wide$"}};

const char *schema_view_name(unsigned i)
{
	return views[i].name;
}

static void view_column(struct buf *sql, const char *comma, unsigned column)
{
	const struct native_split *s = native_split(column);
	if (s)
		buf_fmt(sql, "%s%s UInt32, %s IPv6", comma, s->ip4, s->ip6);
	buf_fmt(sql, "%s%s ", s ? ", " : comma, native_name(column));
	schema_column_type(sql, column);
	if (s) {
		buf_str(sql, " ALIAS ");
		schema_address(sql, "", column);
	}
}

void schema_view(struct buf *sql, const struct schema_target *t, unsigned i)
{
	const char *comma = " (";
	buf_fmt(sql, "CREATE OR REPLACE TABLE %s.%s", t->database, views[i].name);
	schema_on_cluster(sql, t);
	for (unsigned c = 0; c < NATIVE_MAX; c++) {
		view_column(sql, comma, c);
		comma = ", ";
	}
	buf_fmt(sql, ") ENGINE = Merge('%s', '%s')", t->database, views[i].tables);
}

/* A retry must cut the block the same way for every shard, hence a hash and not rand(). */
static void distributed(struct buf *sql, const struct schema_target *t, const char *name)
{
	bool raw = strncmp(name, "flows_", 6) == 0;
	buf_fmt(sql,
		"CREATE TABLE IF NOT EXISTS %s.%s ON CLUSTER %s AS %s.%s_local ENGINE = "
		"Distributed(%s, %s, %s_local%s)",
		t->database, name, t->cluster, t->database, name, t->cluster, t->database, name,
		raw ? ", cityHash64(src_ip4, dst_ip4, src_ip6, dst_ip6)" : "");
}

static void database(struct buf *sql, const struct schema_target *t, int arg unused_arg)
{
	buf_fmt(sql, "CREATE DATABASE IF NOT EXISTS %s", t->database);
	schema_on_cluster(sql, t);
}

static void migrations(struct buf *sql, const struct schema_target *t, int arg unused_arg)
{
	buf_fmt(sql, "CREATE TABLE IF NOT EXISTS %s.migrations", t->database);
	schema_on_cluster(sql, t);
	buf_str(sql, " (version UInt32, applied DateTime('UTC') DEFAULT now(), program String)");
	if (schema_clustered(t))
		buf_fmt(sql,
			" ENGINE = ReplicatedMergeTree('/clickhouse/tables/%s/migrations', "
			"'{shard}_{replica}')",
			t->database);
	else
		buf_str(sql, " ENGINE = MergeTree");
	buf_str(sql, " ORDER BY version");
}

static void merge_of(struct buf *sql, const struct schema_target *t, int view)
{
	schema_view(sql, t, (unsigned)view);
}

static void flows_of(struct buf *sql, const struct schema_target *t, int shape)
{
	schema_flows(sql, t, (enum shape)shape, schema_flow_table((enum shape)shape));
}

static void rollup_of(struct buf *sql, const struct schema_target *t, int rollup)
{
	rollup_create(sql, t, (enum rollup)rollup);
}

static void hours_of(struct buf *sql, const struct schema_target *t, int arg unused_arg)
{
	rollup_hours_create(sql, t);
}

static void counters_of(struct buf *sql, const struct schema_target *t, int arg unused_arg)
{
	if_counters_create(sql, t);
}

static void books_of(struct buf *sql, const struct schema_target *t, int exporters)
{
	(exporters ? books_create_exporters : books_create_counters)(sql, t);
}

static void view_of(struct buf *sql, const struct schema_target *t, int view)
{
	rollup_view(sql, t, (unsigned)view);
}

static void distributed_of(struct buf *sql, const struct schema_target *t, int table)
{
	distributed(sql, t, day_tables[table].name);
}

/* What numbers are called, the newest of each; small, and asked by the key. On a cluster every node
 * has all of it, so that each can join it. */
static void names_of(struct buf *sql, const struct schema_target *t, int arg unused_arg)
{
	buf_fmt(sql, "CREATE TABLE IF NOT EXISTS %s.names", t->database);
	schema_on_cluster(sql, t);
	buf_str(sql, " (kind LowCardinality(String), exporter_ip IPv6, domain UInt32, id UInt64, "
		     "text String, text2 String, number UInt64, source LowCardinality(String), "
		     "since DateTime64(3, 'UTC'))");
	if (schema_clustered(t))
		buf_fmt(sql,
			" ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/%s/names', "
			"'{shard}_{replica}', since)",
			t->database);
	else
		buf_str(sql, " ENGINE = ReplacingMergeTree(since)");
	buf_str(sql, " ORDER BY (kind, exporter_ip, domain, id)");
}

/* Everything a new store needs, in the order in which it must be made. */
static const struct {
	void (*write)(struct buf *sql, const struct schema_target *t, int arg);
	int arg;
	bool cluster_only;
} statements[] = {
    {database, 0, false},
    {migrations, 0, false},
    {flows_of, SHAPE_CORE, false},
    {flows_of, SHAPE_WIDE, false},
    {rollup_of, ROLLUP_SERIES_30S, false},
    {rollup_of, ROLLUP_SERIES_5M, false},
    {rollup_of, ROLLUP_TALKERS_1H, false},
    {hours_of, 0, false},
    {counters_of, 0, false},
    {books_of, 0, false},
    {books_of, 1, false},
    {view_of, 0, false},
    {view_of, 1, false},
    {view_of, 2, false},
    {view_of, 3, false},
    {view_of, 4, false},
    {view_of, 5, false},
    {view_of, 6, false},
    {distributed_of, 0, true},
    {distributed_of, 1, true},
    {distributed_of, 2, true},
    {distributed_of, 3, true},
    {distributed_of, 4, true},
    {distributed_of, 5, true},
    {distributed_of, 6, true},
    {distributed_of, 7, true},
    {distributed_of, 8, true},
    {merge_of, 0, false},
    {merge_of, 1, false},
    {names_of, 0, false},
};

bool schema_statement(struct buf *sql, const struct schema_target *t, unsigned i)
{
	unsigned seen = 0;
	for (size_t k = 0; k < ARRAY_LEN(statements); k++) {
		if (statements[k].cluster_only && !schema_clustered(t))
			continue;
		if (seen++ != i)
			continue;
		statements[k].write(sql, t, statements[k].arg);
		return true;
	}
	return false;
}

bool schema_add_column(struct buf *sql, const struct schema_target *t, const char *table,
		       unsigned column, unsigned step)
{
	if (step > (schema_clustered(t) ? 1u : 0u))
		return false;
	bool local = schema_clustered(t) && step == 0;
	buf_fmt(sql, "ALTER TABLE %s.%s%s", t->database, table, local ? "_local" : "");
	schema_on_cluster(sql, t);
	buf_str(sql, " ADD COLUMN IF NOT EXISTS ");
	if (schema_clustered(t) && !local) {
		buf_fmt(sql, "%s ", native_name(column));
		schema_column_type(sql, column);
	} else {
		column_definition(sql, column);
	}
	return true;
}

/* Those whose codec version 9 changed; every table of flows has them. */
bool schema_recode(struct buf *sql, const struct schema_target *t, unsigned i)
{
	static const unsigned columns[] = {F_t_last, F_src_port, F_dst_port, F_proto};
	if (i >= SHAPE_MAX)
		return false;
	buf_fmt(sql, "ALTER TABLE %s.%s%s", t->database, schema_flow_table((enum shape)i),
		schema_clustered(t) ? "_local" : "");
	schema_on_cluster(sql, t);
	buf_fmt(sql, " MODIFY COLUMN %s CODEC(%s)", native_split(F_src_ip)->ip4, src_codec);
	for (size_t k = 0; k < ARRAY_LEN(columns); k++)
		buf_fmt(sql, ", MODIFY COLUMN %s CODEC(%s)", native_name(columns[k]),
			codec_of(columns[k]));
	for (unsigned c = NATIVE_PRESENT; c < NATIVE_DAY; c++)
		buf_fmt(sql, ", MODIFY COLUMN IF EXISTS %s CODEC(%s)", native_name(c), codec_of(c));
	return true;
}

void schema_drop_day(struct buf *sql, const struct schema_target *t, const char *table,
		     const char *day)
{
	buf_fmt(sql, "ALTER TABLE %s.%s%s", t->database, table,
		schema_clustered(t) ? "_local" : "");
	schema_on_cluster(sql, t);
	buf_fmt(sql, " DROP PARTITION '%.10s'", day);
}
