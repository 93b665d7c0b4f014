/* SPDX-License-Identifier: Apache-2.0 */
/* Writes records: the operations of a layout over rows of a batch, one tight loop per operation.
 * Lengths are reckoned first (put_lengths), so that nothing is checked while writing. */
#pragma once
#include "encode/layout.h"

enum { PUT_ROWS = 128 }; /* records written at once */

struct put_rows {
	const struct layout *l;
	const struct batch *b;
	const uint16_t *rows; /* n indices of rows */
	uint32_t n;           /* at most PUT_ROWS */
	uint8_t **at;         /* n: where each record begins; put_records moves them to its end */
	int64_t start_ms;     /* PUT_UPTIME: when the exporter started */
	size_t value_max;     /* texts are cut at so many bytes, lists at so many values' bytes */
};

/* The length of the record of one row. value_max: as above. */
size_t put_length(const struct layout *l, const struct batch *b, uint32_t row, size_t value_max);
/* The largest value_max with which the record of the row fits in `room`; 0 = not even then. */
size_t put_value_max(const struct layout *l, const struct batch *b, uint32_t row, size_t room);
/* at[i] has room for put_length bytes. */
void put_records(const struct put_rows *r);
