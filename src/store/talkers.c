/* SPDX-License-Identifier: Apache-2.0 */
#include "store/talkers.h"

#include "base/rd.h"
#include "base/timefmt.h"
#include "store/client.h"
#include "store/import_lock.h"
#include "store/rollup.h"
#include "store/schema.h"

enum { TIMEOUT_MS = 300000, HOURS_BYTES_MAX = 16 << 20 };

static enum err fetch(struct store *s, struct buf *sql, struct buf *out, struct diag *reterr)
{
	struct store_query q = {
	    .sql = buf_cstr(sql), .format = "RowBinary", .timeout_ms = TIMEOUT_MS};
	out->max = HOURS_BYTES_MAX;
	return store_fetch(s, &q, out, NULL, reterr);
}

/* What a roll-up that was cut short has left behind. */
static enum err clear(struct store *s, int64_t hour_s, struct diag *reterr)
{
	struct buf sql = {0}, out = {0};
	const char *db = store_database(s);
	long long h = hour_s;
	buf_fmt(&sql, "SELECT count() FROM %s.talkers_1h WHERE t = toDateTime(%lld, 'UTC')", db, h);
	enum err e = fetch(s, &sql, &out, reterr);
	struct rd r = rd_of(out.p, out.n);
	if (!e && rd_le64(&r) > 0) {
		buf_reset(&sql);
		buf_fmt(
		    &sql,
		    "ALTER TABLE %s.talkers_1h DELETE WHERE t = toDateTime(%lld, 'UTC') SETTINGS "
		    "mutations_sync = 1",
		    db, h);
		e = store_exec(s, buf_cstr(&sql), reterr);
	}
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}

static enum err take_back_note(struct store *s, int64_t hour_s, struct diag *reterr)
{
	struct buf sql = {0};
	buf_fmt(&sql,
		"ALTER TABLE %s.talkers_hours DELETE WHERE hour = toDateTime(%lld, 'UTC') SETTINGS "
		"mutations_sync = 1",
		store_database(s), (long long)hour_s);
	enum err e = store_exec(s, buf_cstr(&sql), reterr);
	buf_fini(&sql);
	return e;
}

/* An import that began between two of the statements is in some of them only: the hour is not
 * noted then (*ret_held) and rolled up anew later. One that began between the last look and the
 * note is seen afterwards, and the note taken back: rows that come after the note are rolled up as
 * late ones, and cleared when the hour is rolled up anew. */
static enum err roll_hour(struct store *s, int64_t hour_s, bool *ret_held, struct diag *reterr)
{
	struct schema_target t = {store_database(s), store_cluster(s)};
	struct buf sql = {0};
	enum err e = clear(s, hour_s, reterr);
	for (unsigned i = 0; !e && rollup_hour_statement(&sql, &t, hour_s, i); i++) {
		if (i == ROLLUP_HOUR_NOTE)
			e = import_lock_held(s, ret_held, reterr);
		if (e || *ret_held)
			break;
		struct store_query q = {
		    .sql = buf_cstr(&sql), .timeout_ms = TIMEOUT_MS, .whole = true};
		e = store_query(s, &q, NULL, reterr);
		buf_reset(&sql);
	}
	buf_fini(&sql);
	if (e || *ret_held)
		return e;
	e = import_lock_held(s, ret_held, reterr);
	return !e && *ret_held ? take_back_note(s, hour_s, reterr) : e;
}

