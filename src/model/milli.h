/* SPDX-License-Identifier: Apache-2.0 */
/* Real numbers of the wire (RFC 7011 6.1.3, 6.1.4) as thousandths in integer columns: enough for
 * statistics of packets, and every field can be compared, added up and stored as the others are.
 * What came from a float32 goes out as the same float32, and back as the same thousandths. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Thousandths of x, rounded; 0 if it is negative, UINT64_MAX if it is too large. */
uint64_t milli_of(double x);
/* From the bits of a float32 or float64; false if it is not a number. */
bool milli_from32(uint32_t bits, uint64_t *ret);
bool milli_from64(uint64_t bits, uint64_t *ret);
/* The bits of the float32 nearest to v thousandths. */
uint32_t milli_to32(uint64_t v);
