/* SPDX-License-Identifier: Apache-2.0 */
/* Completion: the text up to the cursor, without the word being typed, is parsed; where the parser
 * reaches the end it says what it would take, and that is listed. */
#include "filter/parse.h"
#include "filter/value.h"

#include <string.h>
#include <strings.h>

enum { COMPLETE_ARENA_MAX = 8 * 1024 * 1024 };

struct complete {
	const char *typed; /* the word at the cursor so far */
	size_t n;
	filter_item_fn *each;
	void *ctx;
};

static void offer(struct complete *c, const char *text, const char *doc, enum filter_item_kind kind)
{
	if (strncasecmp(text, c->typed, c->n) == 0)
		c->each(c->ctx, &(struct filter_item){text, doc, kind});
}

static void offer_name(void *ctx, const char *name)
{
	offer(ctx, name, "", FILTER_ITEM_VALUE);
}

/* What is left of the phrase after the tokens from..to, NULL if it does not begin with them. */
static const char *phrase_rest(const struct toks *t, uint32_t from, const char *phrase)
{
	for (uint32_t i = from; i < t->count; i++) {
		size_t len = strcspn(phrase, " ");
		const struct tok *k = &t->v[i];
		if (k->n != len || strncasecmp(t->text + k->off, phrase, len) != 0 || !phrase[len])
			return NULL;
		phrase += len + 1;
	}
	return phrase;
}

/* Phrases that go on after the words from token `from`: all of them if there is none. */
static void offer_phrases(struct complete *c, const struct toks *t, uint32_t from)
{
	for (int f = 0; from == t->count && f < FIELD_MAX; f++)
		offer(c, field_table[f].name, field_table[f].doc, FILTER_ITEM_FIELD);
	for (size_t w = 0; w < word_count; w++) {
		const struct word *row = &word_table[w];
		const char *rest = phrase_rest(t, from, row->phrase);
		if (rest && row->kind != WORD_NOT_KEPT)
			offer(c, rest, row->doc ? row->doc : row->target, FILTER_ITEM_WORD);
	}
	if (from == t->count) {
		offer(c, "not", "the opposite", FILTER_ITEM_WORD);
		offer(c, "any", "every flow", FILTER_ITEM_WORD);
		offer(c, "(", "", FILTER_ITEM_WORD);
	}
}

static void offer_operators(struct complete *c, const struct subject *s)
{
	static const struct {
		const char *text, *doc;
		bool text_only, not_text;
	} rows[] = {
	    {"=", "equal", false, false},
	    {"!=", "not equal", false, false},
	    {"<", "less", false, true},
	    {"<=", "at most", false, true},
	    {">", "more", false, true},
	    {">=", "at least", false, true},
	    {"in", "one of a list: [a, b]", false, false},
	    {"not in", "none of a list", false, false},
	    {"contains", "has the text in it", true, false},
	    {"not contains", "does not have the text in it", true, false},
	    {"~", "matches the regular expression", true, false},
	    {"!~", "does not match the regular expression", true, false},
	    {"defined", "the record carries it", false, false},
	};
	bool text = quantity_domain(&s->q[0]) == DOM_TEXT;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (text ? !rows[i].not_text : !rows[i].text_only)
			offer(c, rows[i].text, rows[i].doc, FILTER_ITEM_OPERATOR);
	if (value_takes_flags(s))
		offer(c, "has", "all these flags are set", FILTER_ITEM_OPERATOR);
	if (value_takes_flags(s))
		offer(c, "has any", "one of these flags is set", FILTER_ITEM_OPERATOR);
}

static void offer_values(struct complete *c, const struct subject *s)
{
	char wanted[96];
	if (s->q[0].measure == M_FIELD && !s->q[0].shift)
		name_each(s->q[0].field, offer_name, c);
	if (c->n == 0)
		c->each(c->ctx,
			&(struct filter_item){"", parse_wanted(s, wanted), FILTER_ITEM_VALUE});
}

static void offer_all(struct complete *c, const struct toks *t, const struct expect *x)
{
	bool inside = x->kinds & EXPECT_TERM || x->term < t->count;
	if (x->kinds & EXPECT_VALUE && x->subject)
		offer_values(c, x->subject);
	if (x->kinds & EXPECT_OPERATOR && x->subject)
		offer_operators(c, x->subject);
	/* `src` alone is no term yet, but phrases begin with it. */
	if (inside && !(x->kinds & EXPECT_CONNECTIVE && !(x->kinds & EXPECT_TERM)))
		offer_phrases(c, t, x->kinds & EXPECT_TERM ? t->count : x->term);
	if (x->kinds & EXPECT_CONNECTIVE) {
		offer(c, "and", "both", FILTER_ITEM_WORD);
		offer(c, "or", "one of both", FILTER_ITEM_WORD);
	}
}

static bool word_byte(char c)
{
	return c &&
	       (strchr("_.-", c) || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'));
}

void filter_complete(const char *text, size_t n, size_t pos, size_t *ret_from, size_t *ret_to,
		     filter_item_fn *each, void *ctx)
{
	struct arena arena = {.max = COMPLETE_ARENA_MAX};
	struct expect expect = {0};
	struct filter_parse_opts opts = {.row_numbers = false};
	struct parser p = {.arena = &arena, .opts = &opts, .expect = &expect};
	struct filter *f;
	pos = MIN_OF(pos, n);
	size_t from = pos, to = pos;
	while (from > 0 && word_byte(text[from - 1]))
		from--;
	while (to < n && word_byte(text[to]))
		to++;
	*ret_from = from;
	*ret_to = to;
	struct complete c = {.typed = text + from, .n = pos - from, .each = each, .ctx = ctx};
	if (n <= FILTER_TEXT_MAX && lex(text, from, &arena, &p.t) == ERR_OK) {
		bool complete = parse_tokens(&p, &f) == ERR_OK;
		if (complete || expect.kinds || expect.term < p.t.count)
			offer_all(&c, &p.t, &expect);
	}
	arena_fini(&arena);
}

const char *filter_item_kind_name(enum filter_item_kind k)
{
	static const char *const names[] = {
	    [FILTER_ITEM_FIELD] = "field",
	    [FILTER_ITEM_OPERATOR] = "operator",
	    [FILTER_ITEM_VALUE] = "value",
	    [FILTER_ITEM_WORD] = "word",
	};
	return names[k];
}
