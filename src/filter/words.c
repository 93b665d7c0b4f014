/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/words.h"

#include <string.h>
#include <strings.h>

/* clang-format off */
#define FLD(f) {.measure = M_FIELD, .field = F_##f}
#define LIST(f, e, s, m) {.measure = M_FIELD, .field = F_##f, .elem = e, .shift = s, .mask = m}
#define SCALED(f, d) {.measure = M_FIELD, .field = F_##f, .div = d}
#define COMPUTED(m) {.measure = m}
#define QUANTITIES(...) (const struct quantity[]){__VA_ARGS__}
#define SUBJECT(p, d, ...) {.phrase = p, .kind = WORD_SUBJECT, .doc = d, .subject = {p, QUANTITIES(__VA_ARGS__), \
	sizeof(QUANTITIES(__VA_ARGS__)) / sizeof(struct quantity)}},
#define ALIAS(p, t, op, imp) {.phrase = p, .kind = WORD_ALIAS, .target = t, .implied = IMPLIED_##op, .implies = imp},
#define MACRO(p, d, e) {.phrase = p, .kind = WORD_MACRO, .doc = d, .target = e},
#define NOT_KEPT(p, r) {.phrase = p, .kind = WORD_NOT_KEPT, .doc = r},
const struct word word_table[] = {
#include "filter/words.def"
};
#undef SUBJECT
#undef ALIAS
#undef MACRO
#undef NOT_KEPT
const size_t word_count = ARRAY_LEN(word_table);

enum name_group {
	GROUP_none,
	GROUP_proto, GROUP_port, GROUP_direction, GROUP_end_reason, GROUP_fwdstat, GROUP_fwevent, GROUP_fwxevent,
	GROUP_natevent, GROUP_pfaction, GROUP_pfreason, GROUP_pfdir, GROUP_ethertype, GROUP_dnstype, GROUP_dnsrcode,
	GROUP_tls, GROUP_sampling, GROUP_export, GROUP_MAX
};
#define NAME(g, text, value)
#define SHOWN(g)
#define GROUP(f, g) [F_##f] = GROUP_##g,
static const uint8_t group_of[FIELD_MAX] = {
#include "filter/names.def"
};
#undef GROUP
#undef SHOWN
#define GROUP(f, g)
#define SHOWN(g) [GROUP_##g] = true,
static const bool shown[GROUP_MAX] = {
#include "filter/names.def"
};
#undef SHOWN
#undef NAME
#define SHOWN(g)
#define NAME(g, text, value) {GROUP_##g, text, value},
static const struct {
	uint8_t group;
	const char *text;
	uint32_t value;
} names[] = {
#include "filter/names.def"
};
/* clang-format on */

/* Whether token i is the word of a phrase; nfdump also says xlate for nat. */
static bool spells_word(const struct toks *t, uint32_t i, const char *word, size_t len)
{
	const struct tok *k = &t->v[i];
	if (k->kind != TOK_WORD)
		return false;
	if (len == 3 && memcmp(word, "nat", 3) == 0 && tok_is(t, i, "xlate"))
		return true;
	return k->n == len && strncasecmp(t->text + k->off, word, len) == 0;
}

/* If the tokens spell the phrase, how many they are; else 0. */
static uint32_t spells(const struct toks *t, uint32_t i, const char *first, const char *phrase)
{
	uint32_t n = 0;
	for (const char *p = phrase; *p;) {
		size_t len = strcspn(p, " ");
		if (first) {
			if (strlen(first) != len || memcmp(first, p, len) != 0)
				return 0;
			first = NULL;
		} else {
			if (!spells_word(t, i + n, p, len))
				return 0;
			n++;
		}
		p += len + (p[len] == ' ');
	}
	return n;
}

