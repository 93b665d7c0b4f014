/* SPDX-License-Identifier: Apache-2.0 */
/* The programs of Weir lie in one folder, built or installed; this finds one from another. */
#pragma once
#include "base/err.h"

enum { BESIDE_MAX = 4096 };
/* The path of `program` in the folder of the running one. It need not exist. */
must_check enum err beside_path(const char *program, char ret_path[BESIDE_MAX]);
