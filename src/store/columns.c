/* SPDX-License-Identifier: Apache-2.0 */
#include "store/columns.h"

#include "store/client.h"
#include "store/schema.h"

#include <string.h>

/* One line "table\tcolumn" of the answer. */
static void note(struct columns *c, uint64_t views[][COLUMN_WORDS], const char *line, size_t n)
{
	const char *tab = memchr(line, '\t', n);
	if (!tab)
		return;
	size_t tn = (size_t)(tab - line);
	int column = native_find(tab + 1, n - tn - 1);
	if (column < 0)
		return;
	uint64_t bit = (uint64_t)1 << (column % 64);
	for (unsigned i = 0; i < SHAPE_MAX; i++) {
		const char *table = schema_flow_table((enum shape)i);
		if (strlen(table) == tn && memcmp(table, line, tn) == 0)
			c->has[i][column / 64] |= bit;
	}
	for (unsigned i = 0; i < SCHEMA_VIEWS; i++) {
		const char *view = schema_view_name(i);
		if (strlen(view) == tn && memcmp(view, line, tn) == 0)
			views[i][column / 64] |= bit;
	}
}

enum err columns_read(struct store *s, struct columns *ret, struct diag *reterr)
{
	struct buf sql = {0}, out = {0};
	uint64_t views[SCHEMA_VIEWS][COLUMN_WORDS] = {0};
	*ret = (struct columns){.views_complete = true};
	buf_str(&sql, "SELECT table, name FROM system.columns WHERE database = ");
	store_quote(&sql, store_database(s), strlen(store_database(s)));
	struct store_query q = {
	    .sql = buf_cstr(&sql), .format = "TabSeparated", .anywhere = true, .timeout_ms = 30000};
	enum err e = store_fetch(s, &q, &out, NULL, reterr);
	for (const char *line = buf_cstr(&out); !e && *line;) {
		size_t n = strcspn(line, "\n");
		note(ret, views, line, n);
		line += n + (line[n] == '\n');
	}
	for (unsigned i = 0; i < SCHEMA_VIEWS; i++)
		for (unsigned c = 0; c < NATIVE_MAX; c++)
			if (!(views[i][c / 64] >> (c % 64) & 1))
				ret->views_complete = false;
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}

enum err columns_add(struct store *s, struct columns *c, enum shape shape, unsigned column,
		     struct diag *reterr)
{
	const struct schema_target t = {store_database(s), store_cluster(s)};
	struct buf sql = {0};
	enum err e = ERR_OK;
	for (unsigned step = 0;
	     !e && schema_add_column(&sql, &t, schema_flow_table(shape), column, step); step++) {
		e = store_exec(s, buf_cstr(&sql), reterr);
		buf_reset(&sql);
	}
	buf_fini(&sql);
	if (!e)
		c->has[shape][column / 64] |= (uint64_t)1 << (column % 64);
	return e;
}

enum err columns_add_named(struct store *s, struct columns *c, enum shape shape, const char *names,
			   struct diag *reterr)
{
	enum err e = ERR_OK;
	while (!e && *names) {
		size_t n = strcspn(names, ",");
		int column = native_find(names, n);
		if (column >= 0 && !columns_has(c, shape, (unsigned)column))
			e = columns_add(s, c, shape, (unsigned)column, reterr);
		names += n + (names[n] == ',');
	}
	return e;
}
