/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/wire_sflow.h"

#include <arpa/inet.h>
#include <string.h>

static void patch(struct wire_sflow *w, size_t at, uint32_t v)
{
	uint32_t be = htonl(v);
	memcpy(w->b->p + at, &be, sizeof(be));
}

void wire_sflow_u32(struct wire_sflow *w, uint32_t v)
{
	buf_be32(w->b, v);
}

void wire_sflow_u64(struct wire_sflow *w, uint64_t v)
{
	buf_be64(w->b, v);
}

void wire_sflow_opaque(struct wire_sflow *w, const void *p, size_t n)
{
	buf_be32(w->b, (uint32_t)n);
	buf_put(w->b, p, n);
	for (; n % 4; n++)
		buf_u8(w->b, 0);
}

void wire_sflow_address(struct wire_sflow *w, const char *text)
{
	uint8_t bytes[16];
	bool v6 = strchr(text, ':') != NULL;
	inet_pton(v6 ? AF_INET6 : AF_INET, text, bytes);
	buf_be32(w->b, v6 ? 2 : 1);
	buf_put(w->b, bytes, v6 ? 16 : 4);
}

struct wire_sflow wire_sflow_begin(struct buf *b, const char *agent, uint32_t sub_agent,
				   uint32_t sequence, uint32_t uptime_ms)
{
	struct wire_sflow w = {.b = b};
	buf_be32(b, 5);
	wire_sflow_address(&w, agent);
	buf_be32(b, sub_agent);
	buf_be32(b, sequence);
	buf_be32(b, uptime_ms);
	w.samples_at = b->n;
	buf_be32(b, 0);
	return w;
}

void wire_sflow_end(struct wire_sflow *w)
{
	patch(w, w->samples_at, w->samples);
}

void wire_sflow_sample_begin(struct wire_sflow *w, uint32_t format)
{
	buf_be32(w->b, format);
	w->sample_at = w->b->n;
	buf_be32(w->b, 0);
	w->records = 0;
	w->samples++;
}

void wire_sflow_records(struct wire_sflow *w)
{
	w->records_at = w->b->n;
	buf_be32(w->b, 0);
}

void wire_sflow_sample_end(struct wire_sflow *w)
{
	patch(w, w->sample_at, (uint32_t)(w->b->n - w->sample_at - 4));
}

void wire_sflow_record_begin(struct wire_sflow *w, uint32_t format)
{
	buf_be32(w->b, format);
	w->record_at = w->b->n;
	buf_be32(w->b, 0);
}

void wire_sflow_record_end(struct wire_sflow *w)
{
	patch(w, w->record_at, (uint32_t)(w->b->n - w->record_at - 4));
	patch(w, w->records_at, ++w->records);
}

static void interface(struct wire_sflow *w, bool expanded, uint32_t format, uint32_t value)
{
	if (expanded) {
		buf_be32(w->b, format);
		buf_be32(w->b, value);
	} else {
		buf_be32(w->b, format << 30 | value);
	}
}

static void source(struct wire_sflow *w, bool expanded, uint32_t class, uint32_t index)
{
	if (expanded) {
		buf_be32(w->b, class);
		buf_be32(w->b, index);
	} else {
		buf_be32(w->b, class << 24 | index);
	}
}

void wire_sflow_flow(struct wire_sflow *w, const struct wire_sflow_packet *p)
{
	wire_sflow_sample_begin(w, p->expanded ? 3 : 1);
	buf_be32(w->b, p->sequence);
	source(w, p->expanded, p->source_class, p->source_index);
	buf_be32(w->b, p->rate);
	buf_be32(w->b, p->sequence * p->rate);
	buf_be32(w->b, p->drops);
	interface(w, p->expanded, p->in_format, p->in_if);
	interface(w, p->expanded, p->out_format, p->out_if);
	wire_sflow_records(w);
}

void wire_sflow_counters(struct wire_sflow *w, uint32_t sequence, uint32_t if_index, bool expanded)
{
	wire_sflow_sample_begin(w, expanded ? 4 : 2);
	buf_be32(w->b, sequence);
	source(w, expanded, 0, if_index);
	wire_sflow_records(w);
}

void wire_sflow_raw(struct wire_sflow *w, uint32_t protocol, uint32_t frame_len,
		    const struct buf *header)
{
	wire_sflow_record_begin(w, 1);
	buf_be32(w->b, protocol);
	buf_be32(w->b, frame_len);
	buf_be32(w->b, 4);
	wire_sflow_opaque(w, header->p, header->n);
	wire_sflow_record_end(w);
}

void wire_sflow_interface(struct wire_sflow *w, uint32_t if_index, uint64_t in_octets,
			  uint64_t out_octets)
{
	wire_sflow_record_begin(w, 1);
	buf_be32(w->b, if_index);
	buf_be32(w->b, 6);
	buf_be64(w->b, 1000000000);
	buf_be32(w->b, 1);
	buf_be32(w->b, 3);
	buf_be64(w->b, in_octets);
	for (uint32_t i = 1; i <= 6; i++) /* unicast .. unknown protocols */
		buf_be32(w->b, i);
	buf_be64(w->b, out_octets);
	for (uint32_t i = 7; i <= 11; i++) /* unicast .. errors */
		buf_be32(w->b, i);
	buf_be32(w->b, 0);
	wire_sflow_record_end(w);
}
