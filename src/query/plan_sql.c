/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of a plan (plan.h). Names of its columns: k0.. keys, kp their presence, m_* measures;
 * they must not be names of columns of the tables, because filters refer to those. */
#include "query/plan.h"

#include "filter/filter.h"
#include "model/native.h"
#include "query/plan_priv.h"
#include "store/rollup.h"

enum family {
	FAMILY_RAW,
	FAMILY_SERIES,
	FAMILY_TALKERS_SRC,
	FAMILY_TALKERS_DST,
	FAMILY_TALKERS_IP,
	FAMILY_MAX
};

/* Sums over the records of a group: [family][half][counter]. */
static const char *const top_sums[FAMILY_MAX][HALF_MAX][3] = {
    [FAMILY_RAW] = {[HALF_FORWARD] = {"bytes", "packets", "1"},
		    [HALF_REVERSE] = {"rev_bytes", "rev_packets", "1"},
		    [HALF_BOTH] = {"(bytes + rev_bytes)", "(packets + rev_packets)", "1"}},
    [FAMILY_SERIES] = {[HALF_FORWARD] = {"end_bytes", "end_packets", "flows"},
		       [HALF_REVERSE] = {"end_rev_bytes", "end_rev_packets", "rev_flows"},
		       [HALF_BOTH] = {"(end_bytes + end_rev_bytes)",
				      "(end_packets + end_rev_packets)", "flows"}},
    [FAMILY_TALKERS_SRC] = {[HALF_BOTH] = {"out_bytes", "out_packets", "out_flows"}},
    [FAMILY_TALKERS_DST] = {[HALF_BOTH] = {"in_bytes", "in_packets", "in_flows"}},
    [FAMILY_TALKERS_IP] = {[HALF_BOTH] = {"toUInt64(out_bytes + in_bytes - self_bytes)",
					  "toUInt64(out_packets + in_packets - self_packets)",
					  "flows"}},
};
/* The spread counters of the series rollups: [half][counter]. */
static const char *const series_sums[HALF_MAX][3] = {
    [HALF_FORWARD] = {"bytes", "packets", "flows"},
    [HALF_REVERSE] = {"rev_bytes", "rev_packets", "rev_flows"},
    [HALF_BOTH] = {"(bytes + rev_bytes)", "(packets + rev_packets)", "flows"},
};
/* What is divided among the bins of a raw record: each of these apart, as the rollup does. */
static const char *const spread_parts[HALF_MAX][2][2] = {
    [HALF_FORWARD] = {{"bytes", NULL}, {"packets", NULL}},
    [HALF_REVERSE] = {{"rev_bytes", NULL}, {"rev_packets", NULL}},
    [HALF_BOTH] = {{"bytes", "rev_bytes"}, {"packets", "rev_packets"}},
};

static enum family family_of(const struct plan *p, const struct branch *b)
{
	if (source_rollup(b->source) < 0)
		return FAMILY_RAW;
	if (b->source != SOURCE_TALKERS)
		return FAMILY_SERIES;
	for (size_t i = 0; i < p->n_by; i++) {
		if (p->by[i] == F_src_ip)
			return FAMILY_TALKERS_SRC;
		if (p->by[i] == F_dst_ip)
			return FAMILY_TALKERS_DST;
	}
	return FAMILY_TALKERS_IP;
}

/* The field whose column holds key i in this branch. */
static enum field key_column(const struct plan *p, const struct branch *b, size_t i)
{
	unsigned key = p->by[i];
	if (key_is_pseudo(key))
		return key_field(key, b->other_end);
	return b->half == HALF_REVERSE ? field_swapped((enum field)key) : (enum field)key;
}

static bool is_talkers_address(const struct plan *p, const struct branch *b, size_t i)
{
	unsigned k = p->by[i];
	return b->source == SOURCE_TALKERS && (k == F_src_ip || k == F_dst_ip || k == KEY_IP);
}

static void present_test(struct buf *sql, enum field f)
{
	unsigned bit = field_table[f].present_bit;
	buf_fmt(sql, "bitTest(%s, %u)", native_name(NATIVE_PRESENT + bit / 64), bit % 64);
}

