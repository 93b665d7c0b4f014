/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of a series (plan.h): records spread over the bins of the query, from a rollup that has
 * them spread or from raw flows, by the arithmetic of store/rollup.h. */
#include "query/plan_priv.h"
#include "query/sample.h"

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

static void rate(const struct plan *p, const char *alias, struct buf *sql)
{
	buf_fmt(sql, "%s AS %s", p->q->raw ? "toUInt32(1)" : "greatest(sampling_rate, 1)", alias);
}

/* Rows of a rollup: their bin, keys and value. */
static void rollup_rows(const struct plan *p, const struct branch *b, struct buf *sql)
{
	const struct query *q = p->q;
	enum counter c = metric_table[q->metric].counter;
	buf_fmt(sql, "SELECT toUInt32(intDiv(toUnixTimestamp(t) - %lld, %u)) AS m_bin, ",
		(long long)(q->from_ms / 1000), q->step_s);
	plan_branch_keys(p, b, sql);
	buf_fmt(sql, ", toUInt64(%s%s) AS m_value, ", series_sums[b->half][c],
		c == COUNTER_FLOWS ? "" : plan_scale(p));
	rate(p, "m_rate", sql);
	plan_branch_from(p, b, 0, sql);
}

/* Records that cover the same bins, put together: b1 the last bin, n how many; what each bin gets
 * (quo), and all of it, whose remainder is the last bin's. */
static void spread_groups(const struct plan *p, const struct branch *b, struct buf *sql)
{
	const struct query *q = p->q;
	enum counter c = metric_table[q->metric].counter;
	const char *s = plan_scale(p);
	buf_str(sql, "WITH ");
	rollup_bin_expr(sql, "t_last");
	buf_str(sql, " AS bl, ");
	rollup_bin_expr(sql, "t_first");
	/* A record of one bin may stand anywhere in its step: fewer groups. */
	buf_str(sql, " AS b0 SELECT ");
	rollup_spread_expr(sql, "b0", "bl");
	buf_fmt(sql, " AS n, if(n = 1, bl - (bl - %lld) %% %u, bl) AS b1, ",
		(long long)(q->from_ms / 1000 / SERIES_BIN_S), q->step_s / SERIES_BIN_S);
	plan_branch_keys(p, b, sql);
	if (c == COUNTER_FLOWS) {
		buf_str(sql, ", count() AS cnt, max(");
	} else {
		const char *const *part = spread_parts[b->half][c];
		buf_fmt(sql, ", sum((intDiv(%s, n)", part[0]);
		if (part[1])
			buf_fmt(sql, " + intDiv(%s, n)", part[1]);
		buf_fmt(sql, ")%s) AS quo, sum(%s%s) AS total, max(", s, plan_counter(p, b, c), s);
	}
	buf_str(sql, q->raw ? "toUInt32(1)" : "greatest(sampling_rate, 1)");
	buf_str(sql, ") AS rate");
	plan_branch_from(p, b, LATE_MS, sql);
	buf_str(sql, " GROUP BY b1, n, ");
	plan_key_names(p, sql);
}

static void raw_rows(const struct plan *p, const struct branch *b, struct buf *sql)
{
	const struct query *q = p->q;
	bool flows = metric_table[q->metric].counter == COUNTER_FLOWS;
	buf_fmt(sql, "SELECT toUInt32(intDiv((b1 - (n - 1) + i) * %d - %lld, %u)) AS m_bin, ",
		SERIES_BIN_S, (long long)(q->from_ms / 1000), q->step_s);
	plan_key_names(p, sql);
	buf_str(sql, flows ? ", toUInt64(if(i = n - 1, cnt, 0))"
			   : ", toUInt64(quo + if(i = n - 1, total - quo * n, 0))");
	buf_str(sql, " AS m_value, rate AS m_rate FROM (");
	spread_groups(p, b, sql);
	buf_fmt(sql,
		") ARRAY JOIN range(n) AS i WHERE (b1 - (n - 1) + i) * %d >= %lld AND (b1 - (n - "
		"1) + i) * %d < %lld",
		SERIES_BIN_S, (long long)(q->from_ms / 1000), SERIES_BIN_S,
		(long long)(q->to_ms / 1000));
}

/* Records of a sample, by the slice in which they ended. */
static void sample_rows(const struct plan *p, const struct branch *b, struct buf *sql)
{
	enum counter c = metric_table[p->q->metric].counter;
	buf_fmt(sql,
		"SELECT toUInt32(intDiv(toUnixTimestamp64Milli(t_last) - %lld, %lld)) AS m_bin, ",
		(long long)p->sample->from_ms, (long long)p->sample->every * SAMPLE_SLICE_MS);
	plan_branch_keys(p, b, sql);
	buf_fmt(sql, ", toUInt64(%s%s) AS m_value, ", plan_counter(p, b, c),
		c == COUNTER_FLOWS ? "" : plan_scale(p));
	rate(p, "m_rate", sql);
	plan_branch_from(p, b, 0, sql);
}

static void series_rows(const struct plan *p, const struct branch *b, struct buf *sql)
{
	if (p->sample)
		sample_rows(p, b, sql);
	else if (source_rollup(b->source) >= 0)
		rollup_rows(p, b, sql);
	else
		raw_rows(p, b, sql);
}

static void order_of_lines(const struct plan *p, struct buf *sql)
{
	const struct query *q = p->q;
	unsigned last = p->sample ? (unsigned)sample_slices(p->sample, q) - 1
				  : (unsigned)((q->to_ms - q->from_ms) / 1000 / q->step_s) - 1;
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
	plan_key_columns(p, sql);
	buf_str(sql, ", m_cells, m_rate FROM (SELECT ");
	plan_key_names(p, sql);
	buf_str(sql, ", groupArray((m_bin, toUInt64(v))) AS m_cells, toUInt32(max(r)) AS m_rate, ");
	order_of_lines(p, sql);
	buf_str(sql, " AS m_order FROM (SELECT m_bin, ");
	plan_key_names(p, sql);
	buf_str(sql, ", sum(m_value) AS v, max(m_rate) AS r FROM (");
	plan_branches(p, sql, series_rows);
	buf_str(sql, ") GROUP BY m_bin, ");
	plan_key_names(p, sql);
	buf_str(sql, ") GROUP BY ");
	plan_key_names(p, sql);
	buf_str(sql, ") ORDER BY m_order DESC, ");
	plan_key_names(p, sql);
	buf_fmt(sql, " LIMIT %llu", (unsigned long long)(p->n_by ? p->q->limit : 1));
}
