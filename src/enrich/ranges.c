/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/ranges.h"

#include <stdlib.h>
#include <sys/mman.h>

__extension__ typedef unsigned __int128 addr128;

struct prefix {
	addr128 first, last;
	uint64_t value;
	uint32_t seq; /* when it was added */
	uint8_t bits;
	bool v4;
};

struct ranges_builder {
	struct prefix *v;
	size_t n, cap;
	size_t sorted; /* so many of the first came in order: files are sorted, mostly */
};

/* From here on this value holds. */
struct step {
	addr128 first;
	uint64_t value;
};

struct steps {
	struct step *v;
	size_t n, cap;
	bool bad;
};

enum { V4_BITS = 96, DEPTH_MAX = 130 };

static addr128 to_number(const struct ip *a)
{
	addr128 n = 0;
	for (size_t i = 0; i < sizeof(a->b); i++)
		n = n << 8 | a->b[i];
	return n;
}

/* Families apart, then by first address, the wider before the narrower, the older before the newer.
 */
static int order(const void *pa, const void *pb)
{
	const struct prefix *a = pa, *b = pb;
	if (a->v4 != b->v4)
		return a->v4 ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	return a->seq < b->seq ? -1 : 1;
}

enum err ranges_builder_new(struct ranges_builder **ret)
{
	struct ranges_builder *b = calloc(1, sizeof(*b));
	if (!b)
		return ERR_NOMEM;
	*ret = b;
	return ERR_OK;
}

void ranges_builder_free(struct ranges_builder *b)
{
	if (!b)
		return;
	free(b->v);
	free(b);
}

enum err ranges_add(struct ranges_builder *b, const struct ip *net, uint8_t bits, uint64_t value)
{
	if (b->n == RANGES_MAX || bits > 128)
		return ERR_LIMIT;
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 1024;
		struct prefix *v = reallocarray(b->v, cap, sizeof(*v));
		if (!v)
			return ERR_NOMEM;
		b->v = v;
		b->cap = cap;
	}
	addr128 host = bits == 128 ? 0 : ~(addr128)0 >> bits;
	struct prefix p = {.first = to_number(net) & ~host,
			   .last = to_number(net) | host,
			   .value = value,
			   .seq = (uint32_t)b->n,
			   .bits = bits,
			   .v4 = bits >= V4_BITS && ip_is_v4(net)};
	if (p.v4) {
		p.first = (uint32_t)p.first;
		p.last = (uint32_t)p.last;
	}
	b->sorted += b->sorted == b->n && (b->n == 0 || order(&b->v[b->n - 1], &p) < 0);
	b->v[b->n++] = p;
	return ERR_OK;
}

/* The tail is sorted and merged into the sorted head, from the back. */
static bool sort_all(struct ranges_builder *b)
{
	size_t head = b->sorted, tail = b->n - head;
	if (tail == 0)
		return true;
	if (head == 0) {
		qsort(b->v, b->n, sizeof(b->v[0]), order);
		return true;
	}
	struct prefix *t = reallocarray(NULL, tail, sizeof(*t));
	if (!t)
		return false;
	memcpy(t, b->v + head, tail * sizeof(*t));
	qsort(t, tail, sizeof(*t), order);
	for (size_t to = b->n; tail > 0; to--)
		if (head && order(&b->v[head - 1], &t[tail - 1]) > 0)
			b->v[to - 1] = b->v[--head];
		else
			b->v[to - 1] = t[--tail];
	free(t);
	return true;
}

static void step(struct steps *s, addr128 first, uint64_t value)
{
	if (s->n && s->v[s->n - 1].first == first) {
		s->v[s->n - 1].value = value;
		if (s->n > 1 && s->v[s->n - 2].value == value)
			s->n--;
		return;
	}
	if (s->bad || (s->n && s->v[s->n - 1].value == value))
		return;
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 1024;
		struct step *v = s->n < RANGES_MAX ? reallocarray(s->v, cap, sizeof(*v)) : NULL;
		if (!v) {
			s->bad = true;
			return;
		}
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = (struct step){first, value};
}

/* What holds behind the last address of the innermost prefix, which ends. */
static size_t leave(struct steps *s, const struct prefix *const stack[], size_t depth, addr128 max)
{
	addr128 last = stack[--depth]->last;
	if (last != max)
		step(s, last + 1, depth ? stack[depth - 1]->value : 0);
	return depth;
}

/* Sorted prefixes of one family into steps: a sweep with the prefixes that are open on a stack. */
static void flatten(const struct prefix *p, size_t n, addr128 max, struct steps *s)
{
	const struct prefix *stack[DEPTH_MAX];
	size_t depth = 0;
	step(s, 0, 0);
	for (size_t i = 0; i < n; i++) {
		while (depth && stack[depth - 1]->last < p[i].first)
			depth = leave(s, stack, depth, max);
		if (depth && stack[depth - 1]->last == p[i].last &&
		    stack[depth - 1]->first == p[i].first)
			depth--;
		stack[depth++] = &p[i];
		step(s, p[i].first, p[i].value);
	}
	while (depth)
		depth = leave(s, stack, depth, max);
}

