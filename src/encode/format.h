/* SPDX-License-Identifier: Apache-2.0 */
/* What the headers of IPFIX and NetFlow v9 messages look like. Not for others. */
#pragma once
#include "encode/encoder.h"

struct message_head {
	uint32_t domain;
	int64_t export_ms, start_ms;
};

struct message_format {
	uint16_t template_set, options_set; /* ids of sets of template records */
	uint8_t align;                      /* sets are filled up to a multiple of this */
	/* Writes the header at m->bytes, with sequence 0. */
	void (*begin)(struct message *m, const struct message_head *h);
	/* m is complete; templates: records of templates in it. */
	void (*end)(struct message *m, uint32_t templates);
};
extern const struct message_format ipfix_format, nf9_format;
/* NULL: NetFlow v5, which has neither templates nor sets. */
const struct message_format *message_format(enum export_protocol p);

/* nf5.c: the rows as NetFlow v5. */
void nf5_rows(struct encoder *e, const struct batch *b, const uint16_t *rows, uint32_t n,
	      int64_t export_ms);
