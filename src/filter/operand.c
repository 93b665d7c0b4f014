/* SPDX-License-Identifier: Apache-2.0 */
/* What may follow a subject: an operator and its values, by the type of the subject. */
#include "filter/regex.h"
#include "filter/value.h"

#include <string.h>

/* clang-format off */
static const struct {
	const char *text;
	enum test_op op;
} operators[] = {
	{"=", OP_EQ},  {"==", OP_EQ}, {"eq", OP_EQ}, {"!=", OP_NE}, {"<>", OP_NE}, {"ne", OP_NE}, {"<", OP_LT},
	{"lt", OP_LT}, {"<=", OP_LE}, {"le", OP_LE}, {">", OP_GT},  {"gt", OP_GT}, {">=", OP_GE}, {"ge", OP_GE},
	{"in", OP_IN}, {"has", OP_HAS}, {"contains", OP_CONTAINS}, {"~", OP_MATCH}, {"=~", OP_MATCH},
	{"matches", OP_MATCH}, {"!~", OP_NOT_MATCH}, {"defined", OP_DEFINED},
};
static const struct {
	const char *text;
	enum test_op op;
} negated[] = {{"in", OP_NOT_IN}, {"contains", OP_NOT_CONTAINS}, {"matches", OP_NOT_MATCH}};
/* clang-format on */

bool parse_sees_operator(const struct parser *p)
{
	for (size_t i = 0; i < ARRAY_LEN(operators); i++)
		if (tok_is(&p->t, p->i, operators[i].text))
			return true;
	return tok_is(&p->t, p->i, "not");
}

/* Whether a value can start at token i: a word like `in` before it is then an operator, else a
 * value itself (`pf dir in`, `geo lt`). */
static bool value_follows(const struct parser *p, uint32_t i)
{
	static const char *const others[] = {")", "]", "and", "or", "&&", "||"};
	for (size_t k = 0; k < ARRAY_LEN(others); k++)
		if (tok_is(&p->t, i, others[k]))
			return false;
	return p->t.v[i].kind != TOK_END || p->expect;
}

static bool is_value(const struct subject *s, const char *word)
{
	uint64_t v[1];
	const struct quantity *q = &s->q[0];
	return quantity_domain(q) == DOM_TEXT ||
	       (q->measure == M_FIELD && name_values(q->field, word, strlen(word), v, 1));
}

/* Takes an operator if one stands there. */
static bool take_operator(struct parser *p, const struct subject *s, enum test_op *ret)
{
	if (tok_is(&p->t, p->i, "not")) {
		for (size_t i = 0; i < ARRAY_LEN(negated); i++) {
			if (!tok_is(&p->t, p->i + 1, negated[i].text))
				continue;
			*ret = negated[i].op;
			p->i += 2;
			return true;
		}
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		if (!tok_is(&p->t, p->i, operators[i].text))
			continue;
		if (is_value(s, operators[i].text) && strlen(operators[i].text) == 2 &&
		    !strpbrk(operators[i].text, "=<>~") && !value_follows(p, p->i + 1))
			return false;
		*ret = operators[i].op;
		p->i++;
		if (*ret == OP_HAS && tok_is(&p->t, p->i, "any")) {
			*ret = OP_HAS_ANY;
			p->i++;
		}
		return true;
	}
	return false;
}

static bool op_allowed(const struct subject *s, enum domain d, enum test_op op)
{
	switch (op_positive(op)) {
	case OP_EQ:
	case OP_IN:
	case OP_DEFINED:
		return true;
	case OP_HAS:
	case OP_HAS_ANY:
		return value_takes_flags(s) || (s->q[0].measure == M_FIELD &&
						field_table[s->q[0].field].kind == KIND_FLAGS);
	case OP_CONTAINS:
	case OP_MATCH:
		return d == DOM_TEXT;
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
		return d != DOM_TEXT;
	case OP_NE:
	case OP_NOT_IN:
	case OP_NOT_CONTAINS:
	case OP_NOT_MATCH:
	case OP_MAX:
		break;
	}
	return false;
}

/* A field or computed word at p->i as the right-hand side, if one is meant there. */
static bool take_other(struct parser *p, struct test *t)
{
	const struct toks *k = &p->t;
	const struct subject *s = t->subject;
	uint64_t named[1];
	uint32_t n = 1;
	int f = word_field(k, p->i);
	const struct word *w = word_match(k, p->i, NULL, &n);
	if (k->v[p->i].kind != TOK_WORD)
		return false;
	if (s->q[0].measure == M_FIELD &&
	    name_values(s->q[0].field, k->text + k->v[p->i].off, k->v[p->i].n, named, 1))
		return false;
	if (w && (f < 0 || n > 1) && t->domain != DOM_TEXT) {
		f = w->kind == WORD_ALIAS ? field_find(w->target, strlen(w->target)) : -1;
		if (w->kind == WORD_SUBJECT && w->subject.n == 1) {
			t->other = w->subject.q;
			t->other_name = w->subject.name;
		}
	} else {
		n = 1;
	}
	if (f >= 0) {
		struct quantity *q = parse_alloc(p, sizeof(*q));
		if (!q)
			return false;
		*q = (struct quantity){.measure = M_FIELD, .field = (enum field)f};
		t->other = q;
		t->other_name = field_table[f].name;
	}
	if (!t->other || t->other->measure == M_ROW) {
		t->other = NULL;
		return false;
	}
	p->i += n;
	return true;
}

