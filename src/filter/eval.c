/* SPDX-License-Identifier: Apache-2.0 */
/* A filter on a column batch: each test loads its column into 64-bit keys and compares all rows at
 * once; the connectives combine masks of one byte per row. */
#include "filter/test.h"
#include "model/batch.h"

#include <stdlib.h>
#include <string.h>

struct eval {
	const struct batch *b;
	uint32_t n;
	uint64_t rows_before;
	uint8_t
	    *masks; /* of BATCH_ROWS: [0] of a test's quantity, [1..] of the connectives by level */
	uint64_t *hi, *lo, *hi2, *lo2;
	bool no_memory;
};

enum { KEY_ARRAYS = 4, LINEAR_RANGES = 8 };
static const double rate_max = 18446744073709549568.; /* as in sql.c */

static size_t scratch_size(const struct filter *f)
{
	return KEY_ARRAYS * BATCH_ROWS * sizeof(uint64_t) + (size_t)(f->depth + 2) * BATCH_ROWS;
}

void filter_scratch_fini(struct filter_scratch *s)
{
	free(s->mask_);
	s->mask_ = NULL;
	s->cap_ = 0;
}

/* out[i] = 1 where all fields of the quantity are there. */
static void load_presence(const struct eval *e, const struct quantity *q, uint8_t *out)
{
	enum field needs[4];
	size_t k = quantity_needs(q, needs);
	memset(out, 1, e->n);
	for (size_t j = 0; j < k; j++) {
		unsigned bit = field_table[needs[j]].present_bit;
		const uint64_t *word = e->b->present[bit / 64];
		if (!word || !batch_has(e->b, needs[j])) {
			memset(out, 0, e->n);
			return;
		}
		for (uint32_t i = 0; i < e->n; i++)
			out[i] = (uint8_t)(out[i] & (word[i] >> bit % 64 & 1));
	}
}

#define WIDEN(type, get)                                                                           \
	do {                                                                                       \
		const type *v = get(b, f);                                                         \
		for (uint32_t i = 0; i < n; i++)                                                   \
			lo[i] = (uint64_t)v[i];                                                    \
	} while (0)

/* The keys of a field that is in the batch; hi only for addresses. */
static void load_field(const struct batch *b, uint32_t n, enum field f, uint64_t *hi, uint64_t *lo)
{
	switch (field_table[f].ctype) {
	case CT_U8:
		WIDEN(uint8_t, batch_u8);
		break;
	case CT_U16:
		WIDEN(uint16_t, batch_u16);
		break;
	case CT_U32:
		WIDEN(uint32_t, batch_u32);
		break;
	case CT_U64:
	case CT_MAC:
		WIDEN(uint64_t, batch_u64);
		break;
	case CT_MS: {
		const int64_t *v = batch_ms(b, f);
		for (uint32_t i = 0; i < n; i++)
			lo[i] = (uint64_t)v[i] ^ KEY_SIGN;
		break;
	}
	case CT_IP: {
		const struct ip *v = batch_ip(b, f);
		for (uint32_t i = 0; i < n; i++) {
			struct key k = key_ip(&v[i]);
			hi[i] = k.hi;
			lo[i] = k.lo;
		}
		break;
	}
	case CT_STR:
	case CT_U32LIST:
	case CT_MAX:
		break;
	}
}

static int64_t row_duration(const struct batch *b, uint32_t i)
{
	return (int64_t)((uint64_t)batch_ms(b, F_t_last)[i] - (uint64_t)batch_ms(b, F_t_first)[i]);
}

static void load_rate(const struct eval *e, double per_ms, enum field f, uint64_t *lo)
{
	const uint64_t *v = batch_u64(e->b, f);
	for (uint32_t i = 0; i < e->n; i++) {
		int64_t ms = row_duration(e->b, i);
		double r = per_ms * (double)v[i] / (double)(ms > 1 ? ms : 1);
		/* The cast is the floor, since r is not negative. */
		lo[i] = ms > 0 ? (uint64_t)(r < rate_max ? r : rate_max) : 0;
	}
}

/* The keys of a quantity whose fields are all in the batch. */
static void load(const struct eval *e, const struct quantity *q, uint64_t *hi, uint64_t *lo)
{
	switch (q->measure) {
	case M_FIELD:
		load_field(e->b, e->n, q->field, hi, lo);
		for (uint32_t i = 0; q->div && i < e->n; i++)
			lo[i] /= q->div;
		break;
	case M_DURATION:
		for (uint32_t i = 0; i < e->n; i++)
			lo[i] = (uint64_t)row_duration(e->b, i) ^ KEY_SIGN;
		break;
	case M_PPS:
		load_rate(e, 1000., F_packets, lo);
		break;
	case M_BPS:
		load_rate(e, 8000., F_bytes, lo);
		break;
	case M_BPP:
		for (uint32_t i = 0; i < e->n; i++) {
			uint64_t packets = batch_u64(e->b, F_packets)[i];
			lo[i] = packets ? batch_u64(e->b, F_bytes)[i] / packets : 0;
		}
		break;
	case M_ROW:
		for (uint32_t i = 0; i < e->n; i++)
			lo[i] = e->rows_before + i + 1;
		break;
	}
}

