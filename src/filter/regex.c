/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum { REGEX_GROUPS_MAX = 32, REGEX_SIZE_MAX = 1000 }; /* RE2 writes out at most 1000 repeats */

struct regex {
	const char *source, *portable;
	size_t source_n, portable_n;
	char flags[4];
	const pcre2_code *code;
};

struct regex_run {
	pcre2_match_context *ctx;
	pcre2_match_data *data;
};

/* The pattern on its way into the portable form. */
struct scan {
	const char *p;
	size_t n, at;
	char *out;
	size_t out_n;
	const char *why;
	/* Atoms with the repeats written out: of each open group, and of what was read last. */
	uint32_t size[REGEX_GROUPS_MAX];
	unsigned groups; /* open */
	uint32_t last;
};

static void put(struct scan *s, const char *text, size_t n)
{
	memcpy(s->out + s->out_n, text, n);
	s->out_n += n;
}

static bool bad(struct scan *s, const char *why)
{
	s->why = why;
	return false;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* A backslash at s->at. *ret_atom: a repeat may follow. */
static bool escape(struct scan *s, bool in_class, bool *ret_atom)
{
	static const struct {
		char c;
		const char *outside, *inside; /* NULL: not there */
	} rewritten[] = {
	    {'s', "[\\t\\n\\f\\r ]", "\\t\\n\\f\\r "},
	    {'S', "[^\\t\\n\\f\\r ]", NULL},
	    {'d', "[0-9]", "0-9"},
	    {'D', "[^0-9]", NULL},
	    {'w', "[0-9A-Za-z_]", "0-9A-Za-z_"},
	    {'W', "[^0-9A-Za-z_]", NULL},
	};
	if (s->at + 1 >= s->n)
		return bad(s, "a lone backslash at the end");
	char c = s->p[s->at + 1];
	*ret_atom = true;
	for (size_t i = 0; i < ARRAY_LEN(rewritten); i++) {
		if (rewritten[i].c != c)
			continue;
		const char *text = in_class ? rewritten[i].inside : rewritten[i].outside;
		if (!text)
			return bad(s, "not allowed inside [...]");
		put(s, text, strlen(text));
		s->at += 2;
		return true;
	}
	if (c == 'x') {
		if (s->at + 3 >= s->n || !is_hex(s->p[s->at + 2]) || !is_hex(s->p[s->at + 3]))
			return bad(s, "\\x needs two hex digits");
		put(s, s->p + s->at, 4);
		s->at += 4;
		return true;
	}
	bool anchor = !in_class && strchr("bBA", c);
	if (!c || !(anchor || strchr("tnrf", c) || strchr("\\^$.|?*+()[]{}/-'\"&%#@!~=<>:;, `", c)))
		return bad(s, "this escape is not supported");
	*ret_atom = !anchor;
	put(s, s->p + s->at, 2);
	s->at += 2;
	return true;
}

/* A [:name:] at s->at, inside a class. */
static bool posix_class(struct scan *s)
{
	static const char *const known[] = {"[:alpha:]", "[:digit:]", "[:alnum:]", "[:upper:]",
					    "[:lower:]", "[:space:]", "[:punct:]", "[:xdigit:]"};
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t n = strlen(known[i]);
		if (s->n - s->at < n || memcmp(s->p + s->at, known[i], n) != 0)
			continue;
		put(s, known[i], n);
		s->at += n;
		return true;
	}
	return bad(s, "not a class both engines know");
}

/* A [...] at s->at. */
static bool class(struct scan *s)
{
	bool atom;
	size_t start = s->at;
	put(s, "[", 1);
	s->at++;
	if (s->at < s->n && s->p[s->at] == '^') {
		put(s, "^", 1);
		s->at++;
	}
	for (bool first = true; s->at < s->n; first = false) {
		char c = s->p[s->at];
		bool bracket = c == '[' && s->at + 1 < s->n;
		if (c == ']' && !first) {
			put(s, "]", 1);
			s->at++;
			return true;
		}
		if (c == '\\') {
			if (!escape(s, true, &atom))
				return false;
		} else if (bracket && s->p[s->at + 1] == ':') {
			if (!first && s->p[s->at - 1] == '-')
				return bad(s, "a class cannot end a range");
			if (!posix_class(s))
				return false;
		} else if (bracket && strchr(".=", s->p[s->at + 1])) {
			return bad(s, "collating elements are not supported");
		} else {
			/* A bracket that stands for itself is escaped, since the engines differ on
			 * it. */
			if (c == '[' || c == ']')
				put(s, "\\", 1);
			put(s, &c, 1);
			s->at++;
		}
	}
	s->at = start;
	return bad(s, "[ without ]");
}

