/* SPDX-License-Identifier: Apache-2.0 */
/* The cryptography that looking at traffic needs: digests for fingerprints, HMAC for HKDF (RFC
 * 5869), AES for the packets that QUIC protects with keys anybody can derive (RFC 9001 5.2).
 * OpenSSL (libcrypto); the contexts are made once and used again, because making them costs more
 * than hashing a fingerprint. One struct crypto per thread. */
#pragma once
#include "base/attr.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum crypto_digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_MAX };
enum {
	MD5_BYTES = 16,
	SHA1_BYTES = 20,
	SHA256_BYTES = 32,
	DIGEST_BYTES_MAX = 32,
	AES128_BYTES = 16,
	GCM_NONCE_BYTES = 12,
	GCM_TAG_BYTES = 16,
};

struct crypto;

must_check enum err crypto_new(struct crypto **ret);
void crypto_free(struct crypto *c); /* may be NULL */

/* A digest of bytes that come in pieces; one at a time of each kind. Returns the bytes of ret that
 * were written; 0: OpenSSL failed (no memory). */
void crypto_digest_begin(struct crypto *c, enum crypto_digest d);
void crypto_digest_add(struct crypto *c, enum crypto_digest d, const void *p, size_t n);
size_t crypto_digest_end(struct crypto *c, enum crypto_digest d, uint8_t ret[DIGEST_BYTES_MAX]);

must_check bool crypto_hmac_sha256(struct crypto *c, const void *key, size_t key_n, const void *p,
				   size_t n, uint8_t ret[SHA256_BYTES]);
/* One block, for header protection (RFC 9001 5.4.3). */
must_check bool crypto_aes128_block(struct crypto *c, const uint8_t key[AES128_BYTES],
				    const uint8_t in[AES128_BYTES], uint8_t ret[AES128_BYTES]);

struct crypto_sealed {
	const uint8_t *key;   /* AES128_BYTES */
	const uint8_t *nonce; /* GCM_NONCE_BYTES */
	const uint8_t *aad;
	size_t aad_n;
	const uint8_t *text; /* n bytes, the tag behind them */
	size_t n;
};
/* AES-128-GCM: writes s->n bytes to ret. False: the tag is not that of these bytes. */
must_check bool crypto_gcm_open(struct crypto *c, const struct crypto_sealed *s, uint8_t *ret);
