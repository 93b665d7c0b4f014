/* SPDX-License-Identifier: Apache-2.0 */
#include "store/retention.h"

#include "base/buf.h"
#include "base/timefmt.h"
#include "store/client.h"
#include "store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAYS_MAX = 20000, LIST_BYTES_MAX = 4 << 20, ROUNDS_MAX = 20000 };

static bool too_old(const struct retention_day *d, const struct retention_limits *limits,
		    int64_t now_ms)
{
	uint64_t keep =
	    schema_day_table_is_brief(d->table) ? limits->keep_flows_ms : limits->keep_rollups_ms;
	int64_t end = ((int64_t)d->day + 1) * MS_PER_DAY;
	return keep && now_ms > end && (uint64_t)(now_ms - end) > keep;
}

/* The oldest day of raw or rollup tables, but not the newest raw one; -1 if none. */
static int oldest(const struct retention_day *days, size_t n, bool raw)
{
	int found = -1;
	int32_t newest = INT32_MIN;
	for (size_t i = 0; i < n; i++)
		if (schema_day_table_is_raw(days[i].table) && days[i].day > newest)
			newest = days[i].day;
	for (size_t i = 0; i < n; i++) {
		if (schema_day_table_is_raw(days[i].table) != raw || days[i].day == newest)
			continue;
		if (found < 0 || days[i].day < days[found].day ||
		    (days[i].day == days[found].day && days[i].table < days[found].table))
			found = (int)i;
	}
	return found;
}

int retention_choose(const struct retention_day *days, size_t n,
		     const struct retention_limits *limits, int64_t now_ms, uint64_t free_bytes)
{
	uint64_t total = 0;
	int old = -1;
	for (size_t i = 0; i < n; i++) {
		if (too_old(&days[i], limits, now_ms) &&
		    (old < 0 || days[i].table < days[old].table))
			old = (int)i;
		total += days[i].bytes;
	}
	if (old >= 0)
		return old;
	bool too_large = limits->max_size && total > limits->max_size;
	bool no_room = limits->min_free && free_bytes < limits->min_free;
	if (!too_large && !no_room)
		return -1;
	int raw = oldest(days, n, true);
	return raw >= 0 ? raw : oldest(days, n, false);
}

static int table_index(const char *name, size_t n)
{
	for (unsigned i = 0; schema_day_table(i); i++)
		if (strlen(schema_day_table(i)) == n && memcmp(schema_day_table(i), name, n) == 0)
			return (int)i;
	return -1;
}

static uint64_t take_number(const char **p)
{
	uint64_t v = 0;
	for (; **p >= '0' && **p <= '9'; (*p)++)
		v = v * 10 + (uint64_t)(**p - '0');
	if (**p == '\t')
		(*p)++;
	return v;
}

/* Lines "table\tday\tbytes\trows". */
static size_t read_days(const char *text, struct retention_day *days)
{
	size_t n = 0;
	for (const char *p = text; *p && n < DAYS_MAX;) {
		size_t name = strcspn(p, "\t\n");
		int table = table_index(p, name);
		p += name + (p[name] == '\t');
		struct retention_day d = {.day = (int32_t)take_number(&p)};
		d.bytes = take_number(&p);
		d.rows = take_number(&p);
		p += strcspn(p, "\n");
		p += *p == '\n';
		if (table < 0)
			continue;
		d.table = (uint8_t)table;
		days[n++] = d;
	}
	return n;
}

static enum err list_days(struct store *s, struct retention_day *days, size_t *ret_n,
			  struct diag *reterr)
{
	struct buf sql = {0}, out = {.max = LIST_BYTES_MAX};
	buf_str(&sql, "SELECT replaceRegexpOne(table, '_local$', ''), toInt32(toDate(partition)), "
		      "sum(bytes_on_disk), "
		      "sum(rows) FROM system.parts WHERE active AND database = ");
	store_quote(&sql, store_database(s), strlen(store_database(s)));
	buf_str(&sql,
		" AND match(partition, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') GROUP BY 1, 2 ORDER BY 2");
	struct store_query q = {
	    .sql = buf_cstr(&sql), .format = "TabSeparated", .timeout_ms = 30000};
	enum err e = store_fetch(s, &q, &out, NULL, reterr);
	if (!e)
		*ret_n = read_days(buf_cstr(&out), days);
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}

static enum err read_free(struct store *s, uint64_t *ret, struct diag *reterr)
{
	struct buf out = {0};
	struct store_query q = {.sql =
				    "SELECT min(free_space) FROM system.disks WHERE type = 'Local'",
				.format = "TabSeparated",
				.timeout_ms = 30000};
	enum err e = store_fetch(s, &q, &out, NULL, reterr);
	const char *p = buf_cstr(&out);
	if (!e)
		*ret = take_number(&p);
	buf_fini(&out);
	return e;
}

static enum err drop(struct store *s, const struct retention_day *d, struct retention_result *ret,
		     struct diag *reterr)
{
	char when[RFC3339_MAX];
	rfc3339_format((int64_t)d->day * MS_PER_DAY, when);
	const char *table = schema_day_table(d->table);
	struct schema_target t = {store_database(s), store_cluster(s)};
	struct buf sql = {0};
	schema_drop_day(&sql, &t, table, when);
	enum err e = store_exec(s, buf_cstr(&sql), reterr);
	buf_fini(&sql);
	if (e)
		return e;
	ret->days++;
	ret->rows += schema_day_table_is_raw(d->table) ? d->rows : 0;
	ret->bytes += d->bytes;
	snprintf(ret->last, sizeof(ret->last), "%s %.10s", table, when);
	return ERR_OK;
}

enum err retention_apply(struct store *s, const struct retention_limits *limits, int64_t now_ms,
			 struct retention_result *ret, struct diag *reterr)
{
	struct retention_limits l = *limits;
	if (*store_cluster(s))
		l.max_size = l.min_free = 0;
	if (!l.keep_flows_ms && !l.keep_rollups_ms && !l.max_size && !l.min_free)
		return ERR_OK;
	struct retention_day *days = calloc(DAYS_MAX, sizeof(*days));
	if (!days)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	size_t n = 0;
	uint64_t free_bytes = UINT64_MAX;
	enum err e = list_days(s, days, &n, reterr);
	if (!e && l.min_free)
		e = read_free(s, &free_bytes, reterr);
	for (int round = 0; !e && round < ROUNDS_MAX; round++) {
		int i = retention_choose(days, n, &l, now_ms, free_bytes);
		if (i < 0)
			break;
		e = drop(s, &days[i], ret, reterr);
		/* Files of dropped parts go a little later; count them as free now. */
		free_bytes = free_bytes > UINT64_MAX - days[i].bytes ? UINT64_MAX
								     : free_bytes + days[i].bytes;
		days[i] = days[--n];
	}
	free(days);
	return e;
}
