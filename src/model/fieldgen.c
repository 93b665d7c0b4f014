/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the C that fields.def stands for: `fieldgen header` or `fieldgen source`. Runs while
 * building. Also decides which element each field is exported as (fields.def says how). */
#include "model/own_pen.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	int id;
	const char *name, *ctype, *kind, *agg, *unit, *shape, *reversible, *sources, *doc;
};

/* The sources are kept as text: "ANY(8,IP4) IPFIX(0,1,UINT)". */
static const struct row rows[] = {
#define FIELD(id, name, ctype, kind, agg, unit, shape, reversible, sources, doc)                   \
	{id, #name, #ctype, #kind, #agg, #unit, #shape, #reversible, #sources, doc},
#include "model/fields.def"
#undef FIELD
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]), FWD_WORDS_MAX = 12 };

static int is_rev(const struct row *r)
{
	return strncmp(r->reversible, "REV(", 4) == 0;
}

static int fwd_words(void)
{
	int max = 0;
	for (int i = 0; i < ROWS; i++)
		if (rows[i].id > max)
			max = rows[i].id;
	return max / 64 + 1;
}

static void check(void)
{
	for (int i = 0; i < ROWS; i++) {
		if (rows[i].id < 1 || rows[i].id >= FWD_WORDS_MAX * 64) {
			fprintf(stderr, "fields.def: %s: id %d is not in 1..%d\n", rows[i].name,
				rows[i].id, FWD_WORDS_MAX * 64 - 1);
			exit(1);
		}
		for (int j = 0; j < i; j++)
			if (rows[i].id == rows[j].id || strcmp(rows[i].name, rows[j].name) == 0) {
				fprintf(stderr, "fields.def: %s and %s share an id or a name\n",
					rows[j].name, rows[i].name);
				exit(1);
			}
	}
}

static void header(void)
{
	printf("/* generated from model/fields.def */\n#pragma once\n\nenum field {\n");
	for (int i = 0; i < ROWS; i++)
		printf("\tF_%s,\n", rows[i].name);
	for (int i = 0; i < ROWS; i++)
		if (is_rev(&rows[i]))
			printf("\tF_rev_%s,\n", rows[i].name);
	int w = fwd_words();
	printf("\tFIELD_MAX\n};\n\nenum { PRESENT_FWD_WORDS = %d, PRESENT_WORDS = %d };\n", w,
	       2 * w);
}

/* --- sources */

enum { SOURCES_MAX = 64, PEN_REVERSE = 29305, NONE = -1 };

struct source {
	char scope[8], conv[16];
	unsigned pen, id;
	bool marked, marked6; /* EXPORT, EXPORT6 */
};

struct source_list {
	struct source v[SOURCES_MAX];
	int n;
	int exported, exported6; /* indices */
	bool never;              /* COLLECTOR: not exported */
};

/* Conversions that lose nothing on the way out, with the types they make. */
static const struct {
	const char *conv, *ctypes;
} ways_back[] = {
    {"UINT", "U8 U16 U32 U64"},
    {"IP4", "IP"},
    {"IP6", "IP"},
    {"MAC", "MAC"},
    {"STR", "STR"},
    {"HEX", "STR"},
    {"NID", "STR"},
    {"MS", "MS"},
    {"SEC", "MS"},
    {"MPLS", "U32LIST"},
    {"U32S", "U32LIST"},
    {"LE16", "U32LIST"},
    {"OCTETS", "U32LIST"},
    {"LIST", "U32LIST"},
    {"LIST8", "U32LIST"},
    {"LIST16", "U32LIST"},
    {"LIST32", "U32LIST"},
    {"LIST_MS", "U32LIST"},
    {"LIST_DIR", "U32LIST"},
    {"MILLI", "U32 U64"},
    {"HIGH8", "U8"},
    {"LOW8", "U8"},
    {"LOW32", "U32"},
    {"APP", "U32"},
};

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = words; (p = strstr(p, word)); p += n)
		if ((p == words || p[-1] == ' ') && (p[n] == 0 || p[n] == ' '))
			return true;
	return false;
}

