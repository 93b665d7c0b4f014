/* SPDX-License-Identifier: Apache-2.0 */
/* The transfer that a TFTP request announced; without that it is not looked at. */
#include "proto/name/tftp.h"

enum { OP_DATA = 3, OP_OPTIONS = 6 };

static enum dissect tftp_data_see(struct dissect_ctx *c, struct rd *payload)
{
	(void)c;
	uint16_t op = rd_be16(payload);
	return op >= OP_DATA && op <= OP_OPTIONS ? DISSECT_DONE : DISSECT_NOT_MINE;
}

const struct dissector dissector_tftp_data = {
    .name = "tftp",
    .title = "Trivial File Transfer Protocol, transfer",
    .over = OVER_UDP,
    .ports_only = true,
    .see = tftp_data_see,
};
