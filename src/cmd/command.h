/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands. Split in two, so that the role programs can show a synopsis without
 * linking every command: the texts (command_text.c) and the functions (main.c). */
#pragma once
#include <stddef.h>

enum command_group { GROUP_FILES, GROUP_STORE, GROUP_RUN, GROUP_ROLES, GROUP_OTHER, GROUP_MAX };

struct command_text {
	const char *name, *synopsis, *help;
	enum command_group group;
};

enum {
#define COMMAND(name, fn, group, synopsis, help) COMMAND_##name,
#include "cmd/commands.def"
#undef COMMAND
	COMMAND_MAX
};

/* Exit codes of every command. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

extern const struct command_text command_texts[COMMAND_MAX];
extern const char *const command_group_titles[GROUP_MAX];

/* The command called name (a leading path and "weir-" are ignored), NULL if there is none. */
const struct command_text *command_find(const char *name);
/* The command most like name, for "did you mean", NULL if none is near. */
const char *command_nearest(const char *name);

/* Runs row i of the table; argv[0] is its name. Only in `weir` itself. */
int command_run(size_t i, int argc, char **argv);

#define COMMAND(name, fn, group, synopsis, help) int fn(int argc, char **argv);
#include "cmd/commands.def"
#undef COMMAND