/* Bytes of `(?ims-ims` at s->at without its end, 0 if it is not that. */
static size_t group_flags(const struct scan *s)
{
	size_t n = 2;
	bool minus = false;
	while (s->at + n < s->n && s->p[s->at + n] && strchr("ims-", s->p[s->at + n])) {
		bool dash = s->p[s->at + n] == '-';
		bool letter = s->at + n + 1 < s->n && s->p[s->at + n + 1] &&
			      strchr("ims", s->p[s->at + n + 1]);
		if (dash && (minus || !letter))
			return 0;
		minus |= dash;
		n++;
	}
	return s->at + n < s->n ? n : 0;
}

/* A ( at s->at. */
static bool group(struct scan *s)
{
	size_t n = 1;
	bool opens = true;
	if (s->at + 1 < s->n && s->p[s->at + 1] == '?') {
		n = group_flags(s);
		char end = n ? s->p[s->at + n] : 0;
		if (end != ':' && (end != ')' || n == 2))
			return bad(s, "only (?:...) and the flags i m s are supported");
		opens = end == ':';
		n++;
	}
	if (opens && s->groups + 1 >= REGEX_GROUPS_MAX)
		return bad(s, "too many groups inside one another");
	if (opens)
		s->size[++s->groups] = 0;
	put(s, s->p + s->at, n);
	s->at += n;
	s->last = 0;
	return true;
}

/* A ) at s->at. */
static bool group_end(struct scan *s)
{
	if (s->groups == 0)
		return bad(s, ") without (");
	s->last = s->size[s->groups--];
	s->size[s->groups] += s->last;
	put(s, ")", 1);
	s->at++;
	return true;
}

static bool read_bound(struct scan *s, size_t *at, unsigned *ret)
{
	unsigned v = 0;
	size_t from = *at;
	while (*at < s->n && s->p[*at] >= '0' && s->p[*at] <= '9' && v <= REGEX_REPEAT_MAX)
		v = v * 10 + (unsigned)(s->p[(*at)++] - '0');
	*ret = v;
	return *at > from && v <= REGEX_REPEAT_MAX;
}

/* One of ? * + {n,m} at s->at, with the ? that makes it lazy. */
static bool repeat(struct scan *s)
{
	size_t end = s->at + 1;
	if (s->p[s->at] == '{') {
		unsigned lo, hi;
		if (!read_bound(s, &end, &lo))
			return bad(s, "a repeat is {n}, {n,} or {n,m}, at most 255");
		hi = lo;
		if (end < s->n && s->p[end] == ',') {
			end++;
			if (end < s->n && s->p[end] != '}' && !read_bound(s, &end, &hi))
				return bad(s, "a repeat is {n}, {n,} or {n,m}, at most 255");
		}
		if (end >= s->n || s->p[end] != '}' || hi < lo)
			return bad(s, "a repeat is {n}, {n,} or {n,m}, at most 255");
		end++;
		s->size[s->groups] += s->last * (hi ? hi - 1 : 0);
		if (s->size[s->groups] > REGEX_SIZE_MAX)
			return bad(s, "too big when its repeats are written out");
	}
	if (end < s->n && s->p[end] == '?')
		end++;
	put(s, s->p + s->at, end - s->at);
	s->at = end;
	return true;
}

/* One character that stands for itself, or . ^ $ | */
static bool plain(struct scan *s, bool *ret_atom)
{
	char c = s->p[s->at];
	if (c == 0)
		return bad(s, "a zero byte");
	*ret_atom = !strchr("^$|", c);
	put(s, &c, 1);
	s->at++;
	return true;
}

static bool scan(struct scan *s)
{
	bool atom = false; /* what stands before can be repeated */
	while (s->at < s->n) {
		char c = s->p[s->at];
		bool ok, repeats = c && strchr("?*+{", c);
		if (repeats && !atom)
			return bad(s, "nothing to repeat");
		if (repeats || c == '(') {
			ok = repeats ? repeat(s) : group(s);
			atom = false;
		} else if (c == ')') {
			ok = group_end(s);
			atom = true;
		} else {
			atom = true;
			ok = c == '\\'  ? escape(s, false, &atom)
			     : c == '[' ? class(s)
					: plain(s, &atom);
			s->last = 1;
			s->size[s->groups]++;
		}
		if (!ok)
			return false;
	}
	return s->groups == 0 || bad(s, "( without )");
}

