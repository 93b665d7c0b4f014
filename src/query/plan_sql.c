/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of a plan (plan.h). Names of its columns: k0.. keys, kp their presence, v_* of records,
 * m_* of groups; they must not be names of columns of the tables, because filters refer to those.
 */
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

const char *plan_scale(const struct plan *p)
{
	return p->q->raw ? "" : " * greatest(sampling_rate, 1)";
}

bool plan_presence_can_wait(enum field f)
{
	enum field_kind k = field_table[f].kind;
	return k == KIND_ADDR || k == KIND_PORT || k == KIND_PROTO || k == KIND_MAC;
}

static bool reads_presence(const struct plan *p, enum field f)
{
	return p->presence || !plan_presence_can_wait(f);
}

bool plan_presence_differs(const struct plan *p)
{
	for (size_t i = 0; i < p->n_by; i++)
		if (reads_presence(p, key_field(p->by[i], false)))
			return true;
	return p->n_by == 0;
}

void plan_key_names(const struct plan *p, struct buf *sql)
{
	for (size_t i = 0; i < p->n_by; i++)
		buf_fmt(sql, "%sk%zu", i ? ", " : "", i);
	if (plan_presence_differs(p))
		buf_str(sql, p->n_by ? ", kp" : "kp");
}

void plan_key_columns(const struct plan *p, struct buf *sql)
{
	plan_key_names(p, sql);
	if (!plan_presence_differs(p))
		buf_fmt(sql, ", toUInt8(%u)", (1u << p->n_by) - 1);
}

/* The two columns of key i in this branch; NULL: it is one. */
static const struct native_split *key_split(const struct plan *p, const struct branch *b, size_t i)
{
	return p->keys == KEYS_WHOLE ? NULL : native_split(key_column(p, b, i));
}

static const char *branch_column(const struct plan *p, const struct branch *b, size_t i)
{
	const struct native_split *split = key_split(p, b, i);
	if (is_talkers_address(p, b, i))
		return "ip";
	return split && p->keys == KEYS_IP4 ? split->ip4 : field_table[key_column(p, b, i)].name;
}

/* That all keys are IPv4, or that one is not. */
static void of_keys(const struct plan *p, const struct branch *b, struct buf *sql)
{
	bool ip4 = p->keys == KEYS_IP4, first = true;
	if (p->keys == KEYS_WHOLE)
		return;
	buf_str(sql, " AND (");
	for (size_t i = 0; i < p->n_by; i++) {
		const struct native_split *split = key_split(p, b, i);
		if (!split)
			continue;
		buf_fmt(sql, "%s%s %s 0",
			first ? ""
			: ip4 ? " AND "
			      : " OR ",
			split->ip4, ip4 ? "!=" : "=");
		first = false;
	}
	buf_str(sql, ")");
}

