/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rollup.h"

#include "model/native.h"

#include <string.h>

/* The last bin that fits DateTime; records with a time beyond it (a broken clock) are counted
 * there. */
#define BIN_MAX "143165576"

static const enum field series_dims[] = {F_exporter_ip, F_in_if,         F_out_if,   F_ip_version,
					 F_proto,       F_sampling_rate, F_duplicate};
static const enum field talkers_dims[] = {F_exporter_ip, F_sampling_rate, F_duplicate};

const struct rollup_info rollup_table[ROLLUP_MAX] = {
    [ROLLUP_SERIES_30S] = {"series_30s", SERIES_BIN_S, series_dims, ARRAY_LEN(series_dims)},
    [ROLLUP_SERIES_5M] = {"series_5m", 300, series_dims, ARRAY_LEN(series_dims)},
    [ROLLUP_TALKERS_1H] = {"talkers_1h", TALKERS_BIN_S, talkers_dims, ARRAY_LEN(talkers_dims)},
};

static const char *const view_names[] = {"series_30s_from_core",     "series_30s_from_wide",
					 "series_5m_from_30s",       "talkers_1h_late_core_src",
					 "talkers_1h_late_core_dst", "talkers_1h_late_wide_src",
					 "talkers_1h_late_wide_dst"};

static const char series_sums[] =
    "bytes packets rev_bytes rev_packets flows rev_flows end_bytes end_packets "
    "end_rev_bytes end_rev_packets";
static const char talkers_sums[] =
    "out_bytes out_packets out_flows in_bytes in_packets in_flows flows self_bytes "
    "self_packets";

bool rollup_has_dim(enum rollup r, enum field f)
{
	for (size_t i = 0; i < rollup_table[r].n_dims; i++)
		if (rollup_table[r].dims[i] == f)
			return true;
	return false;
}

/* Each word of a list separated by spaces, put into a format with %.*s. */
static void each_word(struct buf *sql, const char *words, const char *fmt_before,
		      const char *fmt_after, const char *separator)
{
	for (const char *w = words; *w;) {
		size_t n = strcspn(w, " ");
		if (w != words)
			buf_str(sql, separator);
		buf_str(sql, fmt_before);
		buf_put(sql, w, n);
		buf_str(sql, fmt_after);
		w += n + (w[n] == ' ');
	}
}

static void dims_of(struct buf *sql, enum rollup r, bool types)
{
	for (size_t i = 0; i < rollup_table[r].n_dims; i++) {
		enum field f = rollup_table[r].dims[i];
		buf_fmt(sql, "%s%s%s, ", field_table[f].name, types ? " " : "",
			types ? native_type(f) : "");
	}
	buf_str(sql, types ? "present_0 UInt64" : "present_0");
}

void rollup_create(struct buf *sql, const struct schema_target *t, enum rollup r)
{
	bool talkers = r == ROLLUP_TALKERS_1H;
	schema_create_table(sql, t, rollup_table[r].name);
	buf_str(sql, " (day Date, t DateTime('UTC') CODEC(ZSTD(1)), ");
	if (talkers)
		buf_str(sql, "ip IPv6, ");
	dims_of(sql, r, true);
	buf_str(sql, ", ");
	each_word(sql, talkers ? talkers_sums : series_sums, "", " UInt64 CODEC(ZSTD(1))", ", ");
	buf_str(sql, ")");
	schema_engine(sql, t, rollup_table[r].name, "Summing");
	buf_fmt(sql, " PARTITION BY day ORDER BY (t, %s", talkers ? "ip, " : "");
	dims_of(sql, r, false);
	buf_str(sql, ")");
	schema_window(sql, t);
}

static uint64_t dims_mask(enum rollup r)
{
	uint64_t mask = 0;
	for (size_t i = 0; i < rollup_table[r].n_dims; i++)
		mask |= (uint64_t)1 << field_table[rollup_table[r].dims[i]].present_bit;
	return mask;
}

void rollup_bin_expr(struct buf *sql, const char *column)
{
	buf_fmt(sql,
		"toUInt32(least(greatest(intDiv(toUnixTimestamp64Milli(%s), 30000), 0), " BIN_MAX
		"))",
		column);
}

