/* SPDX-License-Identifier: Apache-2.0 */
#include "store/books.h"

#include "base/timefmt.h"

static const char counters[] = "self_counters", exporters[] = "exporter_stats";

void books_create_counters(struct buf *sql, const struct schema_target *t)
{
	schema_create_table(sql, t, counters);
	buf_str(sql,
		" (day Date, t DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)), role "
		"LowCardinality(String), name LowCardinality(String), n UInt64 CODEC(ZSTD(1)))");
	schema_engine(sql, t, counters, "");
	buf_str(sql, " PARTITION BY day ORDER BY (role, name, t)");
	schema_window(sql, t);
}

void books_create_exporters(struct buf *sql, const struct schema_target *t)
{
	schema_create_table(sql, t, exporters);
	buf_str(sql, " (day Date, t DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)), exporter_ip IPv6, "
		     "domain UInt32, version UInt8, ");
	for (int i = 0; i < ACCOUNT_MAX; i++)
		buf_fmt(sql, "%s Int64 CODEC(ZSTD(1)), ", account_table[i].name);
	buf_str(sql, "reasons Map(LowCardinality(String), UInt64))");
	schema_engine(sql, t, exporters, "");
	buf_str(sql, " PARTITION BY day ORDER BY (exporter_ip, domain, version, t)");
	schema_window(sql, t);
}

bool books_add_columns(struct buf *sql, const struct schema_target *t, unsigned i)
{
	bool local = schema_clustered(t) && i == 0;
	if (i > (schema_clustered(t) ? 1u : 0u))
		return false;
	buf_fmt(sql, "ALTER TABLE %s.%s%s", t->database, exporters, local ? "_local" : "");
	schema_on_cluster(sql, t);
	for (int k = 0; k < ACCOUNT_MAX; k++)
		buf_fmt(sql, "%s ADD COLUMN IF NOT EXISTS %s Int64", k ? "," : "",
			account_table[k].name);
	return true;
}

void books_insert_counters(struct buf *sql, const char *database)
{
	buf_fmt(sql, "INSERT INTO %s.%s (day, t, role, name, n) VALUES ", database, counters);
}

static void begin_row(struct buf *sql, int64_t t_ms)
{
	char when[RFC3339_MAX];
	rfc3339_format(t_ms, when);
	buf_fmt(sql, "%s('%.10s', %lld, ", sql->p[sql->n - 1] == ')' ? ", " : "", when,
		(long long)(t_ms / 1000));
}

void books_counter_row(struct buf *sql, int64_t t_ms, const char *role, const char *group,
		       const char *name, uint64_t n)
{
	begin_row(sql, t_ms);
	buf_fmt(sql, "'%s', '%s.%s', ", role, group, name);
	buf_dec(sql, n);
	buf_u8(sql, ')');
}

void books_insert_exporters(struct buf *sql, const char *database)
{
	buf_fmt(sql, "INSERT INTO %s.%s (day, t, exporter_ip, domain, version, ", database,
		exporters);
	for (int i = 0; i < ACCOUNT_MAX; i++)
		buf_fmt(sql, "%s, ", account_table[i].name);
	buf_str(sql, "reasons) VALUES ");
}

void books_exporter_row(struct buf *sql, int64_t t_ms, const struct books_exporter *e)
{
	char ip[IP_TEXT_MAX];
	ip_format(&e->ip, ip);
	begin_row(sql, t_ms);
	buf_fmt(sql, "'%s%s', %u, %u, ", ip_is_v4(&e->ip) ? "::ffff:" : "", ip, e->domain,
		e->version);
	for (int i = 0; i < ACCOUNT_MAX; i++) {
		buf_dec_signed(sql, e->growth.v[i]);
		buf_str(sql, ", ");
	}
	buf_u8(sql, '{');
	for (size_t i = 0; i < e->n_reasons; i++)
		buf_fmt(sql, "%s'%s': %llu", i ? ", " : "", e->reasons[i].name,
			(unsigned long long)e->reasons[i].n);
	buf_str(sql, "})");
}
