/* SPDX-License-Identifier: Apache-2.0 */
#include "query/history.h"

#include "base/rd.h"
#include "model/account.h"
#include "model/stats.h"
#include "query/cell.h"
#include "query/render.h"
#include "query/time_range.h"
#include "store/client.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BINS_AUTO = 360, ANSWER_MAX = 64 << 20, HOUR_MS = 3600 * 1000 };
static const uint32_t steps[] = {10, 30, 60, 300, 900, 3600, 6 * 3600, 86400};

void history_init(struct history_query *q, int64_t now_ms)
{
	*q = (struct history_query){.from_ms = now_ms - HOUR_MS, .to_ms = now_ms};
}

static enum err set_number(const char *name, const char *value, uint32_t *ret, bool *ret_has,
			   struct diag *reterr)
{
	char *end;
	unsigned long long v = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || v > UINT32_MAX)
		return diag_set(reterr, ERR_TYPE, 0, 0, "%s must be a whole number", name);
	*ret = (uint32_t)v;
	if (ret_has)
		*ret_has = true;
	return ERR_OK;
}

enum err history_set(struct history_query *q, const char *name, const char *value, int64_t now_ms,
		     struct diag *reterr)
{
	size_t n = strlen(value);
	if (strcmp(name, "from") == 0)
		return time_point_parse(value, n, now_ms, &q->from_ms, reterr);
	if (strcmp(name, "to") == 0)
		return time_point_parse(value, n, now_ms, &q->to_ms, reterr);
	if (strcmp(name, "step") == 0)
		return set_number(name, value, &q->step_s, NULL, reterr);
	if (strcmp(name, "domain") == 0)
		return set_number(name, value, &q->domain, &q->has_domain, reterr);
	if (strcmp(name, "version") == 0)
		return set_number(name, value, &q->version, &q->has_version, reterr);
	if (strcmp(name, "exporter_ip") != 0)
		return diag_set(reterr, ERR_UNKNOWN, 0, 0, "there is no parameter '%.40s'", name);
	if (ip_parse(value, n, &q->ip))
		return diag_set(reterr, ERR_TYPE, 0, 0, "exporter_ip is no address");
	q->exporter = true;
	return ERR_OK;
}

enum err history_check(struct history_query *q, struct diag *reterr)
{
	if (q->from_ms >= q->to_ms || q->from_ms < 0 || q->to_ms > TIME_LAST_MS)
		return diag_set(
		    reterr, ERR_SYNTAX, 0, 0,
		    "the time range must not end before it begins, and lie between 1970 "
		    "and 2106");
	if (q->step_s % steps[0])
		return diag_set(reterr, ERR_TYPE, 0, 0, "step must be a multiple of %u seconds",
				steps[0]);
	if (!q->exporter && (q->has_domain || q->has_version))
		return diag_set(reterr, ERR_SYNTAX, 0, 0, "domain and version go with exporter_ip");
	int64_t span_s = (q->to_ms - q->from_ms) / 1000;
	for (size_t i = 0; q->step_s == 0; i++)
		if (i + 1 == ARRAY_LEN(steps) || span_s / steps[i] <= BINS_AUTO)
			q->step_s = steps[i];
	int64_t step_ms = (int64_t)q->step_s * 1000;
	q->from_ms -= q->from_ms % step_ms;
	q->to_ms = (q->to_ms + step_ms - 1) / step_ms * step_ms;
	if ((q->to_ms - q->from_ms) / step_ms > HISTORY_BINS_MAX)
		return diag_set(reterr, ERR_LIMIT, 0, 0, "more than %d steps; choose a longer step",
				HISTORY_BINS_MAX);
	return ERR_OK;
}

/* Every number of an exporter as a (name, n) pair. */
static void exporter_pairs(struct buf *sql)
{
	buf_str(sql, " ARRAY JOIN arrayConcat([");
	for (int i = 0; i < ACCOUNT_MAX; i++)
		buf_fmt(sql, "%s'%s'", i ? ", " : "", account_table[i].name);
	buf_str(sql, "], arrayMap(k -> concat('malformed.', toString(k)), mapKeys(reasons))) AS "
		     "name, arrayConcat([");
	for (int i = 0; i < ACCOUNT_MAX; i++)
		buf_fmt(sql, "%s%s", i ? ", " : "", account_table[i].name);
	buf_str(sql, "], arrayMap(v -> toInt64(v), mapValues(reasons))) AS n");
}

static void exporter_where(const struct history_query *q, struct buf *sql)
{
	char ip[IP_TEXT_MAX];
	ip_format(&q->ip, ip);
	buf_fmt(sql, " AND exporter_ip = toIPv6('%s')", ip);
	if (q->has_domain)
		buf_fmt(sql, " AND domain = %u", q->domain);
	if (q->has_version)
		buf_fmt(sql, " AND version = %u", q->version);
}

void history_sql(const struct history_query *q, const char *database, struct buf *sql)
{
	long long from = q->from_ms / 1000, to = q->to_ms / 1000;
	buf_fmt(sql,
		"SELECT toUInt32(intDiv(toUnixTimestamp(t) - %lld, %u)) AS bin, toString(name), "
		"toInt64(sum(n)), toInt64(argMax(n, t)) FROM %s.%s",
		from, q->step_s, database, q->exporter ? "exporter_stats" : "self_counters");
	if (q->exporter)
		exporter_pairs(sql);
	buf_fmt(
	    sql,
	    " WHERE day >= toDate(%lld) AND day <= toDate(%lld) AND t >= toDateTime(%lld, 'UTC') "
	    "AND t < toDateTime(%lld, 'UTC')",
	    from / 86400, to / 86400, from, to);
	if (q->exporter)
		exporter_where(q, sql);
	else
		buf_str(sql, " AND role = 'collect'");
	buf_str(sql, " GROUP BY bin, name ORDER BY name, bin");
}

