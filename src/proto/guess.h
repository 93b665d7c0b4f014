/* SPDX-License-Identifier: Apache-2.0 */
/* Small questions that dissectors ask of the first bytes of a flow. */
#pragma once
#include "proto/dissector.h"

/* Whether r begins with `what` (ASCII letters of any case), as far as it reaches. */
static inline bool guess_may_begin(const struct rd *r, const char *what)
{
	size_t n = rd_left(r);
	for (size_t i = 0; i < n && what[i]; i++) {
		uint8_t a = r->p[i], b = (uint8_t)what[i];
		if (a >= 'a' && a <= 'z')
			a = (uint8_t)(a - 32);
		if (b >= 'a' && b <= 'z')
			b = (uint8_t)(b - 32);
		if (a != b)
			return false;
	}
	return true;
}

/* One of the words that r may begin with, -1 if none. */
static inline int guess_one_of(const struct rd *r, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (guess_may_begin(r, words[i]))
			return (int)i;
	return -1;
}

/* Whether `word` stands anywhere in r, in any case. */
static inline bool guess_has_word(const struct rd *r, const char *word)
{
	struct rd at = *r;
	size_t n = strlen(word);
	for (; rd_left(&at) >= n; at.p++)
		if (guess_may_begin(&at, word))
			return true;
	return false;
}

static inline bool guess_port(const struct talk_ends *e, uint16_t port)
{
	return e->dst_port == port || e->src_port == port;
}
