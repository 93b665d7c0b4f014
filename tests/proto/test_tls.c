/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"
#include "tls_bytes.h"

/* Made with "openssl req -x509"; what is expected of it is what "openssl x509 -text" says. */
/* clang-format off */
static const uint8_t certificate[] = {
	0x30, 0x82, 0x01, 0xdc, 0x30, 0x82, 0x01, 0x83, 0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x08, 0x01,
	0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	0x04, 0x03, 0x02, 0x30, 0x3d, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06, 0x13, 0x02,
	0x43, 0x5a, 0x31, 0x14, 0x30, 0x12, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x0b, 0x45, 0x78, 0x61,
	0x6d, 0x70, 0x6c, 0x65, 0x20, 0x4f, 0x72, 0x67, 0x31, 0x18, 0x30, 0x16, 0x06, 0x03, 0x55, 0x04,
	0x03, 0x0c, 0x0f, 0x77, 0x77, 0x77, 0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f,
	0x72, 0x67, 0x30, 0x1e, 0x17, 0x0d, 0x32, 0x36, 0x31, 0x31, 0x32, 0x32, 0x30, 0x31, 0x35, 0x33,
	0x33, 0x33, 0x5a, 0x17, 0x0d, 0x32, 0x37, 0x30, 0x33, 0x30, 0x32, 0x30, 0x31, 0x35, 0x33, 0x33,
	0x33, 0x5a, 0x30, 0x3d, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06, 0x13, 0x02, 0x43,
	0x5a, 0x31, 0x14, 0x30, 0x12, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x0b, 0x45, 0x78, 0x61, 0x6d,
	0x70, 0x6c, 0x65, 0x20, 0x4f, 0x72, 0x67, 0x31, 0x18, 0x30, 0x16, 0x06, 0x03, 0x55, 0x04, 0x03,
	0x0c, 0x0f, 0x77, 0x77, 0x77, 0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72,
	0x67, 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
	0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0x79, 0x2f, 0xfb, 0xcf,
	0x96, 0x87, 0xd5, 0x87, 0x21, 0xf3, 0xe1, 0xfc, 0x00, 0x72, 0x85, 0xe7, 0x74, 0xf9, 0xfe, 0x24,
	0x25, 0x46, 0xb6, 0xee, 0x90, 0x17, 0x81, 0x2e, 0x1e, 0x33, 0x14, 0xb2, 0x5c, 0x55, 0x53, 0x04,
	0x05, 0xcf, 0x55, 0xbf, 0xb6, 0x98, 0xfa, 0xe4, 0x64, 0xc8, 0x8e, 0xdf, 0xd4, 0x8a, 0x6b, 0x9d,
	0xba, 0x1c, 0x15, 0xea, 0xba, 0x7b, 0xc5, 0x11, 0x0d, 0x4a, 0x49, 0xaa, 0xa3, 0x6d, 0x30, 0x6b,
	0x30, 0x3f, 0x06, 0x03, 0x55, 0x1d, 0x11, 0x04, 0x38, 0x30, 0x36, 0x82, 0x0f, 0x77, 0x77, 0x77,
	0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x82, 0x0b, 0x65, 0x78,
	0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x87, 0x04, 0xc0, 0x00, 0x02, 0x07, 0x87,
	0x10, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x07, 0x30, 0x09, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x04, 0x02, 0x30, 0x00, 0x30, 0x1d, 0x06, 0x03,
	0x55, 0x1d, 0x0e, 0x04, 0x16, 0x04, 0x14, 0xdb, 0xb0, 0x21, 0x46, 0x50, 0x72, 0x85, 0xe5, 0xb0,
	0x72, 0xc5, 0xf7, 0x0c, 0x00, 0x6d, 0xe9, 0xa1, 0x55, 0x16, 0x92, 0x30, 0x0a, 0x06, 0x08, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x03, 0x47, 0x00, 0x30, 0x44, 0x02, 0x20, 0x58, 0x13,
	0x8d, 0x2e, 0x33, 0xde, 0xfa, 0x3d, 0x2f, 0xc1, 0xb0, 0x6c, 0x94, 0x34, 0x07, 0x75, 0x2b, 0x76,
	0xd8, 0x9e, 0x2a, 0x5b, 0xbc, 0xd2, 0xa9, 0xa4, 0xca, 0xa4, 0x45, 0xe5, 0xfe, 0x3e, 0x02, 0x20,
	0x1f, 0x88, 0x12, 0x5d, 0x50, 0x8a, 0xd0, 0xea, 0xc7, 0xf8, 0x1d, 0x4f, 0x19, 0xf8, 0x3f, 0xec,
	0xd2, 0x4e, 0x4f, 0xca, 0x22, 0x58, 0x6b, 0x9f, 0xe2, 0xf7, 0x1c, 0x38, 0x4e, 0x35, 0x61, 0x6e,
};
/* clang-format on */

