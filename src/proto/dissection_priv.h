/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of proto/dissection.c and expect.c. */
#pragma once
#include "proto/dissection.h"
#include "proto/stream.h"

enum {
	PORTS = 65536,
	OVERS = 4,
	SUITORS = 8,
	GUESS_TINY = 64,
	ASKED_WORDS = DISSECT_MAX / 64,
	ANY_BYTE = 256
};

struct expectation {
	struct ip ip;
	uint16_t port;
	uint8_t proto;
	uint64_t until_ns;
	const struct dissector *d;
};

struct dissection {
	struct pool pool;
	struct dissection_counters counters;
	/* By kind (bit number of enum dissect_over): who may be asked, by the first byte, a bit a
	 * row; and who is asked first. */
	uint64_t asked[OVERS][ANY_BYTE + 1][ASKED_WORDS];
	uint8_t *by_port[OVERS]; /* [PORTS] row + 1 */
	struct protocols protocols;
	uint64_t seed;
	struct appid *strangers; /* NULL: none */
	struct crypto *crypto;   /* NULL: not asked for yet */
	size_t n_expected;
	struct expectation *expected; /* [TALK_EXPECT_MAX] */
	/* State shown to those that are asked the first time; what they leave in it is kept only
	 * where they want to see more. */
	_Alignas(16) uint8_t state[DISSECT_STATE_MAX];
	_Alignas(16) uint8_t scratch[DISSECT_SCRATCH];
};

/* Who expects a flow with these ends now; NULL: nobody. */
const struct dissector *expected(struct dissection *d, const struct talk_ends *ends, uint64_t t_ns);
