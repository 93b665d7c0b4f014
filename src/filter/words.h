/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary: words.def, names.def and the field names behind one look-up. */
#pragma once
#include "filter/ast.h"
#include "filter/lex.h"

enum word_kind { WORD_SUBJECT, WORD_ALIAS, WORD_MACRO, WORD_NOT_KEPT };
/* What a value without an operator means. */
enum implied_op { IMPLIED_EQ, IMPLIED_CONTAINS, IMPLIED_MATCH, IMPLIED_NET, IMPLIED_ONLY_BARE };

struct word {
	const char *phrase; /* lower case, words with one space between */
	enum word_kind kind;
	const char *doc;         /* SUBJECT, MACRO; the reason of NOT_KEPT */
	struct subject subject;  /* SUBJECT */
	const char *target;      /* ALIAS: a phrase or field; MACRO: the expression */
	enum implied_op implied; /* ALIAS */
	const char *implies;     /* ALIAS: an expression, "" = none */
};

extern const struct word word_table[];
extern const size_t word_count;

/* The longest phrase that the tokens from i on begin with, or NULL; *ret_n = its tokens. If first
 * is not NULL it stands before the tokens as if it were one of them, and is not counted. */
const struct word *word_match(const struct toks *t, uint32_t i, const char *first, uint32_t *ret_n);
/* The SUBJECT row of the phrase, or NULL. */
const struct word *word_subject(const char *phrase);
/* The field named by the token, in any case, or -1. */
int word_field(const struct toks *t, uint32_t i);
/* The name of a field or first word of a phrase that differs least from s; NULL if none is near. */
const char *word_nearest(const char *s, size_t n);

/* Values called s for the field: writes at most max, returns how many the name has (0 = no such
 * name). */
size_t name_values(enum field f, const char *s, size_t n, uint64_t *out, size_t max);
/* The name that stands for v alone, or NULL. */
const char *name_of(enum field f, uint64_t v);
/* Calls each for the names that values of f have. */
typedef void name_fn(void *ctx, const char *name);
void name_each(enum field f, name_fn *each, void *ctx);
