/* SPDX-License-Identifier: Apache-2.0 */
#include "store/if_counters.h"

#include "base/attr.h"

#include <string.h>

enum kind { KIND_MS, KIND_IP, KIND_U32, KIND_U64 };

/* Columns in the order of the table, and where their value stands in a row. */
static const struct {
	const char *name, *type;
	enum kind kind;
	size_t at;
} columns[] = {
#define COLUMN(name, type, kind)                                                                   \
	{                                                                                          \
#name, type, kind, offsetof(struct if_counter_row, name)                           \
	}
    COLUMN(t, "DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))", KIND_MS),
    COLUMN(exporter_ip, "IPv6 CODEC(ZSTD(1))", KIND_IP),
    COLUMN(agent_ip, "IPv6 CODEC(ZSTD(1))", KIND_IP),
    COLUMN(domain, "UInt32 CODEC(ZSTD(1))", KIND_U32),
    COLUMN(if_index, "UInt32 CODEC(ZSTD(1))", KIND_U32),
    COLUMN(uptime, "UInt32 CODEC(Delta, ZSTD(1))", KIND_U32),
    COLUMN(if_type, "UInt32 CODEC(ZSTD(1))", KIND_U32),
    COLUMN(direction, "UInt32 CODEC(ZSTD(1))", KIND_U32),
    COLUMN(status, "UInt32 CODEC(ZSTD(1))", KIND_U32),
    COLUMN(speed, "UInt64 CODEC(ZSTD(1))", KIND_U64),
    COLUMN(in_octets, "UInt64 CODEC(Delta, ZSTD(1))", KIND_U64),
    COLUMN(out_octets, "UInt64 CODEC(Delta, ZSTD(1))", KIND_U64),
    COLUMN(in_unicast, "UInt32 CODEC(Delta, ZSTD(1))", KIND_U32),
    COLUMN(in_multicast, "UInt32 CODEC(Delta, ZSTD(1))", KIND_U32),
    COLUMN(in_broadcast, "UInt32 CODEC(Delta, ZSTD(1))", KIND_U32),
    COLUMN(in_discards, "UInt32 CODEC(Delta, ZSTD(1))", KIND_U32),
    COLUMN(in_errors, "UInt32 CODEC(Delta, ZSTD(1))", KIND_U32),
    COLUMN(out_unicast, "UInt32 CODEC(Delta, ZSTD(1))", KIND_U32),
    COLUMN(out_multicast, "UInt32 CODEC(Delta, ZSTD(1))", KIND_U32),
    COLUMN(out_broadcast, "UInt32 CODEC(Delta, ZSTD(1))", KIND_U32),
    COLUMN(out_discards, "UInt32 CODEC(Delta, ZSTD(1))", KIND_U32),
    COLUMN(out_errors, "UInt32 CODEC(Delta, ZSTD(1))", KIND_U32),
#undef COLUMN
};

#define KEYS "exporter_ip, agent_ip, domain, if_index"

/* After a week the last sample of each 5 minutes is enough: sums stay exact, since these are
 * counters, only short peaks are flattened. */
static void thin_out(struct buf *sql)
{
	buf_str(sql, " TTL toDateTime(t) + INTERVAL 7 DAY GROUP BY " KEYS
		     ", toStartOfFiveMinutes(t) SET t = max(t)");
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (columns[i].at > offsetof(struct if_counter_row, if_index))
			buf_fmt(sql, ", %s = argMax(%s, t)", columns[i].name, columns[i].name);
}

void if_counters_create(struct buf *sql, const struct schema_target *t)
{
	schema_create_table(sql, t, "if_counters");
	buf_str(sql, " (");
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		buf_fmt(sql, "%s%s %s", i ? ", " : "", columns[i].name, columns[i].type);
	buf_str(sql, ")");
	schema_engine(sql, t, "if_counters", "");
	buf_str(sql, " PARTITION BY toDate(t) ORDER BY (" KEYS ", toStartOfFiveMinutes(t), t)");
	thin_out(sql);
}

static void put_value(struct buf *sql, enum kind kind, const uint8_t *p)
{
	char text[IP_TEXT_MAX];
	struct ip ip;
	uint64_t wide;
	uint32_t narrow;
	switch (kind) {
	case KIND_MS:
		memcpy(&wide, p, sizeof(wide));
		buf_fmt(sql, "%llu.%03llu", (unsigned long long)(wide / 1000),
			(unsigned long long)(wide % 1000));
		break;
	case KIND_IP:
		memcpy(&ip, p, sizeof(ip));
		ip_format(&ip, text);
		/* IPv4 mapped, as the type wants it. */
		buf_fmt(sql, "'%s%s'", ip_is_v4(&ip) ? "::ffff:" : "", text);
		break;
	case KIND_U32:
		memcpy(&narrow, p, sizeof(narrow));
		buf_dec(sql, narrow);
		break;
	case KIND_U64:
		memcpy(&wide, p, sizeof(wide));
		buf_dec(sql, wide);
		break;
	}
}

void if_counters_insert(struct buf *sql, const char *database, const struct if_counter_row *rows,
			size_t n)
{
	buf_fmt(sql, "INSERT INTO %s.if_counters (", database);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		buf_fmt(sql, "%s%s", i ? ", " : "", columns[i].name);
	buf_str(sql, ") VALUES ");
	for (size_t r = 0; r < n; r++) {
		for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
			buf_str(sql, i ? "," : r ? ",(" : "(");
			put_value(sql, columns[i].kind, (const uint8_t *)&rows[r] + columns[i].at);
		}
		buf_u8(sql, ')');
	}
}
