/* SPDX-License-Identifier: Apache-2.0 */
/* How much the store holds, for status pages. */
#pragma once
#include "base/err.h"

#include <stdint.h>

struct store;

struct store_info {
	uint64_t bytes_on_disk, rows; /* rows: flows, without rollups */
	int64_t oldest_ms,
	    newest_ms;       /* t_last; days of suspect records may reach further. 0 when empty */
	uint64_t free_bytes; /* of the store's disk */
};
must_check enum err store_info_get(struct store *s, struct store_info *ret, struct diag *reterr);