enum { CCS = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23 };
static const struct hello plain = {.name = "www.example.org", .padding = 20};

static struct conversation tcp(const struct message *m, size_t n)
{
	return (struct conversation){
	    .proto = 6, .client_port = 50000, .server_port = 443, .m = m, .n = n};
}

static struct message of(int from, const struct buf *b)
{
	return (struct message){from, b->p, b->n, 0};
}

static void client_record(struct buf *b, const struct hello *h)
{
	struct buf hello = {0};
	client_hello(&hello, h);
	tls_record(b, HANDSHAKE, 0x0301, hello.p, hello.n);
	buf_fini(&hello);
}

static void server_13(struct buf *b)
{
	static const uint8_t extensions[] = {0, 0x2b, 0, 2, 3, 4, 0, 0x33, 0, 4, 0, 0x1d, 0, 0};
	struct buf hello = {0};
	server_hello(&hello, 0x0303, 0x5566, 0x1301, extensions, sizeof extensions);
	tls_record(b, HANDSHAKE, 0x0303, hello.p, hello.n);
	tls_record(b, CCS, 0x0303, "\1", 1);
	tls_record(b, DATA, 0x0303, "0123456789abcdef0123", 20);
	buf_fini(&hello);
}

static void assert_client(const char *json)
{
	assert_noted(json, "app_name", "\"tls\"");
	assert_noted(json, "tls_sni", "\"www.example.org\"");
	assert_noted(json, "tls_sni_length", "15");
	assert_noted(json, "tls_client_version", "772");
	assert_noted(json, "tls_client_alpn", "\"h2,http/1.1\"");
	assert_noted(json, "tls_client_session_id", "\"5566\"");
	/* The fingerprints that were published for this hello. */
	assert_noted(json, "tls_ja4", "\"t13d1516h2_8daaf6152771_e5627efa2ab1\"");
	assert_noted(json, "tls_ja3", "\"cd08e31494f9531f560d64c695473da9\"");
	assert_noted(json, "tls_groups", "[27242,29,23,24]");
	assert_noted(json, "tls_point_formats", "[0]");
	assert_noted(json, "tls_extension_types",
		     "[10794,0,23,65281,10,11,35,16,5,13,18,51,45,43,27,17513,14906,21]");
	assert_noted(json, "tls_extension_lengths", "[0,20,0,1,10,2,0,14,5,18,0,11,2,7,3,5,1,20]");
	assert_noted(json, "tls_client_random",
		     "\"a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf\"");
}

static void tls_1_3(void **state)
{
	(void)state;
	struct buf client = {0}, server = {0}, data = {0};
	client_record(&client, &plain);
	server_13(&server);
	tls_record(&data, CCS, 0x0303, "\1", 1);
	tls_record(&data, DATA, 0x0303, "0123456789abcdef", 16);
	const struct message m[] = {of(FROM_CLIENT, &client), of(FROM_SERVER, &server),
				    of(FROM_CLIENT, &data)};
	const struct conversation c = tcp(m, 3);
	char *json = dissect(&c);
	assert_client(json);
	assert_noted(json, "tls_server_version", "772");
	assert_noted(json, "tls_version", "772");
	assert_noted(json, "tls_cipher_suite", "4865");
	assert_noted(json, "tls_group", "29");
	assert_noted(json, "tls_server_random",
		     "\"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf\"");
	assert_noted(json, "tls_setup_us", "2000");
	/* MD5 of "771,4865,43-51" */
	assert_noted(json, "tls_ja3s", "\"f4febc55ea12b31ae17cfb7e614afda8\"");
	assert_noted(json, "tls_content_types", "13");  /* change cipher, handshake, data */
	assert_noted(json, "tls_handshake_types", "6"); /* both hellos */
	assert_not_noted(json, "tls_resumed");
	assert_not_noted(json, "tls_post_quantum");
	free(json);
	torture(&c);
	buf_fini(&client);
	buf_fini(&server);
	buf_fini(&data);
}

