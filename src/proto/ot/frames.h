/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols of plants send one message behind the other, each with its length in a header of fixed
 * size, over TCP and often the same over UDP. This takes them apart, so that a dissector only has
 * to say how long a message is and what to note of it. */
#pragma once
#include "proto/dissector.h"

struct frames {
	size_t header; /* bytes that length() looks at */
	/* Length of the whole message; 0: these bytes begin none. */
	size_t (*length)(const struct dissect_ctx *c, const uint8_t *header);
	/* Notes a message; it is cut short where c->cut, or where it is longer than
	 * DISSECT_HELD_MAX. False: it is none, nothing was noted. */
	bool (*note)(struct dissect_ctx *c, struct rd message);
};

/* A struct dissector's see. What comes behind lost bytes is looked at only if it begins a message.
 */
enum dissect frames_see(const struct frames *f, struct dissect_ctx *c, struct rd *payload);
