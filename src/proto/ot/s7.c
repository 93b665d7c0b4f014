/* SPDX-License-Identifier: Apache-2.0 */
/* S7 communication of Siemens' controllers (as Wireshark's dissectors have found it out), and its
 * successor S7comm-plus, of which only the name is told. Both inside of ISO transport. */
#include "proto/asked.h"
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
		asked_ask(c->state, c, 0, 0);
	else if (answer)
		asked_answer(c->state, c, 0, false);
	if (error) {
		notes_num_once(c->notes, F_s7_error, error);
		asked_failed(c);
	}
	return true;
}

static enum dissect s7_see(struct dissect_ctx *c, struct rd *payload)
{
	return tpkt_see(c, payload, note);
}

const struct dissector dissector_s7 = {
    .name = "s7comm",
    .title = "S7 communication",
    .over = OVER_TCP,
    .ports = {102},
    FIRST_BYTES("\3\3"),
    .state_size = sizeof(struct asked),
    .see = s7_see,
};
