/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/names.h"

#include "base/hash.h"
#include "enrich/names_sql.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 1024, HOST_KEEP_MS = 3600000 };

struct key {
	struct ip addr;
	uint64_t id;
	uint32_t domain;
	uint32_t kind;
};

enum state { CLEAN, CHANGED, SENT };
enum part { PART_TEXT = 1, PART_TEXT2 = 2, PART_NUMBER = 4 };

struct entry {
	struct key key;
	char *text, *text2; /* owned, terminated; text2 NULL = "" */
	uint64_t number;
	int64_t since;
	uint8_t source, state;
	uint8_t lent; /* parts of a name of options that SNMP told */
};

struct names {
	pthread_mutex_t lock;
	uint64_t seed;
	struct entry *v;
	uint32_t n, cap, max;
	uint32_t hosts; /* of them of kind HOST */
	uint32_t *slot; /* number + 1 */
	uint32_t n_slots;
	uint64_t refused, changed; /* changed: entries not CLEAN */
	uint64_t changes[NAMES_KIND_MAX];
	uint32_t cursor; /* where the search for changes goes on */
};

enum err names_new(uint32_t max, struct names **ret)
{
	struct names *n = calloc(1, sizeof(*n));
	if (!n)
		return ERR_NOMEM;
	n->max = max;
	n->seed = hash_seed();
	n->n_slots = FIRST;
	n->slot = calloc(n->n_slots, sizeof(n->slot[0]));
	if (!n->slot) {
		free(n);
		return ERR_NOMEM;
	}
	pthread_mutex_init(&n->lock, NULL);
	*ret = n;
	return ERR_OK;
}

void names_set_max(struct names *n, uint32_t max)
{
	pthread_mutex_lock(&n->lock);
	n->max = max;
	pthread_mutex_unlock(&n->lock);
}

