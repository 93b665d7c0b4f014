/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "cases.h"

/* A KEXINIT (RFC 4253 7.1) in its packet; lists: in the order of the message, ten of them. */
static void kexinit(struct buf *b, const char *const *lists)
{
	struct buf m = {0};
	buf_u8(&m, 20);
	for (int i = 0; i < 16; i++)
		buf_u8(&m, (uint8_t)i);
	for (int i = 0; i < 10; i++) {
		const char *list = i < 8 ? lists[i] : "";
		buf_be32(&m, (uint32_t)strlen(list));
		buf_str(&m, list);
	}
	buf_put(&m, "\0\0\0\0\0", 5);
	buf_be32(b, (uint32_t)(1 + m.n + 4));
	buf_u8(b, 4);
	buf_put(b, m.p, m.n);
	buf_put(b, "pppp", 4);
	buf_fini(&m);
}

static const char *const client_lists[] = {"curve25519-sha256,ecdh-sha2-nistp256",
					   "ssh-ed25519,rsa-sha2-512",
					   "aes256-ctr,aes128-ctr",
					   "aes256-ctr",
					   "hmac-sha2-256,hmac-sha1",
					   "hmac-sha2-256",
					   "none,zlib",
					   "none"};
static const char *const server_lists[] = {"ecdh-sha2-nistp256,curve25519-sha256",
					   "rsa-sha2-512",
					   "aes128-ctr,aes256-ctr",
					   "aes128-ctr",
					   "hmac-sha1",
					   "hmac-sha1",
					   "none",
					   "none,zlib@openssh.com"};

static void both_sides(void **state)
{
	(void)state;
	struct buf client = {0}, server = {0};
	buf_str(&client, "SSH-2.0-OpenSSH_9.2 Test\r\n");
	kexinit(&client, client_lists);
	buf_str(&server, "SSH-2.0-dropbear\n");
	kexinit(&server, server_lists);
	const struct message m[] = {{FROM_SERVER, server.p, server.n, 0},
				    {FROM_CLIENT, client.p, client.n, 0}};
	const struct conversation c = {
	    .proto = 6, .client_port = 50000, .server_port = 9022, .m = m, .n = 2};
	EXPECT(
	    &c, {"app_name", "\"ssh\""}, {"ssh_client_version", "\"SSH-2.0-OpenSSH_9.2 Test\""},
	    {"ssh_server_version", "\"SSH-2.0-dropbear\""},
	    /* MD5 of "curve25519-sha256,ecdh-sha2-nistp256;aes256-ctr,aes128-ctr;hmac-sha2-256,
	     * hmac-sha1;none,zlib" and of
	     * "ecdh-sha2-nistp256,curve25519-sha256;aes128-ctr;hmac-sha1; none,zlib@openssh.com" */
	    {"ssh_hassh", "\"cf10ab3b92627cf7113f02501327ea3d\""},
	    {"ssh_hassh_server", "\"15c02c3de76f54bc6ad8773b8c2932cd\""},
	    {"ssh_kex", "\"curve25519-sha256\""}, {"ssh_host_key_alg", "\"rsa-sha2-512\""},
	    {"ssh_cipher", "\"aes256-ctr\""}, {"ssh_mac", "\"hmac-sha1\""});
	torture(&c);
	buf_fini(&client);
	buf_fini(&server);
}

static void others(void **state)
{
	(void)state;
	static const char *const texts[] = {"SSH-3.0-x\r\n", "SSHD 2.0\r\n", "SSH-2.0-no end"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const struct message m[] = {{FROM_CLIENT, texts[i], strlen(texts[i]), 0}};
		const struct conversation c = {
		    .proto = 6, .client_port = 50000, .server_port = 22, .m = m, .n = 1};
		EXPECT(&c, {"app_name", NULL});
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_sides),
	    cmocka_unit_test(others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
