/* SPDX-License-Identifier: Apache-2.0 */
/* SMTP, IMAP, POP3 and FTP: sessions as their RFCs show them. */
#include "cases.h"

/* RFC 5321 D.1, with a refused recipient and a mail that has a line of dots. */
static const struct message smtp_mail[] = {
    S("220 foo.com Simple Mail Transfer Service Ready ESMTP\r\n"),
    C("EHLO bar.com\r\n"),
    S("250-foo.com greets bar.com\r\n250-8BITMIME\r\n250 SIZE\r\n"),
    C("MAIL FROM:<Smith@bar.com> SIZE=100\r\n"),
    S("250 OK\r\n"),
    C("RCPT TO:<Jones@foo.com>\r\n"),
    SAYS(FROM_SERVER, "250 OK\r\n", 5000),
    C("RCPT TO:<Green@foo.com>\r\n"),
    S("550 No such user here\r\n"),
    C("DATA\r\n"),
    S("354 Start mail input; end with <CRLF>.<CRLF>\r\n"),
    C("From: Smith\r\n\r\nMAIL FROM:<no@command>\r\n..\r\n"),
    C(".\r\n"),
    S("250 OK\r\n"),
    C("QUIT\r\n"),
    S("221 foo.com Service closing transmission channel\r\n"),
};

static void smtp(void **state)
{
	(void)state;
	const struct conversation c = TCP_TALK(2500, smtp_mail);
	/* commands EHLO 1 MAIL 4 RCPT 8 DATA 16 QUIT 1024; codes 220 4, 250 16, 354 128, 550 2^18,
	 * 221 8 */
	EXPECT(&c, {"app_name", "\"smtp\""}, {"smtp_domain", "\"bar.com\""},
	       {"mail_from", "\"Smith@bar.com\""}, {"mail_to", "\"Jones@foo.com\""},
	       {"mail_encrypted", "0"}, {"smtp_commands", "1053"}, {"smtp_mails", "1"},
	       {"smtp_recipients", "2"}, {"smtp_status_codes", "262300"}, {"smtp_replies_2xx", "6"},
	       {"smtp_replies_3xx", "1"}, {"smtp_replies_4xx", NULL}, {"smtp_replies_5xx", "1"},
	       {"app_errors", "1"}, {"app_requests", "7"},
	       {"app_server", "\"foo.com Simple Mail Transfer Service Ready ESMTP\""});
	EXPECT(&c, /* six answers after 1 ms and one after 5 ms */ {"app_rt_us", "1000"},
	       {"app_rt_max_us", "5000"}, {"app_rt_sum_us", "11000"});
	torture(&c);
}

/* RFC 5321 4.2.3: refused for now. */
static void smtp_busy(void **state)
{
	(void)state;
	static const struct message m[] = {
	    S("220 mx ESMTP\r\n"),
	    C("EHLO pc\r\n"),
	    S("250 mx\r\n"),
	    C("MAIL FROM:<a@b.example>\r\n"),
	    S("450 4.2.1 busy\r\n"),
	    C("MAIL FROM:<a@b.example>\r\n"),
	    S("421 4.3.2 closing\r\n"),
	};
	const struct conversation c = TCP_TALK(2500, m);
	EXPECT(&c, {"smtp_replies_2xx", "2"}, {"smtp_replies_4xx", "2"},
	       {"smtp_replies_5xx", NULL});
}

static void smtp_login(void **state)
{
	(void)state;
	/* base64: "Username:", "alice", "Password:", "secret" */
	static const struct message m[] = {
	    S("220 mx ESMTP\r\n"),
	    C("EHLO pc\r\n"),
	    S("250 AUTH LOGIN PLAIN\r\n"),
	    C("AUTH LOGIN\r\n"),
	    S("334 VXNlcm5hbWU6\r\n"),
	    C("YWxpY2U=\r\n"),
	    S("334 UGFzc3dvcmQ6\r\n"),
	    C("c2VjcmV0\r\n"),
	    S("535 5.7.8 failed\r\n"),
	    C("AUTH PLAIN AGJvYgBzZWNyZXQ=\r\n"),
	    S("235 ok\r\n"),
	    C("NOOP\r\n"),
	    S("250 ok\r\n"),
	};
	const struct conversation c = TCP_TALK(587, m);
	EXPECT(&c, {"mail_user", "\"alice\""}, {"mail_auth_failures", "1"},
	       {"user_name", "\"alice\""});
	torture(&c);
}

static void smtp_starttls(void **state)
{
	(void)state;
	static const struct message m[] = {
	    S("220 mx ESMTP\r\n"), C("EHLO pc\r\n"),      S("250-mx\r\n250 STARTTLS\r\n"),
	    C("STARTTLS\r\n"),     S("220 go ahead\r\n"),
	};
	const struct conversation c = TCP_TALK(25, m);
	EXPECT(&c, {"mail_encrypted", "1"}, {"app_name", "\"smtp\""});
	torture(&c);
}