/* One-sided: the client's second hello, behind its change of cipher. */
static void retried(void **state)
{
	(void)state;
	struct buf client = {0}, second = {0}, hello = {0};
	client_record(&client, &plain);
	tls_record(&second, CCS, 0x0303, "\1", 1);
	client_hello(&hello, &(struct hello){
				 .name = "www.example.org", .extra = "\0\x2c\0\0", .extra_n = 4});
	tls_record(&second, HANDSHAKE, 0x0303, hello.p, hello.n);
	const struct message m[] = {of(FROM_CLIENT, &client), of(FROM_CLIENT, &second)};
	const struct conversation c = tcp(m, 2);
	char *json = dissect(&c);
	assert_client(json);
	/* One extension more: the cookie, 002c. Its hash: SHA-256 of the sorted list by hand. */
	assert_noted(json, "tls_ja4_retry", "\"t13d1517h2_8daaf6152771_4a4a419064b9\"");
	free(json);
	torture(&c);
	buf_fini(&client);
	buf_fini(&second);
	buf_fini(&hello);
}

/* Certificate, key exchange and the end of a hello, over records of 100 bytes. */
static void server_12(struct buf *b, uint16_t id, size_t record_size)
{
	static const uint8_t extensions[] = {0xff, 1, 0, 1, 0, 0, 16, 0, 5, 0, 3, 2, 'h', '2'};
	static const uint8_t key[] = {12, 0, 0, 8, 3, 0, 23, 4, 1, 2, 3, 4};
	struct buf hs = {0};
	size_t n = sizeof certificate;
	server_hello(&hs, 0x0303, id, 0xc02b, extensions, sizeof extensions);
	buf_u8(&hs, 11);
	buf_u8(&hs, 0);
	buf_be16(&hs, (uint16_t)(2 * (n + 3) + 3));
	buf_u8(&hs, 0);
	buf_be16(&hs, (uint16_t)(2 * (n + 3)));
	for (int i = 0; i < 2; i++) {
		buf_u8(&hs, 0);
		buf_be16(&hs, (uint16_t)n);
		buf_put(&hs, certificate, n);
	}
	buf_put(&hs, key, sizeof key);
	buf_put(&hs, "\x0e\0\0\0", 4);
	for (size_t at = 0; at < hs.n; at += record_size)
		tls_record(b, HANDSHAKE, 0x0303, hs.p + at,
			   hs.n - at < record_size ? hs.n - at : record_size);
	buf_fini(&hs);
}

static void assert_certificate(const char *json)
{
	assert_noted(json, "tls_subject_cn", "\"www.example.org\"");
	assert_noted(json, "tls_issuer_cn", "\"www.example.org\"");
	assert_noted(json, "tls_subject_org", "\"Example Org\"");
	assert_noted(json, "tls_issuer_org", "\"Example Org\"");
	assert_noted(json, "tls_self_signed", "1");
	assert_noted(json, "tls_serial", "\"0123456789abcdef\"");
	assert_noted(json, "tls_validity_not_before", "1795312413");
	assert_noted(json, "tls_validity_not_after", "1803952413");
	assert_noted(json, "tls_public_key_alg", "\"id-ecPublicKey\"");
	assert_noted(json, "tls_public_key_length", "256");
	assert_noted(json, "tls_signature_alg", "\"ecdsa-with-SHA256\"");
	assert_noted(json, "tls_san", "\"www.example.org,example.org,192.0.2.7,2001:db8::7\"");
	assert_noted(json, "tls_cert_sha1", "\"14568e7ecaa85140060fd61943a4241aaca5c18c\"");
	assert_noted(json, "tls_cert_sha256",
		     "\"78fb59685394d740c0199b7c11e5ffde4e75dce0c7810aa5be356abdd8a8fa0b\"");
	assert_noted(json, "tls_certificates", "2");
}

