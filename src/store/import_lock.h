/* SPDX-License-Identifier: Apache-2.0 */
/* While history is imported, no hour is rolled up into talkers_1h: a row that is inserted between
 * the reading of an hour and the note that it was read would be in neither. The lock is a table in
 * the store's memory that says until when it holds, so one that nobody renews goes by itself, and
 * so does every one when the store starts anew. */
#pragma once
#include "base/err.h"

#include <stdbool.h>

struct store;

/* Renewed between inserts, so it holds for longer than one may take (the loader's 300 s). */
enum { IMPORT_LOCK_S = 400, IMPORT_LOCK_RENEW_S = 30 };

/* Holds the lock for IMPORT_LOCK_S from now. */
must_check enum err import_lock_renew(struct store *s, struct diag *reterr);
/* Whether a roll-up is under way; after the lock was taken, wait until there is none. */
must_check enum err import_lock_rolling(struct store *s, bool *ret, struct diag *reterr);
must_check enum err import_lock_held(struct store *s, bool *ret, struct diag *reterr);
