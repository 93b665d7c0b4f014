/* SPDX-License-Identifier: Apache-2.0 */
/* TFTP (RFC 1350, options RFC 2347): the request names the file and how it is sent, which proves
 * the protocol at any port. The server answers from a port of its own, so that flow is expected. */
#include "proto/dissection.h"
#include "proto/text.h"

enum {
	OP_READ = 1,
	OP_WRITE = 2,
	OP_DATA = 3,
	OP_ACK = 4,
	OP_ERROR = 5,
	OP_OPTIONS = 6,
};

/* The transfer that a request announced; without that it is not looked at. */
static enum dissect tftp_data_see(struct dissect_ctx *c, struct rd *payload)
{
	(void)c;
	uint16_t op = rd_be16(payload);
	return op >= OP_DATA && op <= OP_OPTIONS ? DISSECT_DONE : DISSECT_NOT_MINE;
}

static const struct dissector transfer = {
    .name = "tftp",
    .title = "Trivial File Transfer Protocol, transfer",
    .over = OVER_UDP,
    .ports_only = true,
    .see = tftp_data_see,
};

static enum dissect tftp_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	uint16_t op = rd_be16(&r);
	if (r.bad || (op != OP_READ && op != OP_WRITE))
		return DISSECT_NOT_MINE;
	struct rd file = text_until(&r, 0);
	struct rd mode = text_until(&r, 0);
	/* The last NUL may be all that is missing: text_until would not tell. */
	if (!text_printable(&file) || mode.p == mode.end || payload->end[-1] != 0 ||
	    (!text_is_nocase(&mode, "octet") && !text_is_nocase(&mode, "netascii") &&
	     !text_is_nocase(&mode, "mail")))
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, F_tftp_op, op);
	notes_str_once(c->notes, F_tftp_file, file.p, rd_left(&file));
	notes_str_once(c->notes, F_tftp_mode, mode.p, rd_left(&mode));
	dissect_expect(c, c->dir ? &c->ends->dst : &c->ends->src,
		       c->dir ? c->ends->dst_port : c->ends->src_port, PROTO_UDP, &transfer);
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

const struct dissector dissector_tftp = {
    .name = "tftp",
    .title = "Trivial File Transfer Protocol",
    .over = OVER_UDP,
    .ports = {69},
    FIRST_BYTES("\0\0"),
    .see = tftp_see,
};
