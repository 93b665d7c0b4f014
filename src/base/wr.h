/* SPDX-License-Identifier: Apache-2.0 */
/* Big-endian stores into memory that is known to have room: for encoders, which have reckoned the
 * length of what they write beforehand. Growing text and rare messages are made with struct buf. */
#pragma once
#include <stdint.h>
#include <string.h>

static inline void store_be16(uint8_t *p, uint16_t v)
{
	v = __builtin_bswap16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void store_be32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void store_be64(uint8_t *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, sizeof(v));
}
