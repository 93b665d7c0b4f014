/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/beside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum err beside_path(const char *program, char ret_path[BESIDE_MAX])
{
	char self[BESIDE_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0)
		return err_from_errno(errno);
	self[n] = 0;
	char *slash = strrchr(self, '/');
	if (!slash)
		return ERR_NOT_FOUND;
	slash[1] = 0;
	int len = snprintf(ret_path, BESIDE_MAX, "%s%s", self, program);
	return len < 0 || len >= BESIDE_MAX ? ERR_LIMIT : ERR_OK;
}
