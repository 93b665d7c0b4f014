/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/opts_help.h"

#include "base/attr.h"
#include "cmd/command.h"
#include "cmd/opts.h"

#include <stdio.h>
#include <string.h>

static void print_text(const struct command_text *c, const struct opt *rows, size_t n_rows)
{
	if (c)
		printf("usage: weir %s %s\n\n%s\n\n", c->name, c->synopsis, c->help);
	for (size_t i = 0; i < n_rows; i++) {
		char left[64];
		int n = snprintf(left, sizeof(left), "--%s%s%s", rows[i].long_name,
				 rows[i].arg ? " " : "", rows[i].arg ? rows[i].arg : "");
		const char comma = rows[i].short_name ? ',' : ' ';
		printf("  %c%c%c %-22s%s%s\n", rows[i].short_name ? '-' : ' ',
		       rows[i].short_name ? rows[i].short_name : ' ', comma, left,
		       n > 22 ? "\n                            " : " ", rows[i].help);
	}
	printf("      --help                 this text\n");
}

/* roff takes a dot or a quote at the start of a line, and backslashes, for its own. */
static void print_roff(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	for (; *s; s++) {
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
	}
}

static void print_mdoc(const struct opt *rows, size_t n_rows)
{
	if (n_rows == 0)
		return;
	printf(".Bl -tag -width Ds -compact\n");
	for (size_t i = 0; i < n_rows; i++) {
		printf(".It ");
		if (rows[i].short_name)
			printf("Fl %c , ", rows[i].short_name);
		printf("Fl \\-%s", rows[i].long_name);
		if (rows[i].arg)
			printf(" Ar %s", rows[i].arg);
		printf("\n");
		print_roff(rows[i].help);
		printf("\n");
	}
	printf(".El\n");
}

static void print_words(const struct opt *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++)
		printf("--%s ", rows[i].long_name);
	printf("--help\n");
}

int opts_help(const char *name, const struct opt *rows, size_t n_rows, const char *format)
{
	if (!format)
		print_text(command_find(name), rows, n_rows);
	else if (strcmp(format, "mdoc") == 0)
		print_mdoc(rows, n_rows);
	else if (strcmp(format, "words") == 0)
		print_words(rows, n_rows);
	else
		return opts_usage(name, "--help takes no value");
	return EXIT_DONE;
}
