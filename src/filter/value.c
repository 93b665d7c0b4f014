/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct {
	char letter;
	uint8_t bits;
} flag_letters[] = {{'F', 1}, {'S', 2}, {'R', 4}, {'P', 8}, {'A', 16}, {'U', 32}, {'E', 64}, {'C', 128}, {'X', 63}};
/* clang-format on */

static bool is_field(const struct quantity *q, enum field f)
{
	return q->measure == M_FIELD && q->field == f;
}

bool value_takes_flags(const struct subject *s)
{
	return is_field(&s->q[0], F_tcp_flags) || is_field(&s->q[0], F_rev_tcp_flags);
}

static bool is_country(const struct subject *s)
{
	return is_field(&s->q[0], F_src_country) || is_field(&s->q[0], F_dst_country) ||
	       is_field(&s->q[0], F_post_nat_src_country) ||
	       is_field(&s->q[0], F_post_nat_dst_country) ||
	       is_field(&s->q[0], F_tunnel_src_country) || is_field(&s->q[0], F_tunnel_dst_country);
}

static enum duration_unit duration_of(const struct subject *s)
{
	const struct quantity *q = &s->q[0];
	if (q->measure == M_DURATION)
		return DURATION_MS;
	if (q->measure != M_FIELD || field_table[q->field].kind != KIND_DURATION)
		return DURATION_NONE;
	return q->div == 1000 || field_table[q->field].unit == UNIT_MS ? DURATION_MS : DURATION_US;
}

/* The smallest of the largest values of its quantities. */
static uint64_t subject_max(const struct subject *s)
{
	uint64_t max = UINT64_MAX;
	for (uint8_t i = 0; i < s->n; i++)
		max = MIN_OF(max, quantity_max(&s->q[i]));
	return max;
}

const char *parse_wanted(const struct subject *s, char out[96])
{
	static const char *const plain[] = {
	    [DOM_NUM] = NULL,
	    [DOM_SIGNED] = "a time span (ms, or with a unit: 10ms 5s 2min 1h)",
	    [DOM_TIME] = "a time (2026-01-31T12:00:00Z, 2026/01/31.12:00)",
	    [DOM_IP] = "an address, prefix or range of addresses",
	    [DOM_MAC] = "a MAC address (0a:0b:0c:0d:0e:0f)",
	    [DOM_TEXT] = "a text",
	};
	enum domain d = quantity_domain(&s->q[0]);
	if (plain[d])
		return plain[d];
	if (value_takes_flags(s))
		return "TCP flags (letters of FSRPAUEC) or a number";
	bool named = s->q[0].measure == M_FIELD && name_of(s->q[0].field, 1);
	if (duration_of(s) != DURATION_NONE)
		return "a time span (a number, or with a unit: 250us 10ms 5s)";
	snprintf(out, 96, "a %snumber from 0 to %llu", named ? "name or " : "",
		 (unsigned long long)subject_max(s));
	return out;
}

static bool grow(struct parser *p, struct values *v)
{
	if (++p->values > FILTER_LIST_MAX)
		return parse_fail(p, p->i, ERR_LIMIT, "more than %d values", FILTER_LIST_MAX);
	if (v->n < v->cap)
		return true;
	uint32_t cap = v->cap ? v->cap * 2 : 4;
	size_t size = v->domain == DOM_TEXT ? sizeof(struct text) : sizeof(struct range);
	char *m = parse_alloc(p, cap * size);
	if (!m)
		return false;
	void *old = v->domain == DOM_TEXT ? (void *)v->texts : (void *)v->ranges;
	if (v->n)
		memcpy(m, old, v->n * size);
	v->cap = cap;
	if (v->domain == DOM_TEXT)
		v->texts = (void *)m;
	else
		v->ranges = (void *)m;
	return true;
}

bool value_add(struct parser *p, struct values *v, struct range r)
{
	if (!grow(p, v))
		return false;
	bool single = key_cmp(r.lo, r.hi) == 0;
	bool prefix = v->domain == DOM_IP && net_of_range(&r) >= 0;
	if (!single && !prefix && ++p->ranges > FILTER_RANGES_MAX)
		return parse_fail(p, p->i, ERR_LIMIT, "more than %d ranges", FILTER_RANGES_MAX);
	v->ranged |= !single;
	v->ranges[v->n++] = r;
	return true;
}

bool value_wrong(struct parser *p, const struct values *v, uint32_t i)
{
	char shown[48], wanted[96];
	const struct tok *k = &p->t.v[i];
	parse_expect(p, i, EXPECT_VALUE, v->s);
	enum err e = k->kind == TOK_END || k->kind == TOK_PUNCT ? ERR_SYNTAX : ERR_TYPE;
	if (k->kind == TOK_BAD)
		return parse_fail(p, i, ERR_SYNTAX, "a quote that is not closed");
	return parse_fail(p, i, e, "%s: expected %s, found %s", v->s->name,
			  parse_wanted(v->s, wanted), parse_show(p, i, shown));
}

