/* SPDX-License-Identifier: Apache-2.0 */
/* What no field of fields.def takes: elements nobody told us about, and structured data (RFC 6313).
 * Kept as text, a JSON object per record, in the field `extra`; keys are "ID" or "PEN/ID". Values
 * of up to 8 bytes are numbers, printable text is text, anything else is "0x" and hex. A basicList
 * stands under the key of the element in it, {"v":[...],"n":COUNT} with up to EXTRA_LIST_MAX
 * values; a list of records is {"template":ID,"v":{...},"n":COUNT} with its first record. The first
 * value of each element inside lists also goes to the field that takes it, if the record itself has
 * none. A basicList whose element has a field of its own (CONV_LIST) goes there and nowhere else.
 */
#pragma once
#include "decode/convert.h"

struct decoder;
struct message;

enum {
	EXTRA_MAX = 8192,      /* bytes of a record's object, about; what comes then is left out */
	EXTRA_VALUE_MAX = 512, /* bytes of one value that are kept */
	EXTRA_ESCAPED = 6,     /* a byte of text is so many in JSON at most */
	EXTRA_LIST_MAX = 32,   /* values of a list that are kept */
	EXTRA_DEPTH_MAX = 4,   /* of lists in lists */
	EXTRA_WALK_MAX = 4096, /* elements inside lists looked at, of one record */
};

/* Fills *ret for element e, which is the one with this index. */
void extra_plan(struct unknown *ret, uint16_t source, const struct element *e);
bool extra_is_list(const struct element *e);
/* Fills `extra`, and fields from lists, in the k rows at r, whose operations have run; stride 0 if
 * k = 1. */
void extra_rows(struct decoder *d, const struct message *m, const struct rows *r);
