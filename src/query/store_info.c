/* SPDX-License-Identifier: Apache-2.0 */
#include "query/store_info.h"

#include "base/buf.h"
#include "base/rd.h"
#include "store/client.h"

enum { INFO_TIMEOUT_MS = 5000 };

/* Sizes come from the parts; the first and last time from the series rollup, which is small. */
static void info_sql(const struct store *s, struct buf *sql)
{
	const char *db = store_database(s);
	buf_fmt(sql,
		"SELECT ifNull((SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND "
		"database = '%s'), 0), "
		"ifNull((SELECT sum(rows) FROM system.parts WHERE active AND database = '%s' AND "
		"table LIKE "
		"'flows_%%'), 0), "
		"toInt64(ifNull((SELECT min(toUnixTimestamp(t)) FROM %s.series_5m WHERE flows > "
		"0), 0)) * 1000, "
		"toInt64(ifNull((SELECT max(toUnixTimestamp(t)) FROM %s.series_30s WHERE flows > "
		"0), 0)) * 1000, "
		"ifNull((SELECT min(free_space) FROM system.disks), 0)",
		db, db, db, db);
}

enum err store_info_get(struct store *s, struct store_info *ret, struct diag *reterr)
{
	struct buf sql = {0}, out = {0};
	info_sql(s, &sql);
	struct store_query q = {
	    .sql = buf_cstr(&sql), .format = "RowBinary", .timeout_ms = INFO_TIMEOUT_MS};
	enum err e = store_fetch(s, &q, &out, NULL, reterr);
	struct rd r = rd_of(out.p, out.n);
	struct store_info info = {.bytes_on_disk = rd_le64(&r), .rows = rd_le64(&r)};
	info.oldest_ms = (int64_t)rd_le64(&r);
	info.newest_ms = (int64_t)rd_le64(&r);
	info.free_bytes = rd_le64(&r);
	if (!e && (r.bad || rd_left(&r)))
		e = diag_set(reterr, ERR_MALFORMED, 0, 0,
			     "the store's answer is not what was asked for");
	if (!e)
		*ret = info;
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}
