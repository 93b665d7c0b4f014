/* SPDX-License-Identifier: Apache-2.0 */
#include "spool/ledger.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t magic[8] = {'W', 'E', 'I', 'R', 'L', 'D', 'G', '\n'};
enum { VERSION = 1, HASH_AT = 12, BODY_AT = 20 };

void ledger_fini(struct ledger *l)
{
	seqmap_fini(&l->seqs);
	free(l->gaps);
	*l = (struct ledger){0};
}

bool ledger_gone(const struct ledger *l, uint64_t number)
{
	if (number < l->floor)
		return true;
	for (size_t i = 0; i < l->n_gaps; i++)
		if (number >= l->gaps[i].from && number < l->gaps[i].to)
			return true;
	return false;
}

uint64_t ledger_end(const struct ledger *l)
{
	return l->n_gaps ? l->gaps[l->n_gaps - 1].to : l->floor;
}

bool ledger_add_gap(struct ledger *l, uint64_t from, uint64_t to)
{
	if (l->n_gaps == l->cap_gaps) {
		size_t cap = l->cap_gaps ? l->cap_gaps * 2 : 16;
		struct ledger_gap *g = reallocarray(l->gaps, cap, sizeof(*g));
		if (!g)
			return false;
		l->gaps = g;
		l->cap_gaps = cap;
	}
	l->gaps[l->n_gaps++] = (struct ledger_gap){from, to};
	return true;
}

void ledger_encode(struct buf *out, const struct ledger *l)
{
	size_t start = out->n;
	buf_put(out, magic, sizeof(magic));
	buf_le32(out, VERSION);
	buf_le64(out, 0);
	buf_le64(out, l->floor);
	buf_le32(out, (uint32_t)l->n_gaps);
	for (size_t i = 0; i < l->n_gaps; i++) {
		buf_le64(out, l->gaps[i].from);
		buf_le64(out, l->gaps[i].to);
	}
	codec_put_stats(out, &l->sums);
	buf_le32(out, (uint32_t)l->seqs.n);
	for (size_t i = 0; i < l->seqs.n; i++) {
		codec_put_seq(out, &l->seqs.e[i].seq);
		buf_le64(out, l->seqs.e[i].as_of);
	}
	if (out->bad)
		return;
	uint8_t *p = out->p + start;
	uint64_t h = hash64(p + BODY_AT, out->n - start - BODY_AT, 0);
	memcpy(p + HASH_AT, &h, sizeof(h));
}

static enum err get_gaps(struct rd *r, struct ledger *l)
{
	uint32_t n = rd_le32(r);
	uint64_t last = l->floor;
	for (uint32_t i = 0; i < n && !r->bad; i++) {
		uint64_t from = rd_le64(r), to = rd_le64(r);
		if (r->bad || from < last || to <= from)
			return ERR_MALFORMED;
		if (!ledger_add_gap(l, from, to))
			return ERR_NOMEM;
		last = to;
	}
	return ERR_OK;
}

enum err ledger_decode(const void *p, size_t n, struct ledger *ret)
{
	struct rd r = rd_of(p, n);
	const uint8_t *m = rd_take(&r, sizeof(magic));
	if (!m || memcmp(m, magic, sizeof(magic)) != 0)
		return ERR_MALFORMED;
	if (rd_le32(&r) != VERSION)
		return ERR_VERSION;
	uint64_t hash = rd_le64(&r);
	if (r.bad || hash != hash64(r.p, rd_left(&r), 0))
		return ERR_CHECKSUM;
	ret->floor = rd_le64(&r);
	enum err e = get_gaps(&r, ret);
	if (e)
		return e;
	codec_get_stats(&r, &ret->sums);
	uint32_t seqs = rd_le32(&r);
	if (seqs > SPOOL_SEQ_MAX)
		return ERR_LIMIT;
	for (uint32_t i = 0; i < seqs && !r.bad; i++) {
		struct exporter_seq q = {0};
		codec_get_seq(&r, &q);
		uint64_t as_of = rd_le64(&r);
		if (!r.bad && !seqmap_put(&ret->seqs, &q, as_of))
			return ERR_NOMEM;
	}
	return r.bad || rd_left(&r) != 0 ? ERR_MALFORMED : ERR_OK;
}
