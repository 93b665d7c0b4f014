/* SPDX-License-Identifier: Apache-2.0 */
/* One record out of a line of NDJSON, as record_json prints it: the way back into a batch. At the
 * edges only. */
#pragma once
#include "model/batch.h"

/* Appends one row to b (a SHAPE_WIDE batch with room) from a JSON object of n bytes: known keys
 * become fields, null is absent, keys that are no field are ignored. A number that does not fit its
 * field, a value of the wrong type or text that is no JSON object is an error: ERR_MALFORMED
 * (reterr says which key or byte), ERR_LIMIT (full); b->n is then as before. Numbers are exact up
 * to 2^64
 * - 1. */
must_check enum err record_from_json(struct batch *b, const char *line, size_t n,
				     struct diag *reterr);
