/* SPDX-License-Identifier: Apache-2.0 */
/* What the sflow files share: the datagram being decoded and the sample in it. */
#pragma once
#include "decode/sflow.h"
#include "decode/sflow_source.h"
#include "decode/state.h"
#include "packet/headers.h"

struct sflow {
	struct decoder *d;
	struct message m; /* exporter, t_recv */
	struct ip agent;
	uint32_t sub_agent, uptime;
	uint32_t samples_left;           /* that the header promises, this one included */
	uint32_t rows_max;               /* flow samples that its bytes can hold */
	uint32_t open;                   /* rows of `rows` that are open and not written yet */
	uint64_t present[PRESENT_WORDS]; /* of a row with nothing but its origin */
	struct batch *rows;              /* NULL: no memory */
};

/* A structure inside a sample: data_format (enterprise << 12 | format) and its bytes. */
struct sflow_record {
	uint32_t format;
	struct rd body;
};
/* A counted opaque or string with the padding that XDR adds, which the last of a structure may
 * lack; where it ends early r is bad. */
static inline struct rd sflow_opaque(struct rd *r)
{
	size_t n = rd_be32(r);
	struct rd body = rd_sub(r, n);
	if (!r->bad && n % 4)
		rd_skip(r, MIN_OF(4 - n % 4, rd_left(r)));
	return body;
}

/* The next record; false: it ends early, and r is bad. */
static inline bool sflow_next_record(struct rd *r, struct sflow_record *ret)
{
	ret->format = rd_be32(r);
	ret->body = sflow_opaque(r);
	return !r->bad;
}

/* Whether the type was one that is known (0 and bytes of zero: none told, *ret_there false). */
bool sflow_address(struct rd *r, struct ip *ret, bool *ret_there);
/* Counts a record that does not fit. */
void sflow_bad_record(struct sflow *s);
/* Accounts for the sample's place in its source. */
void sflow_mark(struct sflow *s, const struct sflow_mark *m);

/* sflow_flow.c: samples of packets, behind their format and length. */
void sflow_flow_sample(struct sflow *s, struct rd *r, bool expanded);
void sflow_discard_sample(struct sflow *s, struct rd *r);
/* What several records of such a sample may say of the packet. Lengths: 0 = not told. */
struct sflow_packet {
	struct headers raw; /* of the sampled header */
	struct headers
	    summary; /* of sampled Ethernet, IPv4 and IPv6 records, which stand in for it */
	uint32_t raw_len, frame_len, ip_len;
};
/* sflow_record.c: one record of such a sample, into the row or into *p. False: its format is not
 * known. */
bool sflow_packet_record(struct sflow *s, uint32_t row, const struct sflow_record *record,
			 struct sflow_packet *p);
/* sflow_counters.c */
void sflow_counter_sample(struct sflow *s, struct rd *r, bool expanded);