/* What a literal that is almost right lacks. */
static bool wrong_literal(struct parser *p, const struct values *v, uint32_t i, enum literal l)
{
	char shown[48], wanted[96];
	parse_show(p, i, shown);
	switch (l) {
	case LITERAL_AMBIGUOUS:
		return parse_fail(p, i, ERR_TYPE,
				  "%s could mean minutes or millions; write min, or the number",
				  shown);
	case LITERAL_FRACTION:
		return parse_fail(p, i, ERR_TYPE, "%s is not a whole number of the unit of %s",
				  shown, v->s->name);
	case LITERAL_BIG:
		return parse_fail(p, i, ERR_TYPE, "%s is out of range: expected %s", shown,
				  parse_wanted(v->s, wanted));
	case LITERAL_OK:
	case LITERAL_NOT:
		break;
	}
	return value_wrong(p, v, i);
}

bool value_flags(const char *s, size_t n, uint64_t *ret)
{
	uint64_t bits = 0;
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;
		while (k < ARRAY_LEN(flag_letters) && flag_letters[k].letter != (s[i] & ~32))
			k++;
		if (k == ARRAY_LEN(flag_letters))
			return false;
		bits |= flag_letters[k].bits;
	}
	*ret = bits;
	return n > 0;
}

static enum literal plain_number(const struct values *v, const char *s, size_t n, struct key *ret)
{
	bool as = v->s->q[0].measure == M_FIELD && field_table[v->s->q[0].field].kind == KIND_AS;
	if (as && n > 2 && (s[0] | 32) == 'a' && (s[1] | 32) == 's') {
		s += 2;
		n -= 2;
	}
	uint64_t num;
	enum literal l = literal_number(s, n, duration_of(v->s), &num);
	if (l)
		return l;
	if (num > subject_max(v->s))
		return LITERAL_BIG;
	*ret = v->domain == DOM_SIGNED ? key_signed((int64_t)num) : key_num(num);
	return LITERAL_OK;
}

static bool number_value(struct parser *p, struct values *v)
{
	enum { NAME_VALUES_MAX = 4 };
	uint64_t named[NAME_VALUES_MAX], bits;
	const struct tok *k = &p->t.v[p->i];
	bool quoted = k->kind == TOK_STRING;
	const char *s = p->t.text + k->off + quoted;
	size_t n = k->n - 2 * quoted;
	if (k->kind != TOK_WORD && !quoted)
		return value_wrong(p, v, p->i);
	size_t names = v->s->q[0].measure == M_FIELD && !v->s->q[0].shift
			   ? name_values(v->s->q[0].field, s, n, named, NAME_VALUES_MAX)
			   : 0;
	for (size_t i = 0; i < names; i++)
		if (!value_add(p, v, (struct range){key_num(named[i]), key_num(named[i])}))
			return false;
	v->ranged |= names > 1;
	struct range r;
	bool strict = quoted && n && s[0] == '='; /* flags "=S" */
	if (value_takes_flags(v->s) && value_flags(s + strict, n - strict, &bits)) {
		p->i++;
		return value_add(p, v, (struct range){key_num(bits), key_num(bits)});
	}
	if (names || quoted)
		return names ? (p->i++, true) : value_wrong(p, v, p->i);
	const char *dash = n > 1 ? memchr(s + 1, '-', n - 1) : NULL;
	size_t left = dash ? (size_t)(dash - s) : n;
	enum literal l = plain_number(v, s, left, &r.lo);
	r.hi = r.lo;
	if (!l && dash)
		l = plain_number(v, dash + 1, n - left - 1, &r.hi);
	if (l)
		return wrong_literal(p, v, p->i, l);
	if (key_cmp(r.lo, r.hi) > 0)
		return parse_fail(p, p->i, ERR_TYPE, "%s: a range goes from low to high",
				  v->s->name);
	p->i++;
	return value_add(p, v, r);
}

static bool time_value(struct parser *p, struct values *v)
{
	const struct tok *k = &p->t.v[p->i];
	bool quoted = k->kind == TOK_STRING;
	int64_t ms;
	if (k->kind != TOK_WORD && !quoted)
		return value_wrong(p, v, p->i);
	enum literal l = literal_time(p->t.text + k->off + quoted, k->n - 2 * quoted, &ms);
	if (l)
		return wrong_literal(p, v, p->i, l);
	p->i++;
	return value_add(p, v, (struct range){key_signed(ms), key_signed(ms)});
}

