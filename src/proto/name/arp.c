/* SPDX-License-Identifier: Apache-2.0 */
/* ARP (RFC 826) and RARP (RFC 903) for IPv4 on Ethernet-like links: one flow per pair of addresses,
 * the frame's type is all the proof that is needed. */
#include "proto/dissector.h"

enum { MAC_LEN = 6, IP_LEN = 4 };

static void note_mac(struct notes *n, enum field f, const uint8_t *p)
{
	char text[MAC_TEXT_MAX];
	notes_str_once(n, f, text, mac_format(load_be(p, MAC_LEN), text));
}

static void note_address(struct notes *n, enum field f, const uint8_t *p)
{
	struct ip ip = ip_from_v4(p);
	char text[IP_TEXT_MAX];
	notes_str_once(n, f, text, ip_format(&ip, text));
}

static enum dissect arp_see(struct dissect_ctx *c, struct rd *payload)
{
	uint16_t hardware = rd_be16(payload), proto = rd_be16(payload);
	uint8_t mac_len = rd_u8(payload), ip_len = rd_u8(payload);
	uint16_t op = rd_be16(payload);
	const uint8_t *src_mac = rd_take(payload, mac_len), *src = rd_take(payload, ip_len);
	const uint8_t *dst_mac = rd_take(payload, mac_len), *dst = rd_take(payload, ip_len);
	if (payload->bad || op == 0 || op > 25)
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, F_arp_hardware, hardware);
	notes_num_once(c->notes, F_arp_protocol, proto);
	notes_num_once(c->notes, F_arp_op, op);
	if (mac_len == MAC_LEN) {
		note_mac(c->notes, F_arp_src_mac, src_mac);
		note_mac(c->notes, F_arp_dst_mac, dst_mac);
	}
	if (proto == ETHER_IP4 && ip_len == IP_LEN) {
		note_address(c->notes, F_arp_src_ip, src);
		note_address(c->notes, F_arp_dst_ip, dst);
	}
	return DISSECT_MINE;
}

const struct dissector dissector_arp = {
    .name = "arp",
    .title = "Address Resolution Protocol",
    .over = OVER_ETHER,
    .ports_only = true,
    .ports = {ETHER_ARP, ETHER_RARP},
    .see = arp_see,
};
