/* SPDX-License-Identifier: Apache-2.0 */
/* A filter as a ClickHouse condition. Conditions on plain columns are written so that the primary
 * key and skip indexes can use them: the column bare on the left, a constant on the right, a prefix
 * as two bounds. */
#include "filter/sql.h"
#include "filter/test.h"

#include <stdio.h>

/* The largest double below 2^64: rates are cut there, here and in evaluation. */
#define RATE_MAX_TEXT "18446744073709549568."

static void column(struct sql *s, enum field f)
{
	buf_str(s->out, s->prefix);
	buf_str(s->out, field_table[f].name);
}

static void duration(struct sql *s)
{
	buf_str(s->out, "(toUnixTimestamp64Milli(");
	column(s, F_t_last);
	buf_str(s->out, ") - toUnixTimestamp64Milli(");
	column(s, F_t_first);
	buf_str(s->out, "))");
}

static void rate(struct sql *s, const char *per_ms, enum field f)
{
	buf_str(s->out, "(toUInt64(least(floor(");
	buf_str(s->out, per_ms);
	column(s, f);
	buf_str(s->out, " / greatest(");
	duration(s);
	buf_str(s->out, ", 1)), " RATE_MAX_TEXT ")) * (");
	duration(s);
	buf_str(s->out, " > 0))");
}

/* The value of a quantity; element: what stands for it in a list, NULL = the column. */
void sql_value(struct sql *s, const struct quantity *q, const char *element)
{
	if (q->mask)
		buf_str(s->out, "bitAnd(");
	if (q->shift)
		buf_str(s->out, "bitShiftRight(");
	if (q->div)
		buf_str(s->out, "intDiv(");
	switch (q->measure) {
	case M_FIELD:
		if (element)
			buf_str(s->out, element);
		else
			column(s, q->field);
		break;
	case M_DURATION:
		duration(s);
		break;
	case M_PPS:
		rate(s, "1000. * ", F_packets);
		break;
	case M_BPS:
		rate(s, "8000. * ", F_bytes);
		break;
	case M_BPP:
		buf_str(s->out, "intDivOrZero(");
		column(s, F_bytes);
		buf_str(s->out, ", ");
		column(s, F_packets);
		buf_u8(s->out, ')');
		break;
	case M_ROW:
		buf_str(s->out, "(rowNumberInAllBlocks() + 1)");
		break;
	}
	if (q->div)
		buf_fmt(s->out, ", %u)", q->div);
	if (q->shift)
		buf_fmt(s->out, ", %u)", (unsigned)q->shift);
	if (q->mask)
		buf_fmt(s->out, ", %u)", q->mask);
}

static void quoted(struct buf *out, const char *p, size_t n)
{
	buf_u8(out, '\'');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c == '\'' || c == '\\')
			buf_fmt(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_fmt(out, "\\x%02X", c);
		else
			buf_u8(out, c);
	}
	buf_u8(out, '\'');
}

void sql_literal(struct sql *s, enum domain d, struct key k)
{
	char text[IP_TEXT_MAX];
	struct ip a = key_to_ip(k);
	switch (d) {
	case DOM_NUM:
	case DOM_MAC:
		buf_dec(s->out, k.lo);
		break;
	case DOM_SIGNED:
		buf_dec_signed(s->out, key_to_signed(k));
		break;
	case DOM_TIME:
		buf_str(s->out, "fromUnixTimestamp64Milli(toInt64(");
		buf_dec_signed(s->out, key_to_signed(k));
		buf_str(s->out, "), 'UTC')");
		break;
	case DOM_IP:
		ip_format(&a, text);
		buf_fmt(s->out, "toIPv6('%s')", text);
		break;
	case DOM_TEXT:
		break;
	}
}

void sql_compare(struct sql *s, const struct test *t, const struct quantity *q, const char *element,
		 const char *op, struct key k)
{
	sql_value(s, q, element);
	buf_fmt(s->out, " %s ", op);
	sql_literal(s, t->domain, k);
}

static void text_condition(struct sql *s, const struct test *t, const struct quantity *q)
{
	size_t n;
	if (t->regex) {
		const char *p = regex_portable(t->regex, &n);
		buf_str(s->out, "match(");
		sql_value(s, q, NULL);
		buf_str(s->out, ", ");
		quoted(s->out, p, n);
		buf_u8(s->out, ')');
	} else if (op_positive(t->op) == OP_CONTAINS) {
		buf_str(s->out, "position(");
		sql_value(s, q, NULL);
		buf_str(s->out, ", ");
		quoted(s->out, t->texts[0].p, t->texts[0].n);
		buf_str(s->out, ") > 0");
	} else {
		sql_value(s, q, NULL);
		buf_str(s->out, " IN (");
		for (uint32_t i = 0; i < t->n; i++) {
			buf_str(s->out, i ? ", " : "");
			quoted(s->out, t->texts[i].p, t->texts[i].n);
		}
		buf_u8(s->out, ')');
	}
}

