/* SPDX-License-Identifier: Apache-2.0 */
/* IEC 60870-5-104: frames of information (I), acknowledgement (S) and control (U). What is
 * transmitted and why stands in the first I frame, which gives the values. */
#include "proto/ot/frames.h"

enum { START = 0x68, HEADER = 6, CONTROL = 4, ASDU_MIN = 6, LEN_MAX = 253, TYPE_MAX = 127 };
enum format { FORMAT_I = 0, FORMAT_S = 1, FORMAT_U = 3 };

static enum format format_of(uint8_t control)
{
	return !(control & 1) ? FORMAT_I : control & 2 ? FORMAT_U : FORMAT_S;
}

/* One of STARTDT, STOPDT, TESTFR, asked or confirmed. */
static bool is_control(uint8_t c)
{
	uint8_t what = c & 0xfc;
	return (c & 3) == 3 && what && !(what & (what - 1));
}

static size_t iec104_length(const struct dissect_ctx *c, const uint8_t *h)
{
	(void)c;
	size_t len = h[1];
	if (h[0] != START || len < CONTROL || len > LEN_MAX || (h[4] & 1))
		return 0;
	switch (format_of(h[2])) {
	case FORMAT_I:
		return len >= CONTROL + ASDU_MIN ? len + 2 : 0;
	case FORMAT_S:
		return len == CONTROL && h[2] == 1 && h[3] == 0 ? len + 2 : 0;
	case FORMAT_U:
		return len == CONTROL && is_control(h[2]) && !h[3] && !h[4] && !h[5] ? len + 2 : 0;
	}
	return 0;
}

static bool iec104_note(struct dissect_ctx *c, struct rd m)
{
	struct notes *n = c->notes;
	rd_skip(&m, 1);
	uint8_t len = rd_u8(&m), control = rd_u8(&m);
	rd_skip(&m, 3);
	enum format format = format_of(control);
	uint8_t type = rd_left(&m) ? *m.p : 0;
	bool asdu = format == FORMAT_I;
	if (asdu && (type == 0 || type > TYPE_MAX))
		return false;
	if (notes_has(n, F_iec104_type) || (!asdu && notes_has(n, F_iec104_format)))
		return true;
	notes_num_put(n, F_iec104_length, len);
	notes_num_put(n, F_iec104_format, format);
	if (!asdu)
		return true;
	rd_skip(&m, 1);
	notes_num_put(n, F_iec104_type, type);
	notes_num_put(n, F_iec104_objects, rd_u8(&m) & 0x7f);
	notes_num_put(n, F_iec104_cause, rd_u8(&m) & 0x3f);
	notes_num_put(n, F_iec104_originator, rd_u8(&m));
	notes_num_put(n, F_iec104_address, rd_le16(&m));
	return true;
}

static enum dissect iec104_see(struct dissect_ctx *c, struct rd *payload)
{
	static const struct frames frames = {HEADER, iec104_length, iec104_note};
	return frames_see(&frames, c, payload);
}

const struct dissector dissector_iec104 = {
    .name = "iec104",
    .title = "IEC 60870-5-104",
    .over = OVER_TCP,
    .ports = {2404},
    FIRST_BYTES("hh"),
    .see = iec104_see,
};
