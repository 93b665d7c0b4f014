/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog (RFC 3164, RFC 5424) over UDP: a priority in angle brackets, then a version or a month.
 * What people send without either is only believed at the port of syslog. */
#include "proto/dissector.h"
#include "proto/text.h"

enum { PORT = 514, PRIORITY_MAX = 191 };

static bool is_month(const struct rd *r)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int i = 0; rd_left(r) >= 4 && i < 12; i++)
		if (memcmp(r->p, months + (size_t)i * 3, 3) == 0 && r->p[3] == ' ')
			return true;
	return false;
}

static enum dissect syslog_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	uint64_t priority;
	if (rd_u8(&r) != '<' || rd_left(&r) == 0 || *r.p < '0' || *r.p > '9' ||
	    !text_number(&r, &priority) || priority > PRIORITY_MAX || rd_u8(&r) != '>')
		return DISSECT_NOT_MINE;
	bool on_port = c->ends->src_port == PORT || c->ends->dst_port == PORT;
	if (!on_port && !text_begins(&r, "1 ") && !is_month(&r))
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, F_syslog_facility, priority >> 3);
	notes_num_min(c->notes, F_syslog_severity, priority & 7);
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

const struct dissector dissector_syslog = {
    .name = "syslog",
    .title = "Syslog",
    .over = OVER_UDP,
    .ports = {PORT},
    FIRST_BYTES("<<"),
    .see = syslog_see,
};
