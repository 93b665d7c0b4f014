/* SPDX-License-Identifier: Apache-2.0 */
/* DHCP and BOOTP for IPv4 (RFC 2131, options RFC 2132). Known by its fixed header and magic cookie.
 */
#include "proto/os_text.h"

#include <stdio.h>

enum {
	HEADER = 236,
	COOKIE = 0x63825363,
	OPT_PAD = 0,
	OPT_HOST = 12,
	OPT_DOMAIN = 15,
	OPT_REQUESTED = 50,
	OPT_LEASE = 51,
	OPT_TYPE = 53,
	OPT_SERVER = 54,
	OPT_PARAMETERS = 55,
	OPT_VENDOR = 60,
	OPT_FQDN = 81,
	OPT_END = 255,
	TYPE_MAX = 18,
};

static void note_ip(struct notes *n, enum field f, struct rd r)
{
	const uint8_t *p = rd_left(&r) == 4 ? rd_take(&r, 4) : NULL;
	if (!p || load_be32(p) == 0)
		return;
	struct ip ip = ip_from_v4(p);
	notes_ip_once(n, f, &ip);
}

/* What a client asks for tells its operating system: "1,3,6,15". */
static void note_parameters(struct notes *n, struct rd r)
{
	char text[256 * 4];
	size_t at = 0;
	while (rd_left(&r) > 0) {
		int wrote = snprintf(text + at, sizeof(text) - at, at ? ",%u" : "%u", rd_u8(&r));
		at += wrote > 0 ? (size_t)wrote : 0;
	}
	notes_str_once(n, F_dhcp_parameters, text, at);
}

static void note_option(const struct dissect_ctx *c, uint8_t code, struct rd r)
{
	struct notes *n = c->notes;
	switch (code) {
	case OPT_HOST:
		notes_str_once(n, F_dhcp_host_name, r.p, rd_left(&r));
		break;
	case OPT_DOMAIN:
		notes_str_once(n, F_dhcp_domain, r.p, rd_left(&r));
		break;
	case OPT_REQUESTED:
		note_ip(n, F_dhcp_requested_ip, r);
		break;
	case OPT_LEASE:
		if (rd_left(&r) == 4)
			notes_num_once(n, F_dhcp_lease_s, rd_be32(&r));
		break;
	case OPT_TYPE:
		if (rd_left(&r) == 1 && *r.p >= 1 && *r.p <= TYPE_MAX)
			notes_num_once(n, F_dhcp_type, *r.p);
		break;
	case OPT_SERVER:
		note_ip(n, F_dhcp_server_ip, r);
		break;
	case OPT_PARAMETERS:
		note_parameters(n, r);
		break;
	case OPT_VENDOR:
		notes_str_once(n, F_dhcp_vendor_class, r.p, rd_left(&r));
		os_note_vendor_class(c, r);
		break;
	case OPT_FQDN: /* flags and two codes, then the name (RFC 4702), as text */
		rd_skip(&r, 3);
		if (rd_left(&r) > 0 && *r.p >= ' ')
			notes_str_once(n, F_dhcp_host_name, r.p, rd_left(&r));
		break;
	}
}

static void note_options(const struct dissect_ctx *c, struct rd *r)
{
	while (rd_left(r) > 0) {
		uint8_t code = rd_u8(r);
		if (code == OPT_END)
			return;
		if (code == OPT_PAD)
			continue;
		struct rd value = rd_sub(r, rd_u8(r));
		if (!value.bad)
			note_option(c, code, value);
	}
}

static enum dissect dhcp_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	if (rd_left(&r) < HEADER + 4 || load_be32(r.p + HEADER) != COOKIE)
		return DISSECT_NOT_MINE;
	uint8_t op = rd_u8(&r), hardware = rd_u8(&r), hardware_len = rd_u8(&r);
	if (op < 1 || op > 2 || hardware == 0 || hardware_len > 16)
		return DISSECT_NOT_MINE;
	rd_skip(&r, 13); /* hops, xid, secs, flags, ciaddr */
	struct rd offered = rd_sub(&r, 4);
	rd_skip(&r, 8); /* siaddr, giaddr */
	const uint8_t *mac = rd_take(&r, 16);
	if (hardware_len == 6)
		notes_num_once(c->notes, F_dhcp_client_mac, load_be(mac, 6));
	if (op == 2)
		note_ip(c->notes, F_dhcp_offered_ip, offered);
	rd_skip(&r, 64 + 128 + 4); /* sname, file, cookie */
	note_options(c, &r);
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

const struct dissector dissector_dhcp = {
    .name = "dhcp",
    .title = "Dynamic Host Configuration Protocol",
    .over = OVER_UDP,
    .ports = {67, 68, 4011},
    FIRST_BYTES("\x01\x02"),
    .see = dhcp_see,
};
