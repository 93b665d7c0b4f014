/* SPDX-License-Identifier: Apache-2.0 */
/* Distinct texts with numbers: a snapshot's countries, network names, applications. Number 0 is the
 * empty text. Made once, then only read. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXTS_MAX = 1 << 22, TEXT_LEN_MAX = 255 };

struct text_at {
	uint32_t off, len;
};

struct texts {
	struct text_at *v;
	uint32_t n, cap;
	uint8_t *bytes;
	size_t n_bytes, cap_bytes;
	uint32_t *slot; /* open addressing, number + 1 */
	uint32_t n_slots;
};

must_check enum err texts_init(struct texts *s);
void texts_fini(struct texts *s);
/* The number of the text, a new one if it is new; longer texts are cut to TEXT_LEN_MAX. */
must_check enum err texts_number(struct texts *s, const char *p, size_t n, uint32_t *ret);
