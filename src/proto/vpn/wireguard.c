/* SPDX-License-Identifier: Apache-2.0 */
/* WireGuard (whitepaper 5.4): four kinds of datagrams, each with three zero bytes and a size of its
 * own. The indices by which the ends know their session are noted, as little-endian numbers. The
 * level of confidence is that of CESNET's detector, which knows 0, 1 (may be a DNS query) and 100.
 */
#include "proto/dissector.h"

enum {
	INITIATION = 1,
	RESPONSE = 2,
	COOKIE = 3,
	DATA = 4,
	INITIATION_LEN = 148,
	RESPONSE_LEN = 92,
	COOKIE_LEN = 64,
	DATA_MIN = 32,
	DATA_STEP = 16,
	SURE = 100,
};
/* Messages sent with one key: far below the 2^64 - 2^13 allowed, and never reached in practice. */
static const uint64_t COUNTER_MAX = (uint64_t)1 << 40;

static bool size_fits(uint32_t type, size_t n)
{
	return (type == INITIATION && n == INITIATION_LEN) ||
	       (type == RESPONSE && n == RESPONSE_LEN) || (type == COOKIE && n == COOKIE_LEN) ||
	       (type == DATA && n >= DATA_MIN && n % DATA_STEP == 0);
}

static void note_index(struct dissect_ctx *c, bool of_sender, uint32_t index)
{
	bool initiator = of_sender == (c->dir == 0);
	notes_num_once(c->notes, initiator ? F_wg_src_peer : F_wg_dst_peer, index);
}

static enum dissect wireguard_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	size_t n = rd_left(&r);
	uint32_t type = rd_le32(&r), first = rd_le32(&r), second = rd_le32(&r);
	if (r.bad || type < INITIATION || type > DATA || (!c->cut && !size_fits(type, n)))
		return DISSECT_NOT_MINE;
	uint64_t counter = second | (uint64_t)rd_le32(&r) << 32;
	if (type == DATA && (first == 0 || counter > COUNTER_MAX))
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, F_wg_conf_level, SURE);
	note_index(c, type == INITIATION || type == RESPONSE, first);
	if (type == RESPONSE)
		note_index(c, false, second);
	rd_skip(payload, n);
	/* Of data nothing more is learned once both indices are known. */
	bool both = notes_has(c->notes, F_wg_src_peer) && notes_has(c->notes, F_wg_dst_peer);
	return both ? DISSECT_DONE : DISSECT_MINE;
}

const struct dissector dissector_wireguard = {
    .name = "wireguard",
    .title = "WireGuard",
    .over = OVER_UDP,
    .ports = {51820},
    FIRST_BYTES("\1\4"),
    .see = wireguard_see,
};
