/* SPDX-License-Identifier: Apache-2.0 */
/* Telnet, IRC, XMPP, rsync, VNC and ONC RPC: short sessions as their documents show them. */
#include "cases.h"

static void telnet(void **state)
{
	(void)state;
	static const struct message m[] = {
	    S("\xff\xfd\x18\xff\xfd\x20"),
	    C("\xff\xfb\x18\xff\xfc\x20"),
	    S("\xff\xfa\x18\x01\xff\xf0"),
	    C("\xff\xfa\x18\x00XTERM\xff\xf0"),
	    S("\r\nWelcome\r\nlogin: "),
	    C("an"),
	    S("an"),
	    C("na\r\n"),
	    S("na\r\nPassword: "),
	    C("secret\r\n"),
	};
	const struct conversation c = TCP_TALK(2300, m);
	EXPECT(&c, {"app_name", "\"telnet\""}, {"app_client", "\"XTERM\""},
	       {"user_name", "\"anna\""});
	torture(&c);
}

static void irc(void **state)
{
	(void)state;
	static const struct message m[] = {
	    C("CAP LS 302\r\nNICK wiz\r\nUSER guest 0 * :Ronnie\r\n"),
	    S(":irc.example 001 wiz :Welcome\r\n"),
	    C("JOIN #weir\r\n"),
	};
	const struct conversation c = TCP_TALK(7000, m);
	EXPECT(&c, {"app_name", "\"irc\""}, {"user_name", "\"wiz\""},
	       {"app_server", "\"irc.example\""}, {"app_command", "\"JOIN #weir\""});
	torture(&c);
}

/* RFC 6120 9.1; base64 of NUL juliet NUL r0m30. */
static void xmpp(void **state)
{
	(void)state;
	static const struct message m[] = {
	    C("<?xml version='1.0'?><stream:stream to='im.example.com' xmlns='jabber:client'"
	      " xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"),
	    S("<stream:stream from='im.example.com' xmlns='jabber:client'"
	      " xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"),
	    C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
	      "mechanism='PLAIN'>AGp1bGlldAByMG0zMA==</auth>"),
	    S("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
	};
	const struct conversation c = TCP_TALK(5333, m);
	EXPECT(&c, {"app_name", "\"xmpp\""}, {"app_server", "\"im.example.com\""},
	       {"user_name", "\"juliet\""});
	torture(&c);
}

static void rsync(void **state)
{
	(void)state;
	static const struct message m[] = {
	    S("@RSYNCD: 31.0 sha512\n"),  C("@RSYNCD: 30.0\n"),  C("backup\n"),
	    S("@RSYNCD: AUTHREQD abc\n"), C("ann 0123456789\n"), S("@ERROR: auth failed\n"),
	};
	const struct conversation c = TCP_TALK(8730, m);
	EXPECT(&c, {"app_name", "\"rsync\""}, {"app_server", "\"31.0 sha512\""},
	       {"app_client", "\"30.0\""}, {"app_command", "\"backup\""}, {"user_name", "\"ann\""},
	       {"app_errors", "1"});
	torture(&c);
}

static void vnc(void **state)
{
	(void)state;
	static const struct message m[] = {
	    S("RFB 003.008\n"),    C("RFB 003.007\n"),    S("\x02\x01\x02"),     C("\x02"),
	    S("0123456789abcdef"), C("fedcba9876543210"), S("\x00\x00\x00\x01"),
	};
	const struct conversation c = TCP_TALK(5999, m);
	EXPECT(&c, {"app_name", "\"vnc\""}, {"app_server", "\"RFB 003.008\""},
	       {"app_client", "\"RFB 003.007\""}, {"app_command", "\"VNC authentication\""},
	       {"app_errors", "1"});
	torture(&c);
}

/* LOOKUP of "notes" by machine "pc1" over NFS 3, which is not there (2). */
#define XID "\x11\x22\x33\x44"
#define CALL_NFS                                                                                   \
	XID "\0\0\0\0\0\0\0\2\0\1\x86\xa3\0\0\0\3\0\0\0\3"                                         \
	    "\0\0\0\1\0\0\0\x18\0\0\0\0\0\0\0\3pc1\0\0\0\0\0\0\0\0\0\0\0\0\0"                      \
	    "\0\0\0\0\0\0\0\0"                                                                     \
	    "\0\0\0\4hand\0\0\0\5notes\0\0\0"
#define REPLY_NFS XID "\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0"

static void nfs(void **state)
{
	(void)state;
	static const struct message tcp[] = {C("\x80\0\0\x54" CALL_NFS),
					     S("\x80\0\0\x20" REPLY_NFS)};
	static const struct message udp[] = {C(CALL_NFS), S(REPLY_NFS)};
	assert_int_equal(sizeof(CALL_NFS) - 1, 0x54);
	assert_int_equal(sizeof(REPLY_NFS) - 1, 0x20);
	const struct conversation talks[] = {TCP_TALK(20490, tcp), UDP_TALK(20490, udp)};
	for (size_t i = 0; i < ARRAY_LEN(talks); i++) {
		EXPECT(&talks[i], {"app_name", "\"nfs\""}, {"app_command", "\"nfs v3 LOOKUP\""},
		       {"app_client", "\"pc1\""}, {"nfs_file", "\"notes\""}, {"app_requests", "1"},
		       {"app_errors", "1"}, {"app_rt_us", "1000"});
		torture(&talks[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(telnet), cmocka_unit_test(irc), cmocka_unit_test(xmpp),
	    cmocka_unit_test(rsync),  cmocka_unit_test(vnc), cmocka_unit_test(nfs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
