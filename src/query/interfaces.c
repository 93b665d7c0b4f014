/* SPDX-License-Identifier: Apache-2.0 */
#include "query/interfaces.h"

#include "base/attr.h"
#include "base/rd.h"
#include "query/time_range.h"
#include "store/client.h"

#include <string.h>

enum {
	STEP_MIN_S = 10,
	BINS_AUTO = 240,
	LOOKBACK_MS = 15 * 60 * 1000, /* where the sample before the first of the range is sought */
};

void interfaces_init(struct interfaces_query *q, int64_t now_ms)
{
	*q = (struct interfaces_query){.from_ms = now_ms - 3600 * 1000, .to_ms = now_ms};
}

/* A step of a round number of seconds. */
static uint32_t chosen_step(int64_t range_ms)
{
	static const uint32_t steps[] = {30,   60,   120,  300,   600,   900,
					 1800, 3600, 7200, 21600, 43200, 86400};
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (range_ms / 1000 / steps[i] <= BINS_AUTO)
			return steps[i];
	return steps[ARRAY_LEN(steps) - 1];
}

enum err interfaces_check(struct interfaces_query *q, struct diag *reterr)
{
	uint64_t most = q->series ? INTERFACES_SERIES_MAX : INTERFACES_LIMIT_MAX;
	if (q->from_ms < 0 || q->from_ms >= q->to_ms)
		return diag_set(reterr, ERR_SYNTAX, 0, 0, "the time range is empty or backwards");
	if (q->to_ms > TIME_LAST_MS)
		return diag_set(reterr, ERR_LIMIT, 0, 0,
				"the time range must lie between 1970 and 2106");
	if (q->step_s && q->step_s < STEP_MIN_S)
		return diag_set(reterr, ERR_SYNTAX, 0, 0, "step is at least %d seconds",
				STEP_MIN_S);
	if (q->limit > most)
		return diag_set(reterr, ERR_LIMIT, 0, 0, "limit is at most %llu here",
				(unsigned long long)most);
	if (!q->limit)
		q->limit = MIN_OF(most, (uint64_t)INTERFACES_LIMIT);
	/* Without series too: the greatest rate is that of a bin. */
	if (!q->step_s)
		q->step_s = chosen_step(q->to_ms - q->from_ms);
	int64_t step_ms = (int64_t)q->step_s * 1000;
	if (q->series) {
		q->from_ms -= q->from_ms % step_ms;
		q->to_ms += (step_ms - q->to_ms % step_ms) % step_ms;
	}
	if ((q->to_ms - q->from_ms) / step_ms > QUERY_BINS_MAX)
		return diag_set(reterr, ERR_LIMIT, 0, 0, "more than %d steps", QUERY_BINS_MAX);
	return ERR_OK;
}

/* --- the statement: samples, then steps between them, then bins, then interfaces */

static const char *const counted_32[] = {
    "in_unicast",  "in_multicast",  "in_broadcast",  "in_discards",  "in_errors",
    "out_unicast", "out_multicast", "out_broadcast", "out_discards", "out_errors"};

static void where_ms(struct buf *sql, const char *op, int64_t ms)
{
	buf_fmt(sql, "t %s fromUnixTimestamp64Milli(toInt64(%lld), 'UTC')", op, (long long)ms);
}

/* Differences to the sample before of the same interface. A counter that wraps at 32 bits differs
 * modulo 2^32; one that went back otherwise, or an uptime that did, began anew: no step. */
