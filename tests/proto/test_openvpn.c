/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake of OpenVPN as its protocol is documented (ssl_pkt.h: operation and key, session,
 * acknowledgements, packet number), with the level worked out by hand. */
#include "cases.h"

#define CLIENT     "\xc1\2\3\4\5\6\7\x08"
#define SERVER     "\x51\2\3\4\5\6\7\x08"
#define RESET      "\x38" CLIENT "\0\0\0\0\0"
#define RESET_BACK "\x40" SERVER "\1\0\0\0\0" CLIENT "\0\0\0\0"
#define ACK_IT     "\x28" CLIENT "\1\0\0\0\0" SERVER
#define HELLO      "\x20" CLIENT "\0\0\0\0\1\x16\3\1\0\5\1\0\0\1x"
#define HELLO_BACK "\x20" SERVER "\1\0\0\0\1" CLIENT "\0\0\0\1\x16\3\3\0\5\2\0\0\1x"

enum { HANDSHAKE = 5, DATA = 30, MESSAGES = HANDSHAKE + DATA };

static uint8_t small[DATA][40], large[DATA][600];

/* What is `size` bytes long each, after the handshake. */
static void with_data(struct message m[MESSAGES], uint8_t *data, size_t stride, size_t size)
{
	static const struct message hand[HANDSHAKE + 1] = {
	    M(FROM_CLIENT, RESET), M(FROM_SERVER, RESET_BACK), M(FROM_CLIENT, ACK_IT),
	    M(FROM_CLIENT, HELLO), M(FROM_SERVER, HELLO_BACK), M(FROM_CLIENT, ACK_IT)};
	memcpy(m, hand, sizeof(hand));
	for (size_t i = HANDSHAKE + 1; i < MESSAGES; i++) {
		uint8_t *p = data + (i - HANDSHAKE) * stride;
		memcpy(p, (uint8_t[]){0x48, 0, 0, 0, 0, 0, 0, (uint8_t)i}, 8);
		m[i] = (struct message){i % 2 ? FROM_CLIENT : FROM_SERVER, p, size, 0};
	}
}

static void test_udp(void **state)
{
	(void)state;
	struct message m[MESSAGES];
	with_data(m, small[0], sizeof(small[0]), sizeof(small[0]));
	struct conversation c = {17, 4000, 5000, 0, m, MESSAGES},
			    few = {17, 4000, 5000, 0, m, HANDSHAKE};
	/* a whole handshake, then data */
	EXPECT(&c, {"app_name", "\"openvpn\""}, {"ovpn_conf_level", "100"});
	/* five packets are too few for a level */
	EXPECT(&few, {"app_name", "\"openvpn\""}, {"ovpn_conf_level", NULL});
	torture(&(struct conversation){17, 4000, 5000, 0, m, 8});
	/* 29 large packets, four of them no data: 80 * 25 / 29 = 68 */
	with_data(m, large[0], sizeof(large[0]), sizeof(large[0]));
	for (size_t i = HANDSHAKE + 1; i < HANDSHAKE + 5; i++)
		large[i - HANDSHAKE][0] = 0x20;
	EXPECT(&c, {"ovpn_conf_level", "68"});
}

static void test_joined(void **state)
{
	(void)state;
	struct message m[MESSAGES];
	with_data(m, small[0], sizeof(small[0]), sizeof(small[0]));
	/* six data packets of one direction that count up, without the beginning */
	for (size_t i = HANDSHAKE + 1; i < HANDSHAKE + 7; i++)
		m[i].from = FROM_CLIENT;
	struct conversation c = {17, 4000, 5000, 0, m + HANDSHAKE + 1, 6};
	EXPECT(&c, {"app_name", "\"openvpn\""}, {"ovpn_conf_level", "0"});
	/* the same number again and again is no OpenVPN */
	for (size_t i = HANDSHAKE + 1; i < HANDSHAKE + 7; i++)
		small[i - HANDSHAKE][7] = 9;
	EXPECT(&c, {"app_name", NULL});
}

static void test_tcp(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\0\x0e" RESET), M(FROM_SERVER, "\0\x1a" RESET_BACK),
	    M(FROM_CLIENT, "\0\x16" ACK_IT), M(FROM_CLIENT, "\0\x18" HELLO)};
	static const struct conversation c = {6, 4000, 5000, 0, m, 4};
	EXPECT(&c, {"app_name", "\"openvpn\""});
	static const struct message pair[] = {
	    M(FROM_CLIENT, "\0\x0a\x48\0\0\1\0\0\0\1xx\0\x0a\x48\0\0\1\0\0\0\2xx"),
	    M(FROM_CLIENT, "\0\x0a\x48\0\0\1\0\0\0\1xx\0\x0a\x48\0\0\2\0\0\0\2xx")};
	for (int i = 0; i < 2; i++)
		assert_dissects(&(struct conversation){6, 4000, 5000, 0, pair + i, 1},
				NOTED({"app_name", i ? NULL : "\"openvpn\""}));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_udp), cmocka_unit_test(test_joined), cmocka_unit_test(test_tcp)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
