/* SPDX-License-Identifier: Apache-2.0 */
/* Gives the later fragments of an IP packet the ports of its first one. Fragments that come before
 * the first wait for it; if it does not come, or there is no room, they go on without ports.
 * Bounded: so many packets and so many waiting fragments, the oldest go first. */
#pragma once
#include "meter/met.h"

enum { FRAGMENT_PACKETS = 4096, FRAGMENT_HELD = 1024, FRAGMENT_MS = 15000 };

struct fragments;

must_check enum err fragments_new(uint64_t seed, struct fragments **ret);
void fragments_free(struct fragments *f);
/* Takes a packet with PEEL_FRAGMENT. True: it goes on, p has what was known of its ports. False: it
 * was copied and waits. */
bool fragments_see(struct fragments *f, struct met *p);
/* Gives up waiting for what is older than FRAGMENT_MS, or for everything. */
void fragments_expire(struct fragments *f, uint64_t now_ns, bool all);
/* A fragment that waits no more, borrowed until the next call of any of these; NULL: none.
 * *ret_found: its ports are known. */
const struct met *fragments_next(struct fragments *f, bool *ret_found);
