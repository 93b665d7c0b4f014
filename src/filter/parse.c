/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/parse.h"
#include "filter/quirk.h"
#include "filter/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void *parse_fail_at(struct parser *p, uint32_t from, uint32_t to, enum err e, const char *fmt, ...)
{
	if (p->err)
		return NULL;
	p->err = e;
	if (!p->reterr)
		return NULL;
	struct diag *d = p->reterr;
	*d = (struct diag){.code = e};
	if (p->whole) {
		lex_position(p->whole, from, &d->line, &d->col);
		d->end_col = d->col + (to > from ? to - from : 1);
	}
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(d->msg, sizeof(d->msg), fmt, ap);
	va_end(ap);
	return NULL;
}

void *parse_fail(struct parser *p, uint32_t i, enum err e, const char *fmt, ...)
{
	char msg[sizeof(p->reterr->msg)];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	const struct tok *k = &p->t.v[i];
	return parse_fail_at(p, k->off, k->off + k->n, e, "%s", msg);
}

void *parse_alloc(struct parser *p, size_t n)
{
	void *m = arena_alloc(p->arena, n);
	return m ? m
		 : parse_fail(p, p->i, ERR_NOMEM, "the filter needs more memory than it may have");
}

const char *parse_show(const struct parser *p, uint32_t i, char out[48])
{
	const struct tok *k = &p->t.v[i];
	if (k->kind == TOK_END)
		return "the end of the filter";
	int n = (int)MIN_OF(k->n, 40u);
	bool quoted = k->kind == TOK_STRING || k->kind == TOK_BAD;
	snprintf(out, 48, quoted ? "%.*s" : "'%.*s'", n, p->t.text + k->off);
	return out;
}

void parse_expect(struct parser *p, uint32_t i, enum expect_kind kind, const struct subject *s)
{
	if (!p->expect || p->t.v[i].kind != TOK_END)
		return;
	p->expect->kinds |= (unsigned)kind;
	if (s)
		p->expect->subject = s;
}

struct node *parse_node(struct parser *p, enum node_kind kind)
{
	if (++p->nodes > FILTER_NODES_MAX)
		return parse_fail(p, p->i, ERR_LIMIT, "more than %d comparisons", FILTER_NODES_MAX);
	struct node *n = parse_alloc(p, sizeof(*n));
	if (n)
		n->kind = kind;
	return n;
}

static struct node *parse_or(struct parser *p);

/* a and b, or a or b; either may be NULL after a failure. */
static struct node *join(struct parser *p, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n = a && b ? parse_node(p, kind) : NULL;
	if (n) {
		n->child = a;
		a->next = b;
	}
	return n;
}

/* The expression of a macro, or what an alias implies; text is ours, so it has no error but a
 * limit. */
static struct node *parse_ours(struct parser *p, const char *text)
{
	struct parser sub = *p;
	sub.i = 0;
	sub.whole = NULL;
	sub.expect = NULL;
	if (lex(text, strlen(text), p->arena, &sub.t))
		return parse_fail(p, p->i, ERR_NOMEM,
				  "the filter needs more memory than it may have");
	struct node *n = parse_or(&sub);
	p->nodes = sub.nodes;
	p->values = sub.values;
	p->ranges = sub.ranges;
	p->err = sub.err;
	return n;
}

static const struct subject *field_subject(struct parser *p, enum field f)
{
	struct subject *s = parse_alloc(p, sizeof(*s));
	struct quantity *q = parse_alloc(p, sizeof(*q));
	if (!s || !q)
		return NULL;
	bool list = field_table[f].ctype == CT_U32LIST;
	*q = (struct quantity){.measure = M_FIELD, .field = f, .elem = list ? ELEM_ANY : 0};
	*s = (struct subject){field_table[f].name, q, 1};
	return s;
}

static const struct subject *target_subject(struct parser *p, const struct word *w)
{
	if (w->kind == WORD_SUBJECT)
		return &w->subject;
	const struct word *to = word_subject(w->target);
	if (to)
		return &to->subject;
	return field_subject(p, (enum field)field_find(w->target, strlen(w->target)));
}

/* The test after the phrase w, which ended before p->i. */
static struct node *parse_word(struct parser *p, const struct word *w, uint32_t at)
{
	if (w->kind == WORD_MACRO)
		return parse_ours(p, w->target);
	if (w->kind == WORD_NOT_KEPT)
		return parse_fail(p, at, ERR_UNSUPPORTED, "'%s': %s", w->phrase, w->doc);
	const struct subject *s = target_subject(p, w);
	if (!s)
		return NULL;
	if (s->q[0].measure == M_ROW && !(p->opts && p->opts->row_numbers))
		return parse_fail(
		    p, at, ERR_UNSUPPORTED,
		    "'count' is the number of a record in its input; stored flows have none");
	struct node *test = parse_test(p, s, w->kind == WORD_ALIAS ? w->implied : IMPLIED_EQ);
	if (!test || w->kind != WORD_ALIAS || !w->implies[0])
		return test;
	return join(p, NODE_AND, parse_ours(p, w->implies), test);
}

