/* SPDX-License-Identifier: Apache-2.0 */
/* The folders below `dir`. */
#pragma once
#include "base/err.h"

/* Makes dir (its parents must be there) and dir/run, mode 0750, unless they are there. ERR_DENIED
 * also when somebody else could replace what lies in them: owned by another user (root excepted),
 * or writable by all. */
must_check enum err folders_make(const char *dir);
