/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what is made from the table of fields for people and for the web page: `docgen markdown`
 * is docs/fields.md (committed; a test fails when it differs), `docgen typescript` is
 * build/gen/web/fields.gen.ts. */
#include "base/attr.h"
#include "model/field.h"
#include "model/own_pen.h"

#include <stdio.h>
#include <string.h>

static const char *const ts_types[CT_MAX] = {
    [CT_U8] = "number",  [CT_U16] = "number", [CT_U32] = "number",
    [CT_U64] = "number", [CT_MS] = "string",  [CT_IP] = "string",
    [CT_MAC] = "string", [CT_STR] = "string", [CT_U32LIST] = "number[]",
};

/* Where a field comes from: "152, 150, 29305/1, v9 23"; what it is exported as in bold. */
static void print_sources(const struct field_info *f)
{
	for (unsigned i = 0; i < f->n_sources; i++) {
		const struct field_source *s = &f->sources[i];
		const char *bold = (int)i == f->exported || (int)i == f->exported6 ? "**" : "";
		printf("%s%s", i ? ", " : "", bold);
		if (s->scope == SCOPE_NF9)
			printf("v9 %u", s->id);
		else if (s->pen)
			printf("%u/%u", s->pen, s->id);
		else if (s->scope == SCOPE_IPFIX)
			printf("ipfix %u", s->id);
		else
			printf("%u", s->id);
		printf("%s", bold);
	}
}

static void markdown(void)
{
	printf("# Fields\n\n"
	       "Made from src/model/fields.def: do not edit. %d fields. A name is the same in "
	       "filters, NDJSON, CSV,\n"
	       "SQL and the API. Sources: element numbers of NetFlow v9 and IPFIX, `v9 N` or "
	       "`ipfix N` where it is\n"
	       "only one of them, `PEN/N` for elements of an enterprise; the first one listed that "
	       "a record has wins.\n"
	       "The bold ones are what the probe exports the field as (docs/export.md); PEN %u "
	       "is our own.\n"
	       "`core` fields are kept for every flow, `wide` ones for records of shapes that need "
	       "them.\n\n"
	       "| field | type | kind | unit | table | sources | what it is "
	       "|\n|---|---|---|---|---|---|---|\n",
	       FIELD_MAX, PEN_OWN);
	for (int i = 0; i < FIELD_MAX; i++) {
		const struct field_info *f = &field_table[i];
		printf("| %s | %s | %s | %s | %s | ", f->name, ctype_name(f->ctype),
		       kind_name(f->kind), f->unit == UNIT_NONE ? "" : unit_name(f->unit),
		       shape_name(f->shape));
		print_sources(f);
		printf(" | %s |\n", f->doc);
	}
}

static void print_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('"');
}

static void typescript(void)
{
	printf("// Made from src/model/fields.def: do not edit.\n\n"
	       "/** A flow as in NDJSON: fields that the record does not carry are left out. */\n"
	       "export interface Flow {\n");
	for (int i = 0; i < FIELD_MAX; i++)
		printf("  /** %s */\n  %s?: %s;\n", field_table[i].doc, field_table[i].name,
		       ts_types[field_table[i].ctype]);
	printf("}\n\nexport type FieldName = keyof Flow;\n\n"
	       "export interface FieldInfo {\n  kind: string;\n  type: string;\n  unit: string;\n  "
	       "core: boolean;\n"
	       "  doc: string;\n}\n\nexport const fields: Record<FieldName, FieldInfo> = {\n");
	for (int i = 0; i < FIELD_MAX; i++) {
		const struct field_info *f = &field_table[i];
		printf("  %s: { kind: \"%s\", type: \"%s\", unit: \"%s\", core: %s, doc: ", f->name,
		       kind_name(f->kind), ctype_name(f->ctype), unit_name(f->unit),
		       f->shape == SHAPE_CORE ? "true" : "false");
		print_string(f->doc);
		printf(" },\n");
	}
	printf("};\n");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} kinds[] = {{"markdown", markdown}, {"typescript", typescript}};
	for (size_t i = 0; argc == 2 && i < ARRAY_LEN(kinds); i++)
		if (strcmp(argv[1], kinds[i].name) == 0) {
			kinds[i].print();
			return ferror(stdout) ? 1 : 0;
		}
	fprintf(stderr, "usage: docgen markdown|typescript\n");
	return 2;
}
