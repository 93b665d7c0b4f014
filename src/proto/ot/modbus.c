/* SPDX-License-Identifier: Apache-2.0 */
/* Modbus over TCP (Modbus Messaging on TCP/IP 3.1.3). Its header has little that proves it, so away
 * from its port only the commonest functions are believed, whose lengths are known. */
#include "proto/asked.h"
#include "proto/ot/frames.h"

enum { PORT = 502, HEADER = 8, LEN_MAX = 254, FAILED = 0x80, READ_BITS = 1, WRITE_ONE = 6 };

static bool on_port(const struct dissect_ctx *c)
{
	return c->ends->src_port == PORT || c->ends->dst_port == PORT;
}

/* The client asks; who joined midway may have the server first. */
static bool from_client(const struct dissect_ctx *c)
{
	bool exchanged = c->ends->src_port == PORT && c->ends->dst_port != PORT;
	return (c->dir == 0) != exchanged;
}

/* Public functions (Modbus Application Protocol 5.1), and those that makers use. */
static bool function_known(uint8_t f)
{
	return (f >= 1 && f <= 8) || f == 11 || f == 12 || (f >= 15 && f <= 17) ||
	       (f >= 20 && f <= 24) || f == 43 || f == 90 || (f >= 65 && f <= 72) ||
	       (f >= 100 && f <= 110);
}

static size_t modbus_length(const struct dissect_ctx *c, const uint8_t *h)
{
	size_t len = load_be16(h + 4);
	uint8_t function = h[7];
	if (load_be16(h + 2) != 0 || len < 3 || len > LEN_MAX || !function_known(function & 0x7f))
		return 0;
	if ((function & FAILED) && len != 3)
		return 0;
	bool common = function >= READ_BITS && function <= WRITE_ONE;
	if (!on_port(c) && !(common && len == 6))
		return 0;
	return len + 6;
}

static bool modbus_note(struct dissect_ctx *c, struct rd m)
{
	rd_skip(&m, 6);
	uint8_t unit = rd_u8(&m), function = rd_u8(&m);
	notes_num_once(c->notes, F_modbus_unit, unit);
	notes_num_once(c->notes, F_modbus_function, function & 0x7f);
	if (from_client(c)) {
		asked_ask(c->state, c, 0, 0);
		return true;
	}
	asked_answer(c->state, c, 0, false);
	if (function & FAILED) {
		notes_num_once(c->notes, F_modbus_exception, rd_u8(&m));
		asked_failed(c);
	}
	return true;
}

static enum dissect modbus_see(struct dissect_ctx *c, struct rd *payload)
{
	static const struct frames frames = {HEADER, modbus_length, modbus_note};
	return frames_see(&frames, c, payload);
}

const struct dissector dissector_modbus = {
    .name = "modbus",
    .title = "Modbus",
    .over = OVER_TCP,
    .ports = {PORT},
    .state_size = sizeof(struct asked),
    .see = modbus_see,
};
