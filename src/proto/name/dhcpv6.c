/* SPDX-License-Identifier: Apache-2.0 */
/* DHCP for IPv6 (RFC 8415). The header is one byte of type and three of transaction, which is no
 * proof of anything, so only its ports are looked at, and the options must add up to the datagram.
 */
#include "proto/dissector.h"
#include "proto/name/dns_wire.h"

enum {
	RELAY_FORW = 12,
	RELAY_REPL = 13,
	OPT_CLIENT = 1,
	OPT_IA_NA = 3,
	OPT_IA_ADDRESS = 5,
	OPT_RELAYED = 9,
	OPT_VENDOR = 16,
	OPT_FQDN = 39,
	DUID_LLT = 1,
	DUID_LL = 3,
	DEPTH_MAX = 4,
};

/* The link-layer address in a DUID (11.2, 11.4). */
static void note_duid(struct notes *n, struct rd r)
{
	uint16_t type = rd_be16(&r), hardware = rd_be16(&r);
	if (type == DUID_LLT)
		rd_skip(&r, 4);
	else if (type != DUID_LL)
		return;
	if (hardware == 1 && rd_left(&r) == 6)
		notes_num_once(n, F_dhcp_client_mac, load_be(r.p, 6));
}

static void note_address(struct notes *n, struct rd r)
{
	struct ip ip;
	rd_copy(&r, ip.b, sizeof(ip.b));
	rd_skip(&r, 4);
	uint32_t valid = rd_be32(&r);
	if (r.bad)
		return;
	notes_ip_once(n, F_dhcp_offered_ip, &ip);
	if (valid)
		notes_num_once(n, F_dhcp_lease_s, valid);
}

static bool note_options(struct notes *n, struct rd r, unsigned depth);

static bool note_message(struct notes *n, struct rd r, unsigned depth)
{
	uint8_t type = rd_u8(&r);
	if (type == 0 || type > 23)
		return false;
	bool relay = type == RELAY_FORW || type == RELAY_REPL;
	rd_skip(&r, relay ? 33 : 3);
	if (r.bad || !note_options(n, r, depth))
		return false;
	if (!relay)
		notes_num_once(n, F_dhcp_type, type);
	return true;
}

static bool note_option(struct notes *n, uint16_t code, struct rd v, unsigned depth)
{
	struct dns_text name;
	size_t at = 1; /* behind the flags (RFC 4704) */
	switch (code) {
	case OPT_CLIENT:
		note_duid(n, v);
		break;
	case OPT_IA_NA:
		rd_skip(&v, 12);
		return depth == 0 || note_options(n, v, depth - 1);
	case OPT_IA_ADDRESS:
		note_address(n, v);
		break;
	case OPT_RELAYED:
		return depth == 0 || note_message(n, v, depth - 1);
	case OPT_VENDOR: /* enterprise number, then strings with their length */
		rd_skip(&v, 4);
		v = rd_sub(&v, rd_be16(&v));
		if (!v.bad)
			notes_str_once(n, F_dhcp_vendor_class, v.p, rd_left(&v));
		break;
	case OPT_FQDN: /* a name in full, or one label that nothing ends */
		if (dns_read_name(v, &at, &name))
			notes_str_once(n, F_dhcp_host_name, name.s, name.n);
		else if (rd_left(&v) > 2 && v.p[1] == rd_left(&v) - 2)
			notes_str_once(n, F_dhcp_host_name, v.p + 2, v.p[1]);
		break;
	}
	return true;
}

/* False: they do not add up. */
static bool note_options(struct notes *n, struct rd r, unsigned depth)
{
	while (rd_left(&r) > 0) {
		uint16_t code = rd_be16(&r);
		struct rd value = rd_sub(&r, rd_be16(&r));
		if (value.bad || !note_option(n, code, value, depth))
			return false;
	}
	return !r.bad;
}

/* Whether the options of the outermost message end where the datagram ends. */
static bool adds_up(struct rd r)
{
	uint8_t type = rd_u8(&r);
	rd_skip(&r, type == RELAY_FORW || type == RELAY_REPL ? 33 : 3);
	while (rd_left(&r) > 0) {
		rd_skip(&r, 2);
		rd_skip(&r, rd_be16(&r));
	}
	return !r.bad;
}

static enum dissect dhcpv6_see(struct dissect_ctx *c, struct rd *payload)
{
	if (!adds_up(*payload) || !note_message(c->notes, *payload, DEPTH_MAX))
		return DISSECT_NOT_MINE;
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

const struct dissector dissector_dhcpv6 = {
    .name = "dhcpv6",
    .title = "Dynamic Host Configuration Protocol for IPv6",
    .over = OVER_UDP,
    .ports_only = true,
    .ports = {546, 547},
    .see = dhcpv6_see,
};
