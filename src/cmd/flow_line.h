/* SPDX-License-Identifier: Apache-2.0 */
/* Flows as lines of text in nfdump's formats: a template of %tokens, one line per flow. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct batch;

/* The templates behind -o line, long and extended. */
extern const char flow_line_line[], flow_line_long[], flow_line_extended[];
/* Checks a template: the first unknown %token is reported. */
must_check enum err flow_line_check(const char *fmt, struct diag *reterr);
/* Marks the fields that lines of the template are made of (bit f % 64 of word f / 64). */
void flow_line_fields(const char *fmt, uint64_t *fields);
/* The header for it, and the line of a flow; both with a newline. */
void flow_line_header(struct buf *out, const char *fmt);
void flow_line_put(struct buf *out, const char *fmt, const struct batch *b, uint32_t row);
