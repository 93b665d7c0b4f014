/* SPDX-License-Identifier: Apache-2.0 */
/* GOOSE (IEC 61850-8-1 18): events that protection devices tell each other in Ethernet frames. */
#include "proto/ber.h"
#include "proto/dissector.h"

enum { HEADER = 8, PDU = 1, CB_REF = 0, DATA_SET = 2, ID = 3, ST_NUM = 5 };

static void note_item(struct notes *n, const struct ber *item)
{
	int64_t number;
	size_t len = rd_left(&item->body);
	switch (item->tag) {
	case CB_REF:
		notes_str_once(n, F_goose_cb_ref, item->body.p, len);
		break;
	case DATA_SET:
		notes_str_once(n, F_goose_data_set, item->body.p, len);
		break;
	case ID:
		notes_str_once(n, F_goose_id, item->body.p, len);
		break;
	case ST_NUM:
		if (ber_integer(item->body, &number))
			notes_num_once(n, F_goose_st_num, (uint64_t)number & UINT32_MAX);
		break;
	}
}

static enum dissect goose_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd pdu;
	struct ber item;
	uint16_t app_id = rd_be16(payload), len = rd_be16(payload);
	rd_skip(payload, 4);
	struct rd r = rd_sub(payload, len < HEADER ? SIZE_MAX : (size_t)len - HEADER);
	if (r.bad || !ber_expect(&r, BER_APPLICATION, PDU, &pdu))
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, F_goose_app_id, app_id);
	while (ber_next(&pdu, &item))
		if (item.class_ == BER_CONTEXT)
			note_item(c->notes, &item);
	return DISSECT_MINE;
}

const struct dissector dissector_goose = {
    .name = "goose",
    .title = "Generic Object Oriented Substation Event",
    .over = OVER_ETHER,
    .ports_only = true,
    .ports = {ETHER_GOOSE},
    .see = goose_see,
};
