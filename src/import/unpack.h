/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that were packed with one of the methods of nfdump's files. */
#pragma once
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* The numbers are those in the file header. */
enum pack { PACK_NONE, PACK_LZO, PACK_BZ2, PACK_LZ4, PACK_ZSTD, PACK_MAX };

/* Unpacks n bytes of src into dst (cap bytes). ERR_MALFORMED: not what the method makes, or more
 * than cap bytes. method is neither NONE nor MAX. */
must_check enum err unpack(enum pack method, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
			   size_t *ret_n);
