/* SPDX-License-Identifier: Apache-2.0 */
/* DCE/RPC PDUs (C706 chapter 12, MS-RPCE), wherever they are carried: over TCP, in SMB pipes. */
#pragma once
#include "proto/asked.h"
#include "proto/dissector.h"

struct rpc {
	struct asked open;
};

/* Length of the PDU that r begins with, 0: r begins with none (or is shorter than its head). */
size_t rpc_length(const struct rd *r);
/* Notes interface, operation, logins and response times of one PDU, of which r may hold only the
 * beginning. */
void rpc_see(struct dissect_ctx *c, struct rpc *s, struct rd r);
