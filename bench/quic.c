/* SPDX-License-Identifier: Apache-2.0 */
#include "quic.h"

#include <openssl/evp.h>
#include <string.h>

enum { TAG = 16, NUMBER = 2, MESSAGE_MAX = 1000 };

/* The keys of the client and of the server that RFC 9001 A.1 gives for original_id. */
static const struct keys {
	uint8_t key[16], iv[12], hp[16];
} keys[2] = {{{0x1f, 0x36, 0x96, 0x13, 0xdd, 0x76, 0xd5, 0x46, 0x77, 0x30, 0xef, 0xcb, 0xe3, 0xb1,
	       0xa2, 0x2d},
	      {0xfa, 0x04, 0x4b, 0x2f, 0x42, 0xa3, 0xfd, 0x3b, 0x46, 0xfb, 0x25, 0x5c},
	      {0x9f, 0x50, 0x44, 0x9e, 0x04, 0xa0, 0xe8, 0x10, 0x28, 0x3a, 0x1e, 0x99, 0x33, 0xad,
	       0xed, 0xd2}},
	     {{0xcf, 0x3a, 0x53, 0x31, 0x65, 0x3c, 0x36, 0x4c, 0x88, 0xf0, 0xf3, 0x79, 0xb6, 0x06,
	       0x7e, 0x37},
	      {0x0a, 0xc1, 0x49, 0x3c, 0xa1, 0x90, 0x58, 0x53, 0xb0, 0xbb, 0xa0, 0x3e},
	      {0xc2, 0x06, 0xb8, 0xd9, 0xb9, 0xf0, 0xf3, 0x76, 0x44, 0x43, 0x0b, 0x49, 0x0e, 0xea,
	       0xa3, 0x14}}};
static const uint8_t original_id[8] = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};

static uint8_t *id_out(uint8_t *p, const void *id, size_t n)
{
	*p++ = (uint8_t)n;
	memcpy(p, id, n);
	return p + n;
}

static uint8_t *varint2(uint8_t *p, size_t v)
{
	*p++ = (uint8_t)(0x40 | v >> 8);
	*p++ = (uint8_t)v;
	return p;
}

static int seal(const struct keys *k, const uint8_t *head, size_t head_n, uint8_t *text, size_t n)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t plain[QUIC_INITIAL];
	int got;
	memcpy(plain, text, n);
	/* The packet's number is 0, so the nonce is the vector itself. */
	int ok = c && EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, k->key, k->iv) &&
		 EVP_EncryptUpdate(c, NULL, &got, head, (int)head_n) &&
		 EVP_EncryptUpdate(c, text, &got, plain, (int)n) &&
		 EVP_EncryptFinal_ex(c, text + n, &got) &&
		 EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, text + n);
	EVP_CIPHER_CTX_free(c);
	return ok;
}

/* RFC 9001 5.4: the sample begins four bytes behind the first of the number. */
static int protect(const struct keys *k, uint8_t *packet, uint8_t *number)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t mask[32];
	int got;
	int ok = c && EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, k->hp, NULL) &&
		 EVP_EncryptUpdate(c, mask, &got, number + 4, 16);
	EVP_CIPHER_CTX_free(c);
	if (!ok)
		return 0;
	packet[0] ^= mask[0] & 0x0f;
	number[0] ^= mask[1];
	number[1] ^= mask[2];
	return 1;
}

int quic_initial(int from_client, uint32_t id, const uint8_t *message, size_t n,
		 uint8_t out[QUIC_INITIAL])
{
	static const uint8_t begin[] = {0xc1, 0, 0, 0, 1}; /* number of two bytes; version 1 */
	const struct keys *k = &keys[!from_client];
	uint8_t *p = out + sizeof(begin), *number, *frame;
	if (n > MESSAGE_MAX)
		return 0;
	memset(out, 0, QUIC_INITIAL); /* what is left is PADDING frames */
	memcpy(out, begin, sizeof(begin));
	if (from_client) {
		p = id_out(p, original_id, sizeof(original_id));
		p = id_out(p, &id, sizeof(id));
	} else {
		p = id_out(p, &id, sizeof(id));
		p = id_out(p, "SERV", 4);
	}
	*p++ = 0; /* no token */
	number = varint2(p, QUIC_INITIAL - (size_t)(p + 2 - out));
	frame = p = number + NUMBER;
	*p++ = 6; /* CRYPTO, from offset 0 */
	*p++ = 0;
	memcpy(varint2(p, n), message, n);
	return seal(k, out, (size_t)(frame - out), frame,
		    QUIC_INITIAL - TAG - (size_t)(frame - out)) &&
	       protect(k, out, number);
}
