/* SPDX-License-Identifier: Apache-2.0 */
/* All dissectors through the dissection, as a flow shows them payload. Input: 1 byte which row's
 * ports and transport the flow has, then packets: 1 byte flags (1 from the server, 2 a hole before
 * it, 4 cut short, 8 a second too late), 1 byte length / 4 (0 = all that is left), the bytes. */
#include "proto/dissection.h"

#include <stdlib.h>

enum { POOL = 4 << 20, SERVER = 1, HOLE = 2, CUT = 4, LATER = 8 };

static struct talk_ends ends_of(uint8_t row)
{
	static const uint8_t client[] = {192, 0, 2, 1}, server[] = {198, 51, 100, 2};
	struct talk_ends e = {.src = ip_from_v4(client),
			      .dst = ip_from_v4(server),
			      .src_port = 40000,
			      .dst_port = 9,
			      .proto = row & 1 ? 6 : 17,
			      .ip_version = 4};
	if (row >= dissectors_n)
		return e;
	const struct dissector *x = dissectors[row];
	e.dst_port = x->ports[0];
	if (x->over & OVER_ETHER)
		e.ethertype = x->ports[0];
	else if (x->over & OVER_IP)
		e.proto = (uint8_t)x->ports[0];
	else
		e.proto = x->over & OVER_TCP ? 6 : 17;
	return e;
}

static void packets(struct dissection *d, struct talk *t, struct notes *notes, struct rd *r)
{
	uint32_t seq[2] = {1, 1};
	uint64_t t_ns = 1000000000;
	bool more = true;
	while (rd_left(r) > 2 && more) {
		uint8_t flags = rd_u8(r);
		size_t n = (size_t)rd_u8(r) * 4;
		struct talk_segment s = {.dir = flags & SERVER};
		s.payload = rd_sub(r, n && n < rd_left(r) ? n : rd_left(r));
		n = rd_left(&s.payload);
		/* A copy of its own: reads beyond its end are found. */
		uint8_t *copy = malloc(n ? n : 1);
		if (!copy)
			return;
		memcpy(copy, s.payload.p, n);
		s.payload = s.ip_packet = rd_of(copy, n);
		seq[s.dir] += flags & HOLE ? 7 : 0;
		s.wire_len = (uint32_t)n + (flags & CUT ? 5 : 0);
		s.seq = seq[s.dir];
		s.t_ns = t_ns += flags & LATER ? UINT64_C(1000000000) : 1000;
		seq[s.dir] += s.wire_len;
		more = talk_see(d, t, notes, &s);
		free(copy);
	}
	talk_end(d, t, notes, t_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct dissection *d;
	static struct pool pool;
	static struct batch *b;
	struct rd r = rd_of(p, n);
	if (!d) {
		pool_init(&pool, POOL);
		b = batch_new(SHAPE_WIDE);
		if (!b || dissection_new(POOL, NULL, &d))
			abort();
	}
	struct notes notes = notes_of(&pool);
	struct talk_ends ends = ends_of(rd_u8(&r));
	struct talk *t = talk_new(d, &ends);
	if (t)
		packets(d, t, &notes, &r);
	batch_reset(b);
	batch_open_rows(b, 1);
	notes_to_batch(&notes, b, 0);
	notes_clear(&notes);
	talk_free(d, t);
	return 0;
}
