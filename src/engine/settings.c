/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/ask.h"

#include <string.h>

static const struct {
	const char *name;
	enum setting_use use;
} settings[] = {
#define SETTING(name, use) {name, SETTING_##use},
#include "engine/settings.def"
#undef SETTING
};

enum setting_use setting_use(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		size_t n = strlen(settings[i].name);
		bool prefix = settings[i].name[n - 1] == '*';
		if (prefix ? strncmp(name, settings[i].name, n - 1) == 0
			   : strcmp(name, settings[i].name) == 0)
			return settings[i].use;
	}
	return SETTING_UNKNOWN;
}
