/* SPDX-License-Identifier: Apache-2.0 */
/* What both back ends must decide alike about one test. */
#pragma once
#include "filter/ast.h"
#include "filter/regex.h"

/* Whether the positive comparison of a DOM_TEXT test holds for n bytes at s. run: needed if
 * t->regex. */
bool test_text(const struct test *t, struct regex_run *run, const uint8_t *s, size_t n);
/* Whether the test on q must look at presence bits: not if an absent value, stored as 0, makes it
 * false anyway. */
bool test_reads_presence(const struct test *t, const struct quantity *q);
