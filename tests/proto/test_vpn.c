/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnels that say what they are in their first bytes: IKE (RFC 7296 3.1, RFC 2408 3.1), ESP and AH
 * (RFC 4303, 4302), L2TP (RFC 2661 3.1), STUN (RFC 8489 5; the transaction and address of RFC
 * 5769 2.2), WireGuard (whitepaper 5.4), BitTorrent (BEP 3, 5, 29). */
#include "cases.h"

static void test_ike(void **state)
{
	(void)state;
#define SPIS "\1\2\3\4\5\6\7\x08\0\0\0\0\0\0\0\0"
	/* an answer to SA_INIT: notification 14, no proposal chosen */
	static const struct message m[] = {
	    M(FROM_CLIENT, SPIS "\x21\x20\x22\x08\0\0\0\0\0\0\0\x20\0\0\0\4"),
	    M(FROM_SERVER, SPIS "\x29\x20\x22\x20\0\0\0\0\0\0\0\x24\0\0\0\x08\0\0\0\x0e")};
	static const struct conversation c = {17, 500, 500, 0, m, 2},
					 other = {17, 5000, 5001, 0, m, 2};
	static const struct noted want[] = {
	    {"app_name", "\"ike\""},          {"ike_version", "2"}, {"ike_exchange", "34"},
	    {"ike_spi", "72623859790382856"}, {"ike_error", "14"},  END};
	assert_dissects(&c, want);
	assert_dissects(&other, want);
	torture(&c);
	/* at 4500 four zeros come first; what has none is ESP, and 0xff keeps the way open */
	static const struct message nat[] = {
	    M(FROM_CLIENT, "\0\0\0\0" SPIS "\x01\x10\x02\x00\0\0\0\0\0\0\0\x1c"),
	    M(FROM_SERVER, "\xff"), M(FROM_CLIENT, "\xca\xfe\0\1\0\0\0\1abcdefghijklmnop"),
	    M(FROM_SERVER, "\xca\xfe\0\2\0\0\0\1abcdefghijklmnop")};
	static const struct conversation n = {17, 4500, 4500, 0, nat, 4};
	EXPECT(&n, {"ike_version", "1"}, {"ike_exchange", "2"}, {"ipsec_spi", "3405643777"},
	       {"rev_ipsec_spi", "3405643778"});
	torture(&n);
}

static void test_ipsec(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\0\0\x12\x34\0\0\0\1abcdefgh"),
	    M(FROM_SERVER, "\0\0\x12\x35\0\0\0\1abcdefgh"),
	    M(FROM_CLIENT, "\x06\4\0\0\0\0\x12\x36\0\0\0\1abcdefghijkl")};
	static const struct conversation esp = {50, 0, 0, 0, m, 2}, ah = {51, 0, 0, 0, m + 2, 1};
	EXPECT(&esp, {"app_name", "\"esp\""}, {"ipsec_spi", "4660"}, {"rev_ipsec_spi", "4661"});
	EXPECT(&ah, {"app_name", "\"ah\""}, {"ipsec_spi", "4662"});
	torture(&esp);
	torture(&ah);
}

static void test_l2tp(void **state)
{
	(void)state;
	static const struct message m[] = {M(
	    FROM_CLIENT, "\xc8\x02\0\x1d\0\0\0\0\0\0\0\0\x80\x08\0\0\0\0\0\1\x80\x09\0\0\0\7lac")};
	static const struct conversation c = {17, 1701, 1701, 0, m, 1};
	EXPECT(&c, {"app_name", "\"l2tp\""}, {"l2tp_host", "\"lac\""});
	torture(&c);
}