static void tls_1_2(void **state)
{
	(void)state;
	struct buf client = {0}, server = {0}, key = {0}, done = {0};
	uint8_t exchange[70] = {16, 0, 0, 66, 65, 4};
	client_record(&client, &plain);
	server_12(&server, 0x7788, 100);
	tls_record(&key, HANDSHAKE, 0x0303, exchange, sizeof exchange);
	tls_record(&key, CCS, 0x0303, "\1", 1);
	tls_record(&key, HANDSHAKE, 0x0303, "\x14\x99 encrypted finished....", 25);
	tls_record(&done, CCS, 0x0303, "\1", 1);
	const struct message m[] = {of(FROM_CLIENT, &client), of(FROM_SERVER, &server),
				    of(FROM_CLIENT, &key), of(FROM_SERVER, &done)};
	const struct conversation c = tcp(m, 4);
	char *json = dissect(&c);
	assert_client(json);
	assert_certificate(json);
	assert_noted(json, "tls_server_version", "771");
	assert_noted(json, "tls_cipher_suite", "49195");
	assert_noted(json, "tls_alpn", "\"h2\"");
	assert_noted(json, "tls_server_session_id", "\"7788\"");
	assert_noted(json, "tls_group", "23");
	assert_noted(json, "tls_client_key_length", "520"); /* a point of 65 bytes */
	assert_noted(json, "tls_setup_us", "3000");
	/* MD5 of "771,49195,65281-16" */
	assert_noted(json, "tls_ja3s", "\"96681175a9547081bf3d417f1a572091\"");
	/* client hello 1, server hello 2, certificate 11, server key 12, done 14, client key 16 */
	assert_noted(json, "tls_handshake_types", "88070");
	assert_not_noted(json, "tls_resumed");
	free(json);
	torture(&c);
	buf_fini(&client);
	buf_fini(&server);
	buf_fini(&key);
	buf_fini(&done);
}

static void resumed(void **state)
{
	(void)state;
	struct buf client = {0}, server = {0}, hello = {0};
	client_record(&client, &plain);
	server_hello(&hello, 0x0303, 0x5566, 0xc02b, "", 0);
	tls_record(&server, HANDSHAKE, 0x0303, hello.p, hello.n);
	tls_record(&server, CCS, 0x0303, "\1", 1);
	const struct message m[] = {of(FROM_CLIENT, &client), of(FROM_SERVER, &server)};
	const struct conversation c = tcp(m, 2);
	EXPECT(&c, {"tls_resumed", "1"});
	buf_fini(&client);
	buf_fini(&server);
	buf_fini(&hello);
}

/* ECH, early data, and a hybrid key share that makes the hello longer than a segment. */
static void large_hello(void **state)
{
	(void)state;
	struct buf extra = {0}, client = {0};
	static const uint8_t zeros[1300];
	tls_extension(&extra, 0xfe0d, zeros, 40);
	tls_extension(&extra, 42, "", 0);
	buf_be16(&extra, 0x0033);
	buf_be16(&extra, 2 + 4 + 1216);
	buf_be16(&extra, 4 + 1216);
	buf_be16(&extra, 0x11ec);
	buf_be16(&extra, 1216);
	buf_put(&extra, zeros, 1216);
	tls_extension(&extra, 0x000a, "\x00\x04\x11\xec\x00\x1d", 6);
	client_record(&client,
		      &(struct hello){.name = "a.example", .extra = extra.p, .extra_n = extra.n});
	const struct message m[] = {of(FROM_CLIENT, &client)};
	const struct conversation c = tcp(m, 1);
	char *json = dissect_cut(&c, 1400);
	assert_noted(json, "tls_sni", "\"a.example\"");
	assert_noted(json, "tls_ech", "1");
	assert_noted(json, "tls_early_data", "1");
	assert_noted(json, "tls_post_quantum", "3");
	free(json);
	torture(&c);
	buf_fini(&extra);
	buf_fini(&client);
}

