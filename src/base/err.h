/* SPDX-License-Identifier: Apache-2.0 */
/* One enum of errors for the whole program; rows in err.def. ERR_OK is 0, so `if (e)` reads well.
 */
#pragma once
#include "base/attr.h"

#include <stdarg.h>
#include <stdint.h>

enum err {
	ERR_OK = 0,
#define ERR(name, text) ERR_##name,
#include "base/err.def"
#undef ERR
	ERR_MAX
};

/* The sentence for e; static, never NULL. */
const char *err_text(enum err e);

/* The error for an errno value; unknown ones become ERR_IO, 0 becomes ERR_OK. */
enum err err_from_errno(int errno_value);

/* A diagnosis for people: what is wrong and where. line and col count from 1; 0 = not known.
 * end_col is one past the last column concerned (0 = not known). Libraries fill it, cmd/ and api/
 * print it. */
struct diag {
	enum err code;
	uint32_t line, col, end_col;
	char msg[240];
};

/* Fills d (may be NULL) and returns code, so that `return diag_set(d, ERR_SYNTAX, l, c, "...")`
 * works. */
enum err diag_set(struct diag *d, enum err code, uint32_t line, uint32_t col, const char *fmt, ...)
    fmt_like(5, 6);
