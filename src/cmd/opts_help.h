/* SPDX-License-Identifier: Apache-2.0 */
/* What a table of options looks like to people: as --help, as a part of the manual page, as words
 * to complete. */
#pragma once
#include <stddef.h>

struct opt;

/* Prints to stdout. format NULL: for people; "mdoc", "words": for the generators of manual page and
 * completion. Returns an exit code. */
int opts_help(const char *name, const struct opt *rows, size_t n_rows, const char *format);