const struct word *word_match(const struct toks *t, uint32_t i, const char *first, uint32_t *ret_n)
{
	const struct word *best = NULL;
	uint32_t best_n = 0;
	for (size_t w = 0; w < word_count; w++) {
		uint32_t n = spells(t, i, first, word_table[w].phrase);
		if (n > best_n) {
			best = &word_table[w];
			best_n = n;
		}
	}
	*ret_n = best_n;
	return best;
}

const struct word *word_subject(const char *phrase)
{
	for (size_t w = 0; w < word_count; w++)
		if (word_table[w].kind == WORD_SUBJECT && strcmp(word_table[w].phrase, phrase) == 0)
			return &word_table[w];
	return NULL;
}

int word_field(const struct toks *t, uint32_t i)
{
	char lower[64];
	const struct tok *k = &t->v[i];
	if (k->kind != TOK_WORD || k->n >= sizeof(lower))
		return -1;
	for (uint32_t c = 0; c < k->n; c++) {
		char ch = t->text[k->off + c];
		lower[c] = (char)(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch);
	}
	return field_find(lower, k->n);
}

enum { NEAR_MAX = 32, NEAR_EDITS = 2 };

/* Edits (insert, delete, change, swap) between two short words; more than NEAR_EDITS may be
 * reported as any big number. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned row[3][NEAR_MAX + 1];
	if (na > NEAR_MAX || nb > NEAR_MAX || na > nb + NEAR_EDITS || nb > na + NEAR_EDITS)
		return NEAR_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *cur = row[i % 3], *up = row[(i + 2) % 3], *upup = row[(i + 1) % 3];
		cur[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned same = (a[i - 1] | 32) == (b[j - 1] | 32) ? 0 : 1;
			unsigned d = up[j - 1] + same;
			d = MIN_OF(d, up[j] + 1);
			d = MIN_OF(d, cur[j - 1] + 1);
			if (i > 1 && j > 1 && (a[i - 1] | 32) == (b[j - 2] | 32) &&
			    (a[i - 2] | 32) == (b[j - 1] | 32))
				d = MIN_OF(d, upup[j - 2] + 1);
			cur[j] = d;
		}
	}
	return row[na % 3][nb];
}

const char *word_nearest(const char *s, size_t n)
{
	const char *best = NULL;
	unsigned best_d = n < 4 ? 2 : NEAR_EDITS + 1;
	for (int f = 0; f < FIELD_MAX; f++) {
		unsigned d = distance(s, n, field_table[f].name, strlen(field_table[f].name));
		if (d < best_d) {
			best_d = d;
			best = field_table[f].name;
		}
	}
	for (size_t w = 0; w < word_count; w++) {
		unsigned d =
		    distance(s, n, word_table[w].phrase, strcspn(word_table[w].phrase, " "));
		if (d < best_d) {
			best_d = d;
			best = word_table[w].phrase;
		}
	}
	return best;
}

size_t name_values(enum field f, const char *s, size_t n, uint64_t *out, size_t max)
{
	size_t found = 0;
	for (size_t i = 0; group_of[f] && i < ARRAY_LEN(names); i++) {
		if (names[i].group != group_of[f] || strlen(names[i].text) != n ||
		    strncasecmp(names[i].text, s, n) != 0)
			continue;
		if (found < max)
			out[found] = names[i].value;
		found++;
	}
	return found;
}

const char *name_of(enum field f, uint64_t v)
{
	uint64_t values[2];
	if (!shown[group_of[f]])
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].group == group_of[f] && names[i].value == v)
			return name_values(f, names[i].text, strlen(names[i].text), values, 2) == 1
				   ? names[i].text
				   : NULL;
	return NULL;
}

void name_each(enum field f, name_fn *each, void *ctx)
{
	for (size_t i = 0; group_of[f] && i < ARRAY_LEN(names); i++) {
		bool again = i && names[i - 1].group == names[i].group &&
			     strcmp(names[i - 1].text, names[i].text) == 0;
		if (names[i].group == group_of[f] && !again)
			each(ctx, names[i].text);
	}
}
