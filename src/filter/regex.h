/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions that mean the same to the store (RE2) and here (PCRE2; the only file that
 * includes its header is regex.c). Only the syntax both share is let through, and where they differ
 * in a detail the pattern is rewritten: groups, | ? * + {n,m} and their lazy forms, . ^ $ \b \B \A,
 * classes, \d \w \s and upper-case forms, [[:name:]], \xHH, \t \n \r \f, (?i) (?m) (?s). No back
 * references, no look-around. Text is UTF-8; `.` does not match a line feed. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct regex;

/* pattern: as the user wrote it (kept for printing); flags: some of "ims". On failure *ret_at is
 * the byte of the pattern and *ret_why says what is wrong. Lives in the arena. */
must_check enum err regex_new(const char *pattern, size_t n, const char *flags, struct arena *arena,
			      const struct regex **ret, size_t *ret_at, const char **ret_why);
/* What the store gets, and what was compiled. */
const char *regex_portable(const struct regex *r, size_t *ret_n);
const char *regex_source(const struct regex *r, size_t *ret_n);
const char *regex_flags(const struct regex *r);

/* State for matching; one per thread and call. NULL if there is no memory. */
struct regex_run;
struct regex_run *regex_run_new(void);
void regex_run_free(struct regex_run *run);
/* Whether the pattern is found in the n bytes at s. An expression that needs more steps than
 * REGEX_STEPS_MAX does not match. */
enum { REGEX_STEPS_MAX = 200000, REGEX_REPEAT_MAX = 255 };
bool regex_match(const struct regex *r, struct regex_run *run, const uint8_t *s, size_t n);
