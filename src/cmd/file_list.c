/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/file_list.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 16 };
static const char being_written[] = "nfcapd.current";

enum err file_list_add(struct file_list *l, const char *path)
{
	if (l->n == FILE_LIST_MAX)
		return ERR_LIMIT;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		char **v = reallocarray(l->v, cap, sizeof(*v));
		if (!v)
			return ERR_NOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n] = strdup(path);
	return l->v[l->n++] ? ERR_OK : ERR_NOMEM;
}

void file_list_fini(struct file_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct file_list){0};
}

static int wanted(const struct dirent *e)
{
	return e->d_name[0] != '.' &&
	       strncmp(e->d_name, being_written, sizeof(being_written) - 1) != 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The entries of dir from..to (NULL: no limit); folders in it only where depth says so. */
static enum err add_folder(struct file_list *l, const char *dir, const char *from, const char *to,
			   unsigned depth)
{
	struct dirent **names;
	enum err e = ERR_OK;
	int n = scandir(dir, &names, wanted, by_name);
	if (n < 0)
		return err_from_errno(errno);
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];
		struct stat st;
		const char *name = names[i]->d_name;
		bool in = (!from || strcmp(name, from) >= 0) && (!to || strcmp(name, to) <= 0);
		int len = snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (!e && in && len < PATH_MAX && stat(path, &st) == 0) {
			if (S_ISREG(st.st_mode))
				e = file_list_add(l, path);
			else if (S_ISDIR(st.st_mode) && depth)
				e = add_folder(l, path, NULL, NULL, depth - 1);
		}
		free(names[i]);
	}
	free(names);
	return e;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

enum err file_list_range(struct file_list *l, const char *range, struct diag *reterr)
{
	char first[PATH_MAX];
	struct stat st;
	enum err e;
	if (stat(range, &st) == 0 && S_ISDIR(st.st_mode)) {
		e = add_folder(l, range, NULL, NULL, DEPTH_MAX);
	} else {
		const char *colon = strrchr(range, ':');
		int len = snprintf(first, sizeof(first), "%.*s",
				   colon ? (int)(colon - range) : (int)strlen(range), range);
		char *slash = strrchr(first, '/');
		if (len >= PATH_MAX || stat(first, &st))
			return diag_set(reterr, ERR_NOT_FOUND, 0, 0, "%s: no such file or folder",
					first);
		if (slash)
			*slash = 0;
		e = add_folder(l, slash ? (*first ? first : "/") : ".", slash ? slash + 1 : first,
			       colon ? last_part(colon + 1) : NULL, 0);
	}
	if (!e && l->n == 0)
		e = ERR_NOT_FOUND;
	return e ? diag_set(reterr, e, 0, 0, "%s: %s", range,
			    e == ERR_NOT_FOUND ? "no files" : err_text(e))
		 : ERR_OK;
}
