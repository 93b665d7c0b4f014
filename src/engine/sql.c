/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sql.h"

#include "base/attr.h"
#include "base/rd.h"

#include <string.h>
#include <strings.h>

enum token_kind { TOK_END, TOK_WORD, TOK_NAME, TOK_STRING, TOK_SYMBOL };

/* Words and numbers are one kind: [A-Za-z0-9_]+; a '.' is a symbol everywhere. */
struct token {
	enum token_kind kind;
	struct sql_span s; /* with quotes */
	unsigned depth;    /* of brackets around it */
};

struct lexer {
	const char *text;
	struct rd in;
	unsigned depth;
	bool odd, unclosed;
};

/* Functions that read files or connect, and that ClickHouse's readonly = 1 lets through. */
static const char *const forbidden[] = {"file", "hasColumnInTable", "catboostEvaluate"};

static int peek(const struct lexer *l, size_t off)
{
	return rd_left(&l->in) > off ? l->in.p[off] : -1;
}

static bool is_word(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool is_space(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_line(struct lexer *l)
{
	while (peek(l, 0) >= 0 && peek(l, 0) != '\n')
		rd_skip(&l->in, 1);
}

/* Comments of this form nest in ClickHouse (a standard it follows, its documents do not say so). */
static void skip_block_comment(struct lexer *l)
{
	rd_skip(&l->in, 2);
	for (unsigned level = 1; level;) {
		int c = peek(l, 0), d = peek(l, 1);
		if (d < 0) {
			l->unclosed = true;
			rd_skip(&l->in, rd_left(&l->in));
			return;
		}
		if (c == '*' && d == '/') {
			level--;
			rd_skip(&l->in, 2);
		} else if (c == '/' && d == '*') {
			level++;
			l->odd = true;
			rd_skip(&l->in, 2);
		} else {
			rd_skip(&l->in, 1);
		}
	}
}

static void skip_blank(struct lexer *l)
{
	for (;;) {
		int c = peek(l, 0), d = peek(l, 1);
		if (is_space(c)) {
			rd_skip(&l->in, 1);
		} else if (c == '-' && d == '-') {
			skip_line(l);
		} else if ((c == '/' && d == '/') || (c == '#' && (d == ' ' || d == '!'))) {
			l->odd = true;
			skip_line(l);
		} else if (c == '/' && d == '*') {
			skip_block_comment(l);
		} else {
			return;
		}
	}
}

/* From quote to quote; it is doubled or behind a backslash inside. */
static void skip_quoted(struct lexer *l, int quote)
{
	rd_skip(&l->in, 1);
	for (;;) {
		int c = peek(l, 0);
		if (c < 0) {
			l->unclosed = true;
			return;
		}
		rd_skip(&l->in, 1);
		if (c == '\\') {
			l->odd |= quote != '\'';
			rd_skip(&l->in, rd_left(&l->in) ? 1 : 0);
		} else if (c == quote) {
			if (peek(l, 0) != quote)
				return;
			l->odd |= quote != '\'';
			rd_skip(&l->in, 1);
		}
	}
}

/* $tag$ ... $tag$ */
static bool skip_heredoc(struct lexer *l)
{
	size_t tag = 1;
	while (is_word(peek(l, tag)))
		tag++;
	if (peek(l, tag) != '$')
		return false;
	tag++;
	const uint8_t *end = memmem(l->in.p + tag, rd_left(&l->in) - tag, l->in.p, tag);
	if (!end)
		return false;
	rd_skip(&l->in, (size_t)(end - l->in.p) + tag);
	return true;
}

static enum token_kind symbol(struct lexer *l, int c)
{
	/* Beyond ASCII ClickHouse knows further quotes and spaces; '\' and control bytes have no
	 * meaning we need. */
	if (c >= 0x7f || c < 0x20 || c == '\\' || c == '$' || c == '#')
		l->odd = true;
	if (c == '$' && skip_heredoc(l))
		return TOK_STRING;
	rd_skip(&l->in, 1);
	if (c == '(' || c == '[' || c == '{')
		l->depth++;
	else if ((c == ')' || c == ']' || c == '}') && l->depth)
		l->depth--;
	return TOK_SYMBOL;
}

static struct token next_token(struct lexer *l)
{
	skip_blank(l);
	struct token t = {.s.p = (const char *)l->in.p, .depth = l->depth};
	int c = peek(l, 0);
	if (c < 0)
		return t;
	if (is_word(c)) {
		t.kind = TOK_WORD;
		while (is_word(peek(l, 0)))
			rd_skip(&l->in, 1);
	} else if (c == '\'') {
		t.kind = TOK_STRING;
		skip_quoted(l, c);
	} else if (c == '`' || c == '"') {
		t.kind = TOK_NAME;
		skip_quoted(l, c);
	} else {
		t.kind = symbol(l, c);
	}
	t.s.n = (size_t)((const char *)l->in.p - t.s.p);
	return t;
}

static bool word_is(const struct token *t, const char *word)
{
	return t->kind == TOK_WORD && t->s.n == strlen(word) &&
	       strncasecmp(t->s.p, word, t->s.n) == 0;
}

static bool symbol_is(const struct token *t, char c)
{
	return t->kind == TOK_SYMBOL && t->s.p[0] == c;
}

bool sql_name_forbidden(const char *s, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
		if (n == strlen(forbidden[i]) && strncasecmp(s, forbidden[i], n) == 0)
			return true;
	return false;
}

static const struct {
	const char *word;
	enum sql_kind kind;
} verbs[] = {
    {"SELECT", SQL_SELECT},     {"WITH", SQL_SELECT},   {"FROM", SQL_SELECT},
    {"SHOW", SQL_SHOW},         {"EXISTS", SQL_SHOW},   {"EXPLAIN", SQL_SHOW},
    {"DESCRIBE", SQL_DESCRIBE}, {"DESC", SQL_DESCRIBE}, {"INSERT", SQL_INSERT},
    {"KILL", SQL_OTHER},
};

static enum sql_kind kind_of(const struct token *first)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (word_is(first, verbs[i].word))
			return verbs[i].kind;
	if (symbol_is(first, '('))
		return SQL_SELECT;
	return first->kind == TOK_END ? SQL_EMPTY : SQL_OTHER;
}

/* Data starts behind the first newline if only blanks come before it, else behind the blanks. */
static size_t data_start(const char *text, size_t n, size_t at)
{
	while (at < n && (text[at] == ' ' || text[at] == '\t' || text[at] == '\f'))
		at++;
	if (at < n && text[at] == '\r')
		at++;
	if (at < n && text[at] == '\n')
		at++;
	return at;
}

/* What the tokens so far mean: the last three and where an INSERT stands. */
struct look {
	struct sql_facts *f;
	struct lexer *l;
	struct token last[3]; /* [0] the one before the current */
	size_t n;             /* tokens seen */
	size_t name_end; /* INSERT: index of the first token behind the table's name, 0 = not there
			    yet */
	bool done;
};

/* INSERT INTO [TABLE] [FUNCTION] a.b (...) [SETTINGS ...] FORMAT x | VALUES | SELECT ... */
static void look_insert(struct look *k, const struct token *t, size_t total)
{
	struct sql_facts *f = k->f;
	const struct token *prev = &k->last[0];
	if (k->name_end == 0) {
		bool lead = word_is(t, "INTO") || word_is(t, "TABLE") || word_is(t, "FUNCTION");
		if (k->n > 0 && !lead && !symbol_is(t, '.') &&
		    (t->kind == TOK_WORD || t->kind == TOK_NAME))
			k->name_end = k->n + 1;
		return;
	}
	if (t->depth || t->kind != TOK_WORD || symbol_is(prev, '.') || f->kind != SQL_INSERT)
		return;
	size_t at = (size_t)(t->s.p - k->l->text);
	if (word_is(t, "SELECT") || word_is(t, "WITH") || word_is(t, "FROM") ||
	    word_is(t, "WATCH")) {
		k->name_end = SIZE_MAX;
	} else if (k->name_end == SIZE_MAX) {
		return;
	} else if (word_is(t, "SETTINGS") && !f->data_clause) {
		f->data_clause = at;
	} else if (word_is(t, "VALUES")) {
		f->format = (struct sql_span){.p = "Values", .n = 6};
		f->data = at + t->s.n;
		f->format_at = at;
		f->has_data = true;
	} else if (word_is(t, "FORMAT")) {
		struct token name = next_token(k->l);
		if (name.kind != TOK_WORD)
			return;
		f->format = name.s;
		f->format_at = at;
		f->data = data_start(k->l->text, total, (size_t)(name.s.p - k->l->text) + name.s.n);
		f->has_data = true;
	}
	if (f->has_data) {
		if (!f->data_clause)
			f->data_clause = f->format_at;
		f->end = f->data;
		k->done = true;
	}
}

/* What readers may not say, whatever the statement. */
static void look_names(struct look *k, const struct token *t)
{
	struct sql_facts *f = k->f;
	const struct token *prev = &k->last[0], *prev2 = &k->last[1];
	bool name = t->kind == TOK_WORD || t->kind == TOK_NAME;
	struct sql_span bare = t->s;
	if (t->kind == TOK_NAME && t->s.n >= 2)
		bare = (struct sql_span){.p = t->s.p + 1, .n = t->s.n - 2};
	if (name && !f->forbidden.p && sql_name_forbidden(bare.p, bare.n))
		f->forbidden = bare;
	if (word_is(t, "TOTALS") && word_is(prev, "WITH"))
		f->totals = true;
	if (word_is(t, "OUTFILE") && word_is(prev, "INTO"))
		f->into_outfile = true;
	if (word_is(t, "INFILE") && word_is(prev, "FROM"))
		f->from_infile = true;
	if (symbol_is(t, '(') && (prev->kind == TOK_WORD || prev->kind == TOK_NAME))
		f->call = true;
	if (word_is(t, "Identifier") && symbol_is(prev, ':') && prev2->kind == TOK_WORD)
		f->identifier_param = true;
	if (word_is(prev, "FORMAT") && t->kind == TOK_WORD && f->kind != SQL_INSERT)
		f->format = t->s;
}

/* KILL QUERY WHERE query_id = 'id' */
static void look_kill(struct look *k, const struct token *t)
{
	static const char *const words[] = {"KILL", "QUERY", "WHERE", "query_id", "="};
	struct sql_facts *f = k->f;
	if (k->n < ARRAY_LEN(words)) {
		bool same = k->n == 4 ? symbol_is(t, '=') : word_is(t, words[k->n]);
		k->name_end += same;
	} else if (k->n == ARRAY_LEN(words) && k->name_end == k->n && t->kind == TOK_STRING &&
		   t->s.n >= 2) {
		f->kind = SQL_KILL_QUERY;
		f->kill_id = (struct sql_span){.p = t->s.p + 1, .n = t->s.n - 2};
	} else if (f->kind == SQL_KILL_QUERY && !word_is(t, "ASYNC") && !word_is(t, "SYNC")) {
		f->kind = SQL_OTHER;
	}
}

static void look_token(struct look *k, const struct token *t, size_t total)
{
	struct sql_facts *f = k->f;
	if (k->n == 0)
		f->kind = kind_of(t);
	if (symbol_is(t, ';') && t->depth == 0) {
		f->end = (size_t)(t->s.p - k->l->text);
		f->many = next_token(k->l).kind != TOK_END;
		k->done = true;
		return;
	}
	look_names(k, t);
	if (f->kind == SQL_INSERT)
		look_insert(k, t, total);
	else if (k->n == 0 ? word_is(t, "KILL") : f->kind == SQL_KILL_QUERY || k->name_end == k->n)
		look_kill(k, t);
	k->last[2] = k->last[1];
	k->last[1] = k->last[0];
	k->last[0] = *t;
	k->n++;
}

void sql_look(const char *text, size_t n, struct sql_facts *f)
{
	*f = (struct sql_facts){.end = n};
	struct lexer l = {.text = text, .in = rd_of(text, n)};
	struct look k = {.f = f, .l = &l};
	while (!k.done) {
		struct token t = next_token(&l);
		if (t.kind == TOK_END)
			break;
		look_token(&k, &t, n);
	}
	f->odd = l.odd;
	f->unclosed = l.unclosed;
}

bool sql_reader_may(const struct sql_facts *f, const char **ret_why)
{
	*ret_why = NULL;
	if (f->kind == SQL_INSERT || f->kind == SQL_OTHER)
		*ret_why = "Cannot execute query in readonly mode: this account may only read";
	else if (f->odd)
		*ret_why = "This account's queries must be plain SQL: no heredocs, no // or # "
			   "comments, no nested comments, "
			   "no escapes in quoted names, only ASCII outside of strings";
	else if (f->forbidden.p)
		*ret_why = "This account may not use functions that open files or connections";
	else if (f->kind == SQL_DESCRIBE && f->call)
		*ret_why = "This account may not describe table functions";
	return *ret_why == NULL;
}
