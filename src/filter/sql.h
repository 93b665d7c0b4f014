/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of SQL text shared by sql.c (conditions) and sql_list.c (lists of values). */
#pragma once
#include "base/buf.h"
#include "filter/ast.h"

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
