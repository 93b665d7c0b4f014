/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/web/quic_packet.h"

#include "net/crypto.h"

enum { LONG_HEADER = 0x80, SAMPLE = 16, NUMBER_MAX = 4, LABEL_MAX = 32, CLIENT_HEADER_MAX = 2048 };

/* clang-format off */
static const struct quic_version versions[] = {
	{0x00000001, 0x00000001, {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}, false},
	{0x6b3343cf, 0x6b3343cf, {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9}, true},
	/* drafts 33 and 34, 29 to 32, 23 to 28; the last also as Facebook numbers draft 27 */
	{0xff000021, 0xff000022, {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}, false},
	{0xff00001d, 0xff000020, {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99}, false},
	{0xff000017, 0xff00001c, {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02}, false},
	{0xfaceb002, 0xfaceb002, {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02}, false},
};
/* clang-format on */

const struct quic_version *quic_version(uint32_t number)
{
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (number >= versions[i].first && number <= versions[i].last)
			return &versions[i];
	return NULL;
}

uint64_t quic_varint(struct rd *r)
{
	uint8_t first = rd_u8(r);
	size_t more = ((size_t)1 << (first >> 6)) - 1;
	const uint8_t *p = rd_take(r, more);
	if (!p)
		return 0;
	return (uint64_t)(first & 0x3f) << 8 * more | load_be(p, more);
}

/* --- headers */

static struct rd cid(struct rd *r)
{
	uint8_t n = rd_u8(r);
	struct rd id = rd_sub(r, n);
	if (n > QUIC_CID_MAX)
		r->bad = true;
	return id;
}

static enum quic_type type_of(uint8_t first, const struct quic_version *v)
{
	unsigned bits = first >> 4 & 3;
	return (enum quic_type)(v->v2 ? (bits + 3) & 3 : bits);
}

bool quic_packet(struct rd *r, struct quic_packet *ret)
{
	struct rd at = *r;
	uint8_t first = rd_u8(&at);
	if (!(first & LONG_HEADER)) /* the bit behind it may be anything (RFC 9287) */
		return false;
	struct quic_packet p = {.version = rd_be32(&at)};
	const struct quic_version *v = quic_version(p.version);
	if (!v)
		return false;
	p.type = type_of(first, v);
	p.dcid = cid(&at);
	p.scid = cid(&at);
	if (p.type == QUIC_INITIAL) {
		p.token_n = quic_varint(&at);
		rd_skip(&at, p.token_n);
	}
	if (p.type == QUIC_RETRY) {
		if (rd_left(&at) < GCM_TAG_BYTES)
			return false;
		rd_skip(&at, rd_left(&at));
	} else {
		uint64_t n = quic_varint(&at);
		p.number_at = (size_t)(at.p - r->p);
		rd_skip(&at, n);
	}
	if (at.bad)
		return false;
	p.whole = rd_of(r->p, (size_t)(at.p - r->p));
	*r = at;
	*ret = p;
	return true;
}

/* --- keys */

/* HKDF-Expand-Label of RFC 8446 7.1, for at most one block. */
static bool expand(struct crypto *c, const uint8_t secret[SHA256_BYTES], const char *label,
		   size_t n, uint8_t *ret)
{
	uint8_t info[LABEL_MAX], out[SHA256_BYTES];
	size_t label_n = strlen(label), at = 0;
	info[at++] = 0;
	info[at++] = (uint8_t)n;
	info[at++] = (uint8_t)(6 + label_n);
	memcpy(info + at, "tls13 ", 6);
	memcpy(info + at + 6, label, label_n);
	at += 6 + label_n;
	info[at++] = 0;
	info[at++] = 1;
	if (!crypto_hmac_sha256(c, secret, SHA256_BYTES, info, at, out))
		return false;
	memcpy(ret, out, n);
	return true;
}

bool quic_keys(struct crypto *c, const struct quic_version *v, struct rd dcid, bool server,
	       struct quic_keys *ret)
{
	uint8_t initial[SHA256_BYTES], secret[SHA256_BYTES];
	return crypto_hmac_sha256(c, v->salt, sizeof v->salt, dcid.p, rd_left(&dcid), initial) &&
	       expand(c, initial, server ? "server in" : "client in", SHA256_BYTES, secret) &&
	       expand(c, secret, v->v2 ? "quicv2 key" : "quic key", QUIC_KEY, ret->key) &&
	       expand(c, secret, v->v2 ? "quicv2 iv" : "quic iv", QUIC_IV, ret->iv) &&
	       expand(c, secret, v->v2 ? "quicv2 hp" : "quic hp", QUIC_KEY, ret->hp);
}

bool quic_open(struct crypto *c, const struct quic_keys *k, const struct quic_packet *p,
	       uint8_t *text, struct rd *ret)
{
	uint8_t mask[AES128_BYTES], header[CLIENT_HEADER_MAX], nonce[GCM_NONCE_BYTES];
	size_t n = rd_left(&p->whole), at = p->number_at;
	if (n < at + NUMBER_MAX + SAMPLE || at + NUMBER_MAX > sizeof header ||
	    !crypto_aes128_block(c, k->hp, p->whole.p + at + NUMBER_MAX, mask))
		return false;
	memcpy(header, p->whole.p, at + NUMBER_MAX);
	header[0] ^= mask[0] & 0x0f;
	size_t number_n = (header[0] & 3) + (size_t)1;
	memcpy(nonce, k->iv, sizeof nonce);
	for (size_t i = 0; i < number_n; i++) {
		header[at + i] ^= mask[1 + i];
		nonce[sizeof nonce - number_n + i] ^= header[at + i];
	}
	const struct crypto_sealed s = {.key = k->key,
					.nonce = nonce,
					.aad = header,
					.aad_n = at + number_n,
					.text = p->whole.p + at + number_n,
					.n = n - at - number_n - GCM_TAG_BYTES};
	if (!crypto_gcm_open(c, &s, text))
		return false;
	*ret = rd_of(text, s.n);
	return true;
}
