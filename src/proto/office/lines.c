/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/office/lines.h"

#include "proto/text.h"

enum dissect lines_see(struct lines *l, struct dissect_ctx *c, struct rd *r, size_t longest,
		       lines_fn *see_line)
{
	bool *broken = &l->broken[c->dir];
	struct rd line;
	if (c->gap)
		*broken = true;
	while (!c->skip && text_line(r, &line)) {
		bool whole = !*broken;
		*broken = false;
		enum dissect got = whole ? see_line(c, line) : DISSECT_MINE;
		if (got != DISSECT_MINE)
			return got;
		c->first_ns = c->t_ns; /* lines behind the first came now */
	}
	if (!c->skip && rd_left(r) > longest) {
		rd_skip(r, rd_left(r));
		*broken = true;
	}
	return DISSECT_MINE;
}
