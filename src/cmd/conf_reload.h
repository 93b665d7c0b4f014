/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

/* Has the Weir of this dir read its configuration again and prints what changed; an exit code. */
int conf_reload(const char *dir, bool json);
