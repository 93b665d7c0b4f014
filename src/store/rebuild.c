/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rebuild.h"

#include "base/log.h"
#include "model/native.h"
#include "store/client.h"
#include "store/rollup.h"
#include "store/schema.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 32 };

/* One table on its way. */
struct rebuild {
	struct store *store;
	struct schema_target target;
	enum shape shape;
	const char *name;
	char next[NAME_MAX_BYTES]; /* the new one, until it is complete */
	struct buf columns;        /* those that are copied: "t_first, t_last, ..." */
};

static enum err run(struct store *s, struct buf *sql, struct diag *reterr)
{
	struct store_query q = {.sql = buf_cstr(sql), .whole = true};
	enum err e = store_query(s, &q, NULL, reterr);
	buf_reset(sql);
	return e;
}

/* One column of text, a line per row. */
static enum err lines(struct store *s, struct buf *sql, struct buf *out, struct diag *reterr)
{
	struct store_query q = {
	    .sql = buf_cstr(sql), .format = "TabSeparated", .anywhere = true, .timeout_ms = 30000};
	enum err e = store_fetch(s, &q, out, NULL, reterr);
	buf_reset(sql);
	return e;
}

static void of_table(struct buf *sql, const struct rebuild *r)
{
	buf_fmt(sql, " WHERE database = '%s' AND table = '%s'", r->target.database, r->name);
}

/* Whether the table has columns of the old kind: *ret_old; it may not be there at all. */
static enum err look(struct rebuild *r, bool *ret_old, struct diag *reterr)
{
	struct buf sql = {0}, out = {0};
	const char *split = native_split(F_src_ip)->ip4;
	buf_fmt(&sql, "SELECT count() > 0 AND countIf(name = '%s') = 0 FROM system.columns", split);
	of_table(&sql, r);
	enum err e = lines(r->store, &sql, &out, reterr);
	*ret_old = !e && buf_cstr(&out)[0] == '1';
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}

/* A column that the old table has: in the new one too, and copied. */
static enum err take_column(struct rebuild *r, unsigned column, struct diag *reterr)
{
	struct buf sql = {0};
	enum err e = ERR_OK;
	if (column < FIELD_MAX && field_is_computed((enum field)column))
		return ERR_OK;
	buf_fmt(&r->columns, "%s%s", r->columns.n ? ", " : "", native_name(column));
	if (!schema_column_is_base(column, r->shape) &&
	    schema_add_column(&sql, &r->target, r->next, column, 0))
		e = run(r->store, &sql, reterr);
	buf_fini(&sql);
	return e;
}

static enum err make_next(struct rebuild *r, struct diag *reterr)
{
	struct buf sql = {0}, out = {0};
	schema_flows(&sql, &r->target, r->shape, r->next);
	enum err e = run(r->store, &sql, reterr);
	buf_str(&sql, "SELECT name FROM system.columns");
	of_table(&sql, r);
	if (!e)
		e = lines(r->store, &sql, &out, reterr);
	for (const char *line = buf_cstr(&out); !e && *line;) {
		size_t n = strcspn(line, "\n");
		int column = native_find(line, n);
		if (column >= 0)
			e = take_column(r, (unsigned)column, reterr);
		line += n + (line[n] == '\n');
	}
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}

static enum err copy_day(struct rebuild *r, const char *day, struct diag *reterr)
{
	struct buf sql = {0};
	log_notice("store", "%s: the flows of %s get their new columns", r->name, day);
	schema_drop_day(&sql, &r->target, r->next, day);
	enum err e = run(r->store, &sql, reterr);
	buf_fmt(&sql, "INSERT INTO %s.%s (%s) SELECT %s FROM %s.%s WHERE day = '%s'",
		r->target.database, r->next, buf_cstr(&r->columns), buf_cstr(&r->columns),
		r->target.database, r->name, day);
	if (!e)
		e = run(r->store, &sql, reterr);
	buf_reset(&sql);
	schema_drop_day(&sql, &r->target, r->name, day);
	if (!e)
		e = run(r->store, &sql, reterr);
	buf_fini(&sql);
	return e;
}

static enum err copy_days(struct rebuild *r, struct diag *reterr)
{
	struct buf sql = {0}, out = {0};
	buf_str(&sql, "SELECT DISTINCT partition FROM system.parts");
	of_table(&sql, r);
	buf_str(&sql, " AND active ORDER BY partition");
	enum err e = lines(r->store, &sql, &out, reterr);
	for (const char *line = buf_cstr(&out); !e && *line;) {
		size_t n = strcspn(line, "\n");
		char day[NAME_MAX_BYTES];
		snprintf(day, sizeof(day), "%.*s", (int)n, line);
		e = copy_day(r, day, reterr);
		line += n + (line[n] == '\n');
	}
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}

static enum err rebuild_table(struct rebuild *r, struct diag *reterr)
{
	struct buf sql = {0};
	const char *db = r->target.database;
	bool old;
	enum err e = look(r, &old, reterr);
	if (!e && old) {
		e = make_next(r, reterr);
		if (!e)
			e = copy_days(r, reterr);
		buf_fmt(&sql, "EXCHANGE TABLES %s.%s AND %s.%s", db, r->name, db, r->next);
		if (!e)
			e = run(r->store, &sql, reterr);
	}
	buf_reset(&sql);
	buf_fmt(&sql, "DROP TABLE IF EXISTS %s.%s SYNC", db, r->next);
	if (!e)
		e = run(r->store, &sql, reterr);
	buf_fini(&sql);
	return e;
}

enum err rebuild_flows(struct store *s, struct diag *reterr)
{
	const struct schema_target t = {store_database(s), store_cluster(s)};
	struct buf sql = {0};
	enum err e = ERR_OK;
	if (schema_clustered(&t))
		return diag_set(reterr, ERR_VERSION, 0, 0,
				"the flows of a cluster cannot be turned into those of this "
				"version: choose a new store.database");
	for (unsigned i = 0; !e && rollup_drop_view(&sql, &t, i); i++)
		e = run(s, &sql, reterr);
	for (unsigned shape = 0; !e && shape < SHAPE_MAX; shape++) {
		struct rebuild r = {.store = s,
				    .target = t,
				    .shape = (enum shape)shape,
				    .name = schema_flow_table((enum shape)shape)};
		snprintf(r.next, sizeof(r.next), "%s_next", r.name);
		e = rebuild_table(&r, reterr);
		buf_fini(&r.columns);
	}
	buf_fini(&sql);
	return e;
}