static void test_stun(void **state)
{
	(void)state;
#define TRANSACTION "\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
	/* 192.0.2.1:32853, as RFC 5769 2.2 has it */
	static const struct message m[] = {
	    M(FROM_CLIENT, "\0\1\0\0" TRANSACTION),
	    M(FROM_SERVER, "\1\1\0\x1c" TRANSACTION "\x80\x22\0\x0btest vector\x20"
			   "\0\x20\0\x08\0\1\xa1\x47\xe1\x12\xa6\x43")};
	static const struct conversation c = {17, 4000, 3478, 0, m, 2},
					 tcp = {6, 4000, 3478, 0, m, 2};
	static const struct noted want[] = {{"app_name", "\"stun\""},
					    {"stun_method", "1"},
					    {"stun_software", "\"test vector\""},
					    {"stun_mapped_ip", "\"192.0.2.1\""},
					    {"stun_mapped_port", "32853"},
					    END};
	assert_dissects(&c, want);
	assert_dissects(&tcp, want);
	torture(&c);
	torture(&tcp);
	static const struct message turn[] = {
	    M(FROM_CLIENT, "\0\3\0\0" TRANSACTION),
	    M(FROM_SERVER, "\1\x13\0\x08" TRANSACTION "\0\x09\0\4\0\0\4\1")};
	static const struct conversation t = {17, 4000, 5000, 0, turn, 2};
	EXPECT(&t, {"app_name", "\"turn\""}, {"stun_method", "3"}, {"stun_error", "401"});
	torture(&t);
	/* an address is allocated: 192.0.2.1 */
	static const struct message given[] = {
	    M(FROM_CLIENT, "\0\3\0\0" TRANSACTION),
	    M(FROM_SERVER, "\1\3\0\x0c" TRANSACTION "\0\x16\0\x08\0\1\xa1\x47\xe1\x12\xa6\x43")};
	const struct conversation g = {17, 4000, 5000, 0, given, 2};
	EXPECT(&g, {"app_name", "\"turn\""}, {"stun_relayed_ip", "\"192.0.2.1\""});
}

static void test_wireguard(void **state)
{
	(void)state;
	uint8_t init[148] = {1, 0, 0, 0, 0x44, 0x33, 0x22, 0x11},
		answer[92] = {2, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
	uint8_t data[32] = {4, 0, 0, 0, 0xdd, 0xcc, 0xbb, 0xaa, 5},
		odd[33] = {4, 0, 0, 0, 1, 0, 0, 0, 5};
	struct message m[] = {{FROM_CLIENT, init, sizeof(init), 0},
			      {FROM_SERVER, answer, sizeof(answer), 0},
			      {FROM_CLIENT, data, sizeof(data), 0},
			      {FROM_CLIENT, odd, sizeof(odd), 0}};
	struct conversation c = {17, 4000, 5000, 0, m, 3}, joined = {17, 4000, 5000, 0, m + 2, 1},
			    not = {17, 4000, 51820, 0, m + 3, 1};
	EXPECT(&c, {"app_name", "\"wireguard\""}, {"wg_conf_level", "100"},
	       {"wg_src_peer", "287454020"} /* 0x11223344 */,
	       {"wg_dst_peer", "1432778632"} /* 0x55667788 */);
	/* what data bear is the receiver's number */
	EXPECT(&joined, {"wg_dst_peer", "2864434397"}, {"wg_src_peer", NULL});
	EXPECT(&not, {"wg_conf_level", NULL});
	torture(&c);
}

#define HASH      "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67"
#define HASH_TEXT "\"0123456789abcdef0123456789abcdef01234567\""
#define HANDSHAKE                                                                                  \
	"\x13"                                                                                     \
	"BitTorrent protocol\0\0\0\0\0\x10\0\5" HASH "-TR2940-abcdefghijkl"

static void test_bittorrent(void **state)
{
	(void)state;
	static const struct message peer[] = {M(FROM_CLIENT, HANDSHAKE)};
	static const struct message utp[] = {
	    M(FROM_CLIENT, "\x41\0\x12\x34\0\0\0\1\0\0\0\0\0\x10\0\0\0\1\0\0"),
	    M(FROM_CLIENT, "\x01\0\x12\x35\0\0\0\2\0\0\0\1\0\x10\0\0\0\2\0\1" HANDSHAKE)};
	static const struct message dht[] = {M(FROM_CLIENT,
					       "d1:ad2:id20:abcdefghij01234567899:info_hash20:" HASH
					       "e1:q9:get_peers1:t2:aa1:y1:qe")};
	static const struct conversation over_tcp = {6, 4000, 5000, 0, peer, 1},
					 over_utp = {17, 4000, 5000, 0, utp, 2},
					 over_udp = {17, 4000, 5000, 0, dht, 1};
	static const struct noted want[] = {{"app_name", "\"bittorrent\""},
					    {"bt_info_hash", HASH_TEXT},
					    {"bt_client", "\"TR2940\""},
					    END};
	assert_dissects(&over_tcp, want);
	assert_dissects(&over_utp, want);
	EXPECT(&over_udp, {"bt_info_hash", HASH_TEXT});
	torture(&over_tcp);
	torture(&over_utp);
	torture(&over_udp);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ike),       cmocka_unit_test(test_ipsec),
	    cmocka_unit_test(test_l2tp),      cmocka_unit_test(test_stun),
	    cmocka_unit_test(test_wireguard), cmocka_unit_test(test_bittorrent)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