static bool usable(const struct source *s, const char *ctype)
{
	for (size_t i = 0; i < sizeof(ways_back) / sizeof(ways_back[0]); i++)
		if (strcmp(s->conv, ways_back[i].conv) == 0)
			return strcmp(s->scope, "NF9") != 0 && has_word(ways_back[i].ctypes, ctype);
	return false;
}

static void bad_source(const char *text)
{
	fprintf(stderr, "fields.def: bad source at '%s'\n", text);
	exit(1);
}

/* Takes `word` from the front of *text, with the spaces behind it. */
static bool take_word(const char **text, const char *word)
{
	size_t n = strlen(word);
	if (strncmp(*text, word, n) != 0 || ((*text)[n] != ' ' && (*text)[n] != 0))
		return false;
	*text += n + strspn(*text + n, " ");
	return true;
}

/* Appends `text`, such as "ANY(8,IP4) EXPORT IPFIX(0,1,UINT)". */
static void parse(struct source_list *l, const char *text)
{
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		struct source s = {0};
		int used = 0;
		l->never |= take_word(&text, "COLLECTOR");
		s.marked = take_word(&text, "EXPORT");
		s.marked6 = !s.marked && take_word(&text, "EXPORT6");
		if (!*text)
			break;
		if (sscanf(text, "IPFIX(%u, %u, %15[A-Z0-9_])%n", &s.pen, &s.id, s.conv, &used) ==
			3 &&
		    used)
			snprintf(s.scope, sizeof(s.scope), "IPFIX");
		else if (sscanf(text, "%7[A-Z0-9](%u, %15[A-Z0-9_])%n", s.scope, &s.id, s.conv,
				&used) != 3 ||
			 !used)
			bad_source(text);
		if (l->n == SOURCES_MAX)
			bad_source(text);
		l->v[l->n++] = s;
		text += used;
	}
}

static void own_source(const struct row *r, struct source_list *l, bool reverse)
{
	static const struct {
		const char *ctype, *conv;
	} convs[] = {{"MS", "MS"},   {"IP", "IP6"},       {"MAC", "MAC"},
		     {"STR", "STR"}, {"U32LIST", "LIST"}, {NULL, "UINT"}};
	size_t i = 0;
	while (convs[i].ctype && strcmp(convs[i].ctype, r->ctype) != 0)
		i++;
	if (l->n == SOURCES_MAX)
		bad_source(r->name);
	struct source *s = &l->v[l->n++];
	*s = (struct source){.scope = "IPFIX", .pen = PEN_OWN};
	s->id = (unsigned)r->id | (reverse ? OWN_REVERSE : 0);
	snprintf(s->conv, sizeof(s->conv), "%s", convs[i].conv);
}

/* The first that can be exported; marked ones go first. */
static void choose(const struct row *r, struct source_list *l, bool reverse)
{
	bool ip = strcmp(r->ctype, "IP") == 0;
	l->exported = l->exported6 = NONE;
	if (l->never)
		return;
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < l->n; i++) {
			const struct source *s = &l->v[i];
			bool six = ip ? strcmp(s->conv, "IP6") == 0 : s->marked6;
			int *to = six ? &l->exported6 : &l->exported;
			if (*to == NONE && (pass || s->marked || s->marked6) && usable(s, r->ctype))
				*to = i;
		}
	if (ip ? l->exported6 == NONE : l->exported == NONE) {
		own_source(r, l, reverse);
		*(ip ? &l->exported6 : &l->exported) = l->n - 1;
	}
	if (l->exported == NONE)
		l->exported = l->exported6;
	if (l->exported6 == NONE)
		l->exported6 = l->exported;
}

static void forward_sources(const struct row *r, struct source_list *l)
{
	*l = (struct source_list){0};
	parse(l, r->sources);
	choose(r, l, false);
}