enum err talkers_roll(struct store *s, int64_t now_ms, unsigned max, unsigned *ret_hours,
		      struct diag *reterr)
{
	struct buf sql = {0}, out = {0};
	const char *db = store_database(s);
	*ret_hours = 0;
	if (*store_cluster(s))
		return ERR_OK;
	/* The series rollup, which is small, says in which hours there are flows. Those that a
	 * broken clock made up, which are stored by their arrival, make no hour: its note, in the
	 * partition of its own day, would be removed as too old and the hour be rolled up for ever.
	 */
	buf_fmt(
	    &sql,
	    "SELECT DISTINCT toUInt32(toStartOfHour(t)) AS h FROM %s.series_5m WHERE flows > 0 AND "
	    "toDate(t) = day AND toStartOfHour(t) NOT IN (SELECT hour FROM %s.talkers_hours) AND h "
	    "< %lld ORDER BY h LIMIT %u",
	    db, db, (long long)(now_ms / 1000 - TALKERS_GRACE_S - TALKERS_BIN_S + 1), max);
	enum err e = fetch(s, &sql, &out, reterr);
	struct rd r = rd_of(out.p, out.n);
	while (!e && rd_left(&r)) {
		bool held = false;
		e = import_lock_held(s, &held, reterr);
		if (e || held)
			break;
		e = roll_hour(s, rd_le32(&r), &held, reterr);
		*ret_hours += !e && !held;
	}
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}

/* Hours come in order; an hour that is noted twice counts once. */
static void longest_run(struct rd *r, int64_t *ret_from_s, int64_t *ret_to_s)
{
	int64_t from = 0, to = 0;
	while (rd_left(r)) {
		int64_t h = rd_le32(r);
		if (h != to)
			from = h;
		to = h + TALKERS_BIN_S;
		if (to - from > *ret_to_s - *ret_from_s) {
			*ret_from_s = from;
			*ret_to_s = to;
		}
	}
}

/* Rows of a table in days [from, to]; counted from the partitions alone. */
static void rows_of_days(struct buf *sql, const char *database, const char *table, int64_t from_ms,
			 int64_t to_ms)
{
	buf_fmt(
	    sql, "(SELECT count() FROM %s.%s WHERE day >= toDate(%lld) AND day <= toDate(%lld))",
	    database, table, (long long)(from_ms / MS_PER_DAY), (long long)(to_ms / MS_PER_DAY));
}

/* Where nearly every flow has addresses of its own, the rollup is as long as the flows, and its
 * rows are wider. But where the flows are gone, it is all there is; the oldest days go first. (A
 * Merge table is asked for the flows: a statement over one with a long alias is slow to begin.) */
static void worth_reading(struct buf *sql, const char *database, int64_t from_ms, int64_t to_ms)
{
	static const char talkers[] = "talkers_1h";
	const char *flows = schema_view_name(0);
	buf_str(sql, "(");
	rows_of_days(sql, database, talkers, from_ms, to_ms);
	buf_str(sql, " * 2 < ");
	rows_of_days(sql, database, flows, from_ms, to_ms);
	buf_str(sql, " OR (");
	rows_of_days(sql, database, talkers, from_ms, from_ms);
	buf_str(sql, " > 0 AND ");
	rows_of_days(sql, database, flows, from_ms, from_ms);
	buf_str(sql, " = 0))");
}

enum err talkers_ready(struct store *s, int64_t from_ms, int64_t to_ms, int64_t *ret_from_ms,
		       int64_t *ret_to_ms, struct diag *reterr)
{
	struct buf sql = {0}, out = {0};
	int64_t from_s = 0, to_s = 0;
	buf_fmt(&sql,
		"SELECT DISTINCT toUInt32(hour) AS h FROM %s.talkers_hours WHERE h >= %lld AND h "
		"<= %lld AND ",
		store_database(s), (long long)((from_ms + 999) / 1000),
		(long long)(to_ms / 1000 - TALKERS_BIN_S));
	worth_reading(&sql, store_database(s), from_ms, to_ms);
	buf_str(&sql, " ORDER BY h");
	enum err e = fetch(s, &sql, &out, reterr);
	struct rd r = rd_of(out.p, out.n);
	if (!e) {
		longest_run(&r, &from_s, &to_s);
		*ret_from_ms = from_s * 1000;
		*ret_to_ms = to_s * 1000;
	}
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}
