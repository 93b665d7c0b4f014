/* SPDX-License-Identifier: Apache-2.0 */
/* IKE v1 (RFC 2408, 2409) and v2 (RFC 7296), and ESP in UDP behind NAT (RFC 3948). Known by its
 * header, which has the length of the datagram. At port 4500 four zero bytes stand before it; what
 * has none there is ESP. */
#include "proto/dissector.h"

enum {
	PORT = 500,
	PORT_NAT = 4500,
	HEADER = 28,
	V1 = 0x10,
	V2 = 0x20,
	V1_ENCRYPTED = 1,
	V1_NOTIFY = 11,
	V2_NOTIFY = 41,
	V2_ENCRYPTED = 46,
	ERROR_MAX = 16383, /* types of notification above are no errors */
	PAYLOADS_MAX = 32,
	KEEPALIVE = 0xff,
};

struct ike_header {
	uint64_t spi;
	uint8_t next, version, exchange, flags;
	uint32_t len;
};

static bool read_header(struct rd *r, struct ike_header *h)
{
	size_t n = rd_left(r);
	h->spi = rd_be64(r);
	rd_skip(r, 8);
	h->next = rd_u8(r);
	h->version = rd_u8(r);
	h->exchange = rd_u8(r);
	h->flags = rd_u8(r);
	rd_skip(r, 4);
	h->len = rd_be32(r);
	bool v1 = h->version >> 4 == 1 && ((h->exchange >= 1 && h->exchange <= 6) ||
					   (h->exchange >= 32 && h->exchange <= 34));
	bool v2 = h->version >> 4 == 2 && h->exchange >= 34 && h->exchange <= 44;
	return !r->bad && (v1 || v2) && h->spi != 0 && h->len >= HEADER && h->len >= n &&
	       !(v2 && (h->flags & 7));
}

/* The first error among the payloads that are not encrypted. */
static void note_error(struct notes *n, const struct ike_header *h, struct rd *r)
{
	bool v2 = h->version >> 4 == 2;
	uint8_t type = h->next;
	if (!v2 && (h->flags & V1_ENCRYPTED))
		return;
	for (int i = 0; i < PAYLOADS_MAX && type != 0 && type != V2_ENCRYPTED; i++) {
		uint8_t next = rd_u8(r);
		rd_skip(r, 1);
		uint16_t len = rd_be16(r);
		struct rd body = rd_sub(r, len < 4 ? SIZE_MAX : (size_t)len - 4);
		if (body.bad)
			return;
		if (type == (v2 ? V2_NOTIFY : V1_NOTIFY)) {
			rd_skip(&body, v2 ? 2 : 6);
			uint16_t what = rd_be16(&body);
			if (what > 0 && what <= ERROR_MAX)
				notes_num_once(n, F_ike_error, what);
		}
		type = next;
	}
}

static bool on_nat_port(const struct dissect_ctx *c)
{
	return c->ends->src_port == PORT_NAT || c->ends->dst_port == PORT_NAT;
}

static enum dissect see_esp(struct dissect_ctx *c, struct rd r)
{
	if (rd_left(&r) == 1 && *r.p == KEEPALIVE)
		return DISSECT_MINE;
	uint32_t spi = rd_be32(&r), sequence = rd_be32(&r);
	if (rd_left(&r) < 12 || spi < 256 || sequence == 0)
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, dissect_field(c, F_ipsec_spi), spi);
	return DISSECT_MINE;
}

static enum dissect ike_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	struct ike_header h;
	size_t whole = rd_left(&r);
	if (on_nat_port(c)) {
		if (rd_be32(&r) != 0 || r.bad)
			return see_esp(c, *payload);
		whole -= 4;
	}
	if (!read_header(&r, &h) || (!c->cut && h.len != whole))
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, F_ike_version, h.version >> 4);
	notes_num_once(c->notes, F_ike_exchange, h.exchange);
	notes_num_once(c->notes, F_ike_spi, h.spi);
	note_error(c->notes, &h, &r);
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

const struct dissector dissector_ike = {
    .name = "ike",
    .title = "Internet Key Exchange and ESP in UDP",
    .over = OVER_UDP,
    .ports = {PORT, PORT_NAT},
    .see = ike_see,
};
