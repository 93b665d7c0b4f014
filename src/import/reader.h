/* SPDX-License-Identifier: Apache-2.0 */
/* What a kind of file is to import.c. A new kind = a file with such a table, a row in import.c. */
#pragma once
#include "import/import.h"

#include <stdbool.h>
#include <stddef.h>

struct import_reader {
	/* Whether a file that begins with these n > 0 bytes is of the kind. */
	bool (*detect)(const uint8_t *head, size_t n);
	must_check enum err (*open)(const char *path, const struct import_opts *opts,
				    void **ret_state, struct diag *reterr);
	/* As import_step; not called again after it returned an error. */
	must_check enum err (*step)(void *state, struct diag *reterr);
	void (*close)(void *state);
};

extern const struct import_reader import_nfcapd, import_exports;
