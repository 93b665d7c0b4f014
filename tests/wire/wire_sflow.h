/* SPDX-License-Identifier: Apache-2.0 */
/* sFlow v5 datagrams built in code, as sflow_version_5.txt says, independently of the decoder. */
#pragma once
#include "base/buf.h"

struct wire_sflow {
	struct buf *b;
	size_t samples_at, sample_at, records_at, record_at; /* where counts and lengths go */
	uint32_t samples, records;
};

struct wire_sflow_packet {
	uint32_t sequence, source_class, source_index, rate, drops;
	uint32_t in_format, in_if, out_format, out_if;
	bool expanded;
};

/* agent: an address of either version. */
struct wire_sflow wire_sflow_begin(struct buf *b, const char *agent, uint32_t sub_agent,
				   uint32_t sequence, uint32_t uptime_ms);
void wire_sflow_end(struct wire_sflow *w);
void wire_sflow_u32(struct wire_sflow *w, uint32_t v);
void wire_sflow_u64(struct wire_sflow *w, uint64_t v);
/* Counted bytes with padding. */
void wire_sflow_opaque(struct wire_sflow *w, const void *p, size_t n);
void wire_sflow_address(struct wire_sflow *w, const char *text);

/* A sample of any format; its body is written by the caller, records by wire_sflow_record_*. */
void wire_sflow_sample_begin(struct wire_sflow *w, uint32_t format);
/* Where the count of records stands: before the first record. */
void wire_sflow_records(struct wire_sflow *w);
void wire_sflow_sample_end(struct wire_sflow *w);
void wire_sflow_record_begin(struct wire_sflow *w, uint32_t format);
void wire_sflow_record_end(struct wire_sflow *w);

/* A flow sample up to its records; the counter sample likewise. */
void wire_sflow_flow(struct wire_sflow *w, const struct wire_sflow_packet *p);
void wire_sflow_counters(struct wire_sflow *w, uint32_t sequence, uint32_t if_index, bool expanded);
/* Records. */
void wire_sflow_raw(struct wire_sflow *w, uint32_t protocol, uint32_t frame_len,
		    const struct buf *header);
void wire_sflow_interface(struct wire_sflow *w, uint32_t if_index, uint64_t in_octets,
			  uint64_t out_octets);
