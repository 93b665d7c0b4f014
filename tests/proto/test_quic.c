/* SPDX-License-Identifier: Apache-2.0 */
/* Packets are protected here with the keys that RFC 9001 A.1 and RFC 9369 A.1 give for the
 * connection id 8394c8f03e515708, so that deriving them is tested against the RFCs. */
#include "cases.h"
#include "tls_bytes.h"

#include <openssl/evp.h>

struct keys {
	uint8_t key[16], iv[12], hp[16];
};
/* clang-format off */
static const struct keys client_v1 = {
	{0x1f, 0x36, 0x96, 0x13, 0xdd, 0x76, 0xd5, 0x46, 0x77, 0x30, 0xef, 0xcb, 0xe3, 0xb1, 0xa2, 0x2d},
	{0xfa, 0x04, 0x4b, 0x2f, 0x42, 0xa3, 0xfd, 0x3b, 0x46, 0xfb, 0x25, 0x5c},
	{0x9f, 0x50, 0x44, 0x9e, 0x04, 0xa0, 0xe8, 0x10, 0x28, 0x3a, 0x1e, 0x99, 0x33, 0xad, 0xed, 0xd2}};
static const struct keys server_v1 = {
	{0xcf, 0x3a, 0x53, 0x31, 0x65, 0x3c, 0x36, 0x4c, 0x88, 0xf0, 0xf3, 0x79, 0xb6, 0x06, 0x7e, 0x37},
	{0x0a, 0xc1, 0x49, 0x3c, 0xa1, 0x90, 0x58, 0x53, 0xb0, 0xbb, 0xa0, 0x3e},
	{0xc2, 0x06, 0xb8, 0xd9, 0xb9, 0xf0, 0xf3, 0x76, 0x44, 0x43, 0x0b, 0x49, 0x0e, 0xea, 0xa3, 0x14}};
static const struct keys client_v2 = {
	{0x8b, 0x1a, 0x0b, 0xc1, 0x21, 0x28, 0x42, 0x90, 0xa2, 0x9e, 0x09, 0x71, 0xb5, 0xcd, 0x04, 0x5d},
	{0x91, 0xf7, 0x3e, 0x23, 0x51, 0xd8, 0xfa, 0x91, 0x66, 0x0e, 0x90, 0x9f},
	{0x45, 0xb9, 0x5e, 0x15, 0x23, 0x5d, 0x6f, 0x45, 0xa6, 0xb1, 0x9c, 0xbc, 0xb0, 0x29, 0x4b, 0xa9}};
/* clang-format on */
static const uint8_t original_cid[] = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};

/* Appends n bytes under AES-128-GCM and their tag. */
static void seal(const struct keys *k, const uint8_t *nonce, const struct buf *aad,
		 const uint8_t *p, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int got;
	assert_true(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, k->key, nonce));
	assert_true(EVP_EncryptUpdate(ctx, NULL, &got, aad->p, (int)aad->n));
	assert_true(EVP_EncryptUpdate(ctx, out, &got, p, (int)n));
	assert_true(EVP_EncryptFinal_ex(ctx, out + n, &got));
	assert_true(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, out + n));
	EVP_CIPHER_CTX_free(ctx);
}

static void mask_of(const struct keys *k, const uint8_t *sample, uint8_t mask[32])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int got;
	assert_true(EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, k->hp, NULL));
	assert_true(EVP_EncryptUpdate(ctx, mask, &got, sample, 16));
	EVP_CIPHER_CTX_free(ctx);
}

static void cid(struct buf *b, const char *id, size_t n)
{
	buf_u8(b, (uint8_t)n);
	buf_put(b, id, n);
}

/* An Initial packet with these frames (RFC 9000 17.2.2), its number in two bytes. */
static void initial(struct buf *out, const struct keys *k, bool from_client, uint8_t number,
		    const struct buf *frames)
{
	struct buf h = {0};
	bool v2 = k == &client_v2;
	buf_u8(&h, v2 ? 0xd1 : 0xc1);
	buf_be32(&h, v2 ? 0x6b3343cf : 1);
	if (from_client)
		cid(&h, (const char *)original_cid, sizeof original_cid);
	else
		cid(&h, "CLIENT", 6);
	cid(&h, from_client ? "CLIENT" : "SERV", from_client ? 6 : 4);
	cid(&h, from_client ? "tok" : "", from_client ? 3 : 0); /* the token */
	buf_be16(&h, (uint16_t)(0x4000 | (2 + frames->n + 16)));
	size_t number_at = h.n;
	buf_be16(&h, number);
	uint8_t nonce[12], mask[32], *text = malloc(frames->n + 16);
	assert_non_null(text);
	memcpy(nonce, k->iv, 12);
	nonce[11] ^= number;
	seal(k, nonce, &h, frames->p, frames->n, text);
	mask_of(k, text + 2, mask); /* the sample begins four bytes behind the number's first */
	h.p[0] ^= mask[0] & 0x0f;
	h.p[number_at] ^= mask[1];
	h.p[number_at + 1] ^= mask[2];
	buf_put(out, h.p, h.n);
	buf_put(out, text, frames->n + 16);
	free(text);
	buf_fini(&h);
}

static void crypto_frame(struct buf *b, const struct buf *hello, size_t from, size_t n)
{
	buf_u8(b, 6);
	buf_be16(b, (uint16_t)(0x4000 | from));
	buf_be16(b, (uint16_t)(0x4000 | n));
	buf_put(b, hello->p + from, n);
}

static void quic_hello(struct buf *b)
{
	/* transport parameters: idle time-out, user agent */
	static const char extra[] = "\x00\x39\x00\x0f\x01\x02\x40\x64\x71\x29\x08"
				    "Agent/1.";
	client_hello(
	    b, &(struct hello){.name = "q.example", .extra = extra, .extra_n = sizeof extra - 1});
}

