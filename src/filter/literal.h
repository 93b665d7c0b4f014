/* SPDX-License-Identifier: Apache-2.0 */
/* Single literals of the filter language: numbers with units, times, prefixes. Pure functions on a
 * run of bytes. */
#pragma once
#include "filter/ast.h"

enum literal {
	LITERAL_OK,
	LITERAL_NOT,       /* not of this kind at all */
	LITERAL_BIG,       /* does not fit in 64 bits */
	LITERAL_FRACTION,  /* not a whole number of the unit */
	LITERAL_AMBIGUOUS, /* `5m` of a field in us: minutes or millions */
};

/* What a plain number of a duration counts. */
enum duration_unit { DURATION_NONE, DURATION_US, DURATION_MS };

/* Decimal (1.5M too), 0x hex; k M G T (x1000), Ki Mi Gi Ti (x1024); for durations also us ms s min
 * h d. */
enum literal literal_number(const char *s, size_t n, enum duration_unit unit, uint64_t *ret);
/* RFC 3339 or nfdump's 2026/01/31.12:00:00, also cut short (a year is enough); UTC without an
 * offset; or ms since the epoch with 11 digits or more. Between 1970 and 2199. */
enum literal literal_time(const char *s, size_t n, int64_t *ret_ms);
/* ADDR, ADDR/LEN, A.B/LEN (missing parts are 0), FIRST-LAST; with partial also A.B, which is
 * A.B.0.0/16. */
enum literal literal_net(const char *s, size_t n, bool partial, struct range *ret);
/* The range of addresses that have the first bits (0..128) of a. */
struct range range_of_net(const struct ip *a, unsigned bits);
/* The prefix length (0..128) that r is, -1 if it is none. */
int net_of_range(const struct range *r);
