/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that stand in two columns of a table (model/native.h): conditions on IPv4 read the one
 * of four bytes only. 0 in it means that the other column has the address; 0.0.0.0 is there too. */
#include "filter/sql.h"

#include "base/ip.h"

const struct native_split *sql_split(const struct quantity *q, const char *element)
{
	return q->measure == M_FIELD && !element ? native_split(q->field) : NULL;
}

bool sql_range_is_ip4(const struct range *r)
{
	enum { MAPPED = 0xffff };
	return r->lo.hi == 0 && r->hi.hi == 0 && r->lo.lo >> 32 == MAPPED &&
	       r->hi.lo >> 32 == MAPPED && (uint32_t)r->lo.lo != 0;
}

void sql_ip_equal(struct sql *s, const struct native_split *c, struct key k)
{
	const struct range r = {k, k};
	if (sql_range_is_ip4(&r)) {
		buf_fmt(s->out, "%s%s = %u", s->prefix, c->ip4, (unsigned)k.lo);
		return;
	}
	buf_fmt(s->out, "(%s%s = 0 AND %s%s = ", s->prefix, c->ip4, s->prefix, c->ip6);
	sql_literal(s, DOM_IP, k);
	buf_u8(s->out, ')');
}

void sql_ip4_between(struct sql *s, const struct native_split *c, const struct range *r)
{
	buf_fmt(s->out, "(%s%s >= %u AND %s%s <= %u)", s->prefix, c->ip4, (unsigned)r->lo.lo,
		s->prefix, c->ip4, (unsigned)r->hi.lo);
}
