/* SPDX-License-Identifier: Apache-2.0 */
/* Where a session goes over to TLS on the connection it has. */
#pragma once
#include "proto/web/web.h"

static inline enum dissect starttls(struct dissect_ctx *c)
{
	c->next = &dissector_tls;
	return DISSECT_SWITCH;
}
