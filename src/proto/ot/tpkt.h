/* SPDX-License-Identifier: Apache-2.0 */
/* ISO transport over TCP (RFC 1006 TPKT, ISO 8073 class 0), on which MMS and S7 run. */
#pragma once
#include "proto/dissector.h"

/* A struct dissector's see: shows what each packet carries, if anything; false says that it is of
 * another protocol. */
enum dissect tpkt_see(struct dissect_ctx *c, struct rd *payload,
		      bool (*note)(struct dissect_ctx *c, struct rd data));