void plan_branch_keys(const struct plan *p, const struct branch *b, struct buf *sql)
{
	for (size_t i = 0; i < p->n_by; i++)
		buf_fmt(sql, "%s%s AS k%zu", i ? ", " : "", branch_column(p, b, i), i);
	if (!plan_presence_differs(p))
		return;
	buf_str(sql, p->n_by ? ", toUInt8(0" : "toUInt8(0");
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

static void columns_equal(const struct plan *p, enum field s, enum field d, const char *and,
			  struct buf *sql)
{
	const struct native_split *a = native_split(s), *b = native_split(d);
	if (!a || !b) {
		buf_fmt(sql, "%s%s = %s", and, field_table[s].name, field_table[d].name);
		return;
	}
	buf_fmt(sql, "%s%s = %s", and, a->ip4, b->ip4);
	if (p->keys != KEYS_IP4)
		buf_fmt(sql, " AND %s = %s", a->ip6, b->ip6);
}

static void ends_differ(const struct plan *p, struct buf *sql)
{
	const char *and = "";
	buf_str(sql, " AND NOT (");
	for (size_t i = 0; i < p->n_by; i++) {
		enum field s = key_field(p->by[i], false), d = key_field(p->by[i], true);
		if (!key_is_pseudo(p->by[i]))
			continue;
		columns_equal(p, s, d, and, sql);
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

static void in_buckets(const struct plan *p, struct buf *sql)
{
	buf_str(sql, " AND toUInt16(");
	plan_key_hash(p, sql);
	buf_str(sql, ") IN (");
	for (size_t i = 0; i < p->only->n; i++)
		buf_fmt(sql, "%s%u", i ? ", " : "", p->only->v[i]);
	buf_str(sql, ")");
}

/* The beginning of the sorting key, so that nothing else is read. */
static void in_sample(const struct plan *p, struct buf *sql)
{
	const struct sample *s = p->sample;
	const char *comma = "";
	buf_str(sql, " AND toStartOfFiveMinutes(t_last) IN (");
	for (int64_t t = s->from_ms; t < p->q->to_ms; t += (int64_t)s->every * SAMPLE_SLICE_MS) {
		buf_fmt(sql, "%stoDateTime(%lld, 'UTC')", comma, (long long)(t / 1000));
		comma = ", ";
	}
	buf_str(sql, ")");
}

/* Rows of a rollup hold both directions; those that have nothing of this half would become groups
 * of zeros, which raw flows do not make. A row of a series has the flows in its last bin only. */
static void half_is_there(const struct plan *p, const struct branch *b, struct buf *sql)
{
	bool raw = source_rollup(b->source) < 0;
	if (b->source == SOURCE_TALKERS && family_of(p, b) != FAMILY_TALKERS_IP)
		buf_fmt(sql, " AND %s > 0", plan_counter(p, b, COUNTER_FLOWS));
	if (b->half != HALF_REVERSE)
		return;
	if (raw)
		buf_str(sql, " AND (rev_bytes > 0 OR rev_packets > 0)");
	else if (p->q->kind == QUERY_TOP)
		buf_str(sql, " AND rev_flows > 0");
	else
		buf_str(sql, " AND (rev_bytes > 0 OR rev_packets > 0 OR rev_flows > 0)");
}

void plan_branch_from(const struct plan *p, const struct branch *b, int64_t late_ms,
		      struct buf *sql)
{
	bool raw = source_rollup(b->source) < 0;
	buf_fmt(sql, " FROM %s.%s WHERE ", p->database, source_table(b->source));
	if (b->hole_from_ms < b->hole_to_ms) {
		buf_str(sql, "(");
		time_range(sql, raw, b->from_ms, b->hole_from_ms);
		buf_str(sql, " OR ");
		time_range(sql, raw, b->hole_to_ms, b->to_ms);
		buf_str(sql, ")");
	} else {
		time_range(sql, raw, b->from_ms, b->to_ms + late_ms);
	}
	if (p->sample)
		in_sample(p, sql);
	half_is_there(p, b, sql);
	if (b->unless_equal)
		ends_differ(p, sql);
	of_keys(p, b, sql);
	if (!query_counts_duplicates(p->q))
		buf_str(sql, " AND duplicate = 0");
	buf_str(sql, " AND (");
	filter_sql(p->q->filter, sql, NULL);
	buf_str(sql, ")");
	if (p->only)
		in_buckets(p, sql);
}

const char *plan_counter(const struct plan *p, const struct branch *b, enum counter c)
{
	return top_sums[family_of(p, b)][b->half][c];
}

void plan_branches(const struct plan *p, struct buf *sql,
		   void (*one)(const struct plan *, const struct branch *, struct buf *))
{
	for (size_t i = 0; i < p->n; i++) {
		if (i)
			buf_str(sql, " UNION ALL ");
		one(p, &p->branch[i], sql);
	}
}

/* One row per record, or per row of a rollup: keys, and what is added up as v_*. They are grouped
 * once, after all branches, which the engine does in parallel. */
static void top_rows(const struct plan *p, const struct branch *b, struct buf *sql)
{
	const char *flows = plan_counter(p, b, COUNTER_FLOWS);
	buf_str(sql, "SELECT ");
	plan_branch_keys(p, b, sql);
	buf_fmt(sql, ", %s%s AS v_bytes, %s%s AS v_packets, toUInt64(%s) AS v_flows",
		plan_counter(p, b, COUNTER_BYTES), plan_scale(p),
		plan_counter(p, b, COUNTER_PACKETS), plan_scale(p), flows);
	if (p->totals)
		buf_fmt(sql, ", toUInt64(%s) AS v_own", b->half == HALF_REVERSE ? "0" : flows);
	if (!p->q->raw)
		buf_str(sql, ", greatest(sampling_rate, 1) AS v_rate");
	plan_branch_from(p, b, 0, sql);
}

static void all_groups(const struct plan *p, struct buf *sql)
{
	static const char *const totals[] = {"m_bytes", "m_packets", "m_own"};
	buf_str(sql, p->count ? ", toUInt64(count() OVER ())" : ", toUInt64(0)");
	for (size_t i = 0; i < ARRAY_LEN(totals); i++)
		buf_fmt(sql, p->totals ? ", toUInt64(sum(%s) OVER ())" : ", toUInt64(0)",
			totals[i]);
	buf_str(sql, p->totals ? ", toUInt32(max(m_rate) OVER ())" : ", toUInt32(1)");
}

/* The groups of one kind of keys. */
static void top_groups(const struct plan *p, struct buf *sql)
{
	buf_str(sql, "SELECT ");
	plan_key_names(p, sql);
	buf_str(sql, ", toUInt64(sum(v_bytes)) AS m_bytes, toUInt64(sum(v_packets)) AS m_packets, "
		     "toUInt64(sum(v_flows)) AS m_flows");
	if (p->totals)
		buf_str(sql, ", sum(v_own) AS m_own");
	buf_str(sql, p->q->raw ? ", toUInt32(1) AS m_rate" : ", max(v_rate) AS m_rate");
	buf_str(sql, " FROM (");
	plan_branches(p, sql, top_rows);
	buf_str(sql, ") GROUP BY ");
	plan_key_names(p, sql);
}

/* The groups of IPv4 with their keys as IPv6, then all others. */
static void top_groups_split(const struct plan *p, struct buf *sql)
{
	struct plan part = *p;
	part.keys = KEYS_IP4;
	buf_str(sql, "SELECT ");
	for (size_t i = 0; i < p->n_by; i++)
		buf_fmt(sql,
			native_split(key_field(p->by[i], false))
			    ? "toIPv6(toIPv4(g.k%zu)) AS k%zu, "
			    : "g.k%zu AS k%zu, ",
			i, i);
	buf_fmt(sql, "%sm_bytes, m_packets, m_flows, %sm_rate FROM (",
		plan_presence_differs(p) ? "kp, " : "", p->totals ? "m_own, " : "");
	top_groups(&part, sql);
	part.keys = KEYS_REST;
	buf_str(sql, ") AS g UNION ALL ");
	top_groups(&part, sql);
}

void plan_top_sql(const struct plan *p, struct buf *sql)
{
	static const char *const order[] = {"m_bytes", "m_packets", "m_flows"};
	buf_str(sql, "SELECT ");
	plan_key_columns(p, sql);
	buf_str(sql, ", m_bytes, m_packets, m_flows");
	all_groups(p, sql);
	buf_str(sql, ", toUInt32(m_rate) FROM (");
	(p->split ? top_groups_split : top_groups)(p, sql);
	buf_fmt(sql, ") ORDER BY %s DESC, ", order[metric_table[p->q->metric].counter]);
	plan_key_names(p, sql);
	buf_fmt(sql, " LIMIT %llu", (unsigned long long)p->q->limit);
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
