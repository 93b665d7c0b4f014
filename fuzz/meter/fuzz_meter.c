/* SPDX-License-Identifier: Apache-2.0 */
/* The input is options and a link type, then packets: milliseconds since the last (2 bytes, the top
 * bit: a leap of time), length (2 bytes), bytes. Every packet taken must come out in a record. */
#include "../packet/links.h"
#include "base/rd.h"
#include "meter/meter.h"
#include "model/batch.h"
#include "model/stats.h"
#include "proto/appid.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sums {
	uint64_t packets;
};

static void take(void *ctx, struct batch *b)
{
	struct sums *s = ctx;
	for (uint32_t i = 0; i < b->n; i++)
		s->packets += batch_u64(b, F_packets)[i] + batch_u64(b, F_rev_packets)[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stats stats;
	static struct appid *appid; /* its tables take too long to be made for each input */
	struct sums sums = {0};
	const struct appid_opts names = {.max_flows = 64, .stats = &stats};
	if (!appid && appid_new(&names, &appid))
		appid = NULL;
	struct rd r = rd_of(data, size);
	uint8_t options = rd_u8(&r);
	enum link_type link = fuzz_link(rd_u8(&r));
	const struct meter_opts o = {.max_flows = METER_FLOWS_MIN,
				     .vlan_key = options & 1,
				     .tunnel_key = options & 2,
				     .dissect = options & 4,
				     .quality = options & 8,
				     .sample_flows = options & 16 ? 2 : 1,
				     .appid = options & 32 ? NULL : appid,
				     .dissect_bytes = 1 << 22,
				     .stats = &stats,
				     .emit = take,
				     .ctx = &sums};
	struct meter *m;
	int64_t t_ns = 1767268800000000000;
	stats = (struct stats){0};
	if (meter_new(&o, &m))
		return 0;
	while (rd_left(&r) >= 4) {
		uint16_t ms = rd_be16(&r), n = rd_be16(&r);
		t_ns += ms & 0x8000 ? (int64_t)(int8_t)ms * 3600000000000 : (int64_t)ms * 1000000;
		size_t len = MIN_OF((size_t)n, rd_left(&r));
		uint8_t *exact = malloc(len ? len : 1);
		if (!exact)
			break;
		rd_copy(&r, exact, len);
		const struct frame f = {
		    .p = exact, .n = len, .wire_n = n, .t_ns = t_ns, .link = link};
		meter_frames(m, &f, 1);
		free(exact);
	}
	meter_flush(m);
	if (sums.packets != stats.v[ST_meter_packets] || meter_flows(m))
		abort();
	meter_free(m);
	return 0;
}
