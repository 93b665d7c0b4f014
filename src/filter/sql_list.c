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
	bool lower = key_cmp(r->lo, least) != 0, upper = key_cmp(r->hi, most) != 0;
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

/* The elements of an IN: addresses as plain text, which is shorter and converted once. */
static void element_of_set(struct sql *s, const struct test *t, struct key k)
{
	char text[IP_TEXT_MAX];
	struct ip a = key_to_ip(k);
	if (t->domain == DOM_IP) {
		ip_format(&a, text);
		buf_fmt(s->out, "'%s'", text);
	} else {
		sql_literal(s, t->domain, k);
	}
}

/* value IN (the ranges of prefix length bits); 128 = the single values. */
static void in_set(struct sql *s, const struct test *t, const struct quantity *q,
		   const char *element, int bits)
{
	const char *comma = "";
	if (bits < NET_BITS)
		buf_str(s->out, "tupleElement(IPv6CIDRToRange(");
	sql_value(s, q, element);
	if (bits < NET_BITS)
		buf_fmt(s->out, ", %d), 1)", bits);
	buf_str(s->out, " IN (");
	for (uint32_t i = 0; i < t->n; i++) {
		const struct range *r = &t->ranges[i];
		if (bits < NET_BITS ? is_single(r) || net_of_range(r) != bits : !is_single(r))
			continue;
		buf_str(s->out, comma);
		element_of_set(s, t, r->lo);
		comma = ", ";
	}
	buf_u8(s->out, ')');
}

/* What is in no set: ranges, and prefixes of which there are few. */
static void rest(struct sql *s, const struct test *t, const struct quantity *q, const char *element,
		 const uint32_t nets[NET_BITS + 1], bool started)
{
	for (uint32_t i = 0; i < t->n; i++) {
		const struct range *r = &t->ranges[i];
		int bits = t->domain == DOM_IP ? net_of_range(r) : -1;
		if (is_single(r) || (bits >= 0 && nets[bits] >= NETS_MANY))
			continue;
		buf_str(s->out, started ? " OR " : "");
		started = true;
		between(s, t, q, element, r);
	}
}

/* (value >= lowest AND value <= highest AND ( */
static bool bounds(struct sql *s, const struct test *t, const struct quantity *q,
		   const char *element)
{
	if (t->domain != DOM_IP || t->n < BOUNDS_FROM)
		return false;
	buf_u8(s->out, '(');
	sql_compare(s, t, q, element, ">=", t->ranges[0].lo);
	buf_str(s->out, " AND ");
	sql_compare(s, t, q, element, "<=", t->ranges[t->n - 1].hi);
	buf_str(s->out, " AND ");
	return true;
}

void sql_one_of(struct sql *s, const struct test *t, const struct quantity *q, const char *element)
{
	uint32_t nets[NET_BITS + 1] = {0};
	bool started = false;
	for (uint32_t i = 0; i < t->n; i++) {
		int bits = t->domain == DOM_IP ? net_of_range(&t->ranges[i]) : -1;
		if (is_single(&t->ranges[i]))
			nets[NET_BITS]++;
		else if (bits >= 0)
			nets[bits]++;
	}
	bool bounded = bounds(s, t, q, element);
	buf_str(s->out, t->n > 1 ? "(" : "");
	for (int bits = NET_BITS; bits >= 0; bits--) {
		if (bits == NET_BITS ? nets[bits] == 0 : nets[bits] < NETS_MANY)
			continue;
		buf_str(s->out, started ? " OR " : "");
		started = true;
		in_set(s, t, q, element, bits);
	}
	rest(s, t, q, element, nets, started);
	buf_str(s->out, t->n > 1 ? ")" : "");
	buf_str(s->out, bounded ? ")" : "");
}
