/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a file or pipe through a buffer: what a record needs is in one piece, what nobody
 * needs is passed over without being kept. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WINDOW_FRAME = 1 << 18, /* the longest frame of a capture; tools that write them agree */
	WINDOW_PIECE = 1 << 17, /* read at once: stays in the cache until it is looked at */
	WINDOW_BYTES = WINDOW_FRAME + WINDOW_PIECE + 4096,
};

struct window {
	int fd;
	bool ended;    /* the file has no more than buf */
	size_t at, n;  /* bytes of buf: looked at, read */
	uint64_t skip; /* bytes behind buf that nobody wants */
	uint8_t buf[WINDOW_BYTES];
};

/* What is there to be looked at. */
static inline const uint8_t *window_at(const struct window *w)
{
	return w->buf + w->at;
}

static inline size_t window_left(const struct window *w)
{
	return w->n - w->at;
}

/* Reads a piece more behind what is left; pointers into it are void then. Not if w->ended. */
must_check enum err window_fill(struct window *w, struct diag *reterr);
/* The next n bytes are passed over, also those that are still to be read. */
void window_pass(struct window *w, uint64_t n);
