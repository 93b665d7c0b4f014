/* SPDX-License-Identifier: Apache-2.0 */
/* DLMS/COSEM of electricity meters (IEC 62056-5-3): in the wrapper of TCP and UDP (IEC 62056-47),
 * or in HDLC frames (IEC 62056-46), whose check sum proves them at any port. The first request or
 * answer that says what is read gives the values. */
#include "proto/dissector.h"

#include <stdio.h>
#include <string.h>

enum { PORT = 4059, FLAG = 0x7e, FRAME = 0xa0, WRAPPER = 8, FCS_GOOD = 0xf0b8 };
enum apdu {
	AARQ = 0x60,
	AARE = 0x61,
	RLRQ = 0x62,
	RLRE = 0x63,
	GET_REQUEST = 0xc0,
	SET_REQUEST = 0xc1,
	ACTION_REQUEST = 0xc3,
	GET_RESPONSE = 0xc4,
	SET_RESPONSE = 0xc5,
	ACTION_RESPONSE = 0xc7,
	CIPHERED_FIRST = 0xc8,
	CIPHERED_LAST = 0xcf,
	GENERAL_FIRST = 0xd8,
	GENERAL_LAST = 0xe0,
	NOTIFICATION = 0x0f,
};
enum { NORMAL = 1, FRAME_MIN = 7 };

struct dlms_state {
	bool mine; /* a frame of HDLC was right */
};

static bool apdu_known(uint8_t t)
{
	return (t >= AARQ && t <= RLRE) || (t >= GET_REQUEST && t <= SET_RESPONSE) ||
	       t == ACTION_RESPONSE || (t >= CIPHERED_FIRST && t <= CIPHERED_LAST) ||
	       (t >= GENERAL_FIRST && t <= GENERAL_LAST) || t == NOTIFICATION || t == 1 || t == 5 ||
	       t == 6 || t == 8 || t == 12 || t == 13 || t == 14;
}

/* Class, OBIS code, attribute or method (9.5, Cosem-Attribute-Descriptor). */
static void note_descriptor(struct notes *n, struct rd *r)
{
	uint16_t class = rd_be16(r);
	const uint8_t *o = rd_take(r, 6);
	uint8_t attribute = rd_u8(r);
	char text[32];
	if (r->bad || notes_has(n, F_dlms_obis))
		return;
	int len =
	    snprintf(text, sizeof(text), "%u.%u.%u.%u.%u.%u", o[0], o[1], o[2], o[3], o[4], o[5]);
	notes_num_once(n, F_dlms_class, class);
	notes_str_once(n, F_dlms_obis, text, len > 0 ? (size_t)len : 0);
	notes_num_once(n, F_dlms_attribute, attribute);
}

/* What came back: a result that says why not, or data with their type and length. */
static void note_result(struct notes *n, struct rd *r)
{
	uint8_t choice = rd_u8(r), type = rd_u8(r), len = rd_u8(r);
	if (choice == 1 && !notes_has(n, F_dlms_data_type)) {
		notes_num_once(n, F_dlms_access_result, type);
	} else if (choice == 0) {
		notes_num_once(n, F_dlms_data_type, type);
		/* of those whose length is written: structures, lists, strings */
		if (!r->bad && (type == 1 || type == 2 || type == 4 || (type >= 9 && type <= 12)))
			notes_num_once(n, F_dlms_data_length, len);
	}
}

static void note_apdu(struct notes *n, struct rd r)
{
	uint8_t type = rd_u8(&r);
	uint64_t noted = 0;
	bool had = notes_num(n, F_dlms_type, &noted);
	/* A request or answer says more than the association before it. */
	if (!had || (noted >= AARQ && noted <= RLRE && type >= GET_REQUEST))
		notes_num_put(n, F_dlms_type, type);
	bool request = type == GET_REQUEST || type == SET_REQUEST || type == ACTION_REQUEST;
	bool answer = type == GET_RESPONSE || type == SET_RESPONSE || type == ACTION_RESPONSE;
	if (!request && !answer)
		return;
	uint8_t subtype = rd_u8(&r);
	rd_skip(&r, 1); /* invoke id and priority */
	notes_num_once(n, F_dlms_subtype, subtype);
	if (request && subtype == NORMAL)
		note_descriptor(n, &r);
	else if (type == GET_RESPONSE && subtype == NORMAL)
		note_result(n, &r);
	else if (type == SET_RESPONSE && subtype == NORMAL)
		notes_num_once(n, F_dlms_access_result, rd_u8(&r));
	else if (type == ACTION_RESPONSE && subtype == NORMAL)
		notes_num_once(n, F_dlms_action_result, rd_u8(&r));
}

