/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/notes.h"

#include "base/attr.h"

#include <string.h>

enum { HEAD = 4 };

/* --- memory */

void notes_clear(struct notes *n)
{
	pool_give(n->pool, n->p, n->cap);
	n->p = NULL;
	n->n = n->cap = 0;
	n->seen = 0;
}

/* Room for `more` bytes behind the entries. */
static bool grow(struct notes *n, size_t more)
{
	size_t want = n->n + more;
	if (want <= n->cap)
		return true;
	if (want > NOTES_FLOW_MAX) {
		n->pool->refused++;
		return false;
	}
	uint8_t *p = pool_take(n->pool, want);
	if (!p)
		return false;
	if (n->n)
		memcpy(p, n->p, n->n);
	pool_give(n->pool, n->p, n->cap);
	n->p = p;
	n->cap = (uint16_t)pool_room(want);
	return true;
}

/* --- entries */

struct entry {
	uint16_t field, len;
};

static struct entry entry_at(const struct notes *n, size_t at)
{
	struct entry e;
	memcpy(&e, n->p + at, sizeof(e));
	return e;
}

/* Where the entry of f begins; n->n if there is none. */
static size_t find(const struct notes *n, enum field f)
{
	size_t at = 0;
	if (!(n->seen >> (f % 64) & 1))
		return n->n; /* most are asked for before they are noted */
	while (at < n->n) {
		struct entry e = entry_at(n, at);
		if (e.field == f)
			return at;
		at += HEAD + e.len;
	}
	return n->n;
}

static void append(struct notes *n, enum field f, const void *p, size_t len)
{
	struct entry e = {(uint16_t)f, (uint16_t)len};
	if (!grow(n, HEAD + len))
		return;
	memcpy(n->p + n->n, &e, sizeof(e));
	if (len)
		memcpy(n->p + n->n + HEAD, p, len);
	n->n = (uint16_t)(n->n + HEAD + len);
	n->seen |= 1ull << (f % 64);
}

static void drop(struct notes *n, size_t at)
{
	size_t size = (size_t)HEAD + entry_at(n, at).len;
	memmove(n->p + at, n->p + at + size, n->n - at - size);
	n->n = (uint16_t)(n->n - size);
}

void notes_go_on(struct notes *n)
{
	for (size_t at = 0; at < n->n;) {
		struct entry e = entry_at(n, at);
		if (field_table[e.field].agg == AGG_SUM)
			drop(n, at);
		else
			at += HEAD + (size_t)e.len;
	}
}

bool notes_has(const struct notes *n, enum field f)
{
	return find(n, f) < n->n;
}

/* The number of f, in place; NULL after noting `first` if there was none. */
static uint8_t *number(struct notes *n, enum field f, uint64_t first)
{
	size_t at = find(n, f);
	if (at < n->n)
		return n->p + at + HEAD;
	append(n, f, &first, sizeof(first));
	return NULL;
}

bool notes_num(const struct notes *n, enum field f, uint64_t *ret)
{
	size_t at = find(n, f);
	if (at == n->n)
		return false;
	memcpy(ret, n->p + at + HEAD, sizeof(*ret));
	return true;
}

void notes_num_once(struct notes *n, enum field f, uint64_t v)
{
	(void)number(n, f, v);
}

void notes_num_put(struct notes *n, enum field f, uint64_t v)
{
	uint8_t *p = number(n, f, v);
	if (p)
		memcpy(p, &v, sizeof(v));
}

/* clang-format off */
#define COMBINE(name, expression)                                              \
	void notes_num_##name(struct notes *n, enum field f, uint64_t v)       \
	{                                                                      \
		uint8_t *p = number(n, f, v);                                  \
		uint64_t old;                                                  \
		if (!p)                                                        \
			return;                                                \
		memcpy(&old, p, sizeof(old));                                  \
		old = (expression);                                            \
		memcpy(p, &old, sizeof(old));                                  \
	}