void rollup_spread_expr(struct buf *sql, const char *first, const char *last)
{
	buf_fmt(sql, "toUInt8(if(%s < %s, least(%s - %s + 1, 64), 1))", first, last, last, first);
}

static void view_head(struct buf *sql, const struct schema_target *t, const char *name,
		      const char *to)
{
	buf_fmt(sql, "CREATE MATERIALIZED VIEW IF NOT EXISTS %s.%s", t->database, name);
	schema_on_cluster(sql, t);
	buf_fmt(sql, " TO %s.%s%s AS ", t->database, to, schema_clustered(t) ? "_local" : "");
}

static void from_local(struct buf *sql, const struct schema_target *t, const char *table)
{
	buf_fmt(sql, " FROM %s.%s%s AS src", t->database, table,
		schema_clustered(t) ? "_local" : "");
}

/* A counter's quotient by n and its sum, for the inner query of the series view. */
static void quotient(struct buf *sql, const char *counter, const char *alias, bool there)
{
	if (there)
		buf_fmt(sql, "sum(intDiv(src.%s, n)) AS q_%s, sum(src.%s) AS s_%s, ", counter,
			alias, counter, alias);
	else
		buf_fmt(sql, "toUInt64(0) AS q_%s, toUInt64(0) AS s_%s, ", alias, alias);
}

/* Records are first put together by (bin, number of bins, dimensions): quotients and remainders add
 * up, so this is the same as spreading each record by itself, and the array join sees few rows. */
static void series_view(struct buf *sql, const struct schema_target *t, enum shape s)
{
	static const char *const sums[] = {"bytes", "packets", "rev_bytes", "rev_packets"};
	bool rev = s == SHAPE_WIDE;
	view_head(sql, t, view_names[s], "series_30s");
	buf_str(sql, "SELECT day, toDateTime((b1 - (n - 1) + i) * 30, 'UTC') AS t, ");
	dims_of(sql, ROLLUP_SERIES_30S, false);
	for (size_t i = 0; i < ARRAY_LEN(sums); i++)
		buf_fmt(sql, ", sum(q_%s + if(i = n - 1, s_%s - q_%s * n, 0)) AS %s", sums[i],
			sums[i], sums[i], sums[i]);
	buf_str(sql, ", sumIf(c, i = n - 1) AS flows, sumIf(rc, i = n - 1) AS rev_flows");
	for (size_t i = 0; i < ARRAY_LEN(sums); i++)
		buf_fmt(sql, ", sumIf(s_%s, i = n - 1) AS end_%s", sums[i], sums[i]);
	buf_str(sql, " FROM (WITH ");
	rollup_bin_expr(sql, "t_last");
	buf_str(sql, " AS b1, ");
	rollup_bin_expr(sql, "t_first");
	buf_str(sql, " AS b0 SELECT day, b1, ");
	rollup_spread_expr(sql, "b0", "b1");
	buf_str(sql, " AS n, ");
	for (size_t i = 0; i < ARRAY_LEN(series_dims); i++)
		buf_fmt(sql, "%s, ", field_table[series_dims[i]].name);
	buf_fmt(sql, "bitAnd(src.present_0, %llu) AS present_0, ",
		(unsigned long long)dims_mask(ROLLUP_SERIES_30S));
	for (size_t i = 0; i < ARRAY_LEN(sums); i++)
		quotient(sql, sums[i], sums[i], rev || i < 2);
	buf_fmt(sql, "count() AS c, %s AS rc",
		rev ? "countIf(src.rev_bytes > 0 OR src.rev_packets > 0)" : "toUInt64(0)");
	from_local(sql, t, schema_flow_table(s));
	buf_str(sql, " GROUP BY day, b1, n, ");
	dims_of(sql, ROLLUP_SERIES_30S, false);
	buf_str(sql, ") ARRAY JOIN range(n) AS i GROUP BY day, t, ");
	dims_of(sql, ROLLUP_SERIES_30S, false);
}