/* RFC 3501 8, and a mail that is a literal. */
static void imap(void **state)
{
	(void)state;
	static const struct message m[] = {
	    S("* OK IMAP4rev1 Service Ready\r\n"),
	    C("a001 login mrc secret\r\n"),
	    S("a001 NO LOGIN failed\r\n"),
	    C("a002 LOGIN \"fred foo\" \"x\"\r\n"),
	    S("a002 OK LOGIN completed\r\n"),
	    C("a003 fetch 12 body[header]\r\n"),
	    S("* 12 FETCH (BODY[HEADER] {22}\r\na003 OK not an answer)\r\na003 OK FETCH "
	      "completed\r\n"),
	    C("a004 logout\r\n"),
	    S("* BYE\r\na004 OK LOGOUT completed\r\n"),
	};
	const struct conversation c = TCP_TALK(1430, m);
	EXPECT(&c, {"app_name", "\"imap\""}, {"mail_user", "\"mrc\""}, {"mail_auth_failures", "1"},
	       {"app_requests", "4"}, {"app_errors", "1"}, {"app_command", "\"login\""},
	       {"mail_encrypted", "0"}, {"app_server", "\"IMAP4rev1 Service Ready\""});
	torture(&c);
}

static void imap_literal_login(void **state)
{
	(void)state;
	static const struct message m[] = {
	    S("* OK IMAP4rev1 Service Ready\r\n"),
	    C("A001 LOGIN {11}\r\n"),
	    S("+ Ready\r\n"),
	    C("FRED@FOOBAR {7}\r\n"),
	    S("+ Ready\r\n"),
	    C("fat man\r\n"),
	    S("A001 OK done\r\n"),
	    C("A002 STARTTLS\r\n"),
	    S("A002 OK Begin TLS negotiation now\r\n"),
	};
	const struct conversation c = TCP_TALK(143, m);
	EXPECT(&c, {"mail_user", "\"FRED@FOOBAR\""}, {"mail_encrypted", "1"},
	       {"app_requests", "2"});
	torture(&c);
}

/* RFC 1939 10. */
static void pop3(void **state)
{
	(void)state;
	static const struct message m[] = {
	    S("+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"),
	    C("USER mrose\r\n"),
	    S("+OK\r\n"),
	    C("PASS wrong\r\n"),
	    S("-ERR invalid\r\n"),
	    C("APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"),
	    S("+OK mrose's maildrop has 2 messages (320 octets)\r\n"),
	    C("RETR 1\r\n"),
	    S("+OK 120 octets\r\n-ERR in a mail\r\n.\r\n"),
	    C("QUIT\r\n"),
	    S("+OK dewey POP3 server signing off\r\n"),
	};
	const struct conversation c = TCP_TALK(1100, m);
	EXPECT(&c, {"app_name", "\"pop3\""}, {"mail_user", "\"mrose\""},
	       {"mail_auth_failures", "1"}, {"app_requests", "5"}, {"app_errors", "1"},
	       {"mail_encrypted", "0"});
	torture(&c);
}

/* RFC 959 and 2428; the announced connection is that of the client below. */
static void ftp(void **state)
{
	(void)state;
	static const struct message m[] = {
	    S("220-Welcome\r\n220 FTP server ready\r\n"),
	    C("USER anna\r\n"),
	    S("331 Password please\r\n"),
	    C("PASS x\r\n"),
	    S("530 Login incorrect\r\n"),
	    C("USER anna\r\nPASS y\r\n"),
	    S("331 Password please\r\n230 Logged in\r\n"),
	    C("EPSV\r\n"),
	    S("229 Entering Extended Passive Mode (|||50999|)\r\n"),
	    C("RETR /pub/a file.txt\r\n"),
	    S("150 Opening\r\n"),
	    S("226 Done\r\n"),
	    C("QUIT\r\n"),
	    S("221 Bye\r\n"),
	};
	const struct conversation c = TCP_TALK(2100, m);
	EXPECT(&c, {"app_name", "\"ftp\""}, {"user_name", "\"anna\""},
	       {"ftp_command", "\"RETR /pub/a file.txt\""}, {"ftp_reply", "226"},
	       {"app_errors", "1"}, {"app_requests", "7"});
	torture(&c);
}

/* Others that begin alike: Redis, a mail server's greeting to a client that says nothing. */
static void not_mail(void **state)
{
	(void)state;
	static const struct message redis[] = {C("PING\r\n"), S("+OK\r\n")};
	static const struct message banner[] = {S("220 hello\r\n"), C("\x16\x03\x01 rest")};
	const struct conversation talks[] = {TCP_TALK(50002, redis), TCP_TALK(50002, banner)};
	for (size_t i = 0; i < ARRAY_LEN(talks); i++) {
		EXPECT(&talks[i], {"mail_encrypted", NULL}, {"ftp_reply", NULL});
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(smtp),       cmocka_unit_test(smtp_busy),
	    cmocka_unit_test(smtp_login), cmocka_unit_test(smtp_starttls),
	    cmocka_unit_test(imap),       cmocka_unit_test(imap_literal_login),
	    cmocka_unit_test(pop3),       cmocka_unit_test(ftp),
	    cmocka_unit_test(not_mail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
