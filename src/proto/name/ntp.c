/* SPDX-License-Identifier: Apache-2.0 */
/* NTP v1 to v4 (RFC 5905). The answer of a server tells more than the question, so its values win
 * over those of the client. Nothing in 48 bytes of numbers proves the protocol; only its port is
 * looked at. */
#include "proto/dissector.h"

#include <stdio.h>

enum { PORT = 123, LEN = 48, TEXT = 32 };
enum ntp_mode {
	NTP_SYMMETRIC = 1,
	NTP_CLIENT = 3,
	NTP_SERVER = 4,
	NTP_BROADCAST = 5,
	NTP_CONTROL = 6
};

static void note_time(struct notes *n, enum field f, uint64_t t)
{
	char text[TEXT];
	unsigned us = (unsigned)((t & UINT32_MAX) * 1000000 >> 32);
	int len = snprintf(text, sizeof(text), "%u.%06u", (unsigned)(t >> 32), us);
	notes_str_put(n, f, text, len > 0 ? (size_t)len : 0);
}

/* A clock's name at stratum 0 and 1, above that the address of the server's server (7.3). */
static void note_reference(struct notes *n, uint8_t stratum, const uint8_t *id)
{
	char text[IP_TEXT_MAX];
	struct ip ip = ip_from_v4(id);
	if (stratum < 2)
		notes_str_put(n, F_ntp_reference_id, id, 4);
	else
		notes_str_put(n, F_ntp_reference_id, text, ip_format(&ip, text));
}

static void note(struct notes *n, struct rd r)
{
	uint8_t first = rd_u8(&r), stratum = rd_u8(&r);
	notes_num_put(n, F_ntp_leap, first >> 6);
	notes_num_put(n, F_ntp_version, first >> 3 & 7);
	notes_num_put(n, F_ntp_mode, first & 7);
	notes_num_put(n, F_ntp_stratum, stratum);
	notes_num_put(n, F_ntp_poll, rd_u8(&r));
	notes_num_put(n, F_ntp_precision, rd_u8(&r));
	notes_num_put(n, F_ntp_delay, rd_be32(&r));
	notes_num_put(n, F_ntp_dispersion, rd_be32(&r));
	note_reference(n, stratum, rd_take(&r, 4));
	note_time(n, F_ntp_reference_time, rd_be64(&r));
	note_time(n, F_ntp_origin_time, rd_be64(&r));
	note_time(n, F_ntp_receive_time, rd_be64(&r));
	note_time(n, F_ntp_transmit_time, rd_be64(&r));
}

static enum dissect ntp_see(struct dissect_ctx *c, struct rd *payload)
{
	uint64_t noted_mode = 0;
	if (rd_left(payload) == 0)
		return DISSECT_NOT_MINE;
	uint8_t version = *payload->p >> 3 & 7, mode = *payload->p & 7;
	if (version < 1 || version > 4 || mode < NTP_SYMMETRIC)
		return DISSECT_NOT_MINE;
	if (mode >= NTP_CONTROL) { /* control messages (RFC 9327) and ntpd's own: only who speaks */
		if (rd_left(payload) < 4)
			return DISSECT_NOT_MINE;
		notes_num_once(c->notes, F_ntp_version, version);
		notes_num_once(c->notes, F_ntp_mode, mode);
		return DISSECT_MINE;
	}
	if (rd_left(payload) < LEN || (!c->cut && rd_left(payload) % 4 != 0))
		return DISSECT_NOT_MINE;
	bool known = notes_num(c->notes, F_ntp_mode, &noted_mode);
	if (!known || (mode == NTP_SERVER && noted_mode == NTP_CLIENT))
		note(c->notes, *payload);
	return DISSECT_MINE;
}

const struct dissector dissector_ntp = {
    .name = "ntp",
    .title = "Network Time Protocol",
    .over = OVER_UDP,
    .ports_only = true,
    .ports = {PORT},
    .see = ntp_see,
};