COMBINE(add, old + v)
COMBINE(or, old | v)
COMBINE(min, MIN_OF(old, v))
COMBINE(max, MAX_OF(old, v))
/* clang-format on */

void notes_ip_once(struct notes *n, enum field f, const struct ip *v)
{
	if (!notes_has(n, f))
		append(n, f, v, sizeof(*v));
}

static size_t text_len(const void *p, size_t len)
{
	const uint8_t *s = p;
	len = MIN_OF(len, (size_t)NOTES_STR_MAX);
	while (len && s[len - 1] == 0)
		len--;
	return len;
}

void notes_str_once(struct notes *n, enum field f, const void *p, size_t len)
{
	if (!notes_has(n, f))
		append(n, f, p, text_len(p, len));
}

void notes_bytes_once(struct notes *n, enum field f, const void *p, size_t len)
{
	if (!notes_has(n, f))
		append(n, f, p, MIN_OF(len, (size_t)NOTES_STR_MAX));
}

void notes_str_put(struct notes *n, enum field f, const void *p, size_t len)
{
	size_t at = find(n, f);
	if (at < n->n)
		drop(n, at);
	append(n, f, p, text_len(p, len));
}

void notes_push(struct notes *n, enum field f, uint32_t v)
{
	size_t at = find(n, f);
	if (at == n->n) {
		append(n, f, &v, sizeof(v));
		return;
	}
	struct entry e = entry_at(n, at);
	if (e.len >= NOTES_LIST_MAX * sizeof(v) || !grow(n, sizeof(v)))
		return;
	uint8_t *behind = n->p + at + HEAD + e.len;
	memmove(behind + sizeof(v), behind, (size_t)(n->p + n->n - behind));
	memcpy(behind, &v, sizeof(v));
	e.len = (uint16_t)(e.len + sizeof(v));
	memcpy(n->p + at, &e, sizeof(e));
	n->n = (uint16_t)(n->n + sizeof(v));
}

void notes_list_once(struct notes *n, enum field f, const uint32_t *v, size_t len)
{
	if (len && !notes_has(n, f))
		append(n, f, v, MIN_OF(len, (size_t)NOTES_LIST_MAX) * sizeof(*v));
}

/* --- into columns */

static uint64_t most(enum ctype t)
{
	size_t size = ctype_size(t);
	return size < 8 ? ((uint64_t)1 << size * 8) - 1 : UINT64_MAX;
}

static void put(struct batch *b, enum field f, uint32_t row, const uint8_t *p, size_t len)
{
	enum ctype t = field_table[f].ctype;
	uint64_t v;
	struct ip ip;
	switch (t) {
	case CT_STR:
		batch_use(b, f);
		if (batch_put_str(b, f, row, p, len))
			batch_set_present(b, f, row);
		return;
	case CT_U32LIST:
		batch_use(b, f);
		batch_set_present(b, f, row);
		for (size_t i = 0; i + 4 <= len; i += 4) {
			uint32_t one;
			memcpy(&one, p + i, sizeof(one));
			batch_push_u32(b, f, row, one);
		}
		batch_set_present(b, f, row);
		return;
	case CT_IP:
		memcpy(&ip, p, sizeof(ip));
		batch_set_ip(b, f, row, &ip);
		return;
	case CT_U8:
	case CT_U16:
	case CT_U32:
	case CT_U64:
	case CT_MS:
	case CT_MAC:
		memcpy(&v, p, sizeof(v));
		batch_set_num(b, f, row, t == CT_MS ? v : MIN_OF(v, most(t)));
		return;
	case CT_MAX:
		return;
	}
}

void notes_to_batch(const struct notes *n, struct batch *b, uint32_t row)
{
	for (size_t at = 0; at < n->n;) {
		struct entry e = entry_at(n, at);
		put(b, (enum field)e.field, row, n->p + at + HEAD, e.len);
		at += HEAD + e.len;
	}
}