static void steps_sql(struct buf *sql, const char *database, const struct interfaces_query *q)
{
	char ip[IP_TEXT_MAX];
	buf_fmt(sql,
		"SELECT exporter_ip, agent_ip, domain, if_index, t, speed, if_type, direction, "
		"status, toUnixTimestamp64Milli(t) AS at, lagInFrame(toUnixTimestamp64Milli(t)) "
		"OVER w AS before, at - before AS ms, before > 0 AND uptime >= lagInFrame(uptime) "
		"OVER w AND in_octets >= lagInFrame(in_octets) OVER w AND out_octets >= "
		"lagInFrame(out_octets) OVER w AS is_step, in_octets - lagInFrame(in_octets) OVER "
		"w AS d_in_octets, out_octets - lagInFrame(out_octets) OVER w AS d_out_octets");
	for (size_t i = 0; i < ARRAY_LEN(counted_32); i++)
		buf_fmt(sql, ", toUInt64(toUInt32(%s - lagInFrame(%s) OVER w)) AS d_%s",
			counted_32[i], counted_32[i], counted_32[i]);
	buf_fmt(sql, " FROM %s.if_counters WHERE ", database);
	where_ms(sql, ">=", q->from_ms - LOOKBACK_MS);
	buf_str(sql, " AND ");
	where_ms(sql, "<", q->to_ms);
	if (q->has_exporter) {
		ip_format(&q->exporter_ip, ip);
		buf_fmt(sql, " AND exporter_ip = toIPv6('%s%s')",
			ip_is_v4(&q->exporter_ip) ? "::ffff:" : "", ip);
	}
	if (q->has_if_index)
		buf_fmt(sql, " AND if_index = %u", q->if_index);
	buf_str(sql, " WINDOW w AS (PARTITION BY exporter_ip, agent_ip, domain, if_index ORDER BY "
		     "t ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)");
}

/* What is summed: name in the answer, and of which differences. */
static const struct {
	const char *name, *of;
} sums[] = {
    {"in_octets", "d_in_octets"},
    {"in_packets", "d_in_unicast + d_in_multicast + d_in_broadcast"},
    {"in_discards", "d_in_discards"},
    {"in_errors", "d_in_errors"},
    {"out_octets", "d_out_octets"},
    {"out_packets", "d_out_unicast + d_out_multicast + d_out_broadcast"},
    {"out_discards", "d_out_discards"},
    {"out_errors", "d_out_errors"},
};

static void bins_sql(struct buf *sql, const char *database, const struct interfaces_query *q)
{
	buf_fmt(sql,
		"SELECT exporter_ip, agent_ip, domain, if_index, "
		"toUInt32(intDiv(at - %lld, %lld)) AS bin, max(at) AS last, argMax(speed, at) AS "
		"b_speed, argMax(if_type, at) AS b_type, argMax(direction, at) AS b_direction, "
		"argMax(status, at) AS b_status, toUInt64(sumIf(ms, is_step)) AS b_ms",
		(long long)q->from_ms, (long long)q->step_s * 1000);
	for (size_t i = 0; i < ARRAY_LEN(sums); i++)
		buf_fmt(sql, ", toUInt64(sumIf(%s, is_step)) AS b_%s", sums[i].of, sums[i].name);
	buf_str(sql, " FROM (");
	steps_sql(sql, database, q);
	buf_fmt(sql, ") WHERE at >= %lld GROUP BY exporter_ip, agent_ip, domain, if_index, bin",
		(long long)q->from_ms);
}

static void interfaces_sql(struct buf *sql, const char *database, const struct interfaces_query *q)
{
	buf_str(sql, "SELECT exporter_ip, agent_ip, domain, if_index, argMax(b_type, last), "
		     "argMax(b_direction, last), argMax(b_status, last), argMax(b_speed, last), "
		     "toInt64(max(last)), sum(b_ms)");
	for (size_t i = 0; i < ARRAY_LEN(sums); i++)
		buf_fmt(sql, ", sum(b_%s) AS s_%s", sums[i].name, sums[i].name);
	buf_str(sql, ", groupArray(bin), groupArray(b_ms), groupArray(b_in_octets), "
		     "groupArray(b_out_octets) FROM (");
	bins_sql(sql, database, q);
	buf_fmt(sql,
		") GROUP BY exporter_ip, agent_ip, domain, if_index ORDER BY greatest(s_in_octets, "
		"s_out_octets) DESC, exporter_ip, agent_ip, domain, if_index LIMIT %llu",
		(unsigned long long)q->limit);
}

/* --- the answer (RowBinary) */

static struct ip rd_ip(struct rd *r)
{
	struct ip ip;
	rd_copy(r, ip.b, sizeof(ip.b));
	return ip;
}

static uint64_t rd_varint(struct rd *r)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t b = rd_u8(r);
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			break;
	}
	return v;
}

/* The numbers of an array of n values of `size` bytes; a view. */
static struct rd rd_array(struct rd *r, size_t size, uint64_t *ret_n)
{
	*ret_n = rd_varint(r);
	if (*ret_n > rd_left(r) / size) {
		r->bad = true;
		*ret_n = 0;
	}
	return rd_sub(r, (size_t)*ret_n * size);
}