static bool comparable(struct parser *p, const struct test *t, uint32_t at)
{
	char wanted[96];
	const struct quantity *o = t->other;
	const struct quantity *q = &t->subject->q[0];
	bool list = (o->measure == M_FIELD && field_table[o->field].ctype == CT_U32LIST) ||
		    (q->measure == M_FIELD && field_table[q->field].ctype == CT_U32LIST);
	if (quantity_domain(o) == t->domain && !list)
		return true;
	if (list)
		return parse_fail(p, at, ERR_TYPE, "a list cannot be compared with a field");
	return parse_fail(p, at, ERR_TYPE, "%s and %s are of different types: expected %s",
			  t->subject->name, t->other_name, parse_wanted(t->subject, wanted));
}

/* The pattern and its flags, joined to the quote or apart (nfdump: 'get'i). */
static bool regex_value(struct parser *p, struct test *t)
{
	char flags[4] = "";
	struct text x;
	size_t at;
	const char *why;
	uint32_t i = p->i;
	const struct tok *k = &p->t.v[i];
	parse_expect(p, i, EXPECT_VALUE, t->subject);
	if (k->kind != TOK_WORD && k->kind != TOK_STRING) {
		char shown[48];
		return parse_fail(p, i, ERR_SYNTAX, "%s: expected a regular expression, found %s",
				  t->subject->name, parse_show(p, i, shown));
	}
	if (!value_text(p, i, true, &x))
		return false;
	if (x.n > FILTER_REGEX_MAX)
		return parse_fail(p, i, ERR_LIMIT, "a regular expression has at most %d bytes",
				  FILTER_REGEX_MAX);
	p->i++;
	const struct tok *f = &p->t.v[p->i];
	if (f->kind == TOK_WORD && f->n < sizeof(flags) && k->kind == TOK_STRING) {
		memcpy(flags, p->t.text + f->off, f->n);
		bool only = strspn(flags, "ims") == f->n;
		flags[only ? f->n : 0] = 0;
		p->i += only;
	}
	enum err e = regex_new(x.p, x.n, flags, p->arena, &t->regex, &at, &why);
	if (e == ERR_NOMEM)
		return parse_fail(p, i, e, "the filter needs more memory than it may have");
	if (!e)
		return true;
	uint32_t from = k->off + (k->kind == TOK_STRING) + (uint32_t)at;
	return parse_fail_at(p, from, from + 1, e, "regular expression: %s", why);
}

static bool wrong_operator(struct parser *p, const struct test *t, uint32_t at)
{
	char shown[48];
	return parse_fail(p, at, ERR_TYPE, "%s cannot be used with %s, which is %s",
			  parse_show(p, at, shown), t->subject->name,
			  t->domain == DOM_TEXT  ? "a text"
			  : t->domain == DOM_NUM ? "a number"
						 : "no text");
}

/* The values of a test whose operator is known; given: it was written. */
static bool parse_values(struct parser *p, struct test *t, bool given, bool net)
{
	struct values v = {.s = t->subject, .domain = t->domain, .net = net};
	bool many = op_positive(t->op) == OP_IN;
	uint32_t first = p->i;
	bool order = op_positive(t->op) >= OP_LT && op_positive(t->op) <= OP_GE;
	if (given && (op_positive(t->op) == OP_EQ || order) && take_other(p, t))
		return comparable(p, t, first);
	if (p->err)
		return false;
	bool list = (tok_is(&p->t, p->i, "[") || (tok_is(&p->t, p->i, "(") && many)) &&
		    (many || op_positive(t->op) == OP_EQ);
	if (!(list ? value_list(p, &v) : value_read(p, &v)))
		return false;
	value_sort(&v);
	bool several = v.n > 1 || v.ranged;
	if (several && (order || t->op == OP_HAS || t->op == OP_HAS_ANY))
		return parse_fail(p, first, ERR_TYPE, "%s %s: expected one value, found several",
				  t->subject->name, op_text(t->op));
	if (op_positive(t->op) == OP_EQ && several)
		t->op = t->op == OP_EQ ? OP_IN : OP_NOT_IN;
	else if (many && !several)
		t->op = t->op == OP_IN ? OP_EQ : OP_NE;
	t->n = v.n;
	t->ranges = v.ranges;
	t->texts = v.texts;
	return true;
}

/* Whether the bare value is flag letters: all of them must be set. */
static bool bare_flags(const struct parser *p, const struct subject *s)
{
	uint64_t bits;
	const struct tok *k = &p->t.v[p->i];
	uint32_t quoted = k->kind == TOK_STRING;
	return value_takes_flags(s) && (quoted || k->kind == TOK_WORD) &&
	       value_flags(p->t.text + k->off + quoted, k->n - 2 * quoted, &bits);
}

struct node *parse_test(struct parser *p, const struct subject *s, enum implied_op implied)
{
	static const enum test_op implied_ops[] = {
	    [IMPLIED_EQ] = OP_EQ,  [IMPLIED_CONTAINS] = OP_CONTAINS, [IMPLIED_MATCH] = OP_MATCH,
	    [IMPLIED_NET] = OP_EQ, [IMPLIED_ONLY_BARE] = OP_EQ,
	};
	uint32_t op_at = p->i;
	struct test *t = parse_alloc(p, sizeof(*t));
	struct node *n = t ? parse_node(p, NODE_TEST) : NULL;
	if (!n)
		return NULL;
	*t = (struct test){
	    .subject = s, .domain = quantity_domain(&s->q[0]), .op = implied_ops[implied]};
	n->test = t;
	parse_expect(p, p->i, EXPECT_OPERATOR, s);
	bool given = take_operator(p, s, &t->op);
	if (!given && bare_flags(p, s))
		t->op = OP_HAS;
	bool ok = op_allowed(s, t->domain, t->op) || wrong_operator(p, t, op_at);
	if (ok && op_positive(t->op) == OP_MATCH)
		ok = regex_value(p, t);
	else if (ok && t->op != OP_DEFINED)
		ok = parse_values(p, t, given, implied == IMPLIED_NET);
	return ok ? n : NULL;
}
