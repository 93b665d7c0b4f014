/* SPDX-License-Identifier: Apache-2.0 */
/* SSL 2.0: its hellos, which SSL 3.0 and TLS 1.0 clients also sent (RFC 5246 appendix E.2). */
#pragma once
#include "proto/dissector.h"

struct ssl2 {
	uint16_t version; /* of the hello; 0: none yet */
};

/* Reads one message of it. NOT_MINE: this is none. DONE: nothing more will be readable. */
enum dissect ssl2_see(struct dissect_ctx *c, struct ssl2 *s, struct rd *payload);