/* RFC 5103: the reverse of an IANA element is PEN 29305 with the same id. What the forward field is
 * exported as, if it is IANA's, is what its twin is exported as. */
static void reverse_sources(const struct row *r, struct source_list *l)
{
	struct source_list forward;
	char extra[256];
	forward_sources(r, &forward);
	*l = (struct source_list){.never = forward.never};
	for (int i = 0; i < forward.n; i++) {
		struct source s = forward.v[i];
		if (s.pen != 0 || strcmp(s.scope, "NF9") == 0)
			continue;
		snprintf(s.scope, sizeof(s.scope), "IPFIX");
		s.pen = PEN_REVERSE;
		s.marked = i == forward.exported;
		s.marked6 = i == forward.exported6 && !s.marked;
		l->v[l->n++] = s;
	}
	snprintf(extra, sizeof(extra), "%s", r->reversible + 4);
	*strrchr(extra, ')') = 0;
	parse(l, extra);
	choose(r, l, true);
}

static void print_sources(const struct source_list *l)
{
	for (int i = 0; i < l->n; i++)
		printf("\t{SCOPE_%s, %u, %u, CONV_%s},\n", l->v[i].scope, l->v[i].pen, l->v[i].id,
		       l->v[i].conv);
	printf("\t{SCOPE_ANY, 0, 0, CONV_UINT}};\n");
}

/* --- the table */

static void info(const struct row *r, bool reverse)
{
	struct source_list l;
	if (reverse)
		reverse_sources(r, &l);
	else
		forward_sources(r, &l);
	printf("\t[F_%s%s] = {.name = \"%s%s\", .doc = \"%s%s\", .ctype = CT_%s, .kind = KIND_%s, "
	       ".agg = AGG_%s, "
	       ".unit = UNIT_%s, .shape = SHAPE_%s, ",
	       reverse ? "rev_" : "", r->name, reverse ? "rev_" : "", r->name, r->doc,
	       reverse ? " (reverse direction)" : "", r->ctype, r->kind, r->agg, r->unit,
	       reverse ? "WIDE" : r->shape);
	if (reverse)
		printf(
		    ".present_bit = PRESENT_FWD_WORDS * 64 + %d, .reverse = -1, .forward = F_%s, ",
		    r->id, r->name);
	else if (is_rev(r))
		printf(".present_bit = %d, .reverse = F_rev_%s, .forward = -1, ", r->id, r->name);
	else
		printf(".present_bit = %d, .reverse = -1, .forward = -1, ", r->id);
	printf(".sources = src_%s%s, .n_sources = %d, .exported = %d, .exported6 = %d},\n",
	       reverse ? "rev_" : "", r->name, l.n, l.exported, l.exported6);
}

static void source(void)
{
	struct source_list l;
	printf("/* generated from model/fields.def */\n#include \"model/field.h\"\n\n");
	for (int i = 0; i < ROWS; i++) {
		printf("static const struct field_source src_%s[] = {\n", rows[i].name);
		forward_sources(&rows[i], &l);
		print_sources(&l);
		if (!is_rev(&rows[i]))
			continue;
		printf("static const struct field_source src_rev_%s[] = {\n", rows[i].name);
		reverse_sources(&rows[i], &l);
		print_sources(&l);
	}
	printf("\nconst struct field_info field_table[FIELD_MAX] = {\n");
	for (int i = 0; i < ROWS; i++)
		info(&rows[i], false);
	for (int i = 0; i < ROWS; i++)
		if (is_rev(&rows[i]))
			info(&rows[i], true);
	printf("};\n");
}

int main(int argc, char **argv)
{
	check();
	if (argc == 2 && strcmp(argv[1], "header") == 0)
		header();
	else if (argc == 2 && strcmp(argv[1], "source") == 0)
		source();
	else
		return 2;
	return 0;
}