static double bps(uint64_t octets, uint64_t ms)
{
	return (double)octets * 8000 / (double)ms;
}

static bool make_bins(struct interface_row *row, size_t n_bins, struct arena *arena)
{
	row->in.bps = arena_alloc(arena, n_bins * sizeof(double));
	row->out.bps = arena_alloc(arena, n_bins * sizeof(double));
	if (!row->in.bps || !row->out.bps)
		return false;
	for (size_t i = 0; i < n_bins; i++)
		row->in.bps[i] = row->out.bps[i] = -1;
	return true;
}

/* bin, ms, octets in, octets out: an array each. */
static void read_bins(struct rd *r, struct interface_row *row, size_t n_bins)
{
	uint64_t n, n_ms, n_in, n_out;
	struct rd bins = rd_array(r, 4, &n), ms = rd_array(r, 8, &n_ms);
	struct rd in = rd_array(r, 8, &n_in), out = rd_array(r, 8, &n_out);
	for (uint64_t i = 0; i < n && !r->bad; i++) {
		uint32_t bin = rd_le32(&bins);
		uint64_t took = rd_le64(&ms), in_octets = rd_le64(&in), out_octets = rd_le64(&out);
		if (took == 0)
			continue;
		double in_bps = bps(in_octets, took), out_bps = bps(out_octets, took);
		row->in_max_bps = MAX_OF(row->in_max_bps, in_bps);
		row->out_max_bps = MAX_OF(row->out_max_bps, out_bps);
		if (row->in.bps && bin < n_bins) {
			row->in.bps[bin] = in_bps;
			row->out.bps[bin] = out_bps;
		}
	}
}

static void read_sums(struct rd *r, struct interface_sums *s)
{
	s->octets = rd_le64(r);
	s->packets = rd_le64(r);
	s->discards = rd_le64(r);
	s->errors = rd_le64(r);
}

static enum err read_rows(struct rd *r, const struct interfaces_query *q, struct arena *arena,
			  struct interfaces_result *ret)
{
	struct interface_row *rows = arena_alloc(arena, (size_t)q->limit * sizeof(*rows));
	size_t n_bins = (size_t)((q->to_ms - q->from_ms) / ((int64_t)q->step_s * 1000));
	if (!rows)
		return ERR_NOMEM;
	ret->rows = rows;
	ret->n_bins = q->series ? n_bins : 0;
	while (rd_left(r) && ret->n < q->limit) {
		struct interface_row *row = &rows[ret->n];
		*row = (struct interface_row){.exporter_ip = rd_ip(r)};
		row->agent_ip = rd_ip(r);
		row->domain = rd_le32(r);
		row->if_index = rd_le32(r);
		row->if_type = rd_le32(r);
		row->direction = rd_le32(r);
		row->status = rd_le32(r);
		row->speed = rd_le64(r);
		row->last_ms = (int64_t)rd_le64(r);
		row->known_ms = rd_le64(r);
		read_sums(r, &row->in);
		read_sums(r, &row->out);
		if (q->series && !make_bins(row, n_bins, arena))
			return ERR_NOMEM;
		read_bins(r, row, n_bins);
		if (r->bad)
			return ERR_MALFORMED;
		ret->n++;
	}
	return ERR_OK;
}

enum err interfaces_run(struct store *s, const struct interfaces_query *q,
			const struct run_options *o, struct arena *arena,
			struct interfaces_result *ret, struct diag *reterr)
{
	struct buf sql = {0}, out = {.max = RUN_RESULT_MAX};
	struct store_summary cost = {0};
	*ret = (struct interfaces_result){0};
	interfaces_sql(&sql, store_database(s), q);
	const struct store_query sq = {.sql = buf_cstr(&sql),
				       .format = "RowBinary",
				       .query_id = o->query_id,
				       .cancel = o->cancel,
				       .timeout_ms = o->timeout_ms,
				       .whole = true};
	enum err e = store_fetch(s, &sq, &out, &cost, reterr);
	if (!e) {
		struct rd r = rd_of(out.p, out.n);
		e = read_rows(&r, q, arena, ret);
		if (e)
			e = diag_set(reterr, e, 0, 0, "%s", err_text(e));
	}
	ret->elapsed_ms = cost.elapsed_ns / 1000000;
	ret->rows_read = cost.rows_read;
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}
