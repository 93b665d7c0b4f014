/* SPDX-License-Identifier: Apache-2.0 */
#include "net/crypto.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

static struct crypto *crypto;

static int make(void **state)
{
	(void)state;
	return crypto_new(&crypto) != ERR_OK;
}

static int drop(void **state)
{
	(void)state;
	crypto_free(crypto);
	return 0;
}

/* "abc" in two pieces: RFC 1321 A.5, FIPS 180-4 examples. Twice, as the contexts are used again. */
static void digests(void **state)
{
	(void)state;
	static const struct {
		enum crypto_digest d;
		size_t n;
		uint8_t first[4];
	} known[] = {{DIGEST_MD5, MD5_BYTES, {0x90, 0x01, 0x50, 0x98}},
		     {DIGEST_SHA1, SHA1_BYTES, {0xa9, 0x99, 0x3e, 0x36}},
		     {DIGEST_SHA256, SHA256_BYTES, {0xba, 0x78, 0x16, 0xbf}}};
	for (size_t i = 0; i < 2 * (sizeof known / sizeof *known); i++) {
		uint8_t out[DIGEST_BYTES_MAX];
		enum crypto_digest d = known[i / 2].d;
		crypto_digest_begin(crypto, d);
		crypto_digest_add(crypto, d, "a", 1);
		crypto_digest_add(crypto, d, "bc", 2);
		assert_int_equal(crypto_digest_end(crypto, d, out), known[i / 2].n);
		assert_memory_equal(out, known[i / 2].first, 4);
	}
}

/* RFC 4231, test case 2. */
static void hmac(void **state)
{
	(void)state;
	static const uint8_t expected[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e};
	uint8_t out[SHA256_BYTES];
	for (int i = 0; i < 2; i++) {
		assert_true(crypto_hmac_sha256(crypto, "other", 5, "x", 1, out));
		assert_true(
		    crypto_hmac_sha256(crypto, "Jefe", 4, "what do ya want for nothing?", 28, out));
		assert_memory_equal(out, expected, sizeof expected);
	}
}

/* FIPS 197 appendix C.1. */
static void block(void **state)
{
	(void)state;
	uint8_t key[16], in[16], out[16];
	static const uint8_t expected[16] = {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
					     0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a};
	for (int i = 0; i < 16; i++) {
		key[i] = (uint8_t)i;
		in[i] = (uint8_t)(i << 4 | i);
	}
	assert_true(crypto_aes128_block(crypto, key, in, out));
	assert_memory_equal(out, expected, sizeof out);
}

/* Test case 2 of the GCM specification: 16 zeros under a key of zeros. */
static void sealed(void **state)
{
	(void)state;
	static const uint8_t zeros[16];
	uint8_t text[32] = {0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92, 0xf3, 0x28, 0xc2,
			    0xb9, 0x71, 0xb2, 0xfe, 0x78, 0xab, 0x6e, 0x47, 0xd4, 0x2c, 0xec,
			    0x13, 0xbd, 0xf5, 0x3a, 0x67, 0xb2, 0x12, 0x57, 0xbd, 0xdf};
	uint8_t out[16];
	const struct crypto_sealed s = {
	    .key = zeros, .nonce = zeros, .aad = zeros, .text = text, .n = 16};
	assert_true(crypto_gcm_open(crypto, &s, out));
	assert_memory_equal(out, zeros, sizeof out);
	text[31] ^= 1;
	assert_false(crypto_gcm_open(crypto, &s, out));
	text[31] ^= 1;
	assert_true(crypto_gcm_open(crypto, &s, out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(digests),
	    cmocka_unit_test(hmac),
	    cmocka_unit_test(block),
	    cmocka_unit_test(sealed),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
