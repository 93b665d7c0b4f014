/* SPDX-License-Identifier: Apache-2.0 */
/* What a filter is after parsing, shared by the parser and the two back ends. Every word has become
 * a subject (one or several quantities that are compared), every literal a key, so a back end knows
 * neither words nor units.
 *
 * A test is true if, for one of the subject's quantities, the quantity is there and the comparison
 * holds. A negated test (!= !~, not in, not contains) is true if every quantity is there and none
 * compares: `port != 80` means neither end. */
#pragma once
#include "filter/filter.h"

enum domain { DOM_NUM, DOM_SIGNED, DOM_TIME, DOM_IP, DOM_MAC, DOM_TEXT };

enum measure {
	M_FIELD,
	M_DURATION, /* t_last - t_first, ms */
	M_PPS,      /* packets / duration, rounded down; 0 if the duration is not positive */
	M_BPS,      /* 8 * bytes / duration, likewise */
	M_BPP,      /* bytes / packets, rounded down; 0 if there are no packets */
	M_ROW,      /* number of the record in its input, from 1 */
};

/* Which elements of a list field a quantity stands for. */
enum {
	ELEM_ANY = 0xff,
	ELEM_BOTTOM = 0xfe
}; /* else the index; BOTTOM: those with the bottom-of-stack bit */

struct quantity {
	enum measure measure;
	enum field field;
	uint8_t elem;  /* lists only */
	uint8_t shift; /* value = (stored / div) >> shift & mask */
	uint32_t mask; /* 0 = all bits */
	uint32_t div;  /* 0 = 1 */
};

struct subject {
	const char *name; /* as it is printed; parses back to this subject */
	const struct quantity *q;
	uint8_t n;
};

enum test_op {
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_IN,
	OP_NOT_IN,
	OP_HAS,
	OP_HAS_ANY,
	OP_CONTAINS,
	OP_NOT_CONTAINS,
	OP_MATCH,
	OP_NOT_MATCH,
	OP_DEFINED,
	OP_MAX
};

/* A value in the order of its domain: NUM and MAC in lo; SIGNED and TIME in lo with the sign bit
 * flipped; IP in both. */
struct key {
	uint64_t hi, lo;
};
struct range {
	struct key lo, hi; /* both inclusive */
};
struct text {
	const char *p;
	size_t n;
};

struct regex;

struct test {
	const struct subject *subject;
	enum domain domain;
	enum test_op op;
	uint32_t n; /* of ranges or texts */
	const struct range
	    *ranges; /* EQ..GE: one, lo == hi; IN: sorted, not touching; HAS: lo = the bits */
	const struct text *texts;  /* DOM_TEXT */
	const struct regex *regex; /* MATCH */
	const struct quantity
	    *other; /* a field on the right-hand side instead of values; EQ..GE only */
	const char *other_name;
};

enum node_kind { NODE_ANY, NODE_AND, NODE_OR, NODE_NOT, NODE_TEST };
struct node {
	enum node_kind kind;
	const struct test *test;   /* NODE_TEST */
	struct node *child, *next; /* children of AND, OR (two or more) and NOT (one) */
};

struct filter {
	const struct node *root;
	uint32_t depth; /* masks that evaluation needs besides the caller's */
};

static inline bool op_negated(enum test_op op)
{
	return op == OP_NE || op == OP_NOT_IN || op == OP_NOT_CONTAINS || op == OP_NOT_MATCH;
}
enum test_op op_positive(enum test_op op);
/* "=", "not in": as the language prints it. */
const char *op_text(enum test_op op);

enum domain quantity_domain(const struct quantity *q);
/* The largest value a quantity of DOM_NUM can have. */
uint64_t quantity_max(const struct quantity *q);
/* Fields that must be present for the quantity; writes at most 4, returns how many. */
size_t quantity_needs(const struct quantity *q, enum field out[4]);
/* The ranges of a numeric test as its operator means them: `> 5` becomes 6..max. Returns NULL if
 * nothing can match, else t->ranges or *tmp, with the number in *n. */
const struct range *test_ranges(const struct test *t, struct range *tmp, uint32_t *n);

#define KEY_SIGN ((uint64_t)1 << 63)
static inline struct key key_num(uint64_t v)
{
	return (struct key){0, v};
}
static inline struct key key_signed(int64_t v)
{
	return (struct key){0, (uint64_t)v ^ KEY_SIGN};
}
static inline int64_t key_to_signed(struct key k)
{
	return (int64_t)(k.lo ^ KEY_SIGN);
}
struct key key_ip(const struct ip *a);
struct ip key_to_ip(struct key k);
static inline int key_cmp(struct key a, struct key b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo == b.lo ? 0 : a.lo < b.lo ? -1 : 1;
}
