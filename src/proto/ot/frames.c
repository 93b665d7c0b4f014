/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ot/frames.h"

enum dissect frames_see(const struct frames *f, struct dissect_ctx *c, struct rd *payload)
{
	bool stream = c->ends->proto == PROTO_TCP, seen = false;
	while (rd_left(payload) >= f->header) {
		struct rd r = *payload;
		size_t left = rd_left(&r), n = f->length(c, r.p);
		if (n < f->header)
			return DISSECT_NOT_MINE;
		bool whole = n <= left;
		if (!whole && stream && n <= DISSECT_HELD_MAX)
			break;
		if (!whole && !stream && !c->cut)
			return DISSECT_NOT_MINE;
		if (!f->note(c, rd_sub(&r, whole ? n : left)))
			return DISSECT_NOT_MINE;
		c->skip = whole ? 0 : n - left;
		*payload = r;
		seen = true;
	}
	if (!stream)
		return seen && rd_left(payload) == 0 ? DISSECT_MINE : DISSECT_NOT_MINE;
	return seen ? DISSECT_MINE : DISSECT_MORE;
}
