/* SPDX-License-Identifier: Apache-2.0 */
/* A column of few values in long runs (who exported it, next hop, presence, day) as a dictionary
 * and one byte a row: ClickHouse's LowCardinality. It costs a look at each row and saves writing,
 * and the store reading, most of the column. Columns that change often are left alone: there the
 * look-ups would cost more than they save. */
#pragma once
#include "spool/colbuf.h"

enum { DICT_KEYS_MAX = 255, DICT_WIDTH_MAX = 16, DICT_SLOTS = 1024 };

struct dict {
	uint32_t n;
	uint8_t
	    keys[DICT_KEYS_MAX * DICT_WIDTH_MAX]; /* n values of the width, one behind another */
	struct colbuf index;                      /* a byte per row */
	uint16_t slot[DICT_SLOTS];                /* hash -> key + 1 */
};

/* Tries it on rows values of width 4, 8 or 16; false = not worth it (or no memory). */
bool dict_encode(struct dict *d, const uint8_t *column, uint32_t rows, size_t width);
void dict_fini(struct dict *d);
