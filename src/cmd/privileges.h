/* SPDX-License-Identifier: Apache-2.0 */
/* What a role gives up once it has opened what needed it. */
#pragma once
#include "base/err.h"

/* Gives up every capability for good, and if this is root and the folder belongs to somebody else,
 * becomes that user. Before any thread is made: threads have privileges of their own. */
must_check enum err privileges_drop(const char *folder, struct diag *reterr);