/* The comparison without its negation; a negated one is put into NOT (...) by the caller. */
static void condition(struct sql *s, const struct test *t, const struct quantity *q,
		      const char *element)
{
	enum test_op op = op_positive(t->op);
	if (t->other) {
		sql_value(s, q, element);
		buf_fmt(s->out, " %s ", op_text(op));
		sql_value(s, t->other, NULL);
	} else if (t->domain == DOM_TEXT) {
		if (op == OP_EQ) {
			sql_value(s, q, NULL);
			buf_str(s->out, " = ");
			quoted(s->out, t->texts[0].p, t->texts[0].n);
		} else {
			text_condition(s, t, q);
		}
	} else if (op == OP_HAS_ANY) {
		buf_str(s->out, "bitAnd(");
		sql_value(s, q, element);
		buf_fmt(s->out, ", %llu) != 0", (unsigned long long)t->ranges[0].lo.lo);
	} else if (op == OP_HAS) {
		buf_str(s->out, "bitAnd(");
		sql_value(s, q, element);
		buf_fmt(s->out, ", %llu) = %llu", (unsigned long long)t->ranges[0].lo.lo,
			(unsigned long long)t->ranges[0].lo.lo);
	} else if (op == OP_IN) {
		sql_one_of(s, t, q, element);
	} else if (op == OP_EQ && sql_split(q, element)) {
		sql_ip_equal(s, sql_split(q, element), t->ranges[0].lo);
	} else {
		sql_compare(s, t, q, element, op_text(op), t->ranges[0].lo);
	}
}

/* AND bits of presence of all fields that the quantities need. */
static void presence(struct sql *s, const struct quantity *q, const struct quantity *other)
{
	uint64_t words[PRESENT_WORDS] = {0};
	enum field needs[8];
	size_t n = quantity_needs(q, needs);
	if (other)
		n += quantity_needs(other, needs + n);
	for (size_t i = 0; i < n; i++) {
		unsigned bit = field_table[needs[i]].present_bit;
		words[bit / 64] |= (uint64_t)1 << (bit % 64);
	}
	bool first = true;
	for (unsigned w = 0; w < PRESENT_WORDS; w++) {
		bool rev = w >= PRESENT_FWD_WORDS;
		char name[32];
		if (!words[w])
			continue;
		snprintf(name, sizeof(name), rev ? "rev_present_%u" : "present_%u",
			 rev ? w - PRESENT_FWD_WORDS : w);
		buf_str(s->out, first ? "" : " AND ");
		first = false;
		if (words[w] & (words[w] - 1))
			buf_fmt(s->out, "bitAnd(%s%s, %llu) = %llu", s->prefix, name,
				(unsigned long long)words[w], (unsigned long long)words[w]);
		else
			buf_fmt(s->out, "bitTest(%s%s, %d)", s->prefix, name,
				__builtin_ctzll(words[w]));
	}
}

static void list_condition(struct sql *s, const struct test *t, const struct quantity *q)
{
	char element[64];
	snprintf(element, sizeof(element), "%s%s[%u]", s->prefix, field_table[q->field].name,
		 q->elem + 1u);
	if (q->elem < ELEM_BOTTOM) {
		condition(s, t, q, element);
		return;
	}
	buf_str(s->out, "arrayExists(x -> ");
	if (q->elem == ELEM_BOTTOM)
		buf_str(s->out, "bitAnd(x, 1) = 1 AND ");
	condition(s, t, q, "x");
	buf_str(s->out, ", ");
	column(s, q->field);
	buf_u8(s->out, ')');
}

/* The test on one of the subject's quantities: there, and compares. */
static void end_test(struct sql *s, const struct test *t, const struct quantity *q)
{
	bool list = q->measure == M_FIELD && field_table[q->field].ctype == CT_U32LIST;
	bool indexed = list && q->elem < ELEM_BOTTOM;
	bool neq = t->op == OP_NE && !list && t->domain != DOM_TEXT && !t->other;
	if (t->op == OP_DEFINED) {
		presence(s, q, NULL);
		return;
	}
	if (indexed)
		buf_fmt(s->out, "length(%s%s) > %u AND ", s->prefix, field_table[q->field].name,
			(unsigned)q->elem);
	if (neq && !sql_split(q, NULL)) {
		sql_compare(s, t, q, NULL, "!=", t->ranges[0].lo);
	} else {
		buf_str(s->out, op_negated(t->op) ? "NOT (" : "");
		if (list)
			list_condition(s, t, q);
		else
			condition(s, t, q, NULL);
		buf_str(s->out, op_negated(t->op) ? ")" : "");
	}
	if (test_reads_presence(t, q)) {
		buf_str(s->out, " AND ");
		presence(s, q, t->other);
	}
}

static void test_sql(struct sql *s, const struct test *t)
{
	buf_u8(s->out, '(');
	for (uint8_t i = 0; i < t->subject->n; i++) {
		if (i)
			buf_str(s->out, op_negated(t->op) ? " AND " : " OR ");
		end_test(s, t, &t->subject->q[i]);
	}
	buf_u8(s->out, ')');
}

static void node_sql(struct sql *s, const struct node *n)
{
	switch (n->kind) {
	case NODE_ANY:
		buf_u8(s->out, '1');
		break;
	case NODE_TEST:
		test_sql(s, n->test);
		break;
	case NODE_NOT:
		buf_str(s->out, "NOT ");
		node_sql(s, n->child);
		break;
	case NODE_AND:
	case NODE_OR:
		buf_u8(s->out, '(');
		for (const struct node *c = n->child; c; c = c->next) {
			node_sql(s, c);
			if (c->next)
				buf_str(s->out, n->kind == NODE_AND ? " AND " : " OR ");
		}
		buf_u8(s->out, ')');
		break;
	}
}

void filter_sql(const struct filter *f, struct buf *out, const struct filter_sql_opts *opts)
{
	struct sql s = {out, opts && opts->prefix ? opts->prefix : ""};
	node_sql(&s, f->root);
}
