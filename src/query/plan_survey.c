/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of a survey (survey.h): what the groups of each bucket have together. */
#include "query/plan_priv.h"

void plan_key_hash(const struct plan *p, struct buf *sql)
{
	buf_str(sql, "cityHash64(");
	for (size_t i = 0; i < p->n_by; i++)
		buf_fmt(sql, "%sk%zu", i ? ", " : "", i);
	buf_str(sql, ")");
}

/* One row per record: hash of the keys, the counter that orders the groups, and for the totals all.
 */
static void survey_rows(const struct plan *p, const struct branch *b, struct buf *sql)
{
	const char *flows = plan_counter(p, b, COUNTER_FLOWS);
	enum counter c = metric_table[p->q->metric].counter;
	bool shows_rate = p->totals && !p->q->raw;
	bool late = p->q->kind == QUERY_SERIES && source_rollup(b->source) < 0;
	buf_str(sql, "WITH ");
	plan_branch_keys(p, b, sql);
	buf_str(sql, " SELECT ");
	plan_key_hash(p, sql);
	buf_fmt(sql, " AS h, toUInt64(%s%s) AS v", plan_counter(p, b, c),
		c == COUNTER_FLOWS ? "" : plan_scale(p));
	if (p->totals)
		buf_fmt(sql, ", %s%s AS v_bytes, %s%s AS v_packets, toUInt64(%s) AS v_own",
			plan_counter(p, b, COUNTER_BYTES), plan_scale(p),
			plan_counter(p, b, COUNTER_PACKETS), plan_scale(p),
			b->half == HALF_REVERSE ? "0" : flows);
	if (shows_rate)
		buf_str(sql, ", greatest(sampling_rate, 1) AS v_rate");
	plan_branch_from(p, b, late ? LATE_MS : 0, sql);
}

/* Each group has one kind of keys, so a hash of either puts all of it into one bucket. */
static void survey_branches(const struct plan *p, struct buf *sql)
{
	struct plan part = *p;
	part.keys = p->split ? KEYS_IP4 : KEYS_WHOLE;
	plan_branches(&part, sql, survey_rows);
	if (!p->split)
		return;
	buf_str(sql, " UNION ALL ");
	part.keys = KEYS_REST;
	plan_branches(&part, sql, survey_rows);
}

void plan_survey_sql(const struct plan *p, struct buf *sql)
{
	bool shows_rate = p->totals && !p->q->raw;
	buf_fmt(sql, "SELECT toUInt64(sum(n) * %u), ", SURVEY_SAMPLE);
	buf_str(sql, p->totals ? "toUInt64(sum(s_bytes)), toUInt64(sum(s_packets)), "
				 "toUInt64(sum(s_own)), "
			       : "toUInt64(0), toUInt64(0), toUInt64(0), ");
	buf_str(sql, shows_rate ? "toUInt32(max(s_rate))" : "toUInt32(1)");
	buf_fmt(sql,
		", arrayReverseSort(groupArray((s, b))) FROM (SELECT toUInt16(h) AS b, sum(v) AS s"
		", uniqExactIf(h, bitAnd(bitShiftRight(h, 16), %u) = 0) AS n",
		SURVEY_SAMPLE - 1);
	if (p->totals)
		buf_str(sql, ", sum(v_bytes) AS s_bytes, sum(v_packets) AS s_packets, sum(v_own) "
			     "AS s_own");
	if (shows_rate)
		buf_str(sql, ", max(v_rate) AS s_rate");
	buf_str(sql, " FROM (");
	survey_branches(p, sql);
	buf_str(sql, ") GROUP BY b)");
}
