/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units, as people write them in the configuration and on the command line. */
#pragma once
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Decimal digits only, the whole text. ERR_SYNTAX, or ERR_LIMIT beyond 64 bits. */
must_check enum err unit_u64(const char *s, size_t n, uint64_t *ret);
/* Milliseconds of 500ms 10s 5m 2h 90d 1w; a bare number is seconds. */
must_check enum err unit_duration(const char *s, size_t n, uint64_t *ret_ms);
/* Bytes of 4096 64KB 128MB 8GB 2TB; K M G T count in 1024s, the B may be left out, KiB is the same
 * as KB. */
must_check enum err unit_size(const char *s, size_t n, uint64_t *ret_bytes);

enum { UNIT_TEXT_MAX = 32 };
/* The shortest exact text that reads back as the same value: 90000 -> "90s", 134217728 -> "128MB".
 */
void unit_duration_format(uint64_t ms, char out[UNIT_TEXT_MAX]);
void unit_size_format(uint64_t bytes, char out[UNIT_TEXT_MAX]);
