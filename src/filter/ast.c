/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/ast.h"

static const struct {
	const char *text;
	enum test_op positive;
} ops[OP_MAX] = {
    [OP_EQ] = {"=", OP_EQ},
    [OP_NE] = {"!=", OP_EQ},
    [OP_LT] = {"<", OP_LT},
    [OP_LE] = {"<=", OP_LE},
    [OP_GT] = {">", OP_GT},
    [OP_GE] = {">=", OP_GE},
    [OP_IN] = {"in", OP_IN},
    [OP_NOT_IN] = {"not in", OP_IN},
    [OP_HAS] = {"has", OP_HAS},
    [OP_HAS_ANY] = {"has any", OP_HAS_ANY},
    [OP_CONTAINS] = {"contains", OP_CONTAINS},
    [OP_NOT_CONTAINS] = {"not contains", OP_CONTAINS},
    [OP_MATCH] = {"~", OP_MATCH},
    [OP_NOT_MATCH] = {"!~", OP_MATCH},
    [OP_DEFINED] = {"defined", OP_DEFINED},
};

enum test_op op_positive(enum test_op op)
{
	return ops[op].positive;
}

const char *op_text(enum test_op op)
{
	return ops[op].text;
}

enum domain quantity_domain(const struct quantity *q)
{
	static const enum domain of_ctype[CT_MAX] = {
	    [CT_U8] = DOM_NUM,  [CT_U16] = DOM_NUM,  [CT_U32] = DOM_NUM,
	    [CT_U64] = DOM_NUM, [CT_MS] = DOM_TIME,  [CT_IP] = DOM_IP,
	    [CT_MAC] = DOM_MAC, [CT_STR] = DOM_TEXT, [CT_U32LIST] = DOM_NUM,
	};
	if (q->measure == M_DURATION)
		return DOM_SIGNED;
	return q->measure == M_FIELD ? of_ctype[field_table[q->field].ctype] : DOM_NUM;
}

uint64_t quantity_max(const struct quantity *q)
{
	static const uint64_t of_ctype[CT_MAX] = {
	    [CT_U8] = UINT8_MAX,   [CT_U16] = UINT16_MAX,     [CT_U32] = UINT32_MAX,
	    [CT_U64] = UINT64_MAX, [CT_U32LIST] = UINT32_MAX,
	};
	if (q->measure != M_FIELD)
		return q->measure == M_DURATION ? INT64_MAX : UINT64_MAX;
	if (q->mask)
		return q->mask;
	return of_ctype[field_table[q->field].ctype] / (q->div ? q->div : 1) >> q->shift;
}

size_t quantity_needs(const struct quantity *q, enum field out[4])
{
	static const struct {
		uint8_t n;
		enum field f[3];
	} needs[] = {
	    [M_DURATION] = {2, {F_t_first, F_t_last}},
	    [M_PPS] = {3, {F_t_first, F_t_last, F_packets}},
	    [M_BPS] = {3, {F_t_first, F_t_last, F_bytes}},
	    [M_BPP] = {2, {F_bytes, F_packets}},
	    [M_ROW] = {0, {0}},
	};
	if (q->measure == M_FIELD) {
		out[0] = q->field;
		return 1;
	}
	for (size_t i = 0; i < needs[q->measure].n; i++)
		out[i] = needs[q->measure].f[i];
	return needs[q->measure].n;
}

const struct range *test_ranges(const struct test *t, struct range *tmp, uint32_t *n)
{
	static const struct key none = {0, 0}, all = {UINT64_MAX, UINT64_MAX};
	struct key v = t->ranges[0].lo, before = v, after = v;
	before.hi -= before.lo-- == 0;
	after.hi += ++after.lo == 0;
	*n = 1;
	switch (op_positive(t->op)) {
	case OP_LT:
		*tmp = (struct range){none, before};
		return key_cmp(v, none) == 0 ? NULL : tmp;
	case OP_LE:
		*tmp = (struct range){none, v};
		return tmp;
	case OP_GT:
		*tmp = (struct range){after, all};
		return v.lo == UINT64_MAX && (t->domain != DOM_IP || v.hi == UINT64_MAX) ? NULL
											 : tmp;
	case OP_GE:
		*tmp = (struct range){v, all};
		return tmp;
	case OP_EQ:
	case OP_NE:
	case OP_IN:
	case OP_NOT_IN:
	case OP_HAS:
	case OP_HAS_ANY:
	case OP_CONTAINS:
	case OP_NOT_CONTAINS:
	case OP_MATCH:
	case OP_NOT_MATCH:
	case OP_DEFINED:
	case OP_MAX:
		break;
	}
	*n = t->n;
	return t->ranges;
}

struct key key_ip(const struct ip *a)
{
	struct key k;
	memcpy(&k.hi, a->b, 8);
	memcpy(&k.lo, a->b + 8, 8);
	k.hi = __builtin_bswap64(k.hi);
	k.lo = __builtin_bswap64(k.lo);
	return k;
}

struct ip key_to_ip(struct key k)
{
	struct ip a;
	k.hi = __builtin_bswap64(k.hi);
	k.lo = __builtin_bswap64(k.lo);
	memcpy(a.b, &k.hi, 8);
	memcpy(a.b + 8, &k.lo, 8);
	return a;
}
