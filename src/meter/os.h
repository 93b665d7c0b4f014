/* SPDX-License-Identifier: Apache-2.0 */
/* Which operating system opens a TCP connection, or answers: by what its first segment looks like
 * (os.def). The way is that of p0f and others: initial TTL, do-not-fragment, window, scale, and the
 * order of options, which no two stacks have the same; the signatures are ours. */
#pragma once
#include "packet/peel.h"

/* p: a segment with SYN. The number of a row, 0 = not known. */
uint8_t os_of_segment(const struct peel *p);
/* Of a number > 0. */
const char *os_name(uint8_t number);
/* "" = not known. */
const char *os_version(uint8_t number);
