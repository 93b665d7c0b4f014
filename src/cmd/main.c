/* SPDX-License-Identifier: Apache-2.0 */
/* `weir NAME ...`: looks NAME up in commands.def and runs it. A role (collect, store, serve...) is
 * a program of its own beside this one, which is executed in place of this process. */
#include "cmd/command.h"

#include "base/attr.h"
#include "cmd/beside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int (*const functions[COMMAND_MAX])(int, char **) = {
#define COMMAND(name, fn, group, synopsis, help) fn,
#include "cmd/commands.def"
#undef COMMAND
};

int command_run(size_t i, int argc, char **argv)
{
	return functions[i](argc, argv);
}

int cmd_role(int argc, char **argv)
{
	char path[BESIDE_MAX], program[64];
	snprintf(program, sizeof(program), "weir-%s", argv[0]);
	if (beside_path(program, path)) {
		fprintf(stderr, "weir %s: cannot tell where this program lies\n", argv[0]);
		return EXIT_FAILED;
	}
	argv[0] = program;
	execv(path, argv);
	(void)argc;
	if (errno == ENOENT)
		fprintf(stderr, "weir: %s is not built yet: there is no %s\n", program + 5, path);
	else
		fprintf(stderr, "weir: %s: %s\n", path, strerror(errno));
	return EXIT_FAILED;
}

static int unknown_command(const char *name)
{
	const char *near = command_nearest(name);
	fprintf(stderr, "weir: no command \"%s\"%s%s%s\ntry: weir help\n", name,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	char *no_command[] = {(char[]){"help"}, NULL};
	if (argc < 2) {
		cmd_help(1, no_command);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("weir %s\n", WEIR_VERSION);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return cmd_help(1, no_command);
	for (size_t i = 0; i < COMMAND_MAX; i++)
		if (strcmp(command_texts[i].name, argv[1]) == 0)
			return command_run(i, argc - 1, argv + 1);
	return unknown_command(argv[1]);
}