static struct node *unknown_word(struct parser *p, uint32_t i)
{
	char shown[48];
	const struct tok *k = &p->t.v[i];
	const char *near = k->kind == TOK_WORD ? word_nearest(p->t.text + k->off, k->n) : NULL;
	if (near)
		return parse_fail(p, i, ERR_UNKNOWN,
				  "%s is not a field or word of filters; did you mean '%s'?",
				  parse_show(p, i, shown), near);
	if (k->kind == TOK_WORD)
		return parse_fail(p, i, ERR_UNKNOWN, "%s is not a field or word of filters",
				  parse_show(p, i, shown));
	if (k->kind == TOK_BAD)
		return parse_fail(p, i, ERR_SYNTAX, "a quote that is not closed");
	return parse_fail(p, i, ERR_SYNTAX,
			  "expected a field or word (like src_ip, port, proto), found %s",
			  parse_show(p, i, shown));
}

/* `src or dst port 80`, `src and dst net 10.0.0.0/8`: the words src and dst, a connective between.
 */
static bool sees_both_ends(const struct parser *p)
{
	uint32_t i = p->i;
	bool first = tok_is(&p->t, i, "src") || tok_is(&p->t, i, "dst");
	if (!first || !(tok_is(&p->t, i + 1, "or") || tok_is(&p->t, i + 1, "and")))
		return false;
	return tok_is(&p->t, i + 2, tok_is(&p->t, i, "src") ? "dst" : "src");
}

static struct node *parse_both_ends(struct parser *p)
{
	uint32_t at = p->i, n, m;
	enum node_kind kind = tok_is(&p->t, at + 1, "and") ? NODE_AND : NODE_OR;
	p->i += 3;
	uint32_t rest = p->i;
	const struct word *src = word_match(&p->t, rest, "src", &n);
	const struct word *dst = word_match(&p->t, rest, "dst", &m);
	if (!src || !dst || n != m || n == 0)
		return unknown_word(p, rest);
	p->i = rest + n;
	struct node *a = parse_word(p, src, at);
	if (!a)
		return NULL;
	p->i = rest + n;
	return join(p, kind, a, parse_word(p, dst, at));
}

/* @include FILE stands for the expression in the file. */
static struct node *parse_include(struct parser *p)
{
	char shown[48];
	size_t n = 0;
	struct text name;
	uint32_t at = p->i + 1;
	const struct tok *k = &p->t.v[at];
	if (k->kind != TOK_WORD && k->kind != TOK_STRING)
		return parse_fail(p, at, ERR_SYNTAX, "expected the name of a file, found %s",
				  parse_show(p, at, shown));
	if (!p->opts || !p->opts->include)
		return parse_fail(p, p->i, ERR_UNSUPPORTED, "files are not included here");
	if (p->includes >= FILTER_INCLUDE_MAX)
		return parse_fail(p, p->i, ERR_LIMIT, "more than %d files include one another",
				  FILTER_INCLUDE_MAX);
	if (!value_text(p, at, false, &name))
		return NULL;
	const char *text = p->opts->include(p->opts->include_ctx, name.p, p->arena, &n);
	if (!text || n > FILTER_TEXT_MAX)
		return parse_fail(p, at, ERR_NOT_FOUND, "cannot read %s", name.p);
	p->i += 2;
	struct parser sub = *p;
	sub.i = 0;
	sub.includes++;
	sub.whole = text;
	sub.expect = NULL;
	if (lex(text, n, p->arena, &sub.t))
		return parse_fail(p, at, ERR_NOMEM,
				  "the filter needs more memory than it may have");
	struct node *node = parse_or(&sub);
	if (node && sub.i < sub.t.count)
		node =
		    parse_fail(&sub, sub.i, ERR_SYNTAX, "expected 'and', 'or' or the end, found %s",
			       parse_show(&sub, sub.i, shown));
	p->nodes = sub.nodes;
	p->values = sub.values;
	p->ranges = sub.ranges;
	p->err = sub.err;
	return node;
}

static struct node *parse_term(struct parser *p)
{
	quirk_direction(p);
	uint32_t at = p->i, n;
	if (p->expect)
		p->expect->term = at;
	parse_expect(p, at, EXPECT_TERM, NULL);
	if (tok_is(&p->t, at, "any") && !tok_is(&p->t, at + 1, "vlan")) {
		p->i++;
		return parse_node(p, NODE_ANY);
	}
	if (tok_is(&p->t, at, "@include"))
		return parse_include(p);
	if (sees_both_ends(p))
		return parse_both_ends(p);
	int field = word_field(&p->t, at);
	const struct word *w = word_match(&p->t, at, NULL, &n);
	if (quirk_exporter_number(p))
		field = F_exporter_id;
	bool by_field = field >= 0 && (!w || n == 1);
	if (by_field && w && w->kind == WORD_ALIAS && w->implied == IMPLIED_ONLY_BARE) {
		p->i = at + 1;
		by_field = parse_sees_operator(p);
	}
	if (by_field) {
		p->i = at + 1;
		const struct subject *s = field_subject(p, (enum field)field);
		return s ? parse_test(p, s, IMPLIED_EQ) : NULL;
	}
	if (!w)
		return unknown_word(p, at);
	p->i = at + n;
	return parse_word(p, w, at);
}