static struct conversation udp(const struct message *m, size_t n)
{
	return (struct conversation){
	    .proto = 17, .client_port = 50000, .server_port = 443, .m = m, .n = n};
}

static void assert_client(const char *json)
{
	assert_noted(json, "app_name", "\"quic\"");
	assert_noted(json, "tls_sni", "\"q.example\"");
	assert_noted(json, "quic_user_agent", "\"Agent/1.\"");
	assert_noted(json, "quic_original_cid", "\"8394c8f03e515708\"");
	assert_noted(json, "quic_client_cid", "\"434c49454e54\"");
	assert_noted(json, "quic_token_length", "3");
	assert_noted(json, "tls_client_version", "772");
}

/* The hello in one datagram, the server's answer in another. */
static void both(void **state)
{
	(void)state;
	static const uint8_t extensions[] = {0, 0x2b, 0, 2, 3, 4, 0, 0x33, 0, 4, 0, 0x1d, 0, 0};
	struct buf hello = {0}, frames = {0}, client = {0}, answer = {0}, server = {0};
	quic_hello(&hello);
	crypto_frame(&frames, &hello, 0, hello.n);
	initial(&client, &client_v1, true, 2, &frames);
	server_hello(&answer, 0x0303, 0, 0x1302, extensions, sizeof extensions);
	buf_reset(&frames);
	buf_put(&frames, "\2\0\0\0\0", 5); /* ACK */
	crypto_frame(&frames, &answer, 0, answer.n);
	initial(&server, &server_v1, false, 1, &frames);
	const struct message m[] = {{FROM_CLIENT, client.p, client.n, 0},
				    {FROM_SERVER, server.p, server.n, 0}};
	const struct conversation c = udp(m, 2);
	char *json = dissect(&c);
	assert_client(json);
	assert_noted(json, "quic_client_version", "1");
	assert_noted(json, "quic_version", "1");
	assert_noted(json, "quic_server_cid", "\"53455256\"");
	assert_noted(json, "tls_server_version", "772");
	assert_noted(json, "tls_cipher_suite", "4866");
	assert_noted(json, "tls_group", "29");
	free(json);
	torture(&c);
	buf_fini(&hello);
	buf_fini(&frames);
	buf_fini(&client);
	buf_fini(&answer);
	buf_fini(&server);
}

/* The hello in pieces, in no order, over two datagrams, with padding and pings between. */
static void pieces(void **state)
{
	(void)state;
	struct buf hello = {0}, frames = {0}, first = {0}, second = {0};
	quic_hello(&hello);
	crypto_frame(&frames, &hello, 200, hello.n - 200);
	buf_put(&frames, "\0\0\0\1\1", 5);
	crypto_frame(&frames, &hello, 50, 60);
	initial(&first, &client_v1, true, 0, &frames);
	buf_reset(&frames);
	crypto_frame(&frames, &hello, 100, 120); /* over what is there already */
	crypto_frame(&frames, &hello, 0, 50);
	initial(&second, &client_v1, true, 1, &frames);
	const struct message m[] = {{FROM_CLIENT, first.p, first.n, 0},
				    {FROM_CLIENT, second.p, second.n, 0}};
	const struct conversation c = udp(m, 2);
	char *json = dissect(&c);
	assert_client(json);
	free(json);
	torture(&c);
	const struct conversation half = udp(m, 1);
	EXPECT(&half, {"app_name", "\"quic\""}, {"tls_sni", NULL});
	buf_fini(&hello);
	buf_fini(&frames);
	buf_fini(&first);
	buf_fini(&second);
}

/* RFC 9000 17.2.5: the server wants to see that the client is there. */
static void retry(void **state)
{
	(void)state;
	static const char answer[] = "\xf0\0\0\0\1\6CLIENT\4NEWStoken"
				     "0123456789abcdef";
	struct buf hello = {0}, frames = {0}, client = {0};
	quic_hello(&hello);
	crypto_frame(&frames, &hello, 0, hello.n);
	initial(&client, &client_v1, true, 0, &frames);
	const struct message m[] = {{FROM_CLIENT, client.p, client.n, 0},
				    {FROM_SERVER, answer, sizeof answer - 1, 0}};
	const struct conversation c = udp(m, 2);
	EXPECT(&c, {"app_name", "\"quic\""}, {"quic_retry_cid", "\"4e455753\""},
	       {"quic_server_cid", NULL});
	torture(&c);
	buf_fini(&hello);
	buf_fini(&frames);
	buf_fini(&client);
}

static void version_2(void **state)
{
	(void)state;
	struct buf hello = {0}, frames = {0}, client = {0};
	quic_hello(&hello);
	crypto_frame(&frames, &hello, 0, hello.n);
	initial(&client, &client_v2, true, 0, &frames);
	const struct message m[] = {{FROM_CLIENT, client.p, client.n, 0}};
	const struct conversation c = udp(m, 1);
	char *json = dissect(&c);
	assert_client(json);
	assert_noted(json, "quic_version", "1798521807"); /* 0x6b3343cf */
	free(json);
	torture(&c);
	client.p[client.n - 1] ^= 1; /* the tag does not fit any more */
	EXPECT(&c, {"app_name", "\"quic\""}, {"tls_sni", NULL});
	client.p[4] ^= 0x80; /* a version that nobody knows */
	EXPECT(&c, {"app_name", NULL});
	buf_fini(&hello);
	buf_fini(&frames);
	buf_fini(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both),
	    cmocka_unit_test(pieces),
	    cmocka_unit_test(retry),
	    cmocka_unit_test(version_2),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
