/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols of lines, shown to their dissector one line at a time: whole ones only, so that neither
 * lost bytes nor lines longer than anybody needs are taken for something they are not. */
#pragma once
#include "proto/dissector.h"

struct lines {
	bool known;
	uint8_t client; /* its direction */
	bool broken[2]; /* by direction: the next end of line ends one whose beginning is not known
			 */
};

struct lines_protocol {
	size_t longest; /* lines of more bytes are passed over */
	/* What a flow begins with: DISSECT_MINE and the client's direction, else as see. */
	enum dissect (*recognise)(const struct dissect_ctx *c, const struct rd *r,
				  uint8_t *ret_client);
	/* A line, without its end. Anything but DISSECT_MINE is the verdict on the flow. c->skip
	 * set: that many bytes behind the line are none. */
	enum dissect (*line)(struct dissect_ctx *c, struct rd line);
};

/* A struct dissector's see: shows all lines that are whole; c->first_ns is when the line came that
 * is shown. */
enum dissect lines_see(const struct lines_protocol *p, struct lines *l, struct dissect_ctx *c,
		       struct rd *r);
