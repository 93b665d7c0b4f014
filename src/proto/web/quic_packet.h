/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of QUIC (RFC 8999, 9000, 9369): long headers, and the protection of Initial packets,
 * whose keys follow from a connection id that everybody sees (RFC 9001 5). */
#pragma once
#include "base/attr.h"
#include "base/rd.h"

struct crypto;

enum { QUIC_CID_MAX = 20, QUIC_KEY = 16, QUIC_IV = 12 };

enum quic_type { QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE, QUIC_RETRY };

/* What versions differ in. */
struct quic_version {
	uint32_t first, last; /* numbers that it has */
	uint8_t salt[20];
	bool v2; /* labels and packet types of RFC 9369 */
};
/* NULL: none we know. */
const struct quic_version *quic_version(uint32_t number);

struct quic_packet {
	enum quic_type type;
	uint32_t version;
	struct rd dcid, scid;
	uint64_t token_n;
	struct rd whole;  /* from the first byte to the end of the packet, Initial only */
	size_t number_at; /* offset of the packet number in it */
};

/* The next packet with a long header of a version we know. False: there is none; r is bad or as it
 * was. Version 0 (negotiation) is none. */
bool quic_packet(struct rd *r, struct quic_packet *ret);

struct quic_keys {
	uint8_t key[QUIC_KEY], iv[QUIC_IV], hp[QUIC_KEY];
};
/* The keys that a connection begins with: of the client's or the server's packets. */
must_check bool quic_keys(struct crypto *c, const struct quic_version *v, struct rd dcid,
			  bool server, struct quic_keys *ret);
/* Takes the protection off an Initial packet. False: these are not its keys. text: room for the
 * whole packet; *ret views it. */
must_check bool quic_open(struct crypto *c, const struct quic_keys *k, const struct quic_packet *p,
			  uint8_t *text, struct rd *ret);

/* RFC 9000 16: a number of 1, 2, 4 or 8 bytes. */
uint64_t quic_varint(struct rd *r);
