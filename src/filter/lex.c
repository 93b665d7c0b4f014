/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/lex.h"

#include <string.h>
#include <strings.h>

static bool is_word(char c)
{
	unsigned char u = (unsigned char)c;
	return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') ||
	       u >= 0x80 || (u && strchr("_.:-/+@", c));
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Bytes of the string that starts with a quote at s, 0 if it has no end. A backslash takes the next
 * byte with it. */
static size_t string_len(const char *s, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (s[i] == '\\')
			i++;
		else if (s[i] == s[0])
			return i + 1;
	}
	return 0;
}

static size_t punct_len(const char *s, size_t n)
{
	static const char two[][3] = {"==", "!=", "<>", "<=", ">=", "!~", "=~", "&&", "||"};
	for (size_t i = 0; n >= 2 && i < sizeof(two) / sizeof(two[0]); i++)
		if (s[0] == two[i][0] && s[1] == two[i][1])
			return 2;
	return 1;
}

/* The token at s, which is neither space nor comment. */
static struct tok next(const char *s, size_t n, uint32_t off)
{
	struct tok t = {TOK_PUNCT, off, 0};
	if (*s == '"' || *s == '\'') {
		t.n = (uint32_t)string_len(s, n);
		t.kind = t.n ? TOK_STRING : TOK_BAD;
		if (!t.n)
			t.n = (uint32_t)n;
	} else if (is_word(*s)) {
		t.kind = TOK_WORD;
		while (t.n < n && is_word(s[t.n]))
			t.n++;
	} else {
		t.n = (uint32_t)punct_len(s, n);
	}
	return t;
}

enum err lex(const char *text, size_t n, struct arena *arena, struct toks *ret)
{
	struct toks t = {.text = text, .n = n};
	t.v = arena_alloc(arena, (n + 1) * sizeof(*t.v));
	if (!t.v)
		return ERR_NOMEM;
	size_t i = 0;
	while (i < n) {
		if (is_space(text[i])) {
			i++;
		} else if (text[i] == '#') {
			while (i < n && text[i] != '\n')
				i++;
		} else {
			struct tok k = next(text + i, n - i, (uint32_t)i);
			t.v[t.count++] = k;
			i += k.n;
		}
	}
	t.v[t.count] = (struct tok){TOK_END, (uint32_t)n, 0};
	*ret = t;
	return ERR_OK;
}

bool tok_is(const struct toks *t, uint32_t i, const char *s)
{
	const struct tok *k = &t->v[i];
	return (k->kind == TOK_WORD || k->kind == TOK_PUNCT) && strlen(s) == k->n &&
	       strncasecmp(t->text + k->off, s, k->n) == 0;
}

void lex_position(const char *text, uint32_t off, uint32_t *ret_line, uint32_t *ret_col)
{
	uint32_t line = 1, start = 0;
	for (uint32_t i = 0; i < off; i++) {
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	*ret_line = line;
	*ret_col = off - start + 1;
}