static struct node *parse_not(struct parser *p)
{
	if (tok_is(&p->t, p->i, "%") && tok_is(&p->t, p->i + 2, "("))
		quirk_label(p);
	struct node *n;
	uint32_t at = p->i;
	char shown[48];
	bool negate = tok_is(&p->t, at, "not") || tok_is(&p->t, at, "!");
	bool group = tok_is(&p->t, at, "(");
	if (!negate && !group)
		return parse_term(p);
	if (++p->depth > FILTER_DEPTH_MAX)
		return parse_fail(p, at, ERR_LIMIT,
				  "more than %d parentheses and nots inside one another",
				  FILTER_DEPTH_MAX);
	p->i++;
	if (negate) {
		struct node *child = parse_not(p);
		n = child ? parse_node(p, NODE_NOT) : NULL;
		if (n)
			n->child = child;
	} else {
		n = parse_or(p);
		if (n && !tok_is(&p->t, p->i, ")"))
			return parse_fail(p, p->i, ERR_SYNTAX,
					  "expected 'and', 'or' or ')', found %s",
					  parse_show(p, p->i, shown));
		p->i++;
		quirk_label(p);
	}
	p->depth--;
	return n;
}

/* A run of operands joined by one connective becomes one node with all of them as children. */
static struct node *parse_run(struct parser *p, enum node_kind kind)
{
	const char *word = kind == NODE_AND ? "and" : "or", *sign = kind == NODE_AND ? "&&" : "||";
	struct node *first = kind == NODE_AND ? parse_not(p) : parse_run(p, NODE_AND), *all = NULL,
		    *last = first;
	if (first)
		parse_expect(p, p->i, EXPECT_CONNECTIVE, NULL);
	while (first && (tok_is(&p->t, p->i, word) || tok_is(&p->t, p->i, sign))) {
		p->i++;
		if (!all) {
			all = parse_node(p, kind);
			if (!all)
				return NULL;
			all->child = first;
		}
		last->next = kind == NODE_AND ? parse_not(p) : parse_run(p, NODE_AND);
		last = last->next;
		if (!last)
			return NULL;
	}
	return all ? all : first;
}

static struct node *parse_or(struct parser *p)
{
	return parse_run(p, NODE_OR);
}

/* Masks needed below this node: an AND or OR keeps its own while its children are evaluated. */
static uint32_t mask_depth(const struct node *n)
{
	uint32_t deepest = 0;
	for (const struct node *c = n->child; c; c = c->next) {
		uint32_t depth = mask_depth(c);
		deepest = MAX_OF(deepest, depth);
	}
	return deepest + (n->kind != NODE_NOT);
}

enum err parse_tokens(struct parser *p, struct filter **ret)
{
	char shown[48];
	struct node *root;
	if (p->t.count == 0) {
		parse_expect(p, 0, EXPECT_TERM, NULL);
		root = parse_node(p, NODE_ANY);
	} else {
		root = parse_or(p);
	}
	if (root && p->i < p->t.count)
		root = parse_fail(p, p->i, ERR_SYNTAX,
				  "expected 'and', 'or' or the end of the filter, found %s",
				  parse_show(p, p->i, shown));
	struct filter *f = root ? parse_alloc(p, sizeof(*f)) : NULL;
	if (!f)
		return p->err;
	*f = (struct filter){root, mask_depth(root)};
	*ret = f;
	return ERR_OK;
}

enum err filter_parse_with(const char *text, size_t n, const struct filter_parse_opts *opts,
			   struct arena *arena, struct filter **ret, struct diag *reterr)
{
	struct parser p = {.arena = arena, .opts = opts, .reterr = reterr, .whole = text};
	if (n > FILTER_TEXT_MAX)
		return diag_set(reterr, ERR_LIMIT, 1, 1, "a filter has at most %d bytes",
				FILTER_TEXT_MAX);
	enum err e = lex(text, n, arena, &p.t);
	if (e)
		return diag_set(reterr, e, 0, 0, "the filter needs more memory than it may have");
	return parse_tokens(&p, ret);
}

enum err filter_parse(const char *text, size_t n, struct arena *arena, struct filter **ret,
		      struct diag *reterr)
{
	return filter_parse_with(text, n, NULL, arena, ret, reterr);
}
