/* SPDX-License-Identifier: Apache-2.0 */
/* chDB: ClickHouse as a library, loaded by dlopen. Only weir-store calls this, and only from the
 * release build. */
#pragma once
#include "engine/engine.h"

/* The oldest version whose functions we know, and the one that the lockfile pins. */
enum { CHDB_MAJOR = 26, CHDB_MINOR = 5 };

/* Loads the library and opens (makes) the store in the folder data. The engine can be opened once
 * in the life of a process. reterr says what is wrong with the library, its version or the folder.
 */
must_check enum err engine_chdb_open(const char *library, const char *data, struct engine **ret,
				     struct diag *reterr);
/* Closes its own connection; every other one must be closed. After that the process must leave by
 * _exit: the library has threads and handlers that do not survive exit(). *e becomes NULL. */
void engine_chdb_close(struct engine **e);