static bool mac_value(struct parser *p, struct values *v)
{
	const struct tok *k = &p->t.v[p->i];
	bool quoted = k->kind == TOK_STRING;
	uint64_t mac;
	if ((k->kind != TOK_WORD && !quoted) ||
	    mac_parse(p->t.text + k->off + quoted, k->n - 2 * quoted, &mac))
		return value_wrong(p, v, p->i);
	p->i++;
	return value_add(p, v, (struct range){key_num(mac), key_num(mac)});
}

/* The bytes of a word or string: quotes off, \\ and \quote undone, unless it is a regular
 * expression. */
bool value_text(struct parser *p, uint32_t i, bool regex, struct text *ret)
{
	const struct tok *k = &p->t.v[i];
	const char *s = p->t.text + k->off;
	char *out = parse_alloc(p, k->n + 1);
	if (!out)
		return false;
	size_t n = 0;
	bool quoted = k->kind == TOK_STRING;
	for (uint32_t c = quoted; c < k->n - quoted; c++) {
		bool pair = quoted && s[c] == '\\' && c + 1 < k->n - quoted;
		if (pair && s[c + 1] != s[0] && (regex || s[c + 1] != '\\'))
			out[n++] = s[c++];
		else if (pair)
			c++;
		out[n++] = s[c];
	}
	*ret = (struct text){out, n};
	return true;
}

static bool text_value(struct parser *p, struct values *v)
{
	struct text x;
	const struct tok *k = &p->t.v[p->i];
	if (k->kind != TOK_WORD && k->kind != TOK_STRING)
		return value_wrong(p, v, p->i);
	if (!value_text(p, p->i, false, &x) || !grow(p, v))
		return false;
	char *s = (char *)(uintptr_t)x.p;
	for (size_t i = 0; i < x.n && is_country(v->s); i++)
		s[i] = (char)(s[i] >= 'a' && s[i] <= 'z' ? s[i] - 32 : s[i]);
	v->texts[v->n++] = x;
	p->i++;
	return true;
}

bool value_read(struct parser *p, struct values *v)
{
	parse_expect(p, p->i, EXPECT_VALUE, v->s);
	switch (v->domain) {
	case DOM_NUM:
	case DOM_SIGNED:
		return number_value(p, v);
	case DOM_TIME:
		return time_value(p, v);
	case DOM_IP:
		return value_read_ip(p, v);
	case DOM_MAC:
		return mac_value(p, v);
	case DOM_TEXT:
		return text_value(p, v);
	}
	return false;
}

/* [a, b c] or (a, b): at least one value, commas optional. */
bool value_list(struct parser *p, struct values *v)
{
	char shown[48], wanted[96];
	const char *end = tok_is(&p->t, p->i, "[") ? "]" : ")";
	p->i++;
	do {
		if (!value_read(p, v))
			return false;
		if (tok_is(&p->t, p->i, ","))
			p->i++;
		if (p->t.v[p->i].kind == TOK_END) {
			parse_expect(p, p->i, EXPECT_VALUE, v->s);
			return parse_fail(p, p->i, ERR_SYNTAX, "%s: expected %s or '%s', found %s",
					  v->s->name, parse_wanted(v->s, wanted), end,
					  parse_show(p, p->i, shown));
		}
	} while (!tok_is(&p->t, p->i, end));
	p->i++;
	return true;
}

static int range_order(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	int by_lo = key_cmp(x->lo, y->lo);
	return by_lo ? by_lo : key_cmp(x->hi, y->hi);
}

static int text_order(const void *a, const void *b)
{
	const struct text *x = a, *y = b;
	int d = memcmp(x->p, y->p, MIN_OF(x->n, y->n));
	return d ? d : x->n < y->n ? -1 : x->n > y->n;
}

/* Sorts the values and leaves none twice; ranges that overlap become one. */
void value_sort(struct values *v)
{
	uint32_t kept = 0;
	if (v->n == 0)
		return;
	if (v->domain == DOM_TEXT) {
		qsort(v->texts, v->n, sizeof(*v->texts), text_order);
		for (uint32_t i = 1; i < v->n; i++)
			if (text_order(&v->texts[kept], &v->texts[i]) != 0)
				v->texts[++kept] = v->texts[i];
	} else {
		qsort(v->ranges, v->n, sizeof(*v->ranges), range_order);
		for (uint32_t i = 1; i < v->n; i++) {
			struct range *last = &v->ranges[kept];
			if (key_cmp(v->ranges[i].lo, last->hi) > 0)
				v->ranges[++kept] = v->ranges[i];
			else if (key_cmp(v->ranges[i].hi, last->hi) > 0)
				last->hi = v->ranges[i].hi;
		}
	}
	v->n = kept + 1;
}