void names_free(struct names **pn)
{
	struct names *n = *pn;
	*pn = NULL;
	if (!n)
		return;
	for (uint32_t i = 0; i < n->n; i++) {
		free(n->v[i].text);
		free(n->v[i].text2);
	}
	free(n->v);
	free(n->slot);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

static uint32_t slot_of(const struct names *n, const struct key *k)
{
	uint32_t i = (uint32_t)hash64(k, sizeof(*k), n->seed) & (n->n_slots - 1);
	while (n->slot[i] && memcmp(&n->v[n->slot[i] - 1].key, k, sizeof(*k)) != 0)
		i = (i + 1) & (n->n_slots - 1);
	return i;
}

static bool make_room(struct names *n)
{
	if (n->n == n->cap) {
		uint32_t cap = n->cap ? n->cap * 2 : FIRST;
		struct entry *v = reallocarray(n->v, cap, sizeof(*v));
		if (!v)
			return false;
		n->v = v;
		n->cap = cap;
	}
	if (n->n * 2 < n->n_slots)
		return true;
	uint32_t *old = n->slot;
	uint32_t *slot = calloc((size_t)n->n_slots * 2, sizeof(slot[0]));
	if (!slot)
		return false;
	n->slot = slot;
	n->n_slots *= 2;
	for (uint32_t i = 0; i < n->n; i++)
		slot[slot_of(n, &n->v[i].key)] = i + 1;
	free(old);
	return true;
}

/* The entry of the key, a new empty one if there is none; NULL at the limit. */
static struct entry *entry_of(struct names *n, const struct key *k)
{
	uint32_t i = slot_of(n, k);
	if (n->slot[i])
		return &n->v[n->slot[i] - 1];
	/* Hosts are as many as flows make them: half of the room is for the others. */
	bool host = k->kind == NAMES_HOST;
	if (n->n >= n->max || (host && n->hosts >= n->max / 2) || !make_room(n))
		return NULL;
	n->hosts += host;
	n->v[n->n] = (struct entry){.key = *k};
	n->slot[slot_of(n, k)] = ++n->n;
	return &n->v[n->n - 1];
}

static bool is_text(const char *have, const char *p, size_t n)
{
	n = MIN_OF(n, (size_t)NAME_TEXT_MAX);
	if (!have)
		return n == 0;
	return strlen(have) == n && (n == 0 || memcmp(have, p, n) == 0);
}

/* A terminated copy without zeros inside; NULL for an empty text. */
static bool copy_text(const char *p, size_t n, char **ret)
{
	char *s = NULL;
	n = MIN_OF(n, (size_t)NAME_TEXT_MAX);
	if (n && !(s = strndup(p, n)))
		return false;
	*ret = s;
	return true;
}

static bool same(const struct entry *e, const struct name_row *r)
{
	return e->source == r->source && e->number == r->number && e->since != 0 &&
	       is_text(e->text, r->text, r->text_n) && is_text(e->text2, r->text2, r->text2_n);
}

static struct name_row row_of(const struct entry *e)
{
	return (struct name_row){.kind = (enum names_kind)e->key.kind,
				 .source = (enum names_source)e->source,
				 .addr = e->key.addr,
				 .domain = e->key.domain,
				 .id = e->key.id,
				 .text = e->text ? e->text : "",
				 .text2 = e->text2 ? e->text2 : "",
				 .text_n = e->text ? strlen(e->text) : 0,
				 .text2_n = e->text2 ? strlen(e->text2) : 0,
				 .number = e->number,
				 .since = e->since};
}

static unsigned parts_of(const struct name_row *r)
{
	return (r->text_n ? PART_TEXT : 0U) | (r->text2_n ? PART_TEXT2 : 0U) |
	       (r->number ? PART_NUMBER : 0U);
}

static void take_parts(struct name_row *to, const struct name_row *from, unsigned parts)
{
	if (parts & PART_TEXT) {
		to->text = from->text;
		to->text_n = from->text_n;
	}
	if (parts & PART_TEXT2) {
		to->text2 = from->text2;
		to->text2_n = from->text2_n;
	}
	if (parts & PART_NUMBER)
		to->number = from->number;
}

/* What e says when r was told. Options and SNMP tell of the same things: what options say holds,
 * SNMP lends what they leave out, so that neither undoes the other each time it speaks. */
static struct name_row joined(const struct entry *e, const struct name_row *r, uint8_t *ret_lent)
{
	const struct name_row old = row_of(e);
	struct name_row m = *r;
	unsigned had = parts_of(&old), has = parts_of(r), lent = 0;
	if (e->since != 0 && e->source == NAMES_OPTIONS && r->source == NAMES_SNMP) {
		unsigned takes = (has & ~had) | e->lent;
		m = old;
		m.since = r->since;
		take_parts(&m, r, takes);
		lent = has & takes;
	} else if (e->since != 0 && r->source == NAMES_OPTIONS) {
		unsigned of_snmp = e->source == NAMES_SNMP ? had : e->lent;
		lent = of_snmp & ~has;
		take_parts(&m, &old, lent);
	}
	*ret_lent = (uint8_t)lent;
	return m;
}

/* Of a row of the table nobody knows who told which part; a name is the least likely to be lent. */
static uint8_t lent_of_stored(const struct name_row *r)
{
	unsigned lent = r->source == NAMES_OPTIONS ? parts_of(r) & ~(unsigned)PART_TEXT : 0;
	return (uint8_t)lent;
}

static bool tell(struct names *n, const struct name_row *told, bool stored)
{
	const struct key k = {told->addr, told->id, told->domain, (uint32_t)told->kind};
	struct entry *e = entry_of(n, &k);
	char *text, *text2;
	if (!e) {
		n->refused++;
		return false;
	}
	uint8_t lent = lent_of_stored(told);
	const struct name_row now = stored ? *told : joined(e, told, &lent), *r = &now;
	if (same(e, r)) {
		if (!stored)
			e->lent = lent;
		/* Told again before the store could say that it has it. */
		if (stored && e->state == CHANGED) {
			e->state = CLEAN;
			e->since = r->since;
			n->changed--;
		}
		return false;
	}
	if (stored && e->since >= r->since)
		return false;
	/* An address of many names would else make a change of each answer. */
	if (!stored && r->source == NAMES_DNS && e->since && r->since - e->since < HOST_KEEP_MS)
		return false;
	if (!copy_text(r->text, r->text_n, &text))
		return false;
	if (!copy_text(r->text2, r->text2_n, &text2)) {
		free(text);
		return false;
	}
	free(e->text);
	free(e->text2);
	e->text = text;
	e->text2 = text2;
	e->number = r->number;
	/* A change must be newer than what it replaces, whatever the clock says. */
	e->since = r->since > e->since ? r->since : e->since + 1;
	e->source = (uint8_t)r->source;
	e->lent = lent;
	n->changed += !stored && e->state == CLEAN;
	n->changed -= stored && e->state != CLEAN;
	e->state = stored ? CLEAN : CHANGED;
	n->changes[r->kind]++;
	return true;
}

bool names_tell(struct names *n, const struct name_row *r)
{
	pthread_mutex_lock(&n->lock);
	bool changed = tell(n, r, false);
	pthread_mutex_unlock(&n->lock);
	return changed;
}

void names_counts(struct names *n, struct names_counts *ret)
{
	pthread_mutex_lock(&n->lock);
	*ret = (struct names_counts){.kept = n->n, .refused = n->refused, .waiting = n->changed};
	pthread_mutex_unlock(&n->lock);
}

size_t names_insert_sql(struct names *n, const char *database, size_t max, struct buf *sql)
{
	size_t k = 0;
	pthread_mutex_lock(&n->lock);
	for (uint32_t i = 0; i < n->n && n->changed && k < max; i++) {
		struct entry *e = &n->v[(n->cursor + i) % n->n];
		if (e->state == CLEAN)
			continue;
		const struct name_row r = row_of(e);
		if (k++ == 0)
			names_insert_head(sql, database);
		else
			buf_str(sql, ", ");
		names_row_sql(sql, &r);
		e->state = SENT;
	}
	pthread_mutex_unlock(&n->lock);
	return k;
}

void names_written(struct names *n, bool ok)
{
	pthread_mutex_lock(&n->lock);
	for (uint32_t i = 0; i < n->n; i++) {
		struct entry *e = &n->v[i];
		if (e->state != SENT)
			continue;
		e->state = ok ? CLEAN : CHANGED;
		n->changed -= ok;
		n->cursor = ok ? i + 1 : n->cursor;
	}
	pthread_mutex_unlock(&n->lock);
}

enum err names_load(struct names *n, const uint8_t *p, size_t len)
{
	struct rd r = rd_of(p, len);
	struct name_row row;
	pthread_mutex_lock(&n->lock);
	while (rd_left(&r) > 0 && names_read_row(&r, &row))
		if (row.kind != NAMES_KIND_MAX)
			(void)tell(n, &row, true);
	pthread_mutex_unlock(&n->lock);
	return r.bad ? ERR_MALFORMED : ERR_OK;
}

uint64_t names_changes(struct names *n, enum names_kind kind)
{
	pthread_mutex_lock(&n->lock);
	uint64_t changes = n->changes[kind];
	pthread_mutex_unlock(&n->lock);
	return changes;
}

void names_each(struct names *n, enum names_kind kind,
		void (*fn)(void *ctx, const struct name_row *r), void *ctx)
{
	pthread_mutex_lock(&n->lock);
	for (uint32_t i = 0; i < n->n; i++) {
		const struct name_row r = row_of(&n->v[i]);
		if (r.kind == kind)
			fn(ctx, &r);
	}
	pthread_mutex_unlock(&n->lock);
}
