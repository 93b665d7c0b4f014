/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking what LZO1X packed. Ours, because the library for it is under the GPL. */
#pragma once
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* ERR_MALFORMED: no such stream, or longer than cap. */
must_check enum err lzo_unpack(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
			       size_t *ret_n);
