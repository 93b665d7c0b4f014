/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/web/ssl2.h"

#include "proto/dissection.h"
#include "proto/web/tls_cert.h"
#include "proto/web/tls_hello.h"

enum {
	SSL2_CLIENT_HELLO = 1,
	SSL2_CLIENT_MASTER_KEY = 2,
	SSL2_SERVER_HELLO = 4,
	SSL2_HEAD = 2,
	SSL2_CIPHER = 3,
	CERTIFICATE_X509 = 1,
};

static bool version_known(uint16_t v)
{
	return v == SSL2 || (v >= SSL3 && v <= TLS1_2);
}

static enum dissect client_hello(struct dissect_ctx *c, struct ssl2 *s, struct rd r)
{
	uint16_t version = rd_be16(&r), ciphers_n = rd_be16(&r), id_n = rd_be16(&r);
	uint16_t challenge_n = rd_be16(&r);
	struct rd ciphers = rd_sub(&r, ciphers_n), rest = ciphers;
	if (r.bad || !version_known(version) || !ciphers_n || ciphers_n % SSL2_CIPHER ||
	    (id_n != 0 && id_n != 16) || challenge_n < 16 || challenge_n > 32 ||
	    rd_left(&r) != (size_t)id_n + challenge_n)
		return DISSECT_NOT_MINE;
	s->version = version;
	notes_num_once(c->notes, F_tls_client_version, version);
	notes_num_once(c->notes, F_tls_version, version);
	for (int i = 0; i < NOTES_LIST_MAX && rd_left(&rest); i++)
		notes_push(c->notes, F_tls_cipher_suites, rd_be24(&rest));
	char ja3[32];
	struct crypto *crypto = dissect_crypto(c);
	if (crypto && tls_ja3_ssl2(crypto, version, ciphers, ja3))
		notes_str_once(c->notes, F_tls_ja3, ja3, sizeof ja3);
	return DISSECT_MINE;
}

static enum dissect server_hello(struct dissect_ctx *c, struct ssl2 *s, struct rd r)
{
	uint8_t hit = rd_u8(&r), type = rd_u8(&r);
	uint16_t version = rd_be16(&r), certificate_n = rd_be16(&r), ciphers_n = rd_be16(&r);
	uint16_t id_n = rd_be16(&r);
	struct rd der = rd_sub(&r, certificate_n);
	if (r.bad || hit > 1 || type > CERTIFICATE_X509 || version != SSL2 ||
	    ciphers_n % SSL2_CIPHER || id_n > 32 || rd_left(&r) != (size_t)ciphers_n + id_n)
		return DISSECT_NOT_MINE;
	s->version = version;
	notes_num_once(c->notes, F_tls_server_version, version);
	notes_num_put(c->notes, F_tls_version, version);
	if (hit)
		notes_num_once(c->notes, F_tls_resumed, 1);
	if (rd_left(&der)) {
		notes_num_once(c->notes, F_tls_certificates, 1);
		tls_note_certificate(c, der, true);
	}
	return hit ? DISSECT_DONE : DISSECT_MINE;
}

/* The client settles the cipher. */
static enum dissect master_key(struct dissect_ctx *c, struct rd r)
{
	uint32_t cipher = rd_be24(&r);
	size_t keys = rd_be16(&r);
	keys += rd_be16(&r);
	keys += rd_be16(&r);
	if (r.bad || rd_left(&r) != keys)
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, F_tls_cipher_suite, cipher);
	return DISSECT_DONE;
}

enum dissect ssl2_see(struct dissect_ctx *c, struct ssl2 *s, struct rd *payload)
{
	struct rd r = *payload;
	if (!(*r.p & 0x80))
		return DISSECT_NOT_MINE;
	uint16_t head = rd_be16(&r);
	uint8_t type = rd_u8(&r);
	if (r.bad)
		return DISSECT_MORE;
	bool awaited = type == SSL2_CLIENT_HELLO || type == SSL2_SERVER_HELLO ||
		       (type == SSL2_CLIENT_MASTER_KEY && s->version == SSL2);
	if (!awaited || (head & 0x7fff) < 9)
		return s->version == SSL2 ? DISSECT_DONE : DISSECT_NOT_MINE;
	if (type == SSL2_CLIENT_HELLO && rd_left(&r) >= 2 && !version_known(load_be16(r.p)))
		return DISSECT_NOT_MINE;
	if (type == SSL2_SERVER_HELLO && rd_left(&r) >= 4 && load_be16(r.p + 2) != SSL2)
		return DISSECT_NOT_MINE;
	struct rd body = rd_sub(&r, (size_t)(head & 0x7fff) - 1);
	if (body.bad)
		return DISSECT_MORE;
	enum dissect got = type == SSL2_CLIENT_HELLO   ? client_hello(c, s, body)
			   : type == SSL2_SERVER_HELLO ? server_hello(c, s, body)
						       : master_key(c, body);
	if (got != DISSECT_NOT_MINE)
		*payload = r;
	return got;
}
