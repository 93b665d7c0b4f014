/* SPDX-License-Identifier: Apache-2.0 */
/* Flows that another flow announced: one entry per (address, port), found by hash, the newer one
 * takes the place of an older one. */
#include "base/hash.h"
#include "proto/dissection_priv.h"

#include <stdlib.h>

static struct expectation *place(struct dissection *d, const struct ip *ip, uint16_t port,
				 uint8_t proto)
{
	uint8_t key[sizeof(ip->b) + 3];
	memcpy(key, ip->b, sizeof(ip->b));
	memcpy(key + sizeof(ip->b), &port, sizeof(port));
	key[sizeof(key) - 1] = proto;
	return &d->expected[hash64(key, sizeof(key), d->seed) % TALK_EXPECT_MAX];
}

void dissect_expect(struct dissect_ctx *c, const struct ip *ip, uint16_t port, uint8_t proto,
		    const struct dissector *who)
{
	struct dissection *d = c->dissection;
	if (!d->expected)
		d->expected = calloc(TALK_EXPECT_MAX, sizeof(*d->expected));
	if (!d->expected || port == 0)
		return;
	*place(d, ip, port, proto) =
	    (struct expectation){.ip = *ip,
				 .port = port,
				 .proto = proto,
				 .until_ns = c->t_ns + TALK_EXPECT_MS * UINT64_C(1000000),
				 .d = who};
	d->n_expected++;
}

const struct dissector *expected(struct dissection *d, const struct talk_ends *ends, uint64_t t_ns)
{
	if (d->n_expected == 0)
		return NULL;
	const struct {
		const struct ip *ip;
		uint16_t port;
	} sides[] = {{&ends->dst, ends->dst_port}, {&ends->src, ends->src_port}};
	for (int i = 0; i < 2; i++) {
		const struct expectation *e = place(d, sides[i].ip, sides[i].port, ends->proto);
		if (e->d && e->port == sides[i].port && e->proto == ends->proto &&
		    ip_equal(&e->ip, sides[i].ip) && t_ns <= e->until_ns)
			return e->d;
	}
	return NULL;
}