/* out[i] |= lo[i] in r; span instead of two comparisons. */
static void in_range(const uint64_t *lo, uint32_t n, const struct range *r, uint8_t *out)
{
	uint64_t from = r->lo.lo, span = r->hi.lo - r->lo.lo;
	for (uint32_t i = 0; i < n; i++)
		out[i] = (uint8_t)(out[i] | (lo[i] - from <= span));
}

static void in_ip_range(const uint64_t *hi, const uint64_t *lo, uint32_t n, const struct range *r,
			uint8_t *out)
{
	struct key a = r->lo, z = r->hi;
	for (uint32_t i = 0; i < n; i++) {
		bool ge = (hi[i] > a.hi) | ((hi[i] == a.hi) & (lo[i] >= a.lo));
		bool le = (hi[i] < z.hi) | ((hi[i] == z.hi) & (lo[i] <= z.lo));
		out[i] = (uint8_t)(out[i] | (ge & le));
	}
}

/* Whether k is in one of the sorted ranges. */
static bool find_range(const struct range *r, uint32_t n, struct key k)
{
	uint32_t from = 0, to = n;
	while (from < to) {
		uint32_t mid = from + (to - from) / 2;
		if (key_cmp(k, r[mid].lo) < 0)
			to = mid;
		else if (key_cmp(k, r[mid].hi) > 0)
			from = mid + 1;
		else
			return true;
	}
	return false;
}

static void match_ranges(const struct eval *e, const struct test *t, uint8_t *out)
{
	struct range tmp;
	uint32_t k;
	const struct range *r = test_ranges(t, &tmp, &k);
	bool ip = t->domain == DOM_IP;
	memset(out, 0, e->n);
	for (uint32_t j = 0; r && k <= LINEAR_RANGES && j < k; j++) {
		if (ip)
			in_ip_range(e->hi, e->lo, e->n, &r[j], out);
		else
			in_range(e->lo, e->n, &r[j], out);
	}
	for (uint32_t i = 0; k > LINEAR_RANGES && i < e->n; i++)
		out[i] = find_range(r, k, (struct key){ip ? e->hi[i] : 0, e->lo[i]});
}

static void match_other(const struct eval *e, const struct test *t, uint8_t *out)
{
	bool ip = t->domain == DOM_IP;
	enum test_op op = op_positive(t->op);
	for (uint32_t i = 0; i < e->n; i++) {
		struct key a = {ip ? e->hi[i] : 0, e->lo[i]}, b = {ip ? e->hi2[i] : 0, e->lo2[i]};
		int c = key_cmp(a, b);
		out[i] = (op == OP_EQ && c == 0) || (op == OP_LT && c < 0) ||
			 (op == OP_LE && c <= 0) || (op == OP_GT && c > 0) ||
			 (op == OP_GE && c >= 0);
	}
}

static void match_numbers(const struct eval *e, const struct test *t, const struct quantity *q,
			  uint8_t *out)
{
	load(e, q, e->hi, e->lo);
	if (t->other) {
		load(e, t->other, e->hi2, e->lo2);
		match_other(e, t, out);
	} else if (t->op == OP_HAS || t->op == OP_HAS_ANY) {
		uint64_t bits = t->ranges[0].lo.lo;
		bool any = t->op == OP_HAS_ANY;
		for (uint32_t i = 0; i < e->n; i++)
			out[i] = any ? (e->lo[i] & bits) != 0 : (e->lo[i] & bits) == bits;
	} else {
		match_ranges(e, t, out);
	}
}

static void match_texts(struct eval *e, const struct test *t, const struct quantity *q,
			const uint8_t *there, uint8_t *out)
{
	const struct span *v = batch_span(e->b, q->field);
	struct regex_run *run = t->regex ? regex_run_new() : NULL;
	if (t->regex && !run) {
		e->no_memory = true;
		return;
	}
	for (uint32_t i = 0; i < e->n; i++) {
		const uint8_t *s = v[i].len ? batch_bytes(e->b, v[i]) : (const uint8_t *)"";
		if (!there[i]) {
			out[i] = 0;
		} else if (t->other) {
			struct span o = batch_span(e->b, t->other->field)[i];
			out[i] = o.len == v[i].len &&
				 (o.len == 0 || memcmp(s, batch_bytes(e->b, o), o.len) == 0);
		} else {
			out[i] = test_text(t, run, s, v[i].len);
		}
	}
	regex_run_free(run);
}