/* A certificate that breaks off does not take away the hello before it. */
static void broken_certificate(void **state)
{
	(void)state;
	static const uint8_t junk[] = {11, 0, 0, 10, 0, 0, 7, 0, 0, 4, 0x30, 0x84, 0xff, 0xff};
	struct buf client = {0}, server = {0}, hs = {0};
	client_record(&client, &plain);
	server_hello(&hs, 0x0302, 0x7788, 0x002f, "", 0);
	buf_put(&hs, junk, sizeof junk);
	tls_record(&server, HANDSHAKE, 0x0302, hs.p, hs.n);
	tls_record(&server, ALERT, 0x0302, "\x02\x2a", 2);
	const struct message m[] = {of(FROM_CLIENT, &client), of(FROM_SERVER, &server)};
	const struct conversation c = tcp(m, 2);
	EXPECT(&c, {"tls_server_version", "770"}, {"tls_cipher_suite", "47"},
	       {"tls_subject_cn", NULL}, {"tls_alert_level", "2"},
	       {"tls_alert", "42"} /* bad_certificate */);
	torture(&c);
	buf_fini(&client);
	buf_fini(&server);
	buf_fini(&hs);
}

/* SSL 2.0 as its specification has it: hellos, and the client's choice of a cipher. */
static void ssl_2(void **state)
{
	(void)state;
	struct buf client = {0}, server = {0}, key = {0};
	size_t n = sizeof certificate;
	static const uint8_t challenge[16] = {1, 2, 3};
	buf_be16(&client, 0x8000 | (9 + 6 + 16));
	buf_put(&client, "\1\0\2\0\6\0\0\0\x10\x07\0\xc0\1\0\x80", 15);
	buf_put(&client, challenge, 16);
	buf_be16(&server, (uint16_t)(0x8000 | (11 + n + 3 + 16)));
	buf_put(&server, "\4\0\1\0\2", 5);
	buf_be16(&server, (uint16_t)n);
	buf_put(&server, "\0\3\0\x10", 4);
	buf_put(&server, certificate, n);
	buf_put(&server, "\x07\0\xc0", 3);
	buf_put(&server, challenge, 16);
	buf_be16(&key, 0x8000 | (10 + 4));
	buf_put(&key, "\2\x07\0\xc0\0\0\0\4\0\0abcd", 14);
	const struct message m[] = {of(FROM_CLIENT, &client), of(FROM_SERVER, &server),
				    of(FROM_CLIENT, &key)};
	const struct conversation c = tcp(m, 3);
	EXPECT(
	    &c, {"app_name", "\"tls\""}, {"tls_client_version", "2"}, {"tls_server_version", "2"},
	    {"tls_cipher_suites", "[458944,65664]"}, {"tls_cipher_suite", "458944"},
	    /* 0x0700c0 */ {"tls_subject_cn", "\"www.example.org\""}, {"tls_certificates", "1"},
	    /* MD5 of "2,458944-65664,,," */ {"tls_ja3", "\"12d93132c0c65912661dba05750195c4\""});
	torture(&c);
	buf_fini(&client);
	buf_fini(&server);
	buf_fini(&key);
}

/* A connection joined midway; and bytes that only begin like one. */
static void midway(void **state)
{
	(void)state;
	struct buf data = {0};
	tls_record(&data, DATA, 0x0303, "0123456789abcdef", 16);
	tls_record(&data, DATA, 0x0303, "0123456789abcdef", 16);
	const struct message m[] = {of(FROM_CLIENT, &data), of(FROM_SERVER, &data)};
	const struct conversation c = tcp(m, 2);
	EXPECT(&c, {"app_name", "\"tls\""});
	torture(&c);
	data.p[21] = 0x55; /* no record behind the first */
	char *json = dissect(&c);
	assert_not_noted(json, "app_name");
	free(json);
	buf_fini(&data);
	static const uint8_t looks_like[] = {22, 3, 1, 0, 60, 9, 0, 0, 56, 3, 3};
	const struct message no[] = {{FROM_CLIENT, looks_like, sizeof looks_like, 0}};
	const struct conversation other = tcp(no, 1);
	EXPECT(&other, {"app_name", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tls_1_3),
	    cmocka_unit_test(retried),
	    cmocka_unit_test(tls_1_2),
	    cmocka_unit_test(resumed),
	    cmocka_unit_test(large_hello),
	    cmocka_unit_test(ssl_2),
	    cmocka_unit_test(broken_certificate),
	    cmocka_unit_test(midway),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
