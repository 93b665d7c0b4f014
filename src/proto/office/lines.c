/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/office/lines.h"

#include "proto/text.h"

enum dissect lines_see(const struct lines_protocol *p, struct lines *l, struct dissect_ctx *c,
		       struct rd *r)
{
	bool *broken = &l->broken[c->dir];
	struct rd line;
	if (!l->known) {
		enum dissect got = p->recognise(c, r, &l->client);
		if (got != DISSECT_MINE)
			return got;
		l->known = true;
	}
	if (c->gap)
		*broken = true;
	while (!c->skip && text_line(r, &line)) {
		bool whole = !*broken;
		*broken = false;
		enum dissect got = whole ? p->line(c, line) : DISSECT_MINE;
		if (got != DISSECT_MINE)
			return got;
		c->first_ns = c->t_ns; /* lines behind the first came now */
	}
	if (!c->skip && rd_left(r) > p->longest) {
		rd_skip(r, rd_left(r));
		*broken = true;
	}
	return DISSECT_MINE;
}
