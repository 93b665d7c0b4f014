/* SPDX-License-Identifier: Apache-2.0 */
/* The filter language: one parser with one type check, and two back ends that must agree, SQL text
 * for the store and evaluation on a column batch. The grammar, and what nfdump's words become, is
 * in docs/filter.md.
 *
 * What a filter means: a comparison on a field that the record does not carry is false, and `not`
 * negates that. The same holds in both back ends. A filter is immutable after parsing and may be
 * used by several threads at once, each with its own struct filter_scratch. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "model/field.h"

struct batch;
struct filter;

/* Bounds against hostile text; beyond them ERR_LIMIT. */
enum {
	FILTER_TEXT_MAX = 64 * 1024, /* bytes of one expression */
	FILTER_DEPTH_MAX = 100,      /* parentheses and nots inside one another */
	FILTER_NODES_MAX = 8192,     /* comparisons and connectives */
	FILTER_LIST_MAX = 16 * 1024, /* values in all lists together */
	FILTER_RANGES_MAX =
	    512, /* ranges in all lists that are not prefixes: each is compared by itself */
	FILTER_REGEX_MAX = 256,  /* bytes of a regular expression */
	FILTER_INCLUDE_MAX = 10, /* files that include one another */
};

/* Parses n bytes of text; empty text (or `any`) matches everything. Everything of *ret lives in the
 * arena; text is not kept. Errors: ERR_SYNTAX, ERR_TYPE, ERR_UNKNOWN, ERR_LIMIT, ERR_NOMEM,
 * ERR_UNSUPPORTED; reterr (may be NULL) then has line, col, end_col (columns count bytes from 1),
 * what was found, what was expected and the nearest name. */
must_check enum err filter_parse(const char *text, size_t n, struct arena *arena,
				 struct filter **ret, struct diag *reterr);

/* Asked for the addresses of `host NAME`; writes at most max to out and returns how many (0 = not
 * found). */
typedef size_t filter_resolve_fn(void *ctx, const char *name, struct ip *out, size_t max);

/* Asked for the text of `@include FILE`: a copy in the arena, or NULL if it cannot be had. */
typedef const char *filter_include_fn(void *ctx, const char *file, struct arena *arena,
				      size_t *ret_n);

struct filter_parse_opts {
	filter_resolve_fn *resolve; /* NULL: a name where an address belongs is an error */
	void *resolve_ctx;
	filter_include_fn *include; /* NULL: @include is an error */
	void *include_ctx;
	bool row_numbers; /* allow `count`, the number of the record in its input: only where there
			     is an input */
};
/* filter_parse with what only a program at a terminal may offer. */
must_check enum err filter_parse_with(const char *text, size_t n,
				      const struct filter_parse_opts *opts, struct arena *arena,
				      struct filter **ret, struct diag *reterr);

/* Appends the normalised expression: it parses to a filter that prints the same. "any" for the
 * filter that matches everything. */
void filter_print(const struct filter *f, struct buf *out);

struct filter_sql_opts {
	const char *prefix; /* put before each column name, e.g. "f."; NULL = none */
};
/* Appends a WHERE expression (ClickHouse) over the view `flows`, in parentheses where needed so
 * that it may be joined by AND; "1" for the filter that matches everything. opts may be NULL. Every
 * literal is printed by us from its parsed value, so no text of the user reaches the SQL unescaped.
 */
void filter_sql(const struct filter *f, struct buf *out, const struct filter_sql_opts *opts);
/* Whether the SQL reads presence columns (present_0...); a table without them can answer only if
 * not. A comparison that is false for 0 (an absent value is stored as 0) needs none. */
bool filter_needs_presence(const struct filter *f);

/* Marks in set (bit f % 64 of word f / 64) the fields that the filter reads. */
struct field_set {
	uint64_t w[(FIELD_MAX + 63) / 64];
};
void filter_fields(const struct filter *f, struct field_set *set);
static inline bool field_set_has(const struct field_set *set, enum field f)
{
	return set->w[f / 64] >> (f % 64) & 1;
}

/* Working memory of filter_eval: masks of the sub-expressions. Zeroed is a valid start; grows once.
 */
struct filter_scratch {
	uint64_t rows_before; /* set by the caller for `count`: rows of the input before row 0 of
				 the batch */
	uint8_t *mask_;
	size_t cap_;
};
void filter_scratch_fini(struct filter_scratch *s);
/* Sets mask[i] to 1 if row i matches, else 0, for i < b->n. ERR_NOMEM if the scratch cannot grow.
 */
must_check enum err filter_eval(const struct filter *f, const struct batch *b,
				struct filter_scratch *s, uint8_t *mask);

/* What can stand at byte pos of text, for completion in the page and for `expected` of an error
 * (pos = col - 1 of a one-line text). The items replace text[from..to). */
enum filter_item_kind {
	FILTER_ITEM_FIELD,
	FILTER_ITEM_OPERATOR,
	FILTER_ITEM_VALUE,
	FILTER_ITEM_WORD
};
struct filter_item {
	const char *text, *doc; /* static, or borrowed until the callback returns */
	enum filter_item_kind kind;
};
typedef void filter_item_fn(void *ctx, const struct filter_item *item);
void filter_complete(const char *text, size_t n, size_t pos, size_t *ret_from, size_t *ret_to,
		     filter_item_fn *each, void *ctx);
/* "field", "operator", "value", "word" */
const char *filter_item_kind_name(enum filter_item_kind k);
