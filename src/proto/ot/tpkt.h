/* SPDX-License-Identifier: Apache-2.0 */
/* ISO transport over TCP (RFC 1006 TPKT, ISO 8073 class 0), on which MMS and S7 run. */
#pragma once
#include "proto/dissector.h"

enum tpkt {
	TPKT_MORE,    /* not a whole packet yet */
	TPKT_BROKEN,  /* none */
	TPKT_CONNECT, /* a connection is asked for, accepted or given up: no data */
	TPKT_DATA,
};
/* The next packet, consumed; of DATA *ret_data is what it carries. */
enum tpkt tpkt_next(struct rd *r, struct rd *ret_data);
