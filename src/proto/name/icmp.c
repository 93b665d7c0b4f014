/* SPDX-License-Identifier: Apache-2.0 */
/* What ICMP (RFC 792) and ICMPv6 (RFC 4443, 4861) messages are about, beyond the type and code that
 * the meter keeps: which packet an error answers, which neighbour is looked for, which size fits.
 */
#include "proto/dissector.h"

enum { UNREACHABLE = 3, QUENCH = 4, REDIRECT = 5, EXCEEDED = 11, PARAMETER = 12, CODE_TOO_BIG = 4 };
enum {
	V6_TOO_BIG = 2,
	V6_NEIGHBOUR_SOLICITATION = 135,
	V6_NEIGHBOUR_ADVERTISEMENT = 136,
	V6_ERROR_LAST = 4,
};

static void note_ports(struct notes *n, struct rd *r, uint8_t proto)
{
	notes_num_once(n, F_icmp_error_proto, proto);
	if ((proto != PROTO_TCP && proto != PROTO_UDP) || rd_left(r) < 4)
		return;
	rd_skip(r, 2);
	notes_num_once(n, F_icmp_error_port, rd_be16(r));
}

/* The packet that could not go on: whither it was sent. */
static void note_error_v4(struct notes *n, struct rd *r)
{
	struct rd head = *r;
	uint8_t first = rd_u8(&head);
	size_t len = (size_t)(first & 15) * 4;
	if (first >> 4 != 4 || len < 20 || rd_left(r) < len)
		return;
	uint8_t proto = r->p[9];
	struct ip ip = ip_from_v4(r->p + 16);
	rd_skip(r, len);
	notes_ip_once(n, F_icmp_error_dst, &ip);
	note_ports(n, r, proto);
}

static void note_error_v6(struct notes *n, struct rd *r)
{
	struct ip ip;
	if (rd_left(r) < 40 || *r->p >> 4 != 6)
		return;
	uint8_t proto = r->p[6];
	memcpy(ip.b, r->p + 24, sizeof(ip.b));
	rd_skip(r, 40);
	notes_ip_once(n, F_icmp_error_dst, &ip);
	note_ports(n, r, proto);
}

static enum dissect icmp_see(struct dissect_ctx *c, struct rd *payload)
{
	uint8_t type = rd_u8(payload), code = rd_u8(payload);
	rd_skip(payload, 2);
	uint32_t rest = rd_be32(payload);
	if (payload->bad)
		return DISSECT_NOT_MINE;
	if (type == UNREACHABLE && code == CODE_TOO_BIG && (rest & 0xffff))
		notes_num_once(c->notes, F_icmp_mtu, rest & 0xffff);
	if (type == UNREACHABLE || type == QUENCH || type == REDIRECT || type == EXCEEDED ||
	    type == PARAMETER)
		note_error_v4(c->notes, payload);
	return DISSECT_MINE;
}

const struct dissector dissector_icmp = {
    .name = "icmp",
    .title = "Internet Control Message Protocol",
    .over = OVER_IP,
    .ports_only = true,
    .ports = {PROTO_ICMP},
    .see = icmp_see,
};

static enum dissect icmp6_see(struct dissect_ctx *c, struct rd *payload)
{
	struct ip target;
	uint8_t type = rd_u8(payload);
	rd_skip(payload, 3);
	uint32_t rest = rd_be32(payload);
	if (payload->bad)
		return DISSECT_NOT_MINE;
	if (type == V6_TOO_BIG)
		notes_num_once(c->notes, F_icmp_mtu, rest);
	if (type >= 1 && type <= V6_ERROR_LAST)
		note_error_v6(c->notes, payload);
	if (type == V6_NEIGHBOUR_SOLICITATION || type == V6_NEIGHBOUR_ADVERTISEMENT) {
		rd_copy(payload, target.b, sizeof(target.b));
		if (!payload->bad)
			notes_ip_once(c->notes, F_nd_target, &target);
	}
	return DISSECT_MINE;
}

const struct dissector dissector_icmp6 = {
    .name = "icmpv6",
    .title = "Internet Control Message Protocol for IPv6",
    .over = OVER_IP,
    .ports_only = true,
    .ports = {PROTO_ICMP6},
    .see = icmp6_see,
};
