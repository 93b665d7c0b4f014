/* SPDX-License-Identifier: Apache-2.0 */
/* The files that nfdump's -R means. */
#pragma once
#include "base/err.h"

#include <stddef.h>

struct file_list {
	char **v; /* sorted by name within a folder */
	size_t n, cap;
};

enum { FILE_LIST_MAX = 100000 };

/* DIR: all files below it; FILE1:FILE2: those of FILE1's folder from FILE1 to FILE2 (a name, or a
 * path whose name counts); FILE: from FILE to the last of its folder. Names that begin with a dot
 * and files that nfcapd is writing (nfcapd.current...) are left out. */
must_check enum err file_list_range(struct file_list *l, const char *range, struct diag *reterr);
must_check enum err file_list_add(struct file_list *l, const char *path);
void file_list_fini(struct file_list *l);
