/* SPDX-License-Identifier: Apache-2.0 */
/* STUN (RFC 8489) and TURN (RFC 8656): how a host learns its address outside of NAT. Known by the
 * magic cookie and a length that is the datagram's. Once a path is found DTLS may go on on it. */
#include "proto/web/web.h"

enum {
	HEADER = 20,
	COOKIE = 0x2112a442,
	METHOD_ALLOCATE = 3,
	ATTR_MAPPED = 1,
	ATTR_ERROR = 9,
	ATTR_XOR_RELAYED = 0x16,
	ATTR_XOR_MAPPED = 0x20,
	ATTR_SOFTWARE = 0x8022,
	FAMILY_4 = 1,
	FAMILY_6 = 2,
	CHANNEL = 0x4000, /* TURN: data of a channel, with the channel's number */
	CHANNEL_LAST = 0x4fff,
	DTLS_FIRST = 20, /* first bytes of DTLS where it shares a port (RFC 7983 7) */
	DTLS_LAST = 63,
};

/* id: cookie and transaction, 16 bytes that the address is exclusive-ored with. */
static bool read_address(struct rd r, const uint8_t *id, bool xored, struct ip *ret,
			 uint16_t *ret_port)
{
	rd_skip(&r, 1);
	uint8_t family = rd_u8(&r), bytes[16];
	uint16_t port = rd_be16(&r);
	size_t n = family == FAMILY_4 ? 4 : 16;
	if ((family != FAMILY_4 && family != FAMILY_6) || rd_left(&r) != n)
		return false;
	rd_copy(&r, bytes, n);
	for (size_t i = 0; xored && i < n; i++)
		bytes[i] ^= id[i];
	*ret_port = xored ? port ^ (COOKIE >> 16) : port;
	if (n == 4)
		*ret = ip_from_v4(bytes);
	else
		memcpy(ret->b, bytes, n);
	return true;
}

static void note_attribute(struct notes *n, uint16_t type, struct rd v, const uint8_t *id)
{
	struct ip ip;
	uint16_t port;
	if (type == ATTR_SOFTWARE) {
		notes_str_once(n, F_stun_software, v.p, rd_left(&v));
	} else if (type == ATTR_ERROR && rd_left(&v) >= 4) {
		notes_num_once(n, F_stun_error, (v.p[2] & 7u) * 100 + v.p[3]);
	} else if ((type == ATTR_MAPPED || type == ATTR_XOR_MAPPED) &&
		   read_address(v, id, type == ATTR_XOR_MAPPED, &ip, &port)) {
		notes_ip_once(n, F_stun_mapped_ip, &ip);
		notes_num_once(n, F_stun_mapped_port, port);
	} else if (type == ATTR_XOR_RELAYED && read_address(v, id, true, &ip, &port)) {
		notes_ip_once(n, F_stun_relayed_ip, &ip);
	}
}

static void note(struct notes *n, uint16_t type, const uint8_t *id, struct rd r)
{
	unsigned method = (type & 0xf) | (type & 0xe0) >> 1 | (type & 0x3e00) >> 2;
	notes_num_once(n, F_stun_method, method);
	if (method >= METHOD_ALLOCATE)
		notes_str_once(n, F_app_name, "turn", 4);
	while (rd_left(&r) > 0) {
		uint16_t attribute = rd_be16(&r), len = rd_be16(&r);
		struct rd v = rd_sub(&r, len);
		if (v.bad)
			return;
		note_attribute(n, attribute, v, id);
		rd_skip(&r, (size_t)-len & 3);
	}
}

static bool is_dtls(const struct rd *r)
{
	return rd_left(r) && *r->p >= DTLS_FIRST && *r->p <= DTLS_LAST;
}

static enum dissect stun_see(struct dissect_ctx *c, struct rd *payload)
{
	bool stream = c->ends->proto == PROTO_TCP;
	if (!stream && is_dtls(payload) && notes_has(c->notes, F_stun_method)) {
		c->next = &dissector_dtls;
		return DISSECT_SWITCH;
	}
	struct rd r = *payload;
	uint16_t type = rd_be16(&r), len = rd_be16(&r);
	const uint8_t *id = r.p;
	if (!r.bad && type >= CHANNEL && type <= CHANNEL_LAST && notes_has(c->notes, F_stun_method))
		return stream ? DISSECT_DONE : DISSECT_MINE;
	if (r.bad || rd_left(&r) < HEADER - 4)
		return stream && (rd_left(payload) == 0 || *payload->p < 0x40) ? DISSECT_MORE
									       : DISSECT_NOT_MINE;
	if ((type & 0xc000) || (len & 3) || load_be32(id) != COOKIE)
		return DISSECT_NOT_MINE;
	rd_skip(&r, HEADER - 4);
	if (stream && rd_left(&r) < len)
		return DISSECT_MORE;
	if (!stream && !c->cut && rd_left(&r) != len)
		return DISSECT_NOT_MINE;
	struct rd body = rd_sub(&r, rd_left(&r) < len ? rd_left(&r) : len);
	note(c->notes, type, id, body);
	*payload = r;
	return DISSECT_MINE;
}

const struct dissector dissector_stun = {
    .name = "stun",
    .title = "Session Traversal Utilities for NAT",
    .over = OVER_UDP | OVER_TCP,
    .ports = {3478, 5349},
    FIRST_BYTES("\0\x3f"),
    .see = stun_see,
};
