/* SPDX-License-Identifier: Apache-2.0 */
/* S7 communication of Siemens' controllers (as Wireshark's dissectors have found it out), and its
 * successor S7comm-plus, of which only the name is told. Both inside of ISO transport. */
#include "proto/exchange.h"
#include "proto/ot/tpkt.h"

enum { S7 = 0x32, S7_PLUS = 0x72, JOB = 1, ACK = 2, ACK_DATA = 3, USERDATA = 7, HEADER = 10 };

static bool note(struct dissect_ctx *c, struct rd r)
{
	size_t whole = rd_left(&r);
	uint8_t id = rd_u8(&r), kind = rd_u8(&r);
	if (id == S7_PLUS && kind >= 1 && kind <= 3 && whole >= 4 && load_be16(r.p) <= whole) {
		notes_str_once(c->notes, F_app_name, "s7comm-plus", 11);
		return true;
	}
	if (id != S7 || (kind != JOB && kind != ACK && kind != ACK_DATA && kind != USERDATA) ||
	    rd_be16(&r) != 0)
		return false;
	rd_skip(&r, 2);
	size_t parameters = rd_be16(&r), data = rd_be16(&r);
	bool answer = kind == ACK || kind == ACK_DATA;
	uint16_t error = answer ? rd_be16(&r) : 0;
	if (r.bad || HEADER + (answer ? 2u : 0u) + parameters + data != whole)
		return false;
	notes_num_once(c->notes, F_s7_type, kind);
	if (parameters > 0)
		notes_num_once(c->notes, F_s7_function, rd_u8(&r));
	if (kind == JOB)
		exchange_ask(c->state, c);
	else if (answer)
		exchange_answer(c->state, c);
	if (error) {
		notes_num_once(c->notes, F_s7_error, error);
		exchange_failed(c);
	}
	return true;
}

static enum dissect s7_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd data, r = *payload;
	bool seen = false;
	for (;;) {
		switch (tpkt_next(&r, &data)) {
		case TPKT_MORE:
			return seen ? DISSECT_MINE : DISSECT_MORE;
		case TPKT_BROKEN:
			return DISSECT_NOT_MINE;
		case TPKT_CONNECT:
			*payload = r;
			break;
		case TPKT_DATA:
			if (rd_left(&data) > 0 && !note(c, data))
				return DISSECT_NOT_MINE;
			seen |= rd_left(&data) > 0;
			*payload = r;
			break;
		}
	}
}

const struct dissector dissector_s7 = {
    .name = "s7comm",
    .title = "S7 communication",
    .over = OVER_TCP,
    .ports = {102},
    .state_size = sizeof(struct exchange),
    .see = s7_see,
};
