/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"

#define TEXT(from, text, after)                                                                    \
	{                                                                                          \
		from, text, sizeof(text) - 1, after                                                \
	}

static struct conversation on_port(uint16_t port, const struct message *m, size_t n)
{
	return (struct conversation){
	    .proto = 6, .client_port = 50000, .server_port = port, .m = m, .n = n};
}

#define REQUEST                                                                                    \
	"GET /a/b.html?c=d HTTP/1.1\r\nHost: www.example.org:8080\r\nUser-Agent:  Ua/1.0 (x)\r\n"  \
	"REFERER: http://ref.example/\r\nX-Forwarded-For: 192.0.2.9\r\nCookie: k=v\r\n\r\n"
#define RESPONSE                                                                                   \
	"HTTP/1.1 404 Not Found\r\nServer: srv/2\r\nContent-Type: text/html; charset=utf-8\r\n"    \
	"Set-Cookie: sid=1; Path=/\r\nset-cookie: lang=cs\r\nContent-Length: 12\r\n\r\n"           \
	"GET / HTTP/1"

/* One request on a port of nobody; the body looks like the beginning of a request. */
static void one(void **state)
{
	(void)state;
	static const struct message m[] = {TEXT(FROM_CLIENT, REQUEST, 0),
					   TEXT(FROM_SERVER, RESPONSE, 2500)};
	const struct conversation c = on_port(9999, m, 2);
	EXPECT(&c, {"app_name", "\"http\""}, {"http_method", "\"GET\""}, {"http_method_mask", "1"},
	       {"http_url", "\"/a/b.html?c=d\""}, {"http_version", "\"1.1\""},
	       {"http_host", "\"www.example.org:8080\""}, {"http_user_agent", "\"Ua/1.0 (x)\""},
	       {"http_referer", "\"http://ref.example/\""}, {"http_forwarded_for", "\"192.0.2.9\""},
	       {"http_status", "404"}, {"http_reason", "\"Not Found\""},
	       {"http_server", "\"srv/2\""}, {"http_content_type", "\"text/html; charset=utf-8\""},
	       {"http_content_length", "12"}, {"http_cookie_names", "\"sid;lang\""},
	       {"http_requests", "1"}, {"http_responses", "1"}, {"http_errors", "1"},
	       {"http_response_us", "2500"});
	torture(&c);
}

#define PIPELINED                                                                                  \
	"POST /one HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"                      \
	"5;x=y\r\nGET /\r\nA\r\n0123456789\r\n0\r\nTrailer: GET / HTTP/1.1\r\n\r\n"                \
	"HEAD /two HTTP/1.1\r\nHost: b\r\n\r\nPUT /three HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc" \
	"DELETE /four HTTP/1.1\r\n\r\n"
#define ANSWERS                                                                                    \
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /there\r\n"                  \
	"Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"                 \
	"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 500 Oops\r\nTransfer-Encoding: gzip, chunked\r\n" \
	"\r\n3\r\nabc\r\n0\r\n\r\n"

/* Four requests at once and their answers at once: bodies by length and in chunks, none for HEAD.
 */
static void pipelined(void **state)
{
	(void)state;
	static const struct message m[] = {TEXT(FROM_CLIENT, PIPELINED, 0),
					   TEXT(FROM_SERVER, ANSWERS, 700)};
	const struct conversation c = on_port(80, m, 2);
	EXPECT(&c, {"http_method", "\"POST\""}, {"http_method_mask", "46"},
	       /* POST 2, HEAD 4, PUT 8, DELETE 32 */ {"http_url", "\"/one\""},
	       {"http_host", "\"a\""}, {"http_requests", "4"}, {"http_responses", "4"},
	       {"http_errors", "1"}, {"http_status", "302"}, {"http_location", "\"/there\""},
	       {"http_response_us", "700"}, {"http_response_sum_us", "2800"},
	       {"http_response_min_us", "700"}, {"http_response_max_us", "700"});
	torture(&c);
}

/* One after the other on one connection: times of both. */
static void kept_alive(void **state)
{
	(void)state;
	static const struct message m[] = {
	    TEXT(FROM_CLIENT, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n", 0),
	    TEXT(FROM_SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 3000),
	    TEXT(FROM_CLIENT, "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n", 0),
	    TEXT(FROM_SERVER, "HTTP/1.1 404 Gone\r\nContent-Length: 2\r\n\r\nno", 1000)};
	const struct conversation c = on_port(80, m, 4);
	EXPECT(&c, {"http_url", "\"/1\""}, {"http_status", "200"}, {"http_requests", "2"},
	       {"http_response_us", "3000"}, {"http_response_sum_us", "4000"},
	       {"http_response_min_us", "1000"}, {"http_response_max_us", "3000"});
	torture(&c);
}

/* After 101 the rest is no HTTP. */
static void websocket(void **state)
{
	(void)state;
	static const struct message m[] = {
	    TEXT(FROM_CLIENT, "GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 0),
	    TEXT(FROM_SERVER, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\r\n", 0),
	    TEXT(FROM_CLIENT, "GET /x HTTP/1.1\r\n\r\n", 0)};
	const struct conversation c = on_port(80, m, 3);
	EXPECT(&c, {"app_name", "\"websocket\""}, {"http_upgrade", "\"WebSocket\""},
	       {"http_status", "101"}, {"http_requests", "1"});
	torture(&c);
}

/* CONNECT hands the flow to TLS. */
static void tunnel(void **state)
{
	(void)state;
	static const struct message m[] = {
	    TEXT(FROM_CLIENT, "CONNECT example.org:443 HTTP/1.1\r\n\r\n", 0),
	    TEXT(FROM_SERVER, "HTTP/1.1 200 Connection established\r\n\r\n", 0),
	    TEXT(FROM_SERVER, "\x15\x03\x03\x00\x02\x02\x28", 0)};
	const struct conversation c = on_port(3128, m, 3);
	EXPECT(&c, {"app_name", "\"http\""}, {"http_method_mask", "128"},
	       {"http_url", "\"example.org:443\""}, {"tls_alert", "40"} /* handshake_failure */);
	torture(&c);
}

static void not_http(void **state)
{
	(void)state;
	static const char *const texts[] = {"GET",
					    "GETAWAY /x HTTP/1.1\r\n\r\n",
					    "GET /x\r\n\r\n",
					    "INVITE sip:a@b SIP/2.0\r\n\r\n",
					    "HTTP/1.1 9xx OK\r\n\r\n",
					    "HTTP/2.0 200 OK\r\n\r\n",
					    "get / HTTP/1.1\r\n\r\n",
					    "DESCRIBE rtsp://x/ RTSP/1.0\r\n\r\n",
					    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const struct message m[] = {{FROM_CLIENT, texts[i], strlen(texts[i]), 0}};
		const struct conversation c = on_port(80, m, 1);
		EXPECT(&c, {"http_requests", NULL}, {"http_responses", NULL});
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one),       cmocka_unit_test(pipelined), cmocka_unit_test(kept_alive),
	    cmocka_unit_test(websocket), cmocka_unit_test(tunnel),    cmocka_unit_test(not_http),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
