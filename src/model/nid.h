/* SPDX-License-Identifier: Apache-2.0 */
/* Public key algorithms by name and by OpenSSL's number (CONV_NID). A number without a name is kept
 * as its digits, so that it goes out as it came in. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* NULL: not in the table. */
const char *nid_name(uint64_t nid);
/* The number of a name, or of digits, of n bytes; 0 = neither, or above UINT16_MAX. */
uint16_t nid_number(const char *name, size_t n);
