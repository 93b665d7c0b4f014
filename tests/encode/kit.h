/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests and fuzz targets of encode/: rows drawn at random in the form that can go over the
 * wire and come back the same, and the way there and back through the decoder. */
#pragma once
#include "base/buf.h"
#include "encode/encoder.h"
#include "model/batch.h"

/* Draws numbers from a seed, or from given bytes and then zeros. */
struct kit_random {
	uint64_t seed;
	const uint8_t *p; /* NULL: the seed */
	size_t n;
};
uint64_t kit_draw(struct kit_random *r);
/* 0..n-1 */
static inline uint64_t kit_below(struct kit_random *r, uint64_t n)
{
	return kit_draw(r) % n;
}

/* A new wide batch of n rows: each field is there with a chance of share / 256, with limits of its
 * type among the values. Times lie near kit_time_ms. */
struct batch *kit_batch(struct kit_random *r, uint32_t n, unsigned share);
extern const int64_t kit_time_ms;

/* What a collector makes of the rows: NDJSON of its rows, sorted, without the fields that
 * collectors set; with `extra`. opts: protocol, split, message_max, record_max, max_templates. What
 * is told is told once. */
struct kit_result {
	struct buf text;
	uint32_t rows;
	uint64_t messages, records, malformed, lost, longest; /* longest: bytes of a message */
	uint64_t cut, unsendable;
};
void kit_there_and_back(const struct batch *b, const struct encoder_opts *opts,
			struct kit_result *ret);
/* The same text for the rows themselves. */
void kit_text(const struct batch *b, struct buf *out);
