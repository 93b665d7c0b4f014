/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock: what files this process may still open. The second wall around the engine's SQL, which
 * can name any file: the first one is the front's check of what a reader says. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct confine_path {
	const char
	    *path;  /* a file, or a folder with all below it; one that is not there is left out */
	bool write; /* and made, renamed, removed */
};

/* For the calling thread and all it makes from now on; cannot be undone. Files that are open stay
 * usable, memfds are not concerned. ERR_UNSUPPORTED: the kernel has no Landlock, nothing was done.
 */
must_check enum err confine_files(const struct confine_path *paths, size_t n);
