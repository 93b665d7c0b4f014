/* SPDX-License-Identifier: Apache-2.0 */
/* What the headers of a packet say, into a row: for sampled headers of sFlow and for frames inside
 * IPFIX and NetFlow v9 records (elements 315, 313, 104). */
#pragma once
#include "model/batch.h"
#include "packet/headers.h"

/* Fills the fields that the open row of a wide batch does not have yet. */
void header_row(struct batch *b, uint32_t row, const struct headers *h);
