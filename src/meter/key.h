/* SPDX-License-Identifier: Apache-2.0 */
/* The key of a packet's flow: the same for both directions, its ends in a fixed order. */
#pragma once
#include "meter/cache.h"
#include "packet/peel.h"

struct key_opts {
	bool vlan, tunnel; /* are part of it */
	uint64_t seed;
};

/* p is of kind PEEL_IP or PEEL_ETHER. */
void key_of(struct key *ret, const struct peel *p, const struct key_opts *o);
/* Hashes k after its ports have changed. */
void key_hash(struct key *k, const struct key_opts *o);
