/* SPDX-License-Identifier: Apache-2.0 */
/* DCE/RPC over TCP: the endpoint mapper (135) and the ports that it gives out. */
#include "proto/dissector.h"
#include "proto/office/rpc.h"

/* What is read of a PDU; the rest of it is passed over. */
enum { READ_MAX = 2048, HEAD_DCERPC = 16 };

struct dcerpc {
	struct rpc rpc;
	bool known;
};

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct dcerpc *s = c->state;
	if (c->gap)
		asked_lost(&s->rpc.open);
	while (rd_left(r) && !c->skip) {
		size_t len = rpc_length(r), have = rd_left(r);
		if (have < HEAD_DCERPC && *r->p == 5)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		if (len == 0)
			return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		if (have < len && have < READ_MAX)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		struct rd pdu = rd_sub(r, len < have ? len : have);
		rpc_see(c, &s->rpc, pdu);
		c->skip = len - rd_left(&pdu);
		s->known = true;
	}
	return DISSECT_MINE;
}

const struct dissector dissector_dcerpc = {
    .name = "dcerpc",
    .title = "DCE/RPC",
    .over = OVER_TCP,
    .ports = {135},
    FIRST_BYTES("\5\5"),
    .state_size = sizeof(struct dcerpc),
    .see = see,
};
