/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/demo_export.h"

#include <string.h>

enum {
	IPFIX_HEADER = 16,
	IPFIX_SET_AT = 16,
	NF5_HEADER = 24,
	NF5_MAX = 30,
	TEMPLATE = 256,
	DATAGRAM_MAX = 1400
};

/* Element id and length, in the order demo_ipfix_add writes them. */
static const uint16_t elements[][2] = {{152, 8}, {153, 8}, {8, 4},  {12, 4}, {7, 2}, {11, 2},
				       {4, 1},   {6, 2},   {5, 1},  {1, 8},  {2, 8}, {10, 4},
				       {14, 4},  {16, 4},  {17, 4}, {136, 1}};

static void patch_be16(struct buf *b, size_t at, uint16_t v)
{
	b->p[at] = (uint8_t)(v >> 8);
	b->p[at + 1] = (uint8_t)v;
}

static void start_ipfix(struct demo_router *r, int64_t second)
{
	struct buf *b = &r->datagram;
	buf_reset(b);
	r->records = 0;
	r->second = second;
	buf_be16(b, 10);
	buf_be16(b, 0); /* length: patched */
	buf_be32(b, (uint32_t)second);
	buf_be32(b, r->sequence);
	buf_be32(b, 1);
	/* The template goes with every message: a demo may meet a collector that has just started.
	 */
	buf_be16(b, 2);
	buf_be16(b, (uint16_t)(8 + 4 * ARRAY_LEN(elements)));
	buf_be16(b, TEMPLATE);
	buf_be16(b, ARRAY_LEN(elements));
	for (size_t i = 0; i < ARRAY_LEN(elements); i++) {
		buf_be16(b, elements[i][0]);
		buf_be16(b, elements[i][1]);
	}
	buf_be16(b, TEMPLATE);
	buf_be16(b, 0); /* set length: patched */
}

void demo_ipfix_flush(struct demo_router *r)
{
	struct buf *b = &r->datagram;
	if (r->records == 0 || b->bad)
		return;
	size_t set_at = IPFIX_SET_AT + 8 + 4 * ARRAY_LEN(elements);
	patch_be16(b, 2, (uint16_t)b->n);
	patch_be16(b, set_at + 2, (uint16_t)(b->n - set_at));
	r->send(r->ctx, b->p, b->n);
	r->sequence += r->records;
	r->records = 0;
}

void demo_ipfix_add(struct demo_router *r, int64_t second, const struct demo_flow *f)
{
	struct buf *b = &r->datagram;
	if (r->records && r->second != second)
		demo_ipfix_flush(r);
	if (r->records == 0)
		start_ipfix(r, second);
	buf_be64(b, (uint64_t)f->first_ms);
	buf_be64(b, (uint64_t)f->last_ms);
	buf_put(b, f->src.b + 12, 4);
	buf_put(b, f->dst.b + 12, 4);
	buf_be16(b, f->src_port);
	buf_be16(b, f->dst_port);
	buf_u8(b, f->proto);
	buf_be16(b, f->tcp_flags);
	buf_u8(b, f->tos);
	buf_be64(b, f->bytes);
	buf_be64(b, f->packets);
	buf_be32(b, f->in_if);
	buf_be32(b, f->out_if);
	buf_be32(b, f->src_as);
	buf_be32(b, f->dst_as);
	buf_u8(b, f->tcp_flags & 5 ? 3 : 1); /* end of flow, else idle */
	r->records++;
	if (b->n + 64 > DATAGRAM_MAX)
		demo_ipfix_flush(r);
}

static void start_nf5(struct demo_router *r, int64_t second)
{
	struct buf *b = &r->datagram;
	buf_reset(b);
	r->records = 0;
	r->second = second;
	if (!r->boot_ms)
		r->boot_ms = second * 1000 - 86400000;
	buf_be16(b, 5);
	buf_be16(b, 0); /* count: patched */
	buf_be32(b, (uint32_t)(second * 1000 + 1000 - r->boot_ms));
	buf_be32(b, (uint32_t)second + 1);
	buf_be32(b, 0);
	buf_be32(b, r->sequence);
	buf_be16(b, 0);
	buf_be16(b, 1 << 14 | DEMO_BRANCH_SAMPLING); /* 1 of N, systematic */
}

void demo_nf5_flush(struct demo_router *r)
{
	struct buf *b = &r->datagram;
	if (r->records == 0 || b->bad)
		return;
	patch_be16(b, 2, (uint16_t)r->records);
	r->send(r->ctx, b->p, b->n);
	r->sequence += r->records;
	r->records = 0;
}

void demo_nf5_add(struct demo_router *r, int64_t second, const struct demo_flow *f)
{
	struct buf *b = &r->datagram;
	uint64_t packets = f->packets / DEMO_BRANCH_SAMPLING;
	if (packets == 0)
		return; /* none of its packets was looked at */
	if (r->records && r->second != second)
		demo_nf5_flush(r);
	if (r->records == 0)
		start_nf5(r, second);
	buf_put(b, f->src.b + 12, 4);
	buf_put(b, f->dst.b + 12, 4);
	buf_be32(b, 0); /* next hop */
	buf_be16(b, (uint16_t)f->in_if);
	buf_be16(b, (uint16_t)f->out_if);
	buf_be32(b, (uint32_t)packets);
	buf_be32(b, (uint32_t)(f->bytes / f->packets * packets));
	buf_be32(b, (uint32_t)(f->first_ms - r->boot_ms));
	buf_be32(b, (uint32_t)(f->last_ms - r->boot_ms));
	buf_be16(b, f->src_port);
	buf_be16(b, f->dst_port);
	buf_u8(b, 0);
	buf_u8(b, (uint8_t)f->tcp_flags);
	buf_u8(b, f->proto);
	buf_u8(b, f->tos);
	buf_be16(b, (uint16_t)f->src_as);
	buf_be16(b, (uint16_t)f->dst_as);
	buf_be16(b, 0); /* masks */
	buf_be16(b, 0);
	if (++r->records == NF5_MAX)
		demo_nf5_flush(r);
}
