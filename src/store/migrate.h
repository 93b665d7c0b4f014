/* SPDX-License-Identifier: Apache-2.0 */
/* Brings a store to the tables that this program wants: makes them in a new store, runs the
 * numbered migrations that are missing, adds columns that fields.def has gained. Only the loader's
 * role does this. */
#pragma once
#include "base/err.h"

struct store;

/* ERR_VERSION: the store was made by a newer program; it is left as it is. ERR_REMOTE: a statement
 * was refused. Others: the store does not answer. Harmless to repeat. */
must_check enum err store_migrate(struct store *s, struct diag *reterr);
/* The version of the tables that this program makes. */
unsigned store_schema_version(void);