static bool is_gauge(const struct history_query *q, const char *name)
{
	for (int i = 0; q->exporter && i < ACCOUNT_MAX; i++)
		if (strcmp(account_table[i].name, name) == 0)
			return account_table[i].gauge;
	for (int i = 0; !q->exporter && i < STAT_MAX; i++) {
		size_t n = strlen(stat_table[i].group);
		if (strncmp(stat_table[i].group, name, n) == 0 && name[n] == '.' &&
		    strcmp(stat_table[i].name, name + n + 1) == 0)
			return stat_table[i].gauge;
	}
	return false;
}

/* Rows come by name: the line of this one is the last, or new. NULL: no room. */
static struct history_line *line_of(const struct history_query *q, struct arena *arena,
				    struct history_result *r, const char *name)
{
	struct history_line *l = r->n ? &r->lines[r->n - 1] : NULL;
	if (l && strcmp(l->name, name) == 0)
		return l;
	if (r->n == HISTORY_LINES_MAX)
		return NULL;
	l = &r->lines[r->n];
	l->v = arena_alloc(arena, r->n_bins * sizeof(l->v[0]));
	if (!l->v)
		return NULL;
	r->n++;
	memcpy(l->name, name, sizeof(l->name));
	l->gauge = is_gauge(q, name);
	for (size_t i = 0; i < r->n_bins; i++)
		l->v[i] = l->gauge ? (double)NAN : 0;
	return l;
}

static bool read_row(const struct history_query *q, struct arena *arena, struct rd *r,
		     struct history_result *ret)
{
	char name[HISTORY_NAME_MAX] = "";
	uint32_t bin = rd_le32(r);
	uint64_t n = cell_read_varint(r);
	const uint8_t *p = n <= rd_left(r) ? rd_take(r, (size_t)n) : NULL;
	if (p)
		memcpy(name, p, MIN_OF((size_t)n, sizeof(name) - 1));
	int64_t sum = (int64_t)rd_le64(r), last = (int64_t)rd_le64(r);
	if (!p || r->bad || bin >= ret->n_bins)
		return false;
	struct history_line *l = line_of(q, arena, ret, name);
	if (l)
		l->v[bin] = (double)(l->gauge ? last : sum);
	return true;
}

enum err history_run(struct store *s, const struct history_query *q, const struct run_options *o,
		     struct arena *arena, struct history_result *ret, struct diag *reterr)
{
	struct buf sql = {0}, answer = {.max = ANSWER_MAX};
	*ret = (struct history_result){
	    .lines = arena_alloc(arena, HISTORY_LINES_MAX * sizeof(ret->lines[0])),
	    .n_bins = (size_t)((q->to_ms - q->from_ms) / 1000 / q->step_s)};
	if (!ret->lines)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	history_sql(q, store_database(s), &sql);
	const struct store_query sq = {.sql = buf_cstr(&sql),
				       .format = "RowBinary",
				       .query_id = o->query_id,
				       .timeout_ms = o->timeout_ms,
				       .cancel = o->cancel,
				       .whole = true};
	enum err e = store_fetch(s, &sq, &answer, NULL, reterr);
	struct rd r = rd_of(answer.p, answer.n);
	while (!e && rd_left(&r))
		if (!read_row(q, arena, &r, ret))
			e = diag_set(reterr, ERR_REMOTE, 0, 0, "the store's answer cannot be read");
	buf_fini(&sql);
	buf_fini(&answer);
	return e;
}

static void lines_json(struct buf *out, const struct history_result *r, const char *key, bool gauge)
{
	buf_json_key(out, key);
	buf_u8(out, '{');
	for (size_t i = 0; i < r->n; i++) {
		const struct history_line *l = &r->lines[i];
		if (l->gauge != gauge)
			continue;
		buf_json_key(out, l->name);
		buf_u8(out, '[');
		for (size_t b = 0; b < r->n_bins; b++) {
			buf_str(out, b ? "," : "");
			if (isnan(l->v[b]))
				buf_str(out, "null");
			else
				render_number(out, l->v[b]);
		}
		buf_u8(out, ']');
	}
	buf_u8(out, '}');
}

void history_json(struct buf *out, const struct history_query *q, const struct history_result *r)
{
	buf_u8(out, '{');
	buf_json_key(out, "from");
	buf_dec_signed(out, q->from_ms);
	buf_json_key(out, "to");
	buf_dec_signed(out, q->to_ms);
	buf_json_key(out, "step_ms");
	buf_dec_signed(out, (int64_t)q->step_s * 1000);
	buf_json_key(out, "t");
	buf_u8(out, '[');
	for (size_t b = 0; b < r->n_bins; b++) {
		buf_str(out, b ? "," : "");
		buf_dec_signed(out, q->from_ms + (int64_t)b * q->step_s * 1000);
	}
	buf_u8(out, ']');
	lines_json(out, r, "counters", false);
	lines_json(out, r, "gauges", true);
	buf_u8(out, '}');
}
