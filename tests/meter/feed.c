/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/feed.h"

#include "noted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t sum(const struct batch *b, enum field f)
{
	uint64_t n = 0;
	for (uint32_t i = 0; batch_has(b, f) && i < b->n; i++)
		n += batch_u64(b, f)[i];
	return n;
}

static void take(void *ctx, struct batch *b)
{
	struct feed *f = ctx;
	f->packets += sum(b, F_packets) + sum(b, F_rev_packets);
	f->bytes += sum(b, F_bytes) + sum(b, F_rev_bytes);
	for (uint32_t i = 0; i < b->n; i++, f->n++) {
		f->flows += batch_present(b, F_flows, i) ? batch_u32(b, F_flows)[i] : 1;
		if (f->n < FEED_RECORDS)
			assert_int_equal(batch_copy_row(f->records, b, i), ERR_OK);
	}
}

void feed_begin(struct feed *f, const struct meter_opts *opts)
{
	memset(f, 0, sizeof(*f));
	if (opts)
		f->opts = *opts;
	f->opts.stats = &f->stats;
	f->opts.emit = take;
	f->opts.ctx = f;
	f->records = batch_new(SHAPE_WIDE);
	assert_non_null(f->records);
	assert_int_equal(meter_new(&f->opts, &f->meter), ERR_OK);
}

void feed_end(struct feed *f)
{
	meter_free(f->meter);
	batch_free(f->records);
}

static int64_t ns_of(int64_t ms)
{
	return FEED_START_S * 1000000000LL + ms * 1000000;
}

void feed_frame(struct feed *f, int64_t ms, const struct buf *frame)
{
	/* In memory of exactly that size, gone when the meter has seen it. */
	uint8_t *exact = malloc(frame->n ? frame->n : 1);
	memcpy(exact, frame->p, frame->n);
	const struct frame one = {.p = exact,
				  .n = frame->n,
				  .wire_n = frame->n,
				  .t_ns = ns_of(ms),
				  .link = LINK_ETHERNET};
	meter_frames(f->meter, &one, 1);
	free(exact);
}

static void ports(struct buf *b, const struct feed_packet *p)
{
	bool given = p->src_port || p->dst_port || p->proto == 1;
	buf_be16(b, given ? p->src_port : p->reply ? 80 : 40000);
	buf_be16(b, given ? p->dst_port : p->reply ? 40000 : 80);
}

static void tcp(struct buf *b, const struct feed_packet *p)
{
	buf_be32(b, p->seq);
	buf_be32(b, 0);
	buf_be16(b, (uint16_t)(0x5000 | (p->flags ? p->flags : FEED_ACK)));
	buf_be16(b, 1000);
	buf_be32(b, 0);
}

void feed_packet(struct feed *f, const struct feed_packet *p)
{
	static const char *const ends[2] = {"192.0.2.1", "192.0.2.2"};
	struct buf b = {0};
	uint8_t proto = p->proto ? p->proto : 6;
	const struct wire_ip ip = {.src = p->src ? p->src : ends[p->reply],
				   .dst = p->dst ? p->dst : ends[!p->reply],
				   .proto = proto};
	uint16_t type = strchr(ip.src, ':') ? 0x86dd : 0x0800;
	wire_ethernet(&b, p->vlan ? 0x8100 : type);
	if (p->vlan)
		wire_vlan(&b, p->vlan, type);
	wire_ip_header(&b, &ip, (proto == 6 ? 20u : 8u) + p->payload);
	ports(&b, p);
	if (proto == 6) {
		tcp(&b, p);
	} else {
		buf_be16(&b, (uint16_t)(8 + p->payload));
		buf_be16(&b, 0);
	}
	for (unsigned i = 0; i < p->payload; i++)
		buf_u8(&b, p->bytes ? ((const uint8_t *)p->bytes)[i] : 'x');
	feed_frame(f, p->ms, &b);
	buf_fini(&b);
}

void feed_tick(struct feed *f, int64_t ms)
{
	meter_tick(f->meter, ns_of(ms));
}

void feed_flush(struct feed *f)
{
	meter_flush(f->meter);
}

bool feed_has(const struct feed *f, enum field field, size_t i)
{
	return i < f->n && batch_present(f->records, field, (uint32_t)i);
}

uint64_t feed_num(const struct feed *f, enum field field, size_t i)
{
	if (!feed_has(f, field, i))
		fail_msg("record %zu of %zu has no %s", i, f->n, field_table[field].name);
	noted_checked(field_table[field].name);
	return batch_get_num(f->records, field, (uint32_t)i);
}
