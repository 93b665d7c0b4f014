/* SPDX-License-Identifier: Apache-2.0 */
/* OPC UA over TCP (OPC 10000-6, 7.1): three letters, a letter for the piece, the length. The
 * client's Hello names the endpoint; after it nothing is readable for sure. */
#include "proto/ot/frames.h"

enum { HEADER = 8, LEN_MAX = 1 << 24, HELLO_FIXED = 20, ENDPOINT_MAX = 4096 };

static bool has_type(const uint8_t *p)
{
	static const char *const types[] = {"HEL", "ACK", "ERR", "OPN", "CLO", "MSG", "RHE"};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (memcmp(p, types[i], 3) == 0)
			return true;
	return false;
}

static size_t opcua_length(const struct dissect_ctx *c, const uint8_t *h)
{
	(void)c;
	struct rd r = rd_of(h + 4, 4);
	uint32_t n = rd_le32(&r);
	bool piece = h[3] == 'F' || h[3] == 'C' || h[3] == 'A';
	return has_type(h) && piece && n > HEADER && n <= LEN_MAX ? n : 0;
}

static bool opcua_note(struct dissect_ctx *c, struct rd m)
{
	struct rd hello = m;
	rd_skip(&hello, HEADER + HELLO_FIXED);
	uint32_t len = rd_le32(&hello);
	struct rd url = rd_sub(&hello, len <= ENDPOINT_MAX ? len : SIZE_MAX);
	if (memcmp(m.p, "HEL", 3) == 0 && !url.bad)
		notes_str_once(c->notes, F_opcua_endpoint, url.p, rd_left(&url));
	return true;
}

static enum dissect opcua_see(struct dissect_ctx *c, struct rd *payload)
{
	static const struct frames frames = {HEADER, opcua_length, opcua_note};
	return frames_see(&frames, c, payload);
}

const struct dissector dissector_opcua = {
    .name = "opcua",
    .title = "OPC UA",
    .over = OVER_TCP,
    .ports = {4840},
    FIRST_BYTES("AZ"),
    .see = opcua_see,
};
