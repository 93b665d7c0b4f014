/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of a stored row as ClickHouse names and types them: every field of the shape, the
 * presence words and the day of the partition. One table for both sides: the spool writes segments
 * with it (Native format), the store makes its tables from it, so that the two cannot disagree. */
#pragma once
#include "base/buf.h"
#include "model/field.h"

#include <stdbool.h>

/* A column is a number: an enum field, or one of these. */
enum {
	NATIVE_PRESENT = FIELD_MAX, /* + word: present_0, ..., rev_present_0, ... (UInt64) */
	NATIVE_DAY = FIELD_MAX + PRESENT_WORDS, /* day (Date) */
	NATIVE_MAX
};

/* "src_ip", "present_0", "rev_present_1", "day"; static. */
const char *native_name(unsigned column);
/* "IPv6", "DateTime64(3)", ...: the type in a segment, and in a table before wrappers such as
 * LowCardinality. */
const char *native_type(unsigned column);
/* Whether tables and segments of the shape may have the column. */
bool native_in_shape(unsigned column, enum shape s);
/* The addresses that nearly every question reads stand in two columns of a table (not of a
 * segment), since four bytes are read and put into groups in half the time of sixteen: ip4 (UInt32)
 * is the IPv4 address and ip6 (IPv6) is ::; or ip4 is 0 and ip6 has the address: IPv6, 0.0.0.0
 * (mapped), or
 * :: where it is absent. */
struct native_split {
	unsigned column;
	const char *ip4, *ip6; /* "src_ip4", "src_ip6" */
};
/* NULL: the column stands in the table as it is. */
const struct native_split *native_split(unsigned column);
/* The column called name (n bytes), -1 if there is none. */
int native_find(const char *name, size_t n);