/* index[h] = the last range that begins at or before h << shift. */
static void fill_index(uint32_t *index, uint32_t entries, uint32_t n, const struct steps *s,
		       unsigned shift)
{
	uint32_t at = 0;
	for (uint32_t h = 0; h < entries; h++) {
		while (at + 1 < n && s->v[at + 1].first <= (addr128)h << shift)
			at++;
		index[h] = at;
	}
	index[entries] = n - 1;
}

static enum err fill4(struct ranges4 *r, const struct steps *s)
{
	r->n = (uint32_t)s->n;
	r->v = calloc(s->n, sizeof(r->v[0]));
	r->index = calloc((size_t)RANGES4_INDEX + 1, sizeof(r->index[0]));
	if (!r->v || !r->index)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->n; i++)
		r->v[i] = (struct range4){.first = (uint32_t)s->v[i].first,
					  .low = (uint32_t)s->v[i].value,
					  .high = (uint32_t)(s->v[i].value >> 32)};
	fill_index(r->index, RANGES4_INDEX, r->n, s, 32 - RANGES4_INDEX_BITS);
	return ERR_OK;
}

static enum err fill6(struct ranges6 *r, const struct steps *s)
{
	r->n = (uint32_t)s->n;
	r->hi = calloc(s->n, sizeof(r->hi[0]));
	r->lo = calloc(s->n, sizeof(r->lo[0]));
	r->value = calloc(s->n, sizeof(r->value[0]));
	r->index = calloc(RANGES_INDEX + 1, sizeof(r->index[0]));
	if (!r->hi || !r->lo || !r->value || !r->index)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->n; i++) {
		r->hi[i] = (uint64_t)(s->v[i].first >> 64);
		r->lo[i] = (uint64_t)s->v[i].first;
		r->value[i] = s->v[i].value;
	}
	fill_index(r->index, RANGES_INDEX, r->n, s, 112);
	return ERR_OK;
}

/* Steps of both families into *ret; consumes them. */
static enum err compile(struct steps *s4, struct steps *s6, struct ranges *ret)
{
	struct ranges r = {0};
	enum err e = s4->bad || s6->bad ? ERR_NOMEM : fill4(&r.v4, s4);
	if (!e)
		e = fill6(&r.v6, s6);
	free(s4->v);
	free(s6->v);
	if (e)
		ranges_fini(&r);
	else
		*ret = r;
	return e;
}

enum err ranges_build(struct ranges_builder *b, struct ranges *ret)
{
	struct steps s4 = {0}, s6 = {0};
	size_t n4 = 0;
	if (!sort_all(b))
		return ERR_NOMEM;
	while (n4 < b->n && b->v[n4].v4)
		n4++;
	flatten(b->v, n4, UINT32_MAX, &s4);
	flatten(b->v ? b->v + n4 : NULL, b->n - n4, ~(addr128)0, &s6);
	free(b->v);
	*b = (struct ranges_builder){0};
	return compile(&s4, &s6, ret);
}

/* --- two sets as one */

/* One family of a set, read in order. */
struct reading {
	const struct ranges *r;
	bool v4;
	uint32_t n, at;
};

static struct reading reading_of(const struct ranges *r, bool v4)
{
	return (struct reading){r, v4, v4 ? r->v4.n : r->v6.n, 0};
}

static addr128 first_of(const struct reading *d, uint32_t i)
{
	return d->v4 ? d->r->v4.v[i].first : (addr128)d->r->v6.hi[i] << 64 | d->r->v6.lo[i];
}

static uint64_t value_of(const struct reading *d)
{
	return d->n == 0 ? 0 : d->v4 ? ranges_value4(&d->r->v4.v[d->at]) : d->r->v6.value[d->at];
}

static void join(struct reading a, struct reading b, struct steps *s)
{
	step(s, 0, value_of(&a) | value_of(&b));
	for (;;) {
		bool more_a = a.at + 1 < a.n, more_b = b.at + 1 < b.n;
		if (!more_a && !more_b)
			return;
		addr128 na = more_a ? first_of(&a, a.at + 1) : 0;
		addr128 nb = more_b ? first_of(&b, b.at + 1) : 0;
		addr128 at = !more_b || (more_a && na <= nb) ? na : nb;
		a.at += more_a && na == at;
		b.at += more_b && nb == at;
		step(s, at, value_of(&a) | value_of(&b));
	}
}

enum err ranges_join(const struct ranges *a, const struct ranges *b, struct ranges *ret)
{
	struct steps s4 = {0}, s6 = {0};
	join(reading_of(a, true), reading_of(b, true), &s4);
	join(reading_of(a, false), reading_of(b, false), &s6);
	return compile(&s4, &s6, ret);
}

void ranges_fini(struct ranges *r)
{
	if (r->map) {
		munmap(r->map, r->map_bytes);
		*r = (struct ranges){0};
		return;
	}
	free(r->v4.v);
	free(r->v4.index);
	free(r->v6.hi);
	free(r->v6.lo);
	free(r->v6.value);
	free(r->v6.index);
	*r = (struct ranges){0};
}

size_t ranges_bytes(const struct ranges *r)
{
	enum { PER4 = sizeof(struct range4), PER6 = 3 * sizeof(uint64_t) };
	size_t index = ((size_t)RANGES4_INDEX + RANGES_INDEX + 2) * sizeof(uint32_t);
	return (size_t)r->v4.n * PER4 + (size_t)r->v6.n * PER6 + index;
}