static const char *scale(const struct plan *p)
{
	return p->q->raw ? "" : " * greatest(sampling_rate, 1)";
}

static void key_names(const struct plan *p, struct buf *sql)
{
	for (size_t i = 0; i < p->n_by; i++)
		buf_fmt(sql, "k%zu, ", i);
	buf_str(sql, "kp");
}

static bool reads_presence(const struct plan *p, enum field f)
{
	return p->address_presence || field_table[f].ctype != CT_IP;
}

/* "src_ip AS k0, ..., <bits> AS kp" */
static void keys(const struct plan *p, const struct branch *b, struct buf *sql)
{
	for (size_t i = 0; i < p->n_by; i++)
		buf_fmt(sql, "%s AS k%zu, ",
			is_talkers_address(p, b, i) ? "ip" : field_table[key_column(p, b, i)].name,
			i);
	buf_str(sql, "toUInt8(0");
	for (size_t i = 0; i < p->n_by; i++) {
		enum field f = is_talkers_address(p, b, i) ? F_src_ip : key_column(p, b, i);
		buf_str(sql, " + ");
		if (reads_presence(p, f)) {
			present_test(sql, f);
			buf_str(sql, " * ");
		}
		buf_fmt(sql, "%u", 1u << i);
	}
	buf_str(sql, ") AS kp");
}

/* t_last or t within [from, to) without the hole; raw times in ms, those of rollups in whole
 * seconds. */
static void time_range(struct buf *sql, bool raw, int64_t from, int64_t to)
{
	if (raw)
		buf_fmt(sql,
			"(t_last >= fromUnixTimestamp64Milli(%lld, 'UTC') AND t_last < "
			"fromUnixTimestamp64Milli(%lld, 'UTC'))",
			(long long)from, (long long)to);
	else
		buf_fmt(sql, "(t >= toDateTime(%lld, 'UTC') AND t < toDateTime(%lld, 'UTC'))",
			(long long)(from / 1000), (long long)(to / 1000));
}

static void ends_differ(const struct plan *p, struct buf *sql)
{
	const char *and = "";
	buf_str(sql, " AND NOT (");
	for (size_t i = 0; i < p->n_by; i++) {
		enum field s = key_field(p->by[i], false), d = key_field(p->by[i], true);
		if (!key_is_pseudo(p->by[i]))
			continue;
		buf_fmt(sql, "%s%s = %s", and, field_table[s].name, field_table[d].name);
		and = " AND ";
		if (!reads_presence(p, s))
			continue;
		buf_str(sql, and);
		present_test(sql, s);
		buf_str(sql, " = ");
		present_test(sql, d);
	}
	buf_str(sql, ")");
}

static void where(const struct plan *p, const struct branch *b, int64_t late_ms, struct buf *sql)
{
	bool raw = source_rollup(b->source) < 0;
	buf_str(sql, " WHERE ");
	if (b->hole_from_ms < b->hole_to_ms) {
		buf_str(sql, "(");
		time_range(sql, raw, b->from_ms, b->hole_from_ms);
		buf_str(sql, " OR ");
		time_range(sql, raw, b->hole_to_ms, b->to_ms);
		buf_str(sql, ")");
	} else {
		time_range(sql, raw, b->from_ms, b->to_ms + late_ms);
	}
	if (raw && b->half == HALF_REVERSE)
		buf_str(sql, " AND (rev_bytes > 0 OR rev_packets > 0)");
	if (b->unless_equal)
		ends_differ(p, sql);
	if (!query_counts_duplicates(p->q))
		buf_str(sql, " AND duplicate = 0");
	buf_str(sql, " AND (");
	filter_sql(p->q->filter, sql, NULL);
	buf_str(sql, ")");
}

static void from(const struct plan *p, const struct branch *b, struct buf *sql)
{
	buf_fmt(sql, " FROM %s.%s", p->database, source_table(b->source));
}

static void rate(const struct plan *p, const char *alias, struct buf *sql)
{
	buf_fmt(sql, "%s AS %s", p->q->raw ? "toUInt32(1)" : "max(greatest(sampling_rate, 1))",
		alias);
}

