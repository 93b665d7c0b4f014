/* SPDX-License-Identifier: Apache-2.0 */
/* Link-local multicast name resolution (RFC 4795): one question in DNS's format, known by its port.
 */
#include "proto/name/dns_note.h"

enum { PORT = 5355 };

static enum dissect llmnr_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	struct dns_header h;
	if (!dns_read_header(&r, &h) || dns_opcode(&h) != 0 || h.questions != 1 ||
	    !dns_is_message(*payload, false, c->cut))
		return DISSECT_NOT_MINE;
	dns_note(c, c->state, *payload);
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

const struct dissector dissector_llmnr = {
    .name = "llmnr",
    .title = "Link-Local Multicast Name Resolution",
    .over = OVER_UDP,
    .ports_only = true,
    .ports = {PORT},
    .state_size = sizeof(struct dns_state),
    .see = llmnr_see,
};
