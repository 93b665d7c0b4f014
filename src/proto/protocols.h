/* SPDX-License-Identifier: Apache-2.0 */
/* Which protocols are looked for, as a user writes it: names of dissectors (those that flows get in
 * app_name), each perhaps with ! before it to leave that one out. */
#pragma once
#include "base/err.h"
#include "proto/dissector.h"

/* All zero: all of them. */
struct protocols {
	uint64_t off[DISSECT_MAX / 64]; /* a bit per row of dissectors.def */
};

/* text: words between spaces or commas; none = all. Names without ! leave out all others.
 * ERR_NOT_FOUND: no such protocol; the message has the nearest one. */
must_check enum err protocols_parse(const char *text, struct protocols *ret, struct diag *reterr);
static inline bool protocols_has(const struct protocols *p, size_t row)
{
	return !(p->off[row / 64] >> row % 64 & 1);
}
