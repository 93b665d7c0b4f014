/* SPDX-License-Identifier: Apache-2.0 */
/* How a flow's packets follow one another, as options (all off by default), in the form that CESNET
 * made known (elements of PEN 8057; ipfixprobe's pstats, phists, bstats and nettisa):
 *
 *   packets     length, time, TCP flags and direction of the first packets
 *   histograms  lengths, and times between packets, of each direction in 8 bins
 *   bursts      runs of packets of one direction with less than a second between them
 *   nettisa     figures of the flow as a time series (meter/nettisa.h)
 *   entropy     of the first payload bytes of each direction (meter/entropy.h; an element of YAF)
 *
 * Lengths are those of payloads on the wire. A flow has memory for what is asked for and has come,
 * from a bounded pool; what finds no room is left out and counted. */
#pragma once
#include "base/rd.h"
#include "model/batch.h"
#include "proto/pool.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SERIES_PACKETS_MAX = 30,
	SERIES_BINS = 8, /* below 16, 32, 64 ... 1024, and from there on */
	SERIES_BURSTS_MAX = 15,
	SERIES_BURST_PACKETS = 3, /* fewer are no burst */
	SERIES_BURST_GAP_MS = 1000,
	SERIES_ENTROPY_MAX = 16384,
};

struct series_opts {
	uint8_t packets; /* so many; 0: none, at most SERIES_PACKETS_MAX */
	bool empty;      /* packets and histograms also of packets without payload */
	bool histograms, bursts, nettisa;
	uint16_t entropy; /* bytes; 0: none, at most SERIES_ENTROPY_MAX */
};

/* Of one flow; all zero: nothing yet. Index 0 is the initiator's. */
struct series {
	struct series_list *packets;
	struct series_histogram *histogram[2];
	struct series_bursts *bursts[2];
	struct nettisa *nettisa;
	struct entropy *entropy[2];
};

struct series_packet {
	uint64_t t_ns;
	uint32_t len;      /* of the payload on the wire */
	uint8_t flags;     /* TCP */
	uint8_t dir;       /* 0 from the initiator */
	struct rd payload; /* as captured */
};

static inline bool series_wanted(const struct series_opts *o)
{
	return o->packets || o->histograms || o->bursts || o->nettisa || o->entropy;
}
/* False: something found no room in the pool. */
bool series_see(struct series *s, const struct series_opts *o, struct pool *pool,
		const struct series_packet *p);
/* t_first_ms: what the row's t_first is; times of lists count from it. */
void series_to_batch(const struct series *s, struct batch *b, uint32_t row, uint64_t t_first_ms);
/* The record was written or the flow is gone: gives the memory back, all begins anew. */
void series_clear(struct series *s, struct pool *pool);
