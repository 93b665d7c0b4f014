/* SPDX-License-Identifier: Apache-2.0 */
/* Reading text protocols: lines, words, numbers, out of bytes that may be anything. A struct rd is
 * used as a piece of text; nothing is copied. */
#pragma once
#include "base/rd.h"

/* The next line without its CRLF or LF. False, nothing consumed: no end of line is there yet. */
bool text_line(struct rd *r, struct rd *ret_line);
/* The next word of a line: what stands before the next space or tab; those behind it are skipped.
 * Empty at the end. */
struct rd text_word(struct rd *r);
/* What stands before the first `c`, which is skipped; all that is left if there is none. */
struct rd text_until(struct rd *r, uint8_t c);
/* Without the spaces and tabs around it. */
struct rd text_trim(struct rd r);
/* Whether r is `what`, or begins with it; _nocase for ASCII letters. Consumes nothing. */
bool text_is(const struct rd *r, const char *what);
bool text_is_nocase(const struct rd *r, const char *what);
bool text_begins(const struct rd *r, const char *what);
bool text_begins_nocase(const struct rd *r, const char *what);
/* Where `what` (n bytes) first stands in r, NULL if nowhere. */
const uint8_t *text_find(const struct rd *r, const void *what, size_t n);
/* The decimal number that r begins with, which is consumed. False: no digit, or above 2^53. */
bool text_number(struct rd *r, uint64_t *ret);
bool text_hex_number(struct rd *r, uint64_t *ret);
/* Only printable ASCII, and at least one. */
bool text_printable(const struct rd *r);
/* UTF-16LE as UTF-8 into out (cap bytes, not terminated): as many whole characters as fit. Broken
 * surrogates become U+FFFD. Returns the bytes written. */
size_t text_from_utf16le(struct rd r, uint8_t *out, size_t cap);
/* Lower-case hex of n bytes into out (2 * n characters, not terminated). */
void text_hex(const uint8_t *p, size_t n, char *out);
