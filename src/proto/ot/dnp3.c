/* SPDX-License-Identifier: Apache-2.0 */
/* DNP3 (IEEE 1815) over TCP and UDP: frames with a check sum of their own over header and data, so
 * that nothing else is taken for them. */
#include "proto/ot/frames.h"

enum { HEADER = 10, BLOCK = 16, CRC = 2, LEN_MIN = 5, POLY = 0xa6bc };

/* CRC-16/DNP: reflected 0x3d65, complemented at the end (IEEE 1815 9.2.4.3). */
static uint16_t crc(const uint8_t *p, size_t n)
{
	uint16_t v = 0;
	for (size_t i = 0; i < n; i++) {
		v ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			v = (uint16_t)(v >> 1 ^ (v & 1 ? POLY : 0));
	}
	return (uint16_t)~v;
}

static size_t dnp3_length(const struct dissect_ctx *c, const uint8_t *h)
{
	(void)c;
	if (h[0] != 0x05 || h[1] != 0x64 || h[2] < LEN_MIN || crc(h, 8) != (h[8] | h[9] << 8))
		return 0;
	size_t data = (size_t)h[2] - LEN_MIN;
	return HEADER + data + (data + BLOCK - 1) / BLOCK * CRC;
}

static bool dnp3_note(struct dissect_ctx *c, struct rd m)
{
	rd_skip(&m, 4);
	notes_num_once(c->notes, F_dnp3_dst, rd_le16(&m));
	notes_num_once(c->notes, F_dnp3_src, rd_le16(&m));
	rd_skip(&m, 2);
	uint8_t transport = rd_u8(&m);
	rd_skip(&m, 1);
	uint8_t function = rd_u8(&m);
	if (!m.bad && (transport & 0x40)) /* the first piece of a fragment */
		notes_num_once(c->notes, F_dnp3_function, function);
	return true;
}

static enum dissect dnp3_see(struct dissect_ctx *c, struct rd *payload)
{
	static const struct frames frames = {HEADER, dnp3_length, dnp3_note};
	return frames_see(&frames, c, payload);
}

const struct dissector dissector_dnp3 = {
    .name = "dnp3",
    .title = "Distributed Network Protocol 3",
    .over = OVER_TCP | OVER_UDP,
    .ports = {20000},
    FIRST_BYTES("\5\5"),
    .see = dnp3_see,
};