static void series_5m_view(struct buf *sql, const struct schema_target *t)
{
	view_head(sql, t, view_names[2], "series_5m");
	buf_str(sql, "SELECT day, toStartOfFiveMinutes(src.t) AS t, ");
	dims_of(sql, ROLLUP_SERIES_5M, false);
	for (const char *w = series_sums; *w;) {
		int n = (int)strcspn(w, " ");
		buf_fmt(sql, ", sum(src.%.*s) AS %.*s", n, w, n, w);
		w += n + (w[n] == ' ');
	}
	from_local(sql, t, "series_30s");
	buf_str(sql, " GROUP BY day, t, ");
	dims_of(sql, ROLLUP_SERIES_5M, false);
}

/* The hour of t_last, a DateTime. */
static void hour_expr(struct buf *sql)
{
	buf_str(sql, "toDateTime(intDiv(");
	rollup_bin_expr(sql, "src.t_last");
	buf_fmt(sql, ", %d) * %d, 'UTC')", TALKERS_BIN_S / SERIES_BIN_S, TALKERS_BIN_S);
}

#define SAME_ENDS "(src.src_ip4 = src.dst_ip4 AND src.src_ip6 = src.dst_ip6)"

static void talkers_counters(struct buf *sql, bool rev, bool dst)
{
	const char *b = "src.bytes", *p = "src.packets", *f = "count()";
	const char *rb = rev ? "src.rev_bytes" : "0", *rp = rev ? "src.rev_packets" : "0";
	const char *rf = rev ? "countIf(src.rev_bytes > 0 OR src.rev_packets > 0)" : "toUInt64(0)";
	buf_fmt(
	    sql,
	    "sum(toUInt64(%s)) AS out_bytes, sum(toUInt64(%s)) AS out_packets, %s AS out_flows, ",
	    dst ? rb : b, dst ? rp : p, dst ? rf : f);
	buf_fmt(sql,
		"sum(toUInt64(%s)) AS in_bytes, sum(toUInt64(%s)) AS in_packets, %s AS in_flows, ",
		dst ? b : rb, dst ? p : rp, dst ? f : rf);
	if (dst)
		buf_fmt(sql,
			"countIf(NOT " SAME_ENDS ") AS flows, sumIf(%s + %s, " SAME_ENDS
			") AS self_bytes, sumIf(%s + %s, " SAME_ENDS ") AS self_packets",
			b, rb, p, rp);
	else
		buf_str(sql,
			"count() AS flows, toUInt64(0) AS self_bytes, toUInt64(0) AS self_packets");
}

/* One end of the flows of a shape. Grouped end by end: faster than pairs in an array join. */
static void talkers_select(struct buf *sql, const struct schema_target *t, enum shape s, bool dst)
{
	buf_str(sql, "SELECT day, ");
	hour_expr(sql);
	buf_str(sql, " AS t, ");
	schema_address(sql, "src.", dst ? F_dst_ip : F_src_ip);
	buf_str(sql, " AS ip, ");
	for (size_t i = 0; i < ARRAY_LEN(talkers_dims); i++)
		buf_fmt(sql, "%s, ", field_table[talkers_dims[i]].name);
	buf_fmt(sql,
		"bitOr(bitAnd(src.present_0, %llu), bitShiftLeft(toUInt64(bitTest(src.present_0, "
		"%u)), %u)) AS present_0, ",
		(unsigned long long)dims_mask(ROLLUP_TALKERS_1H),
		(unsigned)field_table[dst ? F_dst_ip : F_src_ip].present_bit,
		(unsigned)field_table[F_src_ip].present_bit);
	talkers_counters(sql, s == SHAPE_WIDE, dst);
	from_local(sql, t, schema_flow_table(s));
}

static void talkers_groups(struct buf *sql)
{
	buf_str(sql, " GROUP BY day, t, ip, ");
	dims_of(sql, ROLLUP_TALKERS_1H, false);
}

