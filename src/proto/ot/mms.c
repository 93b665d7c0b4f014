/* SPDX-License-Identifier: Apache-2.0 */
/* MMS (ISO 9506), which IEC 61850 runs on: inside of ISO transport, session and presentation.
 * Connecting names MMS by its object identifier; later messages are session data (01 00 01 00),
 * then BER. */
#include "proto/asked.h"
#include "proto/ber.h"
#include "proto/ot/tpkt.h"
#include "proto/text.h"

enum { SESSION_CONNECT = 0x0d, SESSION_ACCEPT = 0x0e, PRESENTATION_DATA = 1, PDU_MAX = 13 };
enum pdu {
	CONFIRMED_REQUEST = 0,
	CONFIRMED_RESPONSE = 1,
	CONFIRMED_ERROR = 2,
	UNCONFIRMED = 3,
	INITIATE_REQUEST = 8,
	INITIATE_RESPONSE = 9,
};

/* iso(1) standard(0) iso9506(9506) part(2) mms-abstract-syntax-version1(1), without the last arc */
static const uint8_t mms_oid[] = {0x28, 0xca, 0x22, 0x02};
static const uint8_t session_data[] = {1, 0, 1, 0};

static void note_type(struct notes *n, uint8_t type)
{
	notes_num_once(n, F_mms_type, type);
}

/* The service of a confirmed or unconfirmed PDU: the first element with a context tag. */
static void note_service(struct notes *n, enum field f, struct rd body)
{
	struct ber e;
	while (ber_next(&body, &e)) {
		if (e.class_ == BER_CONTEXT && e.tag <= UINT8_MAX) {
			notes_num_once(n, f, e.tag);
			return;
		}
	}
}

static bool note_pdu(struct dissect_ctx *c, struct rd r)
{
	struct ber pdu;
	if (!ber_next(&r, &pdu) || pdu.class_ != BER_CONTEXT || pdu.tag > PDU_MAX)
		return false;
	note_type(c->notes, (uint8_t)pdu.tag);
	switch (pdu.tag) {
	case CONFIRMED_REQUEST:
		note_service(c->notes, F_mms_request, pdu.body);
		asked_ask(c->state, c, 0, 0);
		break;
	case CONFIRMED_RESPONSE:
		note_service(c->notes, F_mms_response, pdu.body);
		asked_answer(c->state, c, 0, false);
		break;
	case CONFIRMED_ERROR:
		asked_answer(c->state, c, 0, false);
		asked_failed(c);
		break;
	case UNCONFIRMED:
		note_service(c->notes, F_mms_unconfirmed, pdu.body);
		break;
	}
	return true;
}

/* Presentation user data: [APPLICATION 1] { SEQUENCE { context, [0] PDU } }. */
static bool note_data(struct dissect_ctx *c, struct rd r)
{
	struct rd user, list, body;
	struct ber context;
	return ber_expect(&r, BER_APPLICATION, PRESENTATION_DATA, &user) &&
	       ber_expect(&user, BER_UNIVERSAL, BER_SEQUENCE, &list) && ber_next(&list, &context) &&
	       context.class_ == BER_UNIVERSAL && context.tag == BER_INTEGER &&
	       ber_expect(&list, BER_CONTEXT, 0, &body) && note_pdu(c, body);
}

static bool note_session(struct dissect_ctx *c, struct rd data)
{
	uint8_t first = *data.p;
	if (rd_left(&data) > sizeof(session_data) &&
	    memcmp(data.p, session_data, sizeof(session_data)) == 0) {
		rd_skip(&data, sizeof(session_data));
		return note_data(c, data);
	}
	if ((first != SESSION_CONNECT && first != SESSION_ACCEPT) ||
	    !text_find(&data, mms_oid, sizeof(mms_oid)))
		return false;
	note_type(c->notes, first == SESSION_CONNECT ? INITIATE_REQUEST : INITIATE_RESPONSE);
	return true;
}

static bool note(struct dissect_ctx *c, struct rd data)
{
	return note_session(c, data) || notes_has(c->notes, F_mms_type);
}

static enum dissect mms_see(struct dissect_ctx *c, struct rd *payload)
{
	return tpkt_see(c, payload, note);
}

const struct dissector dissector_mms = {
    .name = "mms",
    .title = "Manufacturing Message Specification",
    .over = OVER_TCP,
    .ports = {102},
    FIRST_BYTES("\3\3"),
    .state_size = sizeof(struct asked),
    .see = mms_see,
};