static void top_branch(const struct plan *p, const struct branch *b, struct buf *sql)
{
	const char *const *sums = top_sums[family_of(p, b)][b->half];
	buf_str(sql, "SELECT ");
	keys(p, b, sql);
	buf_fmt(sql, ", sum(%s%s) AS m_bytes, sum(%s%s) AS m_packets, ", sums[COUNTER_BYTES],
		scale(p), sums[COUNTER_PACKETS], scale(p));
	if (source_rollup(b->source) < 0)
		buf_str(sql, "count() AS m_flows, ");
	else
		buf_fmt(sql, "sum(%s) AS m_flows, ", sums[COUNTER_FLOWS]);
	buf_fmt(sql, "%s AS m_own, ", b->half == HALF_REVERSE ? "toUInt64(0)" : "m_flows");
	rate(p, "m_rate", sql);
	from(p, b, sql);
	where(p, b, 0, sql);
	buf_str(sql, " GROUP BY ");
	key_names(p, sql);
}

/* One row per (bin of the query, keys) and more: rows of a rollup, spread groups of raw flows. */
static void series_branch(const struct plan *p, const struct branch *b, struct buf *sql)
{
	const struct query *q = p->q;
	enum counter c = metric_table[q->metric].counter;
	long long from_s = q->from_ms / 1000, to_s = q->to_ms / 1000;
	const char *s = c == COUNTER_FLOWS ? "" : scale(p);
	if (source_rollup(b->source) >= 0) {
		buf_fmt(sql, "SELECT toUInt32(intDiv(toUnixTimestamp(t) - %lld, %u)) AS m_bin, ",
			from_s, q->step_s);
		keys(p, b, sql);
		buf_fmt(sql, ", sum(%s%s) AS m_value, ", series_sums[b->half][c], s);
		rate(p, "m_rate", sql);
		from(p, b, sql);
		where(p, b, 0, sql);
		buf_str(sql, " GROUP BY m_bin, ");
		key_names(p, sql);
		return;
	}
	buf_fmt(sql, "SELECT toUInt32(intDiv((b1 - (n - 1) + i) * %d - %lld, %u)) AS m_bin, ",
		SERIES_BIN_S, from_s, q->step_s);
	key_names(p, sql);
	buf_str(sql, c == COUNTER_FLOWS
			 ? ", sumIf(cnt, i = n - 1) AS m_value, "
			 : ", sum(quo + if(i = n - 1, total - quo * n, 0)) AS m_value, ");
	buf_str(sql, "max(rate) AS m_rate FROM (WITH ");
	rollup_bin_expr(sql, "t_last");
	buf_str(sql, " AS bl, ");
	rollup_bin_expr(sql, "t_first");
	/* A record of one bin may stand anywhere in its step: fewer groups. */
	buf_str(sql, " AS b0 SELECT ");
	rollup_spread_expr(sql, "b0", "bl");
	buf_fmt(sql, " AS n, if(n = 1, bl - (bl - %lld) %% %u, bl) AS b1, ", from_s / SERIES_BIN_S,
		q->step_s / SERIES_BIN_S);
	keys(p, b, sql);
	if (c == COUNTER_FLOWS) {
		buf_str(sql, ", count() AS cnt, ");
	} else {
		const char *const *part = spread_parts[b->half][c];
		buf_fmt(sql, ", sum((intDiv(%s, n)", part[0]);
		if (part[1])
			buf_fmt(sql, " + intDiv(%s, n)", part[1]);
		buf_fmt(sql, ")%s) AS quo, sum(%s%s) AS total, ", s,
			top_sums[FAMILY_RAW][b->half][c], s);
	}
	rate(p, "rate", sql);
	from(p, b, sql);
	where(p, b, (int64_t)SPREAD_BINS_MAX * SERIES_BIN_S * 1000, sql);
	buf_str(sql, " GROUP BY b1, n, ");
	key_names(p, sql);
	buf_fmt(sql,
		") ARRAY JOIN range(n) AS i WHERE (b1 - (n - 1) + i) * %d >= %lld AND (b1 - (n - "
		"1) + i) * %d < %lld"
		" GROUP BY m_bin, ",
		SERIES_BIN_S, from_s, SERIES_BIN_S, to_s);
	key_names(p, sql);
}

