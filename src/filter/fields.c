/* SPDX-License-Identifier: Apache-2.0 */
/* What a filter reads: its fields, and whether a test must look at presence. */
#include "filter/test.h"

static void mark(struct field_set *set, const struct quantity *q)
{
	enum field needs[4];
	size_t n = quantity_needs(q, needs);
	for (size_t i = 0; i < n; i++)
		set->w[needs[i] / 64] |= (uint64_t)1 << (needs[i] % 64);
}

static void fields_of(const struct node *n, struct field_set *set)
{
	for (uint8_t i = 0; n->kind == NODE_TEST && i < n->test->subject->n; i++)
		mark(set, &n->test->subject->q[i]);
	if (n->kind == NODE_TEST && n->test->other)
		mark(set, n->test->other);
	for (const struct node *c = n->child; c; c = c->next)
		fields_of(c, set);
}

void filter_fields(const struct filter *f, struct field_set *set)
{
	*set = (struct field_set){0};
	fields_of(f->root, set);
}

bool test_text(const struct test *t, struct regex_run *run, const uint8_t *s, size_t n)
{
	if (t->regex)
		return regex_match(t->regex, run, s, n);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct text *x = &t->texts[i];
		bool hit = op_positive(t->op) == OP_CONTAINS
			       ? x->n == 0 || (n && memmem(s, n, x->p, x->n))
			       : x->n == n && (n == 0 || memcmp(s, x->p, n) == 0);
		if (hit)
			return true;
	}
	return false;
}

static bool zero_in_ranges(const struct test *t)
{
	struct range tmp;
	uint32_t n;
	struct key zero =
	    t->domain == DOM_TIME || t->domain == DOM_SIGNED ? key_signed(0) : key_num(0);
	const struct range *r = test_ranges(t, &tmp, &n);
	for (uint32_t i = 0; r && i < n; i++)
		if (key_cmp(r[i].lo, zero) <= 0 && key_cmp(zero, r[i].hi) <= 0)
			return true;
	return false;
}

/* Whether the positive comparison is true for the value that an absent field is stored as. */
static bool zero_matches(const struct test *t)
{
	if (t->op == OP_HAS_ANY)
		return false;
	if (t->op == OP_HAS)
		return t->ranges[0].lo.lo == 0;
	if (t->domain != DOM_TEXT)
		return zero_in_ranges(t);
	struct regex_run *run = t->regex ? regex_run_new() : NULL;
	/* Without memory to find out, ask for the presence: that is never wrong. */
	bool hit =
	    t->regex && !run ? !op_negated(t->op) : test_text(t, run, (const uint8_t *)"", 0);
	regex_run_free(run);
	return hit;
}

bool test_reads_presence(const struct test *t, const struct quantity *q)
{
	if (q->measure == M_ROW)
		return false;
	if (q->measure != M_FIELD || t->other || t->op == OP_DEFINED)
		return true;
	if (field_table[q->field].ctype == CT_U32LIST)
		return q->elem >= ELEM_BOTTOM && op_negated(t->op);
	return zero_matches(t) != op_negated(t->op);
}

static bool reads_presence(const struct node *n)
{
	for (uint8_t i = 0; n->kind == NODE_TEST && i < n->test->subject->n; i++)
		if (test_reads_presence(n->test, &n->test->subject->q[i]))
			return true;
	for (const struct node *c = n->child; c; c = c->next)
		if (reads_presence(c))
			return true;
	return false;
}

bool filter_needs_presence(const struct filter *f)
{
	return reads_presence(f->root);
}