/* --- HDLC */

/* CRC-16/X.25 over frame and check sum leaves a constant. */
static bool checks(const uint8_t *p, size_t n)
{
	uint16_t v = 0xffff;
	for (size_t i = 0; i < n; i++) {
		v ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			v = (uint16_t)(v >> 1 ^ (v & 1 ? 0x8408 : 0));
	}
	return v == FCS_GOOD;
}

/* An address ends with the byte whose lowest bit is set; 1, 2 or 4 bytes. */
static void skip_address(struct rd *r)
{
	for (int i = 0; i < 4 && rd_left(r) > 0 && !(rd_u8(r) & 1); i++)
		;
}

static void note_frame(struct notes *n, struct rd r)
{
	rd_skip(&r, 2);
	skip_address(&r);
	skip_address(&r);
	uint8_t control = rd_u8(&r);
	rd_skip(&r, 2); /* check sum of the head */
	/* Information frames, whose first piece has the LLC head E6 E6 00 or E6 E7 00. */
	if ((control & 1) || rd_left(&r) < 3 + 2 || r.p[0] != 0xe6)
		return;
	rd_skip(&r, 3);
	if (rd_left(&r) > 0 && apdu_known(*r.p))
		note_apdu(n, r);
}

/* Moves r to the next flag, behind which a frame may begin. */
static void resync(struct rd *r)
{
	size_t left = rd_left(r);
	const uint8_t *at = left > 1 ? memchr(r->p + 1, FLAG, left - 1) : NULL;
	rd_skip(r, at ? (size_t)(at - r->p) : left);
}

static enum dissect see_hdlc(struct dissect_ctx *c, struct rd *payload)
{
	struct dlms_state *s = c->state;
	while (rd_left(payload) >= 3) {
		struct rd r = *payload;
		bool flag = rd_u8(&r) == FLAG;
		if (flag && *r.p == FLAG) { /* one flag may end a frame and another begin one */
			*payload = r;
			continue;
		}
		size_t n = load_be16(r.p) & 0x7ff;
		bool begins = flag && (*r.p & 0xf0) == FRAME && n >= FRAME_MIN;
		if (begins && rd_left(&r) < n && c->ends->proto == PROTO_TCP)
			break;
		struct rd frame = rd_sub(&r, begins ? n : SIZE_MAX);
		if (!frame.bad && checks(frame.p, n)) {
			note_frame(c->notes, frame);
			*payload = r;
			s->mine = true;
		} else if (!s->mine) {
			return DISSECT_NOT_MINE;
		} else {
			resync(payload);
		}
	}
	return s->mine ? DISSECT_MINE : DISSECT_MORE;
}

/* --- wrapper */

static enum dissect see_wrapper(struct dissect_ctx *c, struct rd *payload)
{
	bool seen = false;
	while (rd_left(payload) >= WRAPPER) {
		struct rd r = *payload;
		uint16_t version = rd_be16(&r), from = rd_be16(&r), to = rd_be16(&r),
			 n = rd_be16(&r);
		if (version != 1 || n == 0 || (from == 0 && to == 0))
			return DISSECT_NOT_MINE;
		if (rd_left(&r) > 0 && !apdu_known(*r.p))
			return DISSECT_NOT_MINE;
		if (n > rd_left(&r) && n + WRAPPER <= DISSECT_HELD_MAX && !c->cut)
			break;
		bool whole = n <= rd_left(&r);
		struct rd apdu = rd_sub(&r, whole ? n : rd_left(&r));
		c->skip = whole ? 0 : n - (size_t)(apdu.end - apdu.p);
		note_apdu(c->notes, apdu);
		*payload = r;
		seen = true;
	}
	if (c->ends->proto != PROTO_TCP)
		return seen && rd_left(payload) == 0 ? DISSECT_MINE : DISSECT_NOT_MINE;
	return seen ? DISSECT_MINE : DISSECT_MORE;
}

static enum dissect dlms_see(struct dissect_ctx *c, struct rd *payload)
{
	bool on_port = c->ends->src_port == PORT || c->ends->dst_port == PORT;
	if (rd_left(payload) == 0)
		return DISSECT_MORE;
	if (*payload->p == FLAG || ((struct dlms_state *)c->state)->mine)
		return see_hdlc(c, payload);
	return on_port ? see_wrapper(c, payload) : DISSECT_NOT_MINE;
}

const struct dissector dissector_dlms = {
    .name = "dlms",
    .title = "DLMS/COSEM",
    .over = OVER_TCP | OVER_UDP,
    .ports = {PORT},
    FIRST_BYTES("\0\0~~"),
    .state_size = sizeof(struct dlms_state),
    .see = dlms_see,
};
