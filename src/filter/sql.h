/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of SQL text shared by sql.c (conditions), sql_list.c (lists of values) and sql_ip.c
 * (addresses in two columns). */
#pragma once
#include "base/buf.h"
#include "filter/ast.h"
#include "model/native.h"

struct sql {
	struct buf *out;
	const char *prefix;
};

/* The value of a quantity; element: what stands for it in a list, NULL = the column. */
void sql_value(struct sql *s, const struct quantity *q, const char *element);
void sql_literal(struct sql *s, enum domain d, struct key k);
/* value op literal */
void sql_compare(struct sql *s, const struct test *t, const struct quantity *q, const char *element,
		 const char *op, struct key k);
/* Whether the value is one of the test's ranges (not DOM_TEXT). */
void sql_one_of(struct sql *s, const struct test *t, const struct quantity *q, const char *element);

/* The two columns of an address; NULL: it has one, or element stands for it. */
const struct native_split *sql_split(const struct quantity *q, const char *element);
/* Whether all of the range is found in the column of IPv4. */
bool sql_range_is_ip4(const struct range *r);
void sql_ip_equal(struct sql *s, const struct native_split *c, struct key k);
/* Only if sql_range_is_ip4. */
void sql_ip4_between(struct sql *s, const struct native_split *c, const struct range *r);