/* What arrives after its hour was rolled up. */
static void talkers_late_view(struct buf *sql, const struct schema_target *t, enum shape s,
			      bool dst)
{
	view_head(sql, t, view_names[3 + 2 * s + dst], "talkers_1h");
	talkers_select(sql, t, s, dst);
	buf_str(sql, " WHERE ");
	hour_expr(sql);
	buf_fmt(sql, " IN (SELECT hour FROM %s.talkers_hours)", t->database);
	talkers_groups(sql);
}

bool rollup_hour_statement(struct buf *sql, const struct schema_target *t, int64_t hour_s,
			   unsigned i)
{
	long long h = hour_s, day = h / 86400;
	if (i < ROLLUP_HOUR_NOTE) {
		buf_fmt(sql, "INSERT INTO %s.talkers_1h ", t->database);
		talkers_select(sql, t, (enum shape)(i / 2), i % 2);
		buf_fmt(sql,
			" WHERE src.t_last >= fromUnixTimestamp64Milli(%lld, 'UTC') AND src.t_last "
			"< fromUnixTimestamp64Milli(%lld, 'UTC')",
			h * 1000, (h + TALKERS_BIN_S) * 1000);
		talkers_groups(sql);
		buf_str(sql, " SETTINGS max_bytes_before_external_group_by = 1000000000");
		return true;
	}
	if (i == ROLLUP_HOUR_NOTE)
		buf_fmt(sql,
			"INSERT INTO %s.talkers_hours (day, hour) SELECT toDate(%lld), "
			"toDateTime(%lld, 'UTC')",
			t->database, day, h);
	return i == ROLLUP_HOUR_NOTE;
}

void rollup_hours_create(struct buf *sql, const struct schema_target *t)
{
	schema_create_table(sql, t, "talkers_hours");
	buf_str(sql, " (day Date, hour DateTime('UTC'))");
	schema_engine(sql, t, "talkers_hours", "");
	buf_str(sql, " PARTITION BY day ORDER BY hour");
}

void rollup_view(struct buf *sql, const struct schema_target *t, unsigned i)
{
	switch (i) {
	case 0:
	case 1:
		series_view(sql, t, i == 0 ? SHAPE_CORE : SHAPE_WIDE);
		break;
	case 2:
		series_5m_view(sql, t);
		break;
	case 3:
	case 4:
		talkers_late_view(sql, t, SHAPE_CORE, i == 4);
		break;
	case 5:
	case 6:
		talkers_late_view(sql, t, SHAPE_WIDE, i == 6);
		break;
	}
}

/* A column may join the order of a table only in the statement that adds it, and only at its end.
 */
static void add_duplicate(struct buf *sql, const struct schema_target *t, enum rollup r, bool local)
{
	buf_fmt(sql, "ALTER TABLE %s.%s%s", t->database, rollup_table[r].name,
		local && schema_clustered(t) ? "_local" : "");
	schema_on_cluster(sql, t);
	buf_str(sql, " ADD COLUMN IF NOT EXISTS duplicate UInt8");
	if (!local)
		return;
	buf_fmt(sql, ", MODIFY ORDER BY (t, %s", r == ROLLUP_TALKERS_1H ? "ip, " : "");
	for (size_t i = 0; i < rollup_table[r].n_dims; i++)
		if (rollup_table[r].dims[i] != F_duplicate)
			buf_fmt(sql, "%s, ", field_table[rollup_table[r].dims[i]].name);
	buf_str(sql, "present_0, duplicate)");
}

bool rollup_drop_view(struct buf *sql, const struct schema_target *t, unsigned i)
{
	if (i >= ARRAY_LEN(view_names))
		return false;
	buf_fmt(sql, "DROP VIEW IF EXISTS %s.%s", t->database, view_names[i]);
	schema_on_cluster(sql, t);
	return true;
}

bool rollup_add_duplicate(struct buf *sql, const struct schema_target *t, unsigned i)
{
	unsigned tables = schema_clustered(t) ? 2 * ROLLUP_MAX : ROLLUP_MAX;
	if (rollup_drop_view(sql, t, i))
		return true;
	i -= (unsigned)ARRAY_LEN(view_names);
	if (i < tables)
		add_duplicate(sql, t, (enum rollup)(i % ROLLUP_MAX), i < ROLLUP_MAX);
	return i < tables;
}
