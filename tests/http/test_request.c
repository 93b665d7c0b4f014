/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a request without a socket: targets, credentials, what the client accepts; bodies and
 * their limits. */
#include "http/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct http_request *request(const char *target, const struct http_opts *opts)
{
	static const struct http_opts none;
	struct http_request *req = http_request_new("GET", "unix", opts ? opts : &none);
	assert_non_null(req);
	http_request_target(req, target);
	return req;
}

static void test_target(void **state)
{
	(void)state;
	static const struct {
		const char *target;
		unsigned bad;
		const char *path, *q;
	} rows[] = {
	    {"/", 0, "/", NULL},
	    {"/a%20b/c?q=1", 0, "/a b/c", "1"},
	    {"/a+b?q=a+b%2Bc", 0, "/a+b", "a b+c"},
	    {"/?x=1&&q&y=2", 0, "/", ""},
	    {"/?q=first&q=second", 0, "/", "first"},
	    {"/?%71=%C3%A9", 0, "/", "\xc3\xa9"},
	    {"/?q=a=b?c", 0, "/", "a=b?c"},
	    {"/?q=%", 400, NULL, NULL},
	    {"/?q=%4", 400, NULL, NULL},
	    {"/?q=%zz", 400, NULL, NULL},
	    {"/a%00b", 400, NULL, NULL},
	    {"/?a%00=b", 400, NULL, NULL},
	    {"*", 400, NULL, NULL},
	    {"http://host/", 400, NULL, NULL},
	    {"", 400, NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_request *req = request(rows[i].target, NULL);
		assert_int_equal(req->bad, rows[i].bad);
		if (!rows[i].bad) {
			assert_string_equal(http_path(req), rows[i].path);
			if (rows[i].q)
				assert_string_equal(http_param(req, "q"), rows[i].q);
			else
				assert_null(http_param(req, "q"));
		}
		http_request_free(req);
	}
	struct http_request *req = request("/?b=x%00y", NULL);
	assert_int_equal(http_param_at(req, 0)->value_len, 3);
	assert_memory_equal(http_param_at(req, 0)->value, "x\0y", 3);
	http_request_free(req);
}

static void test_limits(void **state)
{
	(void)state;
	struct buf t = {0};
	buf_str(&t, "/?");
	for (int i = 0; i < HTTP_PARAMS_MAX; i++)
		buf_str(&t, "a&");
	struct http_request *req = request(buf_cstr(&t), NULL);
	assert_int_equal(req->bad, 0);
	assert_int_equal(http_param_count(req), HTTP_PARAMS_MAX);
	for (int i = 0; i < HTTP_HEADERS_MAX; i++)
		http_request_add_header(req, "A", "b");
	assert_int_equal(req->bad, 0);
	http_request_add_header(req, "A", "b");
	assert_int_equal(req->bad, 400);
	http_request_free(req);
	buf_str(&t, "b");
	req = request(buf_cstr(&t), NULL);
	assert_int_equal(req->bad, 400);
	http_request_free(req);
	buf_fini(&t);
}

static void test_basic(void **state)
{
	(void)state;
	static const struct {
		const char *header, *user, *password;
	} rows[] = {
	    {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin",
	     "open sesame"},                                   /* RFC 7617, section 2 */
	    {"basic dGVzdDoxMjPCow==", "test", "123\xc2\xa3"}, /* RFC 7617, section 2.1 */
	    {"Basic dTo=", "u", ""},
	    {"Basic dTphOmI=", "u", "a:b"},
	    {"Basic bm9jb2xvbg==", NULL, NULL},
	    {"Basic !!!!", NULL, NULL},
	    {"Basic ", NULL, NULL},
	    {"Basic AGE6Yg==", NULL, NULL}, /* a NUL in the name */
	    {"Bearer abc", NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_request *req = request("/", NULL);
		http_request_add_header(req, "authorization", rows[i].header);
		const char *u = NULL, *p = NULL;
		assert_int_equal(http_basic_auth(req, &u, &p), rows[i].user != NULL);
		if (rows[i].user) {
			assert_string_equal(u, rows[i].user);
			assert_string_equal(p, rows[i].password);
		}
		http_request_free(req);
	}
}

static void test_accepts(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		bool gzip, br;
	} rows[] = {
	    {"gzip", true, false},
	    {"gzip, deflate, br", true, true},
	    {"gzip;q=0, br", false, true},
	    {"GZIP;q=0.5", true, false},
	    {"x-gzip, brr", false, false},
	    {"", false, false},
	    {"br;q=0.000,gzip", true, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_request *req = request("/", NULL);
		http_request_add_header(req, "Accept-Encoding", rows[i].header);
		assert_int_equal(http_accepts_encoding(req, "gzip"), rows[i].gzip);
		assert_int_equal(http_accepts_encoding(req, "br"), rows[i].br);
		http_request_free(req);
	}
	struct http_request *req = request("/", NULL);
	assert_false(http_accepts_encoding(req, "gzip"));
	http_request_add_header(req, "Accept", "application/json, text/csv;q=0.9, */*;q=0.1");
	assert_true(http_accepts_type(req, "text/csv"));
	assert_false(http_accepts_type(req, "application/x-ndjson"));
	http_request_free(req);
}

static void test_body(void **state)
{
	(void)state;
	struct http_opts opts = {.max_body = 10, .body_in_memory = 4};
	struct http_request *req = request("/", &opts);
	body_begin(req);
	body_push(req, "abcd", 4);
	assert_int_equal(req->body.fd, -1);
	body_push(req, "efgh", 4);
	assert_true(req->body.fd >= 0);
	body_end(req);
	assert_int_equal(http_body_len(req), 8);
	assert_memory_equal(http_body(req), "abcdefgh", 8);
	char got[16];
	assert_int_equal(pread(http_body_fd(req), got, sizeof(got), 0), 8);
	assert_memory_equal(got, "abcdefgh", 8);
	http_request_free(req);

	req = request("/", &opts);
	body_begin(req);
	body_push(req, "0123456789", 10);
	assert_int_equal(req->body.status, 0);
	body_push(req, "x", 1);
	assert_int_equal(req->body.status, 413);
	http_request_free(req);

	req = request("/", &opts);
	http_request_add_header(req, "Content-Length", "11");
	body_begin(req);
	assert_int_equal(req->body.status, 413);
	http_request_free(req);
}

static void test_body_coding(void **state)
{
	(void)state;
	/* printf weir | gzip -n */
	static const uint8_t packed[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
					 0x00, 0x03, 0x2b, 0x4f, 0xcd, 0x2c, 0x02, 0x00,
					 0x0c, 0x8e, 0x84, 0x93, 0x04, 0x00, 0x00, 0x00};
	for (size_t n = 1; n <= sizeof(packed); n++) {
		struct http_request *req = request("/", NULL);
		http_request_add_header(req, "Content-Encoding", "gzip");
		body_begin(req);
		body_push(req, packed, n);
		body_end(req);
		assert_int_equal(req->body.status, n == sizeof(packed) ? 0 : 400);
		if (n == sizeof(packed))
			assert_memory_equal(http_body(req), "weir", 4);
		http_request_free(req);
	}
	struct http_request *req = request("/", NULL);
	http_request_add_header(req, "Content-Encoding", "zstd");
	body_begin(req);
	assert_int_equal(req->body.status, 415);
	http_request_free(req);
}

static void test_headers_out(void **state)
{
	(void)state;
	struct http_request *req = request("/", NULL);
	http_set_header(req, "X-A", "one\r\nX-B: two");
	assert_string_equal(req->ans.headers[0].value, "one  X-B: two");
	http_reply_text(req, 404, "no %s", "route");
	assert_int_equal(req->ans.status, 404);
	assert_memory_equal(req->ans.bytes.p, "no route\n", 9);
	http_request_free(req);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_target),      cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_basic),       cmocka_unit_test(test_accepts),
	    cmocka_unit_test(test_body),        cmocka_unit_test(test_body_coding),
	    cmocka_unit_test(test_headers_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
