/* SPDX-License-Identifier: Apache-2.0 */
/* `weir help`, and the generators of the manual page and of bash completion: all from commands.def
 * and the tables of options, which each command prints itself when asked with --help=FORMAT. */
#include "cmd/command.h"

#include "base/attr.h"
#include "cmd/opts.h"

#include <stdio.h>
#include <string.h>

static void print_list(void)
{
	printf("usage: weir COMMAND ...\n");
	for (int g = 0; g < GROUP_MAX; g++) {
		bool first = true;
		for (size_t i = 0; i < COMMAND_MAX; i++) {
			if ((int)command_texts[i].group != g)
				continue;
			if (first)
				printf("\n%s\n", command_group_titles[g]);
			first = false;
			printf("  %-10s %s\n", command_texts[i].name, command_texts[i].help);
		}
	}
	printf("\nweir COMMAND --help tells more; weir --version prints the version.\n");
}

static int run_help(size_t i, const char *format)
{
	char name[32], option[32];
	snprintf(name, sizeof(name), "%s", command_texts[i].name);
	snprintf(option, sizeof(option), "--help%s%s", format ? "=" : "", format ? format : "");
	char *argv[] = {name, option, NULL};
	if (command_texts[i].group != GROUP_ROLES)
		return command_run(i, 2, argv);
	/* A role is another program; its options are those that every command has. */
	struct role_args {
		struct common_args common;
	} a;
	static const struct opt role_rows[] = {OPTS_COMMON(struct role_args)};
	struct operands o;
	int status = EXIT_DONE;
	(void)opts_parse(role_rows, ARRAY_LEN(role_rows), 2, argv, &a, 0, 0, &o, &status);
	return status;
}

static void print_man(void)
{
	printf(".Dd $Mdocdate$\n.Dt WEIR 1\n.Os\n.Sh NAME\n.Nm weir\n.Nd network flow monitoring\n"
	       ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar argument ...\n.Sh DESCRIPTION\n"
	       ".Nm\ncollects network flows, stores them in an embedded column store and answers "
	       "questions about them.\n"
	       "Every command exits 0 when it is done, 1 when it failed or found nothing, 2 when "
	       "it was used wrongly.\n"
	       ".Sh COMMANDS\n");
	for (int g = 0; g < GROUP_MAX; g++) {
		bool first = true;
		for (size_t i = 0; i < COMMAND_MAX; i++) {
			if ((int)command_texts[i].group != g)
				continue;
			if (first)
				printf(".Ss %s\n.Bl -tag -width Ds\n", command_group_titles[g]);
			first = false;
			printf(".It Nm weir Cm %s Li \"", command_texts[i].name);
			for (const char *s = command_texts[i].synopsis; *s; s++)
				printf(*s == '-' ? "\\-" : *s == '"' ? "\\(dq" : "%c", *s);
			printf("\"\n%s.\n", command_texts[i].help);
			fflush(stdout);
			(void)run_help(i, "mdoc");
		}
		if (!first)
			printf(".El\n");
	}
}

static void print_completion(void)
{
	printf("_weir() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n\tif [ \"$COMP_CWORD\" = "
	       "1 ]; then\n\t\twords=\"");
	for (size_t i = 0; i < COMMAND_MAX; i++)
		printf("%s ", command_texts[i].name);
	printf("--help --version\"\n\telse\n\t\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; i < COMMAND_MAX; i++) {
		printf("\t\t%s) words=\"", command_texts[i].name);
		(void)run_help(i, "words");
		printf("\t\t\t\" ;;\n");
	}
	printf("\t\tesac\n\tfi\n\tcase $COMP_CWORD:$cur in\n"
	       "\t1:*|*:-*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") "
	       ";;\n\tesac\n}\n"
	       "complete -o default -F _weir weir\n");
}

struct help_args {
	bool man, completion;
};

static const struct opt rows[] = {
    OPT(0, "man", FLAG, NULL, struct help_args, man, "print the manual page (mdoc)"),
    OPT(0, "bash-completion", FLAG, NULL, struct help_args, completion,
	"print the completion for bash"),
};

int cmd_help(int argc, char **argv)
{
	struct help_args a = {0};
	struct operands o;
	int status;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &a, 0, 1, &o, &status) == OPTS_EXIT)
		return status;
	if (a.man)
		print_man();
	else if (a.completion)
		print_completion();
	else if (o.n == 0)
		print_list();
	else if (!command_find(o.v[0]))
		return opts_usage("help", "no command \"%s\"", o.v[0]);
	else
		return run_help((size_t)(command_find(o.v[0]) - command_texts), NULL);
	return EXIT_DONE;
}
