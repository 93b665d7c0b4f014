/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migrate.h"

#include "store/books.h"
#include "store/client.h"
#include "store/columns.h"
#include "store/rebuild.h"
#include "store/rollup.h"
#include "store/schema.h"

#include <string.h>

static enum err duplicates_in_rollups(struct store *s, struct diag *reterr);
static enum err other_codecs(struct store *s, struct diag *reterr);

/* Numbered changes of tables that exist. 1 is the making of all tables; a later row turns what the
 * version before has into its own (order, partitions, renames, types), before columns that
 * fields.def has gained are added and tables and views that are not there are made: new tables need
 * a row without a function, new columns none. */
static const struct {
	unsigned version;
	enum err (*change)(struct store *s, struct diag *reterr);
} changes[] = {
    {1, NULL}, {2, duplicates_in_rollups}, {3, NULL},        {4, NULL}, {5, NULL}, {6, NULL},
    {7, NULL}, {8, rebuild_flows},         {9, other_codecs}};

unsigned store_schema_version(void)
{
	return changes[ARRAY_LEN(changes) - 1].version;
}

static struct schema_target target_of(const struct store *s)
{
	return (struct schema_target){store_database(s), store_cluster(s)};
}

/* Text of a small result: one line per row, columns separated by tabs. */
static enum err fetch_text(struct store *s, const char *sql, struct buf *out, struct diag *reterr)
{
	struct store_query q = {
	    .sql = sql, .format = "TabSeparated", .anywhere = true, .timeout_ms = 30000};
	return store_fetch(s, &q, out, NULL, reterr);
}

/* *ret = 0 in a store without tables of ours. */
static enum err read_version(struct store *s, unsigned *ret, struct diag *reterr)
{
	struct buf sql = {0}, out = {0};
	buf_str(&sql, "SELECT count() FROM system.tables WHERE database = ");
	store_quote(&sql, store_database(s), strlen(store_database(s)));
	buf_str(&sql, " AND name = 'migrations'");
	enum err e = fetch_text(s, buf_cstr(&sql), &out, reterr);
	unsigned version = 0;
	if (!e && buf_cstr(&out)[0] == '1') {
		buf_reset(&sql);
		buf_reset(&out);
		buf_fmt(&sql, "SELECT max(version) FROM %s.migrations", store_database(s));
		e = fetch_text(s, buf_cstr(&sql), &out, reterr);
		const char *p = buf_cstr(&out);
		for (; *p >= '0' && *p <= '9' && version < 1000000; p++)
			version = version * 10 + (unsigned)(*p - '0');
	}
	buf_fini(&sql);
	buf_fini(&out);
	if (!e)
		*ret = version;
	return e;
}

static enum err note_version(struct store *s, unsigned version, struct diag *reterr)
{
	struct buf sql = {0};
	buf_fmt(&sql, "INSERT INTO %s.migrations (version, program) VALUES (%u, '%s')",
		store_database(s), version, WEIR_VERSION);
	enum err e = store_exec(s, buf_cstr(&sql), reterr);
	buf_fini(&sql);
	return e;
}

static enum err run_all(struct store *s,
			bool (*statement)(struct buf *, const struct schema_target *, unsigned),
			struct diag *reterr)
{
	struct schema_target t = target_of(s);
	struct buf sql = {0};
	enum err e = ERR_OK;
	for (unsigned i = 0; !e && statement(&sql, &t, i); i++) {
		e = store_exec(s, buf_cstr(&sql), reterr);
		buf_reset(&sql);
	}
	buf_fini(&sql);
	return e;
}

static bool flow_view(struct buf *sql, const struct schema_target *t, unsigned i)
{
	if (i >= SCHEMA_VIEWS)
		return false;
	schema_view(sql, t, i);
	return true;
}

/* The views are made anew afterwards, with all others. */
static enum err duplicates_in_rollups(struct store *s, struct diag *reterr)
{
	return run_all(s, rollup_add_duplicate, reterr);
}

/* What is there stays as it is until it is merged, and is read as well. */
static enum err other_codecs(struct store *s, struct diag *reterr)
{
	return run_all(s, schema_recode, reterr);
}

static enum err run_changes(struct store *s, unsigned from, struct diag *reterr)
{
	enum err e = ERR_OK;
	for (size_t i = 0; i < ARRAY_LEN(changes) && !e; i++) {
		if (changes[i].version <= from)
			continue;
		if (changes[i].change)
			e = changes[i].change(s, reterr);
	}
	return e;
}

/* Columns of fields.def that are new in the tables, or in the Merge tables over them. */
static enum err compare_columns(struct store *s, struct diag *reterr)
{
	struct columns c;
	enum err e = columns_read(s, &c, reterr);
	for (unsigned shape = 0; shape < SHAPE_MAX; shape++)
		for (unsigned k = 0; k < NATIVE_MAX && !e; k++)
			if (schema_column_is_base(k, (enum shape)shape) &&
			    !columns_has(&c, (enum shape)shape, k))
				e = columns_add(s, &c, (enum shape)shape, k, reterr);
	if (!e && !c.views_complete)
		e = run_all(s, flow_view, reterr);
	return e;
}

enum err store_migrate(struct store *s, struct diag *reterr)
{
	unsigned version = 0;
	enum err e = read_version(s, &version, reterr);
	if (e)
		return e;
	if (version > store_schema_version())
		return diag_set(
		    reterr, ERR_VERSION, 0, 0,
		    "the store has tables of version %u, made by a newer Weir; this one knows %u",
		    version, store_schema_version());
	bool changed = version < store_schema_version();
	if (changed && version)
		e = run_changes(s, version, reterr);
	if (!e && version)
		e = compare_columns(s, reterr);
	if (!e && changed)
		e = run_all(s, schema_statement, reterr);
	if (!e)
		e = run_all(s, books_add_columns, reterr);
	for (size_t i = 0; i < ARRAY_LEN(changes) && !e; i++)
		if (changes[i].version > version)
			e = note_version(s, changes[i].version, reterr);
	return e;
}
