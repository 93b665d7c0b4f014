/* SPDX-License-Identifier: Apache-2.0 */
/* Shannon entropy of the first payload bytes of a direction, as YAF exports it (element 35 of
 * PEN 6871): 0 = all bytes are equal, 255 = 8 bits a byte, 32 a bit; encrypted and compressed data
 * are above 230. Of n bytes no more than log2(n) bits can be seen. */
#pragma once
#include "base/rd.h"

#include <stdint.h>

struct entropy {
	uint16_t n;          /* bytes looked at */
	uint16_t count[256]; /* how often each came */
};

/* Counts the bytes, up to `most` of all calls. */
void entropy_see(struct entropy *e, struct rd bytes, uint16_t most);
uint8_t entropy_value(const struct entropy *e);
