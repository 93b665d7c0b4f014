/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the C that fields.def stands for: `fieldgen header` or `fieldgen source`. Runs while
 * building. */
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
enum { ROWS = sizeof(rows) / sizeof(rows[0]), FWD_WORDS_MAX = 8 };

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
			fprintf(stderr, "fields.def: %s: id %d is not in 1..511\n", rows[i].name,
				rows[i].id);
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

/* Prints `text` ("ANY(8,IP4) IPFIX(0,1,UINT)") as initialisers; reverse: as their PEN 29305 twins.
 */
static int sources(const char *text, int reverse)
{
	int n = 0;
	while (*text) {
		unsigned pen = 0, id;
		char scope[8], conv[16];
		int used = 0;
		while (*text == ' ')
			text++;
		if (!*text)
			break;
		if (sscanf(text, "IPFIX(%u, %u, %15[A-Z0-9_])%n", &pen, &id, conv, &used) == 3 &&
		    used)
			snprintf(scope, sizeof(scope), "IPFIX");
		else if (sscanf(text, "%7[A-Z0-9](%u, %15[A-Z0-9_])%n", scope, &id, conv, &used) !=
			     3 ||
			 !used) {
			fprintf(stderr, "fields.def: bad source at '%s'\n", text);
			exit(1);
		}
		text += used;
		if (reverse) {
			/* RFC 5103: the reverse of an IANA element is PEN 29305 with the same id.
			 */
			if (pen != 0 || strcmp(scope, "NF9") == 0)
				continue;
			snprintf(scope, sizeof(scope), "IPFIX");
			pen = 29305;
		}
		printf("\t{SCOPE_%s, %u, %u, CONV_%s},\n", scope, pen, id, conv);
		n++;
	}
	return n;
}

static void info(const struct row *r, int reverse)
{
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
	printf(".sources = src_%s%s, .n_sources = N_SRC(src_%s%s)},\n", reverse ? "rev_" : "",
	       r->name, reverse ? "rev_" : "", r->name);
}

static void source(void)
{
	printf("/* generated from model/fields.def */\n#include \"model/field.h\"\n\n"
	       "#define N_SRC(a) (sizeof(a) / sizeof((a)[0]) - 1)\n");
	for (int i = 0; i < ROWS; i++) {
		printf("static const struct field_source src_%s[] = {\n", rows[i].name);
		sources(rows[i].sources, 0);
		printf("\t{SCOPE_ANY, 0, 0, CONV_UINT}};\n");
		if (!is_rev(&rows[i]))
			continue;
		printf("static const struct field_source src_rev_%s[] = {\n", rows[i].name);
		sources(rows[i].sources, 1);
		char extra[256];
		snprintf(extra, sizeof(extra), "%s", rows[i].reversible + 4);
		*strrchr(extra, ')') = 0;
		sources(extra, 0);
		printf("\t{SCOPE_ANY, 0, 0, CONV_UINT}};\n");
	}
	printf("\nconst struct field_info field_table[FIELD_MAX] = {\n");
	for (int i = 0; i < ROWS; i++)
		info(&rows[i], 0);
	for (int i = 0; i < ROWS; i++)
		if (is_rev(&rows[i]))
			info(&rows[i], 1);
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
