/* SPDX-License-Identifier: Apache-2.0 */
/* BitTorrent: the handshake of peers (BEP 3) over TCP and uTP (BEP 29), and the distributed hash
 * table (BEP 5), which speaks bencoded dictionaries. */
#include "proto/dissector.h"
#include "proto/text.h"

enum {
	HASH = 20,
	PEER = 20,
	HANDSHAKE = 68,
	UTP_HEADER = 20,
	UTP_SYN = 0x41,
	CLIENT = 8,
};
static const char greeting[] = "\x13"
			       "BitTorrent protocol";
enum { GREETING = sizeof(greeting) - 1 };

static void note_hash(struct notes *n, const uint8_t *hash)
{
	char hex[2 * HASH];
	text_hex(hash, HASH, hex);
	notes_str_once(n, F_bt_info_hash, hex, sizeof(hex));
}

/* "-TR2940-...": two letters and four digits of who it is (BEP 20). */
static void note_client(struct notes *n, const uint8_t *peer)
{
	if (peer[0] == '-' && peer[7] == '-')
		notes_str_once(n, F_bt_client, peer + 1, CLIENT - 2);
}

static enum dissect see_peer(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	size_t n = rd_left(&r) < GREETING ? rd_left(&r) : GREETING;
	if (n == 0 || memcmp(r.p, greeting, n) != 0)
		return notes_has(c->notes, F_bt_info_hash) ? DISSECT_DONE : DISSECT_NOT_MINE;
	if (n < GREETING)
		return DISSECT_MORE;
	rd_skip(&r, GREETING + 8);
	const uint8_t *hash = rd_take(&r, HASH);
	if (!hash)
		return c->cut ? DISSECT_MINE : DISSECT_MORE;
	note_hash(c->notes, hash);
	const uint8_t *peer = rd_take(&r, PEER);
	if (!peer)
		return DISSECT_MINE; /* shown again with what follows */
	note_client(c->notes, peer);
	*payload = r;
	return DISSECT_DONE;
}

/* The handshake is the first thing that a connection over uTP carries; its opening carries nothing.
 */
static enum dissect see_utp(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	uint8_t type = rd_u8(&r), extension = rd_u8(&r);
	if ((type & 15) != 1 || type >> 4 > 4 || extension > 2)
		return DISSECT_NOT_MINE;
	rd_skip(&r, UTP_HEADER - 2);
	if (r.bad)
		return DISSECT_NOT_MINE;
	const uint8_t *p = payload->p;
	if (type == UTP_SYN && load_be16(p + 16) == 1 && load_be16(p + 18) == 0 &&
	    load_be32(p + 8) == 0)
		return DISSECT_MINE;
	if (extension == 0 && rd_left(&r) >= HANDSHAKE)
		return see_peer(c, &r);
	return notes_has(c->notes, F_bt_info_hash) ? DISSECT_DONE : DISSECT_MORE;
}

/* d1:ad2:id20:<id>9:info_hash20:<hash>e1:q9:get_peers1:t2:aa1:y1:qe */
static enum dissect see_dht(struct dissect_ctx *c, struct rd *payload)
{
	static const char hash_key[] = "9:info_hash20:";
	bool dictionary = text_begins(payload, "d1:ad2:id20:") ||
			  text_begins(payload, "d1:rd2:id20:") ||
			  text_begins(payload, "d1:eli20") || text_begins(payload, "d2:ip6:");
	if (!dictionary || (!c->cut && !text_find(payload, "1:y1:", 5)))
		return DISSECT_NOT_MINE;
	const uint8_t *at = text_find(payload, hash_key, sizeof(hash_key) - 1);
	if (at && (size_t)(payload->end - at) >= sizeof(hash_key) - 1 + HASH)
		note_hash(c->notes, at + sizeof(hash_key) - 1);
	return DISSECT_MINE;
}

static enum dissect bittorrent_see(struct dissect_ctx *c, struct rd *payload)
{
	if (rd_left(payload) == 0)
		return DISSECT_NOT_MINE;
	if (c->ends->proto != PROTO_UDP)
		return see_peer(c, payload);
	return *payload->p == 'd' ? see_dht(c, payload) : see_utp(c, payload);
}

const struct dissector dissector_bittorrent = {
    .name = "bittorrent",
    .title = "BitTorrent",
    .over = OVER_TCP | OVER_UDP,
    .ports = {6881},
    FIRST_BYTES("\1\1\x11\x11\x13\x13!!11AAdd"),
    .see = bittorrent_see,
};
