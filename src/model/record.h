/* SPDX-License-Identifier: Apache-2.0 */
/* One record as text, at the edges only: NDJSON out of a row, the value of one field. What a number
 * looks like is decided in data-model.md: numbers plain, addresses canonical, times RFC 3339 with
 * ms, absent fields left out. */
#pragma once
#include "base/buf.h"
#include "model/batch.h"

/* Appends one JSON object (no newline) with the present fields of the row, in the order of enum
 * field. */
void record_json(struct buf *out, const struct batch *b, uint32_t row);
/* Appends the JSON value of one present field. */
void record_json_value(struct buf *out, const struct batch *b, enum field f, uint32_t row);
