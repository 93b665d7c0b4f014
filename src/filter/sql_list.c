/* SPDX-License-Identifier: Apache-2.0 */
/* A list of values as SQL. Single values are one IN. Many prefixes of the same length are one IN as
 * well, of the address cut to that length, since a thousand comparisons a row would take minutes;
 * bounds around them let the index work. */
#include "filter/literal.h"
#include "filter/sql.h"

enum { NETS_MANY = 4, BOUNDS_FROM = 4, NET_BITS = 128 };

/* One range with lo < hi; a bound at the end of the domain is left out. */
static void between(struct sql *s, const struct test *t, const struct quantity *q,
		    const char *element, const struct range *r)
{
	static const struct key least = {0, 0};
	struct key most = {t->domain == DOM_IP ? UINT64_MAX : 0, UINT64_MAX};
	const struct native_split *split = sql_split(q, element);
	bool lower = key_cmp(r->lo, least) != 0, upper = key_cmp(r->hi, most) != 0;
	if (split && sql_range_is_ip4(r)) {
		sql_ip4_between(s, split, r);
		return;
	}
	if (!lower && !upper)
		buf_u8(s->out, '1');
	if (lower && upper)
		buf_u8(s->out, '(');
	if (lower)
		sql_compare(s, t, q, element, ">=", r->lo);
	if (lower && upper)
		buf_str(s->out, " AND ");
	if (upper)
		sql_compare(s, t, q, element, "<=", r->hi);
	if (lower && upper)
		buf_u8(s->out, ')');
}

static bool is_single(const struct range *r)
{
	return key_cmp(r->lo, r->hi) == 0;
}

/* What is told apart among the ranges of a list: how long the prefix is (128: a single value, -1:
 * none), and whether a column of IPv4 has all of it. */
struct sort {
	int bits;
	bool ip4;
};
static struct sort sort_of(const struct test *t, const struct native_split *split,
			   const struct range *r)
{
	return (struct sort){is_single(r)          ? NET_BITS
			     : t->domain == DOM_IP ? net_of_range(r)
						   : -1,
			     split && sql_range_is_ip4(r)};
}

static bool sorts_equal(struct sort a, struct sort b)
{
	return a.bits == b.bits && a.ip4 == b.ip4;
}

/* The elements of an IN: addresses as plain text, which is shorter and converted once. */
static void element_of_set(struct sql *s, const struct test *t, bool ip4, struct key k)
{
	char text[IP_TEXT_MAX];
	struct ip a = key_to_ip(k);
	if (ip4) {
		buf_dec(s->out, (uint32_t)k.lo);
	} else if (t->domain == DOM_IP) {
		ip_format(&a, text);
		buf_fmt(s->out, "'%s'", text);
	} else {
		sql_literal(s, t->domain, k);
	}
}

/* What is looked up in the set of a sort: the value, cut to the length of the prefix. */
static void value_in_set(struct sql *s, const struct quantity *q, const char *element,
			 struct sort of)
{
	const struct native_split *split = sql_split(q, element);
	bool net = of.bits < NET_BITS;
	if (of.ip4) {
		buf_fmt(s->out, net ? "bitAnd(%s%s, %u)" : "%s%s", s->prefix, split->ip4,
			(unsigned)(UINT32_MAX << (NET_BITS - of.bits)));
		return;
	}
	buf_str(s->out, net ? "tupleElement(IPv6CIDRToRange(" : "");
	sql_value(s, q, element);
	if (net)
		buf_fmt(s->out, ", %d), 1)", of.bits);
}

/* value IN (the ranges of one sort) */
static void in_set(struct sql *s, const struct test *t, const struct quantity *q,
		   const char *element, struct sort of)
{
	const struct native_split *split = sql_split(q, element);
	const char *comma = "";
	value_in_set(s, q, element, of);
	buf_str(s->out, " IN (");
	for (uint32_t i = 0; i < t->n; i++) {
		if (!sorts_equal(sort_of(t, split, &t->ranges[i]), of))
			continue;
		buf_str(s->out, comma);
		element_of_set(s, t, of.ip4, t->ranges[i].lo);
		comma = ", ";
	}
	buf_u8(s->out, ')');
}

/* How many ranges there are of each sort. */
struct sorts {
	uint32_t n[2][NET_BITS + 1]; /* [ip4][bits] */
};

static bool has_set(const struct sorts *n, struct sort of)
{
	return of.bits >= 0 &&
	       n->n[of.ip4][of.bits] >= (uint32_t)(of.bits == NET_BITS ? 1 : NETS_MANY);
}

/* What is in no set: ranges, and prefixes of which there are few. */
static void rest(struct sql *s, const struct test *t, const struct quantity *q, const char *element,
		 const struct sorts *n, bool started)
{
	const struct native_split *split = sql_split(q, element);
	for (uint32_t i = 0; i < t->n; i++) {
		if (has_set(n, sort_of(t, split, &t->ranges[i])))
			continue;
		buf_str(s->out, started ? " OR " : "");
		started = true;
		between(s, t, q, element, &t->ranges[i]);
	}
}

/* (value >= lowest AND value <= highest AND (; not of two columns, whose whole no index knows. */
static bool bounds(struct sql *s, const struct test *t, const struct quantity *q,
		   const char *element)
{
	const struct native_split *split = sql_split(q, element);
	const struct range all = {t->ranges[0].lo, t->ranges[t->n - 1].hi};
	if (t->domain != DOM_IP || t->n < BOUNDS_FROM || (split && !sql_range_is_ip4(&all)))
		return false;
	buf_u8(s->out, '(');
	if (split) {
		sql_ip4_between(s, split, &all);
	} else {
		sql_compare(s, t, q, element, ">=", all.lo);
		buf_str(s->out, " AND ");
		sql_compare(s, t, q, element, "<=", all.hi);
	}
	buf_str(s->out, " AND ");
	return true;
}

void sql_one_of(struct sql *s, const struct test *t, const struct quantity *q, const char *element)
{
	const struct native_split *split = sql_split(q, element);
	struct sorts n = {0};
	bool started = false;
	for (uint32_t i = 0; i < t->n; i++) {
		struct sort of = sort_of(t, split, &t->ranges[i]);
		if (of.bits >= 0)
			n.n[of.ip4][of.bits]++;
	}
	bool bounded = bounds(s, t, q, element);
	buf_str(s->out, t->n > 1 ? "(" : "");
	for (int i = 2 * NET_BITS + 1; i >= 0; i--) {
		const struct sort of = {i / 2, i % 2};
		if (!has_set(&n, of))
			continue;
		buf_str(s->out, started ? " OR " : "");
		started = true;
		in_set(s, t, q, element, of);
	}
	rest(s, t, q, element, &n, started);
	buf_str(s->out, t->n > 1 ? ")" : "");
	buf_str(s->out, bounded ? ")" : "");
}