static bool element_matches(const struct quantity *q, uint32_t v, const struct range *r, uint32_t n)
{
	uint64_t x = (v / (q->div ? q->div : 1)) >> q->shift;
	x = q->mask ? x & q->mask : x;
	return r && find_range(r, n, key_num(x));
}

/* Lists; takes an element that the list does not have as absent: clears there[i]. */
static void match_lists(const struct eval *e, const struct test *t, const struct quantity *q,
			uint8_t *there, uint8_t *out)
{
	struct range tmp;
	uint32_t k;
	const struct range *r = test_ranges(t, &tmp, &k);
	const struct span *v = batch_span(e->b, q->field);
	bool any = q->elem >= ELEM_BOTTOM;
	for (uint32_t i = 0; i < e->n; i++) {
		uint32_t from = any ? 0 : q->elem;
		uint32_t to = any ? v[i].len : MIN_OF(v[i].len, from + 1u);
		if (!any && v[i].len <= from)
			there[i] = 0;
		out[i] = 0;
		for (uint32_t j = from; there[i] && j < to && !out[i]; j++) {
			uint32_t x = batch_list_at(e->b, v[i], j);
			out[i] = (q->elem != ELEM_BOTTOM || (x & 1)) && element_matches(q, x, r, k);
		}
	}
}

/* The test on one of the subject's quantities. */
static void eval_end(struct eval *e, const struct test *t, const struct quantity *q, uint8_t *out)
{
	uint8_t there[BATCH_ROWS];
	load_presence(e, q, there);
	if (t->other) {
		load_presence(e, t->other, out);
		for (uint32_t i = 0; i < e->n; i++)
			there[i] &= out[i];
	}
	if (t->op == OP_DEFINED || !memchr(there, 1, e->n)) {
		memcpy(out, there, e->n);
		return;
	}
	enum ctype ctype = q->measure == M_FIELD ? field_table[q->field].ctype : CT_U64;
	if (ctype == CT_STR)
		match_texts(e, t, q, there, out);
	else if (ctype == CT_U32LIST)
		match_lists(e, t, q, there, out);
	else
		match_numbers(e, t, q, out);
	uint8_t flip = op_negated(t->op);
	for (uint32_t i = 0; i < e->n; i++)
		out[i] = (uint8_t)((out[i] ^ flip) & there[i]);
}

static void combine(uint8_t *mask, const uint8_t *other, uint32_t n, bool all)
{
	for (uint32_t i = 0; i < n; i++)
		mask[i] = (uint8_t)(all ? mask[i] & other[i] : mask[i] | other[i]);
}

static void eval_test(struct eval *e, const struct test *t, uint8_t *mask)
{
	uint8_t *end = e->masks;
	eval_end(e, t, &t->subject->q[0], mask);
	for (uint8_t i = 1; i < t->subject->n; i++) {
		eval_end(e, t, &t->subject->q[i], end);
		combine(mask, end, e->n, op_negated(t->op));
	}
}

static void eval_node(struct eval *e, const struct node *n, uint8_t *mask, uint32_t level)
{
	uint8_t *below = e->masks + (size_t)level * BATCH_ROWS;
	switch (n->kind) {
	case NODE_ANY:
		memset(mask, 1, e->n);
		break;
	case NODE_TEST:
		eval_test(e, n->test, mask);
		break;
	case NODE_NOT:
		eval_node(e, n->child, mask, level);
		for (uint32_t i = 0; i < e->n; i++)
			mask[i] ^= 1;
		break;
	case NODE_AND:
	case NODE_OR:
		eval_node(e, n->child, mask, level + 1);
		for (const struct node *c = n->child->next; c; c = c->next) {
			/* Nothing left to decide: no row of an AND, all rows of an OR. */
			if (!memchr(mask, n->kind == NODE_AND, e->n))
				break;
			eval_node(e, c, below, level + 1);
			combine(mask, below, e->n, n->kind == NODE_AND);
		}
		break;
	}
}

enum err filter_eval(const struct filter *f, const struct batch *b, struct filter_scratch *s,
		     uint8_t *mask)
{
	size_t need = scratch_size(f);
	if (s->cap_ < need) {
		uint8_t *m = realloc(s->mask_, need);
		if (!m)
			return ERR_NOMEM;
		s->mask_ = m;
		s->cap_ = need;
	}
	uint64_t *keys = (uint64_t *)(void *)s->mask_;
	struct eval e = {
	    .b = b,
	    .n = b->n,
	    .rows_before = s->rows_before,
	    .masks = s->mask_ + KEY_ARRAYS * BATCH_ROWS * sizeof(uint64_t),
	    .hi = keys,
	    .lo = keys + BATCH_ROWS,
	    .hi2 = keys + 2 * (size_t)BATCH_ROWS,
	    .lo2 = keys + 3 * (size_t)BATCH_ROWS,
	};
	if (b->n)
		eval_node(&e, f->root, mask, 1);
	return e.no_memory ? ERR_NOMEM : ERR_OK;
}
