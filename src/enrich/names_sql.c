/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/names_sql.h"

#include <string.h>

static const char *const kinds[NAMES_KIND_MAX] = {
    [NAMES_INTERFACE] = "interface",
    [NAMES_VRF] = "vrf",
    [NAMES_APPLICATION] = "application",
    [NAMES_APP_GROUP] = "app_group",
    [NAMES_SAMPLER] = "sampler",
    [NAMES_EXPORTER] = "exporter",
    [NAMES_HOST] = "host",
    [NAMES_AS] = "as",
};
static const char *const sources[NAMES_SOURCE_MAX] = {
    [NAMES_OPTIONS] = "options",
    [NAMES_SNMP] = "snmp",
    [NAMES_DNS] = "dns",
    [NAMES_DATA] = "data",
};

void names_insert_head(struct buf *sql, const char *database)
{
	buf_fmt(sql,
		"INSERT INTO %s.names (kind, exporter_ip, domain, id, text, text2, number, source, "
		"since) VALUES ",
		database);
}

/* As an SQL literal; what is no printable ASCII as \xHH, so that the statement is text whatever a
 * device says. */
static void quote(struct buf *sql, const char *s, size_t n)
{
	buf_u8(sql, '\'');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '\'' || c == '\\' || c < 0x20 || c > 0x7e)
			buf_fmt(sql, "\\x%02X", c);
		else
			buf_u8(sql, c);
	}
	buf_u8(sql, '\'');
}

void names_row_sql(struct buf *sql, const struct name_row *r)
{
	char ip[IP_TEXT_MAX];
	ip_format(&r->addr, ip);
	buf_fmt(sql, "('%s', '%s%s', %u, %llu, ", kinds[r->kind],
		ip_is_v4(&r->addr) ? "::ffff:" : "", ip, r->domain, (unsigned long long)r->id);
	quote(sql, r->text, MIN_OF(r->text_n, (size_t)NAME_TEXT_MAX));
	buf_str(sql, ", ");
	quote(sql, r->text2, MIN_OF(r->text2_n, (size_t)NAME_TEXT_MAX));
	buf_fmt(sql, ", %llu, '%s', fromUnixTimestamp64Milli(%lld))", (unsigned long long)r->number,
		sources[r->source], (long long)r->since);
}

void names_select_sql(struct buf *sql, const char *database)
{
	buf_fmt(sql,
		"SELECT toString(kind), exporter_ip, domain, id, text, text2, number, "
		"toString(source), toInt64(toUnixTimestamp64Milli(since)) FROM %s.names FINAL "
		"WHERE kind != 'as'",
		database);
}

static bool read_text(struct rd *r, const char **ret, size_t *ret_n)
{
	uint64_t n = 0;
	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t b = rd_u8(r);
		n |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			break;
	}
	const uint8_t *p = rd_take(r, (size_t)n);
	*ret = p ? (const char *)p : "";
	*ret_n = p ? (size_t)n : 0;
	return p != NULL;
}

static int find(const char *const *words, int max, const char *p, size_t n)
{
	for (int i = 0; i < max; i++)
		if (strlen(words[i]) == n && memcmp(words[i], p, n) == 0)
			return i;
	return -1;
}

bool names_read_row(struct rd *r, struct name_row *ret)
{
	const char *kind, *source;
	size_t kind_n, source_n;
	struct name_row row = {0};
	read_text(r, &kind, &kind_n);
	rd_copy(r, row.addr.b, sizeof(row.addr.b));
	row.domain = rd_le32(r);
	row.id = rd_le64(r);
	read_text(r, &row.text, &row.text_n);
	read_text(r, &row.text2, &row.text2_n);
	row.number = rd_le64(r);
	read_text(r, &source, &source_n);
	row.since = (int64_t)rd_le64(r);
	if (r->bad)
		return false;
	int k = find(kinds, NAMES_KIND_MAX, kind, kind_n);
	int s = find(sources, NAMES_SOURCE_MAX, source, source_n);
	if (k < 0 || s < 0) {
		/* A kind of a newer Weir. */
		row.kind = NAMES_KIND_MAX;
	} else {
		row.kind = (enum names_kind)k;
		row.source = (enum names_source)s;
	}
	*ret = row;
	return true;
}
