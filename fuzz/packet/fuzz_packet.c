/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a link type, then frames: length (2 bytes) and bytes. All go through the parser,
 * reassembly and streams; every byte of a payload is read. */
#include "links.h"
#include "packet/packet.h"
#include "packet/reassembly.h"
#include "packet/stream.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void touch(struct rd r)
{
	uint8_t any = 0;
	for (size_t n = rd_left(&r), i = 0; i < n; i++)
		any ^= r.p[i];
	sink = any;
}

static void take(const struct frame *f, struct reassembly *r, struct streams *s)
{
	struct packet p;
	enum packet_kind kind = packet_parse(f, &p);
	if (kind == PACKET_FRAGMENT && !reassembly_feed(r, &p, f->t_ns, &kind))
		return;
	if (kind == PACKET_UDP || kind == PACKET_TCP)
		touch(p.payload);
	struct stream *t = kind == PACKET_TCP ? streams_feed(s, &p) : NULL;
	if (!t)
		return;
	struct rd bytes = stream_bytes(t);
	touch(bytes);
	stream_consume(t, rd_left(&bytes) / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_of(data, size);
	struct reassembly *fragments = NULL;
	struct streams *streams = NULL;
	enum link_type link = fuzz_link(rd_u8(&r));
	if (reassembly_new(&fragments) == ERR_OK && streams_new(&streams) == ERR_OK)
		for (int64_t t = 0; rd_left(&r) >= 2; t += 100000000) {
			size_t n = rd_be16(&r);
			n = MIN_OF(n, rd_left(&r));
			/* Of its exact size, so that a read past the end is seen. */
			uint8_t *exact = malloc(n ? n : 1);
			if (!exact)
				break;
			rd_copy(&r, exact, n);
			const struct frame f = {.p = exact, .n = n, .t_ns = t, .link = link};
			take(&f, fragments, streams);
			free(exact);
		}
	reassembly_free(fragments);
	streams_free(streams);
	return 0;
}
