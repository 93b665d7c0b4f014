/* SPDX-License-Identifier: Apache-2.0 */
#include "query/survey.h"

#include "query/cell.h"
#include "query/plan_priv.h"

enum { BUCKETS = 1024, MOST = 16384, PER_ROW = 4, ONE_KEY_FLOWS = 50000000 };
/* From where on a survey is worth it: about so many groups, and keys of so many bits. A group of a
 * series costs more, for it has a row per bin. */
static const struct {
	uint64_t groups;
	unsigned bits;
} worth[] = {[QUERY_TOP] = {200000, 32}, [QUERY_SERIES] = {20000, 24}};

/* About how many values a key has in practice, as a power of two. */
static unsigned kind_bits(enum field f)
{
	static const uint8_t bits[] = {
	    [KIND_TIME] = 32,  [KIND_ADDR] = 32,    [KIND_PORT] = 16, [KIND_NUM] = 8,
	    [KIND_COUNT] = 32, [KIND_FLAGS] = 8,    [KIND_ID] = 12,   [KIND_TEXT] = 24,
	    [KIND_MAC] = 24,   [KIND_PROTO] = 4,    [KIND_AS] = 16,   [KIND_IFACE] = 8,
	    [KIND_LIST] = 24,  [KIND_DURATION] = 32};
	if (f == F_exporter_ip || f == F_agent_ip)
		return 10;
	return bits[field_table[f].kind];
}

bool survey_is_worth(const struct plan *p, const struct survey_limits *l, uint64_t flows)
{
	unsigned bits = 0;
	for (size_t i = 0; i < p->n_by; i++)
		bits += kind_bits(key_field(p->by[i], false));
	/* One address: a table of so many groups is small, and made in one reading. */
	if (p->q->kind == QUERY_TOP && bits == worth[QUERY_TOP].bits && flows &&
	    flows < ONE_KEY_FLOWS && !l->groups)
		return false;
	for (size_t i = 0; i < p->n; i++)
		if (source_rollup(p->branch[i].source) < 0 && p->q->limit * PER_ROW <= MOST)
			return bits >= worth[p->q->kind].bits || (l->groups && p->n_by);
	return false;
}

bool survey_read(struct survey *s, struct rd *r)
{
	s->groups = rd_le64(r);
	s->bytes = rd_le64(r);
	s->packets = rd_le64(r);
	s->flows = rd_le64(r);
	s->rate = rd_le32(r);
	uint64_t n = cell_read_varint(r);
	if (n > SURVEY_BUCKETS)
		return false;
	s->n = (size_t)n;
	for (size_t i = 0; i < s->n; i++) {
		s->sum[i] = rd_le64(r);
		s->bucket[i] = rd_le16(r);
	}
	return !r->bad;
}

bool survey_first(struct survey *s, const struct query *q)
{
	size_t want = s->limits.buckets ? s->limits.buckets : BUCKETS;
	if (!s->limits.buckets && q->limit * PER_ROW > want)
		want = q->limit * PER_ROW;
	s->chosen = want < s->n ? want : s->n;
	return s->groups >= (s->limits.groups ? s->limits.groups : worth[q->kind].groups);
}

bool survey_again(struct survey *s, const struct query *q, size_t n, uint64_t least, bool *ret_all)
{
	size_t had = s->chosen, need = had;
	bool full = n >= q->limit;
	*ret_all = false;
	/* A group of the same size elsewhere would stand before or after it by its keys. */
	while (need < s->n && (!full || s->sum[need] >= least))
		need++;
	s->chosen = need;
	*ret_all = need > (s->limits.most ? s->limits.most : MOST);
	return need > had;
}
