/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the known word that is most like a mistyped one. For keys, commands, options,
 * field names. */
#pragma once
#include <stddef.h>

/* Edits (insert, delete, replace, swap of neighbours) from a to b, each at most NEAR_MAX bytes;
 * longer = NEAR_MAX. */
enum { NEAR_MAX = 64 };
unsigned near_distance(const char *a, size_t an, const char *b, size_t bn);
/* The word of n that is nearest to s (len bytes), borrowed; NULL if none is within a third of its
 * length. */
const char *near_find(const char *s, size_t len, const char *const *words, size_t n);
