/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets of the decoders share: the input is a datagram from a source that has sent
 * a good message already, then comes as two halves, the second in a session, then once more from a
 * source that nobody knows; the session ends. Afterwards the sums of data-model.md must hold, or
 * the target aborts. */
#pragma once
#include "base/buf.h"
#include "decode/decode.h"
#include "decode/sflow.h"
#include "model/batch.h"

#include <stdlib.h>
#include <string.h>

/* Counts the rows of a batch and reads the ends of every text, so that a span out of bounds is
 * seen. */
static inline void fuzz_take(void *ctx, struct batch *b)
{
	static volatile uint8_t sink;
	uint64_t *rows = ctx;
	for (int f = 0; f < FIELD_MAX; f++) {
		if (field_table[f].ctype != CT_STR || !b->col[f] || !batch_has(b, (enum field)f))
			continue;
		for (uint32_t i = 0; i < b->n; i++) {
			const struct span s = batch_span(b, (enum field)f)[i];
			if (s.len)
				sink = batch_bytes(b, s)[0] ^ batch_bytes(b, s)[s.len - 1];
		}
	}
	(void)sink;
	*rows += b->n;
}

static inline void fuzz_option(void *ctx, const struct option_record *r)
{
	(void)ctx;
	for (uint16_t i = 0; i < r->n; i++)
		if (r->elements[i].len && !r->elements[i].p)
			abort();
}

static inline void fuzz_name(void *ctx, const struct option_name *n)
{
	(void)ctx;
	if ((n->text_n && !n->text) || (n->text2_n && !n->text2) || n->kind >= NAME_KIND_MAX)
		abort();
}

/* Counter samples are printed, which reads all of them. */
static inline void fuzz_counters(void *ctx, const struct counter_sample *s)
{
	struct buf b = {0};
	(void)ctx;
	counter_sample_json(&b, s);
	if (b.n < 2 || b.p[b.n - 1] != '}')
		abort();
	buf_fini(&b);
}

static inline void fuzz_check(const struct stats *s, uint64_t rows, uint64_t fed)
{
	uint64_t counted = s->v[ST_datagrams_decoded];
	for (int i = 0; i < STAT_MAX; i++)
		if (strcmp(stat_table[i].group, "reject") == 0)
			counted += s->v[i];
	if (counted != fed)
		abort();
	if (s->v[ST_records_decoded] != rows + s->v[ST_records_held] + s->v[ST_drop_no_template] +
					    s->v[ST_drop_held_count] + s->v[ST_drop_no_memory])
		abort();
}

/* One decoder for all executions: its batches are large, and making them costs more than all the
 * rest. decoder_reset makes it as new. */
static inline struct decoder *fuzz_decoder(struct stats *stats, uint64_t *rows)
{
	static struct decoder *d;
	const struct decoder_opts opts = {.max_exporters = 4,
					  .max_templates = 8,
					  .max_fields = 64,
					  .max_held_sets = 4,
					  .stats = stats,
					  .emit = fuzz_take,
					  .option = fuzz_option,
					  .counters = fuzz_counters,
					  .name = fuzz_name,
					  .ctx = rows};
	if (!d && decoder_new(&opts, &d))
		abort();
	decoder_reset(d);
	*stats = (struct stats){0};
	*rows = 0;
	return d;
}

static inline void fuzz_decode(const uint8_t *good, size_t n_good, const uint8_t *data, size_t size)
{
	static struct stats stats;
	static uint64_t rows;
	struct decoder *d = fuzz_decoder(&stats, &rows);
	uint64_t fed = 0;
	const struct {
		const uint8_t *p;
		size_t n;
		uint16_t port;
		uint32_t session;
	} datagrams[] = {{good, n_good, 2055, 0},
			 {data, size, 2055, 0},
			 {data, size / 2, 2055, 0},
			 {data + size / 2, size - size / 2, 2055, 7},
			 {data, size, 9999, 7}};
	for (size_t i = 0; i < ARRAY_LEN(datagrams); i++, fed++) {
		const struct datagram dg = {.p = datagrams[i].p,
					    .n = datagrams[i].n,
					    .src_port = datagrams[i].port,
					    .session = datagrams[i].session,
					    .t_recv = 1767268800000};
		decoder_feed(d, &dg);
	}
	decoder_session_end(d, 7);
	decoder_flush(d);
	fuzz_check(&stats, rows, fed);
}

/* The body of a target; good: a function of tests/decode/corpus.h makes it once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
