/* SPDX-License-Identifier: Apache-2.0 */
/* The normalised expression. Whatever is printed here parses back to a filter that prints the same.
 */
#include "filter/ast.h"
#include "filter/literal.h"
#include "filter/regex.h"
#include "filter/words.h"

#include "base/timefmt.h"

static void print_flags(struct buf *out, uint64_t bits)
{
	static const char letters[] = "FSRPAUEC";
	if (bits == 0 || bits > 0xff) {
		buf_dec(out, bits);
		return;
	}
	for (unsigned i = 0; i < 8; i++)
		if (bits >> i & 1)
			buf_u8(out, (uint8_t)letters[i]);
}

static void print_number(struct buf *out, const struct quantity *q, uint64_t v)
{
	bool field = q->measure == M_FIELD && !q->shift;
	const char *name = field ? name_of(q->field, v) : NULL;
	if (field && (q->field == F_tcp_flags || q->field == F_rev_tcp_flags))
		print_flags(out, v);
	else if (name)
		buf_str(out, name);
	else
		buf_dec(out, v);
}

static void print_key(struct buf *out, const struct test *t, struct key k)
{
	char text[64];
	struct ip a;
	switch (t->domain) {
	case DOM_NUM:
		print_number(out, &t->subject->q[0], k.lo);
		break;
	case DOM_SIGNED:
		buf_dec_signed(out, key_to_signed(k));
		break;
	case DOM_TIME:
		buf_put(out, text, rfc3339_format(key_to_signed(k), text));
		break;
	case DOM_IP:
		a = key_to_ip(k);
		buf_put(out, text, ip_format(&a, text));
		break;
	case DOM_MAC:
		buf_put(out, text, mac_format(k.lo, text));
		break;
	case DOM_TEXT:
		break;
	}
}

static void print_range(struct buf *out, const struct test *t, const struct range *r)
{
	int bits = t->domain == DOM_IP ? net_of_range(r) : -1;
	struct ip a = key_to_ip(r->lo);
	if (key_cmp(r->lo, r->hi) == 0) {
		print_key(out, t, r->lo);
	} else if (bits >= 0) {
		print_key(out, t, r->lo);
		buf_fmt(out, "/%d", ip_is_v4(&a) ? bits - 96 : bits);
	} else if (t->domain == DOM_NUM) {
		buf_dec(out, r->lo.lo);
		buf_u8(out, '-');
		buf_dec(out, r->hi.lo);
	} else {
		print_key(out, t, r->lo);
		buf_u8(out, '-');
		print_key(out, t, r->hi);
	}
}

static void print_text(struct buf *out, const struct text *x)
{
	buf_u8(out, '\'');
	for (size_t i = 0; i < x->n; i++) {
		if (x->p[i] == '\'' || x->p[i] == '\\')
			buf_u8(out, '\\');
		buf_u8(out, (uint8_t)x->p[i]);
	}
	buf_u8(out, '\'');
}

static void print_regex(struct buf *out, const struct regex *r)
{
	size_t n;
	const char *s = regex_source(r, &n);
	buf_u8(out, '\'');
	for (size_t i = 0; i < n; i++) {
		bool pair = s[i] == '\\' && i + 1 < n;
		if (s[i] == '\'')
			buf_u8(out, '\\');
		buf_u8(out, (uint8_t)s[i]);
		if (pair)
			buf_u8(out, (uint8_t)s[++i]);
	}
	buf_u8(out, '\'');
	buf_str(out, regex_flags(r));
}

static void print_item(struct buf *out, const struct test *t, uint32_t i)
{
	if (t->domain == DOM_TEXT)
		print_text(out, &t->texts[i]);
	else
		print_range(out, t, &t->ranges[i]);
}

static void print_test(struct buf *out, const struct test *t)
{
	buf_str(out, t->subject->name);
	buf_u8(out, ' ');
	buf_str(out, op_text(t->op));
	if (t->op == OP_DEFINED)
		return;
	buf_u8(out, ' ');
	if (t->other) {
		buf_str(out, t->other_name);
	} else if (t->regex) {
		print_regex(out, t->regex);
	} else if (t->n == 1) {
		print_item(out, t, 0);
	} else {
		for (uint32_t i = 0; i < t->n; i++) {
			buf_str(out, i ? ", " : "[");
			print_item(out, t, i);
		}
		buf_u8(out, ']');
	}
}

/* tight: the node stands where `and` or `not` would pull it apart. */
static void print_node(struct buf *out, const struct node *n, bool under_and, bool under_not)
{
	bool run = n->kind == NODE_AND || n->kind == NODE_OR;
	bool parens = run && (under_not || (under_and && n->kind == NODE_OR));
	if (parens)
		buf_u8(out, '(');
	switch (n->kind) {
	case NODE_ANY:
		buf_str(out, "any");
		break;
	case NODE_TEST:
		print_test(out, n->test);
		break;
	case NODE_NOT:
		buf_str(out, "not ");
		print_node(out, n->child, false, true);
		break;
	case NODE_AND:
	case NODE_OR:
		for (const struct node *c = n->child; c; c = c->next) {
			print_node(out, c, n->kind == NODE_AND, false);
			if (c->next)
				buf_str(out, n->kind == NODE_AND ? " and " : " or ");
		}
		break;
	}
	if (parens)
		buf_u8(out, ')');
}

void filter_print(const struct filter *f, struct buf *out)
{
	print_node(out, f->root, false, false);
}
