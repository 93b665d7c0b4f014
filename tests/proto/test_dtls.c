/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"
#include "tls_bytes.h"

/* A record (RFC 6347 4.1) around bytes. */
static void record(struct buf *b, uint8_t type, uint16_t epoch, const void *p, size_t n)
{
	buf_u8(b, type);
	buf_be16(b, 0xfefd);
	buf_be16(b, epoch);
	buf_put(b, "\0\0\0\0\0\1", 6);
	buf_be16(b, (uint16_t)n);
	buf_put(b, p, n);
}

/* Bytes [from, from + n) of a message with its head of TLS, as a fragment of DTLS in a record. */
static void fragment(struct buf *b, const struct buf *m, uint8_t number, size_t from, size_t n)
{
	struct buf f = {0};
	buf_put(&f, m->p, 4);
	buf_be16(&f, number);
	buf_u8(&f, 0);
	buf_be16(&f, (uint16_t)from);
	buf_u8(&f, 0);
	buf_be16(&f, (uint16_t)n);
	buf_put(&f, m->p + 4 + from, n);
	record(b, 22, 0, f.p, f.n);
	buf_fini(&f);
}

static struct conversation udp(const struct message *m, size_t n)
{
	return (struct conversation){
	    .proto = 17, .client_port = 50000, .server_port = 9999, .m = m, .n = n};
}

/* A client hello in two fragments, the server's in one, then encrypted records of both. */
static void handshake(void **state)
{
	(void)state;
	static const uint8_t extensions[] = {0xff, 1, 0, 1, 0};
	struct buf hello = {0}, client = {0}, rest = {0}, answer = {0}, server = {0}, secret = {0};
	client_hello(&hello, &(struct hello){.name = "d.example", .cookie = "cook", .cookie_n = 4});
	fragment(&client, &hello, 0, 0, 100);
	fragment(&rest, &hello, 0, 100, hello.n - 4 - 100);
	server_hello(&answer, 0xfefd, 0x7788, 0xc02b, extensions, sizeof extensions);
	fragment(&server, &answer, 0, 0, answer.n - 4);
	record(&secret, 22, 1, "0123456789abcdef", 16);
	const struct message m[] = {{FROM_CLIENT, client.p, client.n, 0},
				    {FROM_CLIENT, rest.p, rest.n, 0},
				    {FROM_SERVER, server.p, server.n, 0},
				    {FROM_CLIENT, secret.p, secret.n, 0},
				    {FROM_SERVER, secret.p, secret.n, 0}};
	const struct conversation c = udp(m, 5);
	EXPECT(&c, {"app_name", "\"dtls\""}, {"tls_sni", "\"d.example\""},
	       {"tls_client_version", "65277"}, /* 0xfefd: 1.2 */ {"tls_server_version", "65277"},
	       {"tls_cipher_suite", "49195"}, {"tls_handshake_types", "6"},
	       {"tls_setup_us", "3000"} /* from its second fragment on */);
	torture(&c);
	buf_fini(&hello);
	buf_fini(&client);
	buf_fini(&rest);
	buf_fini(&answer);
	buf_fini(&server);
	buf_fini(&secret);
}

/* The second fragment of the client's hello comes before the first, the server's hello in pieces
 * that overlap and the last before the middle; between them STUN checks the path, which named the
 * flow (RFC 5763 5). */
static void behind_stun(void **state)
{
	(void)state;
	static const char binding[] = "\0\1\0\0\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa"
				      "\x87\xdf\xae";
	static const uint8_t extensions[] = {0xff, 1, 0, 1, 0};
	struct buf hello = {0}, client[2] = {{0}, {0}}, answer = {0}, server[3] = {{0}, {0}, {0}};
	client_hello(&hello, &(struct hello){.name = "d.example", .cookie = "", .cookie_n = 0});
	fragment(&client[0], &hello, 0, 100, hello.n - 4 - 100);
	fragment(&client[1], &hello, 0, 0, 100);
	server_hello(&answer, 0xfefd, 0x7788, 0xc02b, extensions, sizeof extensions);
	fragment(&server[0], &answer, 0, 0, 20);
	fragment(&server[1], &answer, 0, 30, answer.n - 4 - 30);
	fragment(&server[2], &answer, 0, 10, 25);
	const struct message m[] = {
	    M(FROM_CLIENT, binding),
	    {FROM_CLIENT, client[0].p, client[0].n, 0},
	    M(FROM_SERVER, binding),
	    {FROM_CLIENT, client[1].p, client[1].n, 0},
	    {FROM_SERVER, server[0].p, server[0].n, 0},
	    {FROM_SERVER, server[1].p, server[1].n, 0},
	    {FROM_SERVER, server[2].p, server[2].n, 0},
	};
	struct conversation c = udp(m, ARRAY_LEN(m));
	EXPECT(&c, {"app_name", "\"stun\""}, {"stun_method", "1"}, {"tls_sni", "\"d.example\""},
	       {"tls_server_version", "65277"}, {"tls_cipher_suite", "49195"},
	       {"tls_handshake_types", "6"});
	torture(&c);
	c.n = 6; /* 10 bytes of the server's hello are missing */
	EXPECT(&c, {"tls_sni", "\"d.example\""}, {"tls_server_version", NULL});
	buf_fini(&hello);
	buf_fini(&answer);
	for (int i = 0; i < 3; i++)
		buf_fini(&server[i]);
	for (int i = 0; i < 2; i++)
		buf_fini(&client[i]);
}

static void not_dtls(void **state)
{
	(void)state;
	struct buf b = {0};
	record(&b, 22, 0, "\x09\0\0\1\0\0\0\0\0\0\0\1x", 13); /* no message to begin with */
	const struct message m[] = {{FROM_CLIENT, b.p, b.n, 0}};
	const struct conversation c = udp(m, 1);
	EXPECT(&c, {"app_name", NULL});
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(handshake),
	    cmocka_unit_test(behind_stun),
	    cmocka_unit_test(not_dtls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
