/* SPDX-License-Identifier: Apache-2.0 */
/* Text into tokens. A WORD is any run of letters, digits and _ . : - / + @ and bytes above ASCII:
 * names, numbers with units, addresses, prefixes, ranges and times are all words, what they are is
 * decided where they stand. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tok_kind { TOK_END, TOK_WORD, TOK_STRING, TOK_PUNCT, TOK_BAD };

struct tok {
	enum tok_kind kind;
	uint32_t off, n; /* in the text; of a STRING with its quotes */
};

struct toks {
	const char *text;
	size_t n; /* bytes of the text */
	struct tok *v;
	uint32_t count; /* without the closing END */
};

/* Splits the text; v ends with a TOK_END at the end of the text. A quote without its partner
 * becomes one TOK_BAD. Fails only with ERR_NOMEM. text is borrowed by ret. */
must_check enum err lex(const char *text, size_t n, struct arena *arena, struct toks *ret);
/* Whether the token is the word or punctuation s (lower case; the text in any case). */
bool tok_is(const struct toks *t, uint32_t i, const char *s);
/* Line and column, from 1, of byte off. */
void lex_position(const char *text, uint32_t off, uint32_t *ret_line, uint32_t *ret_col);
