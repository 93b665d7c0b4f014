/* SPDX-License-Identifier: Apache-2.0 */
#include "spool/seqmap.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST = 64 };

void seqmap_fini(struct seqmap *m)
{
	free(m->e);
	free(m->slot);
	*m = (struct seqmap){0};
}

static uint64_t key_hash(const struct exporter_seq *q)
{
	uint8_t key[sizeof(q->addr) + 8] = {0};
	memcpy(key, &q->addr, sizeof(q->addr));
	memcpy(key + 16, &q->domain, sizeof(q->domain));
	memcpy(key + 20, &q->port, sizeof(q->port));
	key[22] = q->version;
	return hash64(key, sizeof(key), hash_seed());
}

static bool same_key(const struct exporter_seq *a, const struct exporter_seq *b)
{
	return ip_equal(&a->addr, &b->addr) && a->domain == b->domain && a->port == b->port &&
	       a->version == b->version;
}

/* The slot of the key, or the free slot where it belongs. */
static uint32_t *find(struct seqmap *m, const struct exporter_seq *q)
{
	size_t i = key_hash(q) & (m->slots - 1);
	while (m->slot[i] && !same_key(&m->e[m->slot[i] - 1].seq, q))
		i = (i + 1) & (m->slots - 1);
	return &m->slot[i];
}

static void index_all(struct seqmap *m)
{
	memset(m->slot, 0, m->slots * sizeof(m->slot[0]));
	for (size_t i = 0; i < m->n; i++)
		*find(m, &m->e[i].seq) = (uint32_t)i + 1;
}

static bool grow(struct seqmap *m)
{
	size_t cap = m->cap ? m->cap * 2 : FIRST;
	struct seq_entry *e = reallocarray(m->e, cap, sizeof(*e));
	if (!e)
		return false;
	m->e = e;
	uint32_t *slot = calloc(cap * 2, sizeof(*slot));
	if (!slot)
		return false;
	free(m->slot);
	m->slot = slot;
	m->slots = cap * 2;
	m->cap = cap;
	index_all(m);
	return true;
}

static int by_age(const void *a, const void *b)
{
	const struct seq_entry *x = a, *y = b;
	return x->as_of < y->as_of ? 1 : x->as_of > y->as_of ? -1 : 0;
}

/* Forgets the eighth with the oldest commits, so that an address that keeps changing costs little.
 */
static void forget_oldest(struct seqmap *m)
{
	qsort(m->e, m->n, sizeof(m->e[0]), by_age);
	m->n -= m->n / 8;
	index_all(m);
}

bool seqmap_put(struct seqmap *m, const struct exporter_seq *q, uint64_t as_of)
{
	uint32_t known = m->slots ? *find(m, q) : 0;
	if (known) {
		if (as_of >= m->e[known - 1].as_of)
			m->e[known - 1] = (struct seq_entry){*q, as_of};
		return true;
	}
	if (m->n >= SPOOL_SEQ_MAX)
		forget_oldest(m);
	if (m->n == m->cap && !grow(m))
		return false;
	m->e[m->n] = (struct seq_entry){*q, as_of};
	*find(m, q) = (uint32_t)m->n + 1;
	m->n++;
	return true;
}
