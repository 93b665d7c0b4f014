/* SPDX-License-Identifier: Apache-2.0 */
#include "net/crypto.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

struct crypto {
	EVP_MD *md[DIGEST_MAX];
	EVP_MD_CTX *digest[DIGEST_MAX];
	EVP_MAC *mac;
	EVP_MAC_CTX *hmac;
	EVP_CIPHER *ecb, *gcm;
	EVP_CIPHER_CTX *block, *sealed;
	bool failed[DIGEST_MAX]; /* since the last begin */
};

static const char *const digest_name[DIGEST_MAX] = {
    [DIGEST_MD5] = "MD5", [DIGEST_SHA1] = "SHA1", [DIGEST_SHA256] = "SHA256"};

static bool make_digests(struct crypto *c)
{
	for (unsigned d = 0; d < DIGEST_MAX; d++) {
		c->md[d] = EVP_MD_fetch(NULL, digest_name[d], NULL);
		c->digest[d] = EVP_MD_CTX_new();
		if (!c->md[d] || !c->digest[d] || !EVP_DigestInit_ex2(c->digest[d], c->md[d], NULL))
			return false;
	}
	return true;
}

static bool make_hmac(struct crypto *c)
{
	char sha256[] = "SHA256";
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
	    OSSL_PARAM_construct_end(),
	};
	c->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	c->hmac = c->mac ? EVP_MAC_CTX_new(c->mac) : NULL;
	return c->hmac && EVP_MAC_CTX_set_params(c->hmac, params);
}

static bool make_ciphers(struct crypto *c)
{
	c->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	c->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	c->block = EVP_CIPHER_CTX_new();
	c->sealed = EVP_CIPHER_CTX_new();
	return c->ecb && c->gcm && c->block && c->sealed &&
	       EVP_EncryptInit_ex2(c->block, c->ecb, NULL, NULL, NULL) &&
	       EVP_DecryptInit_ex2(c->sealed, c->gcm, NULL, NULL, NULL);
}

enum err crypto_new(struct crypto **ret)
{
	struct crypto *c = calloc(1, sizeof *c);
	if (!c)
		return ERR_NOMEM;
	if (!make_digests(c) || !make_hmac(c) || !make_ciphers(c)) {
		crypto_free(c);
		return ERR_NOMEM;
	}
	*ret = c;
	return ERR_OK;
}

void crypto_free(struct crypto *c)
{
	if (!c)
		return;
	for (unsigned d = 0; d < DIGEST_MAX; d++) {
		EVP_MD_CTX_free(c->digest[d]);
		EVP_MD_free(c->md[d]);
	}
	EVP_MAC_CTX_free(c->hmac);
	EVP_MAC_free(c->mac);
	EVP_CIPHER_CTX_free(c->block);
	EVP_CIPHER_CTX_free(c->sealed);
	EVP_CIPHER_free(c->ecb);
	EVP_CIPHER_free(c->gcm);
	free(c);
}

void crypto_digest_begin(struct crypto *c, enum crypto_digest d)
{
	c->failed[d] = !EVP_DigestInit_ex2(c->digest[d], NULL, NULL);
}

void crypto_digest_add(struct crypto *c, enum crypto_digest d, const void *p, size_t n)
{
	if (!c->failed[d])
		c->failed[d] = !EVP_DigestUpdate(c->digest[d], p, n);
}

size_t crypto_digest_end(struct crypto *c, enum crypto_digest d, uint8_t ret[DIGEST_BYTES_MAX])
{
	unsigned n = 0;
	if (c->failed[d] || !EVP_DigestFinal_ex(c->digest[d], ret, &n))
		return 0;
	return n;
}

bool crypto_hmac_sha256(struct crypto *c, const void *key, size_t key_n, const void *p, size_t n,
			uint8_t ret[SHA256_BYTES])
{
	size_t written = 0;
	return EVP_MAC_init(c->hmac, key, key_n, NULL) && EVP_MAC_update(c->hmac, p, n) &&
	       EVP_MAC_final(c->hmac, ret, &written, SHA256_BYTES) && written == SHA256_BYTES;
}

bool crypto_aes128_block(struct crypto *c, const uint8_t key[AES128_BYTES],
			 const uint8_t in[AES128_BYTES], uint8_t ret[AES128_BYTES])
{
	int n = 0;
	return EVP_EncryptInit_ex2(c->block, NULL, key, NULL, NULL) &&
	       EVP_EncryptUpdate(c->block, ret, &n, in, AES128_BYTES) && n == AES128_BYTES;
}

bool crypto_gcm_open(struct crypto *c, const struct crypto_sealed *s, uint8_t *ret)
{
	int n = 0, last = 0;
	uint8_t tag[GCM_TAG_BYTES];
	if (s->n > INT_MAX || s->aad_n > INT_MAX)
		return false;
	memcpy(tag, s->text + s->n, sizeof tag);
	return EVP_DecryptInit_ex2(c->sealed, NULL, s->key, s->nonce, NULL) &&
	       EVP_DecryptUpdate(c->sealed, NULL, &n, s->aad, (int)s->aad_n) &&
	       EVP_DecryptUpdate(c->sealed, ret, &n, s->text, (int)s->n) && n == (int)s->n &&
	       EVP_CIPHER_CTX_ctrl(c->sealed, EVP_CTRL_GCM_SET_TAG, sizeof tag, tag) > 0 &&
	       EVP_DecryptFinal_ex(c->sealed, ret + n, &last) > 0;
}
