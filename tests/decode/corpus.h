/* SPDX-License-Identifier: Apache-2.0 */
/* Valid export messages of every kind that the decoders know, for the tests that damage them and
 * for the fuzzers. */
#pragma once
#include "base/buf.h"

enum corpus_kind {
	CORPUS_NF5,
	CORPUS_NF9,
	CORPUS_IPFIX,
	CORPUS_SFLOW,
	CORPUS_CAPTURE,
	CORPUS_KIND_MAX
};

struct corpus_item {
	const char *name;
	enum corpus_kind kind;
	void (*make)(struct buf *b); /* appends it to b */
};
extern const struct corpus_item corpus_items[];
extern const unsigned corpus_n;
/* The first of a kind. */
const struct corpus_item *corpus_first(enum corpus_kind kind);