static void branches(const struct plan *p, struct buf *sql,
		     void (*one)(const struct plan *, const struct branch *, struct buf *))
{
	for (size_t i = 0; i < p->n; i++) {
		if (i)
			buf_str(sql, " UNION ALL ");
		one(p, &p->branch[i], sql);
	}
}

void plan_top_sql(const struct plan *p, struct buf *sql)
{
	static const char *const order[] = {"m_bytes", "m_packets", "m_flows"};
	static const char *const totals[] = {"m_bytes", "m_packets", "m_own"};
	buf_str(sql, "SELECT ");
	key_names(p, sql);
	buf_str(sql, ", toUInt64(m_bytes), toUInt64(m_packets), toUInt64(m_flows), "
		     "toUInt64(count() OVER ())");
	for (size_t i = 0; i < ARRAY_LEN(totals); i++)
		buf_fmt(sql, p->totals ? ", toUInt64(sum(%s) OVER ())" : ", toUInt64(0)",
			totals[i]);
	buf_fmt(sql, ", toUInt32(%s), toUInt32(m_rate) FROM (",
		p->totals ? "max(m_rate) OVER ()" : "1");
	if (p->n > 1) {
		buf_str(sql, "SELECT ");
		key_names(p, sql);
		buf_str(sql, ", sum(m_bytes) AS m_bytes, sum(m_packets) AS m_packets, sum(m_flows) "
			     "AS m_flows, sum(m_own) AS m_own, max(m_rate) AS m_rate FROM (");
	}
	branches(p, sql, top_branch);
	if (p->n > 1) {
		buf_str(sql, ") GROUP BY ");
		key_names(p, sql);
	}
	buf_fmt(sql, ") ORDER BY %s DESC, ", order[metric_table[p->q->metric].counter]);
	key_names(p, sql);
	buf_fmt(sql, " LIMIT %llu", (unsigned long long)p->q->limit);
}

static void order_of_lines(const struct query *q, struct buf *sql)
{
	unsigned last = (unsigned)((q->to_ms - q->from_ms) / 1000 / q->step_s) - 1;
	switch (q->limit_by) {
	case LIMIT_AVG:
		buf_str(sql, "sum(v)");
		break;
	case LIMIT_MAX:
		buf_str(sql, "max(v)");
		break;
	case LIMIT_LAST:
		buf_fmt(sql, "sumIf(v, m_bin = %u)", last);
		break;
	case LIMIT_BY_MAX:
		break;
	}
}

/* Cells (bin, keys) are put together into one row per group, so that the best groups are chosen
 * without reading twice. */
void plan_series_sql(const struct plan *p, struct buf *sql)
{
	buf_str(sql, "SELECT ");
	key_names(p, sql);
	buf_str(sql, ", groupArray((m_bin, toUInt64(v))), toUInt32(max(r)) FROM (SELECT m_bin, ");
	key_names(p, sql);
	buf_str(sql, ", sum(m_value) AS v, max(m_rate) AS r FROM (");
	branches(p, sql, series_branch);
	buf_str(sql, ") GROUP BY m_bin, ");
	key_names(p, sql);
	buf_str(sql, ") GROUP BY ");
	key_names(p, sql);
	buf_str(sql, " ORDER BY ");
	order_of_lines(p->q, sql);
	buf_str(sql, " DESC, ");
	key_names(p, sql);
	buf_fmt(sql, " LIMIT %llu", (unsigned long long)(p->n_by ? p->q->limit : 1));
}

void plan_flows_where(const struct query *q, struct buf *sql)
{
	buf_str(sql, " WHERE ");
	time_range(sql, true, q->from_ms, q->to_ms);
	if (!query_counts_duplicates(q))
		buf_str(sql, " AND duplicate = 0");
	buf_str(sql, " AND (");
	filter_sql(q->filter, sql, NULL);
	buf_str(sql, ")");
}
