/* SPDX-License-Identifier: Apache-2.0 */
#include "store/import_lock.h"

#include "store/client.h"

#include <string.h>

enum { TIMEOUT_MS = 30000 };

/* Whether the statement's only number is not 0. */
static enum err ask(struct store *s, struct buf *sql, bool *ret, struct diag *reterr)
{
	struct buf out = {0};
	struct store_query q = {
	    .sql = buf_cstr(sql), .format = "TabSeparated", .timeout_ms = TIMEOUT_MS};
	enum err e = store_fetch(s, &q, &out, NULL, reterr);
	if (!e)
		*ret = out.n && out.p[0] != '0';
	buf_fini(&out);
	buf_fini(sql);
	return e;
}

enum err import_lock_renew(struct store *s, struct diag *reterr)
{
	struct buf sql = {0};
	const char *db = store_database(s);
	buf_fmt(&sql,
		"CREATE TABLE IF NOT EXISTS %s.importing (until DateTime('UTC')) ENGINE = Memory",
		db);
	enum err e = store_exec(s, buf_cstr(&sql), reterr);
	buf_reset(&sql);
	buf_fmt(&sql, "INSERT INTO %s.importing SELECT now() + %d", db, IMPORT_LOCK_S);
	if (!e)
		e = store_exec(s, buf_cstr(&sql), reterr);
	buf_fini(&sql);
	return e;
}

enum err import_lock_rolling(struct store *s, bool *ret, struct diag *reterr)
{
	struct buf sql = {0};
	buf_str(&sql,
		"SELECT count() FROM system.processes WHERE query ILIKE 'INSERT INTO %talkers_%'");
	return ask(s, &sql, ret, reterr);
}

enum err import_lock_held(struct store *s, bool *ret, struct diag *reterr)
{
	struct buf sql = {0};
	bool there = false;
	buf_str(&sql, "SELECT count() FROM system.tables WHERE database = ");
	store_quote(&sql, store_database(s), strlen(store_database(s)));
	buf_str(&sql, " AND name = 'importing'");
	enum err e = ask(s, &sql, &there, reterr);
	*ret = false;
	if (e || !there)
		return e;
	struct buf until = {0};
	buf_fmt(&until, "SELECT count() FROM %s.importing WHERE until > now()", store_database(s));
	return ask(s, &until, ret, reterr);
}