static void *arena_take(PCRE2_SIZE n, void *arena)
{
	return arena_alloc(arena, n);
}

static void arena_leave(void *p, void *arena)
{
	(void)p;
	(void)arena;
}

static enum err compile(struct regex *r, struct arena *arena, size_t prefix, size_t *ret_at,
			const char **ret_why)
{
	enum { MESSAGE_MAX = 120 };
	pcre2_general_context *general =
	    pcre2_general_context_create(arena_take, arena_leave, arena);
	pcre2_compile_context *ctx = general ? pcre2_compile_context_create(general) : NULL;
	if (!ctx)
		return ERR_NOMEM;
	pcre2_set_newline(ctx, PCRE2_NEWLINE_LF);
	int code;
	PCRE2_SIZE at;
	r->code = pcre2_compile((PCRE2_SPTR)r->portable, r->portable_n,
				PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY |
				    PCRE2_ALT_CIRCUMFLEX | PCRE2_NO_AUTO_CAPTURE |
				    PCRE2_NEVER_BACKSLASH_C,
				&code, &at, ctx);
	if (r->code)
		return ERR_OK;
	char *message = arena_alloc(arena, MESSAGE_MAX);
	if (!message || code == PCRE2_ERROR_HEAP_FAILED)
		return ERR_NOMEM;
	pcre2_get_error_message(code, (PCRE2_UCHAR *)message, MESSAGE_MAX);
	/* Of the rewritten pattern, so about right for the user's. */
	*ret_at = at > prefix ? MIN_OF(at - prefix, r->source_n) : 0;
	*ret_why = message;
	return ERR_SYNTAX;
}

enum err regex_new(const char *pattern, size_t n, const char *flags, struct arena *arena,
		   const struct regex **ret, size_t *ret_at, const char **ret_why)
{
	enum { LONGEST_REWRITE = 8 }; /* \W, two bytes, becomes 15 */
	struct regex *r = arena_alloc(arena, sizeof(*r));
	char *out = arena_alloc(arena, n * LONGEST_REWRITE + 16);
	if (!r || !out || !(r->source = arena_strndup(arena, pattern, n)))
		return ERR_NOMEM;
	r->source_n = n;
	size_t kinds = 0;
	for (const char *f = "ims"; *f; f++)
		if (strchr(flags, *f))
			r->flags[kinds++] = *f;
	struct scan s = {.p = pattern, .n = n, .out = out};
	/* `.` and a line feed, said in a way that does not depend on an engine's default. */
	put(&s, "(?", 2);
	put(&s, r->flags, kinds);
	put(&s, strchr(r->flags, 's') ? ")" : "-s)", strchr(r->flags, 's') ? 1 : 3);
	size_t prefix = s.out_n;
	if (!scan(&s)) {
		*ret_at = s.at;
		*ret_why = s.why;
		return ERR_SYNTAX;
	}
	r->portable = out;
	r->portable_n = s.out_n;
	enum err e = compile(r, arena, prefix, ret_at, ret_why);
	if (!e)
		*ret = r;
	return e;
}

const char *regex_portable(const struct regex *r, size_t *ret_n)
{
	*ret_n = r->portable_n;
	return r->portable;
}

const char *regex_source(const struct regex *r, size_t *ret_n)
{
	*ret_n = r->source_n;
	return r->source;
}

const char *regex_flags(const struct regex *r)
{
	return r->flags;
}

struct regex_run *regex_run_new(void)
{
	struct regex_run *run = calloc(1, sizeof(*run));
	if (!run)
		return NULL;
	run->ctx = pcre2_match_context_create(NULL);
	run->data = pcre2_match_data_create(1, NULL);
	if (!run->ctx || !run->data) {
		regex_run_free(run);
		return NULL;
	}
	pcre2_set_match_limit(run->ctx, REGEX_STEPS_MAX);
	return run;
}

void regex_run_free(struct regex_run *run)
{
	if (!run)
		return;
	pcre2_match_context_free(run->ctx);
	pcre2_match_data_free(run->data);
	free(run);
}

bool regex_match(const struct regex *r, struct regex_run *run, const uint8_t *s, size_t n)
{
	return pcre2_match(r->code, n ? (PCRE2_SPTR)s : (PCRE2_SPTR) "", n, 0, 0, run->data,
			   run->ctx) >= 0;
}
