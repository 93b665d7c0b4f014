/* SPDX-License-Identifier: Apache-2.0 */
#include "spool/codec.h"

#include "base/attr.h"

#include <string.h>

static void put_name(struct buf *out, const struct stat_info *t)
{
	size_t group = strlen(t->group), name = strlen(t->name);
	buf_u8(out, (uint8_t)(group + 1 + name));
	buf_put(out, t->group, group);
	buf_u8(out, '.');
	buf_put(out, t->name, name);
}

static int find_name(const uint8_t *p, size_t n)
{
	for (int i = 0; i < STAT_MAX; i++) {
		size_t group = strlen(stat_table[i].group), name = strlen(stat_table[i].name);
		if (n == group + 1 + name && memcmp(p, stat_table[i].group, group) == 0 &&
		    p[group] == '.' && memcmp(p + group + 1, stat_table[i].name, name) == 0)
			return i;
	}
	return -1;
}

void codec_put_stats(struct buf *out, const struct stats *s)
{
	uint32_t n = 0;
	for (int i = 0; i < STAT_MAX; i++)
		n += codec_carries(i) && s->v[i] != 0;
	buf_le32(out, n);
	for (int i = 0; i < STAT_MAX; i++) {
		if (!codec_carries(i) || s->v[i] == 0)
			continue;
		put_name(out, &stat_table[i]);
		buf_le64(out, s->v[i]);
	}
}

void codec_get_stats(struct rd *r, struct stats *s)
{
	uint32_t n = rd_le32(r);
	for (uint32_t i = 0; i < n && !r->bad; i++) {
		uint8_t len = rd_u8(r);
		const uint8_t *name = rd_take(r, len);
		uint64_t v = rd_le64(r);
		int which = name && !r->bad ? find_name(name, len) : -1;
		if (which >= 0 && codec_carries(which))
			s->v[which] += v;
	}
}

void codec_put_seq(struct buf *out, const struct exporter_seq *q)
{
	buf_put(out, q->addr.b, sizeof(q->addr.b));
	buf_u8(out, q->version);
	buf_u8(out, (uint8_t)q->port);
	buf_u8(out, (uint8_t)(q->port >> 8));
	buf_le32(out, q->domain);
	buf_le32(out, q->next);
	buf_le32(out, q->open);
}

void codec_get_seq(struct rd *r, struct exporter_seq *q)
{
	rd_copy(r, q->addr.b, sizeof(q->addr.b));
	q->version = rd_u8(r);
	q->port = rd_le16(r);
	q->domain = rd_le32(r);
	q->next = rd_le32(r);
	q->open = rd_le32(r);
}
