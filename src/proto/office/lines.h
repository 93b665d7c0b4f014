/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols of lines, shown to their dissector one line at a time: whole ones only, so that neither
 * lost bytes nor lines longer than anybody needs are taken for something they are not. */
#pragma once
#include "proto/dissector.h"

struct lines {
	bool broken[2]; /* by direction: the next end of line ends one whose beginning is not known
			 */
};

/* A line, without its end. Anything but DISSECT_MINE is the verdict on the flow. c->skip set: that
 * many bytes behind the line are none. */
typedef enum dissect lines_fn(struct dissect_ctx *c, struct rd line);

/* Shows all lines that are whole; c->first_ns is when the line came that is shown. One of more than
 * `longest` bytes is passed over. */
enum dissect lines_see(struct lines *l, struct dissect_ctx *c, struct rd *r, size_t longest,
		       lines_fn *see_line);
