/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "cases.h"

static void frame(struct buf *b, uint8_t type, uint8_t flags, uint32_t stream, const void *p,
		  size_t n)
{
	buf_u8(b, 0);
	buf_be16(b, (uint16_t)n);
	buf_u8(b, type);
	buf_u8(b, flags);
	buf_be32(b, stream);
	buf_put(b, p, n);
}

/* The header blocks of RFC 7541 C.4.1 (GET / of www.example.com, Huffman) and the beginning of
 * C.6.1 (status 302, location). */
static const uint8_t get[] = {0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5,
			      0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff};
static const uint8_t found[] = {0x48, 0x82, 0x64, 0x02, 0x6e, 0x91, 0x9d, 0x29,
				0xad, 0x17, 0x18, 0x63, 0xc7, 0x8f, 0x0b, 0x97,
				0xc8, 0xe9, 0xae, 0x82, 0xae, 0x43, 0xd3};

static void prior_knowledge(void **state)
{
	(void)state;
	struct buf client = {0}, server = {0}, more = {0};
	buf_str(&client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	frame(&client, 4, 0, 0, "\0\3\0\0\0\x64", 6);
	frame(&client, 1, 5, 1, get, sizeof get);
	frame(&server, 4, 0, 0, "", 0);
	frame(&server, 1, 4, 1, found, sizeof found);
	frame(&server, 0, 1, 1, "PRI * HTTP/2.0", 14);
	frame(&more, 1, 5, 3, "\xbe", 1); /* refers to the table of the first */
	const struct message m[] = {{FROM_CLIENT, client.p, client.n, 0},
				    {FROM_SERVER, server.p, server.n, 4000},
				    {FROM_CLIENT, more.p, more.n, 0}};
	const struct conversation c = {
	    .proto = 6, .client_port = 50000, .server_port = 8001, .m = m, .n = 3};
	EXPECT(&c, {"app_name", "\"http2\""}, {"http_version", "\"2\""}, {"http_method", "\"GET\""},
	       {"http_url", "\"/\""}, {"http_host", "\"www.example.com\""}, {"http_status", "302"},
	       {"http_location", "\"https://www.example.com\""}, {"http_requests", "2"},
	       {"http_responses", "1"}, {"http_response_us", "4000"});
	torture(&c);
	buf_fini(&client);
	buf_fini(&server);
	buf_fini(&more);
}

/* Later blocks refer to earlier ones: the second request's method and the second answer's status
 * are put into the table by one and named by their place in it (62) by the next; a block goes on in
 * another frame. One that cannot be read ends that direction only. */
static void later_blocks(void **state)
{
	(void)state;
	struct buf client = {0}, server = {0}, bad = {0};
	buf_str(&client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	frame(&client, 4, 0, 0, "", 0);
	frame(&client, 1, 5, 1, "\x82\x86\x84", 3);
	frame(&client, 1, 5, 3, "\x42\6DELETE\x86\x84", 10);
	frame(&client, 1, 5, 5, "\xbe\x86\x84", 3);
	frame(&server, 1, 4, 1, "\x88", 1);
	frame(&server, 1, 4, 3,
	      "\x48\x03"
	      "403",
	      5);
	frame(&server, 1, 0, 5, "\xbe\x0f", 2);
	frame(&server, 9, 4, 5, "\x10\1x", 3); /* content-type, index 31 */
	frame(&bad, 1, 5, 7, "\xff\xff\xff\xff\xff\xff", 6);
	frame(&bad, 1, 5, 9, "\x83\x86\x84", 3);
	struct message m[] = {{FROM_CLIENT, client.p, client.n, 0},
			      {FROM_SERVER, server.p, server.n, 0},
			      {FROM_CLIENT, bad.p, bad.n, 0}};
	const struct conversation c = {
	    .proto = 6, .client_port = 50000, .server_port = 8001, .m = m, .n = 3};
	EXPECT(&c, {"http_method", "\"GET\""}, {"http_method_mask", "33"} /* GET 1, DELETE 32 */,
	       {"http_status", "200"}, {"http_errors", "2"}, {"http_content_type", NULL},
	       {"http_requests", "5"}, {"http_responses", "3"});
	torture(&c);
	buf_fini(&client);
	buf_fini(&server);
	buf_fini(&bad);
}

/* The upgrade from HTTP/1: the request is HTTP/1's, the answer HTTP/2's. */
static void upgrade(void **state)
{
	(void)state;
	static const char request[] = "GET /up HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n";
	static const char go[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n";
	struct buf server = {0}, client = {0};
	buf_str(&server, go);
	frame(&server, 4, 0, 0, "", 0);
	buf_str(&client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	frame(&client, 4, 0, 0, "", 0);
	frame(&client, 1, 5, 3, get, sizeof get);
	const struct message m[] = {{FROM_CLIENT, request, sizeof request - 1, 0},
				    {FROM_SERVER, server.p, server.n, 0},
				    {FROM_CLIENT, client.p, client.n, 0}};
	const struct conversation c = {
	    .proto = 6, .client_port = 50000, .server_port = 80, .m = m, .n = 3};
	EXPECT(&c, {"http_upgrade", "\"h2c\""}, {"http_url", "\"/up\""}, {"http_requests", "2"});
	torture(&c);
	buf_fini(&server);
	buf_fini(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prior_knowledge),
	    cmocka_unit_test(later_blocks),
	    cmocka_unit_test(upgrade),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
