/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include "base/near.h"

#include <string.h>

const struct command_text command_texts[COMMAND_MAX] = {
#define COMMAND(name, fn, group, synopsis, help) {#name, synopsis, help, GROUP_##group},
#include "cmd/commands.def"
#undef COMMAND
};

const char *const command_group_titles[GROUP_MAX] = {
    [GROUP_FILES] = "Files in, records out",
    [GROUP_STORE] = "The store",
    [GROUP_RUN] = "Running Weir",
    [GROUP_ROLES] = "Roles, one at a time",
    [GROUP_OTHER] = "Other",
};

const struct command_text *command_find(const char *name)
{
	const char *slash = strrchr(name, '/');
	if (slash)
		name = slash + 1;
	if (strncmp(name, "weir-", 5) == 0)
		name += 5;
	for (size_t i = 0; i < COMMAND_MAX; i++)
		if (strcmp(command_texts[i].name, name) == 0)
			return &command_texts[i];
	return NULL;
}

const char *command_nearest(const char *name)
{
	const char *names[COMMAND_MAX];
	for (size_t i = 0; i < COMMAND_MAX; i++)
		names[i] = command_texts[i].name;
	return near_find(name, strlen(name), names, COMMAND_MAX);
}
