/* SPDX-License-Identifier: Apache-2.0 */
/* The parser's state, shared by parse.c (expressions) and operand.c (operators and values).
 * Recursive descent; every function consumes tokens or fails, and after a failure p->err is set and
 * the diagnosis filled. */
#pragma once
#include "filter/ast.h"
#include "filter/lex.h"
#include "filter/words.h"

/* What could have stood where the text ended; only completion asks. */
enum expect_kind { EXPECT_TERM = 1, EXPECT_OPERATOR = 2, EXPECT_VALUE = 4, EXPECT_CONNECTIVE = 8 };
struct expect {
	unsigned kinds;
	const struct subject *subject; /* OPERATOR, VALUE */
	uint32_t term;                 /* TERM: the token its phrase began with */
};

struct parser {
	struct toks t;
	uint32_t i; /* next token */
	struct arena *arena;
	const struct filter_parse_opts *opts;
	struct diag *reterr;
	const char *whole; /* the text positions refer to; a macro's expansion has none */
	enum err err;
	unsigned depth, includes;
	uint32_t nodes, values, ranges;
	struct expect *expect; /* NULL: nobody asks */
};

/* Sets the error at token i (once) and returns NULL. */
void *parse_fail(struct parser *p, uint32_t i, enum err e, const char *fmt, ...) fmt_like(4, 5);
/* parse_fail at bytes from..to of the text. */
void *parse_fail_at(struct parser *p, uint32_t from, uint32_t to, enum err e, const char *fmt, ...)
    fmt_like(5, 6);
/* Arena memory or NULL and ERR_NOMEM. */
void *parse_alloc(struct parser *p, size_t n);
/* The token as text for messages: at most 40 bytes of it, "end of the filter" at the end. */
const char *parse_show(const struct parser *p, uint32_t i, char out[48]);
/* Notes for completion that kind could stand at token i, if that is the end. */
void parse_expect(struct parser *p, uint32_t i, enum expect_kind kind, const struct subject *s);

/* The whole text as a filter. */
must_check enum err parse_tokens(struct parser *p, struct filter **ret);
/* A node counted against the limit, or NULL. */
struct node *parse_node(struct parser *p, enum node_kind kind);

/* Operator and values after a subject: the test as a node, or NULL. */
struct node *parse_test(struct parser *p, const struct subject *s, enum implied_op implied);
/* Whether an operator stands at p->i. */
bool parse_sees_operator(const struct parser *p);
/* "a port number, 0 to 65535" */
const char *parse_wanted(const struct subject *s, char out[96]);
