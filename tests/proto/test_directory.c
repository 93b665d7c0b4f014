/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos, LDAP and RDP: messages built from the ASN.1 of RFC 4120 and 4511, and MS-RDPBCGR 4.1.
 */
#include "cases.h"

/* DER from the inside: put values, then wrap what was put since a mark. */
struct der {
	uint8_t b[512];
	size_t n;
};

static void wrap(struct der *d, size_t mark, uint8_t tag)
{
	size_t len = d->n - mark, head = len < 128 ? 2 : len < 256 ? 3 : 4;
	assert_true(d->n + head <= sizeof(d->b));
	memmove(d->b + mark + head, d->b + mark, len);
	d->b[mark] = tag;
	if (head > 2)
		d->b[mark + 1] = (uint8_t)(0x80 | (head - 2));
	if (head == 4)
		d->b[mark + 2] = (uint8_t)(len >> 8);
	d->b[mark + head - 1] = (uint8_t)len;
	d->n += head;
}

static void put(struct der *d, uint8_t tag, const void *p, size_t n)
{
	size_t mark = d->n;
	memcpy(d->b + mark, p, n);
	d->n += n;
	wrap(d, mark, tag);
}

static void put_text(struct der *d, uint8_t tag, const char *text)
{
	put(d, tag, text, strlen(text));
}

static void put_int(struct der *d, uint8_t tag, uint8_t v)
{
	put(d, tag, &v, 1);
}

/* [tag] INTEGER */
static void member_int(struct der *d, uint8_t tag, uint8_t v)
{
	size_t mark = d->n;
	put_int(d, 2, v);
	wrap(d, mark, (uint8_t)(0xa0 | tag));
}

static void member_text(struct der *d, uint8_t tag, const char *text)
{
	size_t mark = d->n;
	put_text(d, 27, text);
	wrap(d, mark, (uint8_t)(0xa0 | tag));
}

/* [tag] PrincipalName */
static void member_name(struct der *d, uint8_t tag, const char *a, const char *b)
{
	size_t mark = d->n;
	member_int(d, 0, 2);
	size_t list = d->n;
	put_text(d, 27, a);
	if (b)
		put_text(d, 27, b);
	wrap(d, list, 0x30);
	wrap(d, list, 0xa1);
	wrap(d, mark, 0x30);
	wrap(d, mark, (uint8_t)(0xa0 | tag));
}

static void as_req(struct der *d)
{
	d->n = 0;
	member_int(d, 1, 5);
	member_int(d, 2, 10);
	size_t body = d->n;
	put(d, 3, "\0\x40\x81\0\x10", 5); /* options, a bit string */
	wrap(d, body, 0xa0);
	member_name(d, 1, "alice", NULL);
	member_text(d, 2, "EXAMPLE.COM");
	member_name(d, 3, "krbtgt", "EXAMPLE.COM");
	wrap(d, body, 0x30);
	wrap(d, body, 0xa4);
	wrap(d, 0, 0x30);
	wrap(d, 0, 0x6a);
}

static void krb_error(struct der *d, uint8_t code)
{
	d->n = 0;
	member_int(d, 0, 5);
	member_int(d, 1, 30);
	member_int(d, 6, code);
	member_text(d, 9, "EXAMPLE.COM");
	member_name(d, 10, "krbtgt", "EXAMPLE.COM");
	wrap(d, 0, 0x30);
	wrap(d, 0, 0x7e);
}

static void as_rep(struct der *d)
{
	d->n = 0;
	member_int(d, 0, 5);
	member_int(d, 1, 11);
	member_text(d, 3, "EXAMPLE.COM");
	member_name(d, 4, "alice", NULL);
	size_t ticket = d->n;
	member_int(d, 0, 5);
	member_text(d, 1, "EXAMPLE.COM");
	member_name(d, 2, "krbtgt", "EXAMPLE.COM");
	size_t encrypted = d->n;
	member_int(d, 0, 18);
	wrap(d, encrypted, 0x30);
	wrap(d, encrypted, 0xa3);
	wrap(d, ticket, 0x30);
	wrap(d, ticket, 0x61);
	wrap(d, ticket, 0xa5);
	wrap(d, 0, 0x30);
	wrap(d, 0, 0x6b);
}

static void kerberos_udp(void **state)
{
	(void)state;
	static struct der ask, error, answer;
	as_req(&ask);
	krb_error(&error, 25);
	as_rep(&answer);
	const struct message m[] = {{FROM_CLIENT, ask.b, ask.n, 0},
				    {FROM_SERVER, error.b, error.n, 700},
				    {FROM_CLIENT, ask.b, ask.n, 0},
				    {FROM_SERVER, answer.b, answer.n, 900}};
	const struct conversation c = UDP_TALK(8800, m);
	EXPECT(&c, {"app_name", "\"kerberos\""}, {"krb_type", "10"},
	       {"krb_realm", "\"EXAMPLE.COM\""}, {"krb_client", "\"alice\""},
	       {"krb_service", "\"krbtgt/EXAMPLE.COM\""}, {"krb_error", "25"}, {"krb_etype", "18"},
	       {"app_requests", "2"}, {"app_errors", NULL}, {"app_rt_us", "700"},
	       {"app_rt_max_us", "900"});
	torture(&c);
}

static void kerberos_tcp(void **state)
{
	(void)state;
	static struct der ask, error;
	as_req(&ask);
	krb_error(&error, 6);
	memmove(ask.b + 4, ask.b, ask.n);
	memmove(error.b + 4, error.b, error.n);
	memcpy(ask.b, (uint8_t[]){0, 0, 0, (uint8_t)ask.n}, 4);
	memcpy(error.b, (uint8_t[]){0, 0, 0, (uint8_t)error.n}, 4);
	assert_true(ask.n < 256 && error.n < 256);
	const struct message m[] = {{FROM_CLIENT, ask.b, ask.n + 4, 0},
				    {FROM_SERVER, error.b, error.n + 4, 0}};
	const struct conversation c = TCP_TALK(88, m);
	EXPECT(&c, {"krb_error", "6"}, {"krb_client", "\"alice\""}, {"app_errors", "1"});
	torture(&c);
}

/* --- LDAP */

static void ldap_message(struct der *d, uint8_t id, uint8_t op)
{
	wrap(d, 0, op);
	size_t n = d->n;
	memmove(d->b + 3, d->b, n);
	memcpy(d->b, (uint8_t[]){2, 1, id}, 3);
	d->n += 3;
	wrap(d, 0, 0x30);
}

static void ldap_result(struct der *d, uint8_t id, uint8_t op, uint8_t code)
{
	d->n = 0;
	put_int(d, 10, code);
	put_text(d, 4, "");
	put_text(d, 4, "");
	ldap_message(d, id, op);
}

static void ldap(void **state)
{
	(void)state;
	static struct der bind, bound, search, entry, done, tls, tls_ok;
	bind.n = search.n = entry.n = tls.n = 0;
	put_int(&bind, 2, 3);
	put_text(&bind, 4, "cn=root,dc=example");
	put_text(&bind, 0x80, "secret");
	ldap_message(&bind, 1, 0x60);
	ldap_result(&bound, 1, 0x61, 49);
	put_text(&search, 4, "dc=example");
	put_int(&search, 10, 2);
	put_int(&search, 10, 0);
	ldap_message(&search, 2, 0x63);
	put_text(&entry, 4, "uid=a,dc=example");
	put(&entry, 0x30, "", 0);
	ldap_message(&entry, 2, 0x64);
	ldap_result(&done, 2, 0x65, 0);
	put_text(&tls, 0x80, "1.3.6.1.4.1.1466.20037");
	ldap_message(&tls, 3, 0x77);
	ldap_result(&tls_ok, 3, 0x78, 0);
	const struct message m[] = {
	    {FROM_CLIENT, bind.b, bind.n, 0},     {FROM_SERVER, bound.b, bound.n, 0},
	    {FROM_CLIENT, search.b, search.n, 0}, {FROM_SERVER, entry.b, entry.n, 3000},
	    {FROM_SERVER, done.b, done.n, 0},     {FROM_CLIENT, tls.b, tls.n, 0},
	    {FROM_SERVER, tls_ok.b, tls_ok.n, 0}};
	const struct conversation c = TCP_TALK(3890, m);
	/* bind 0, search 3, extended 23 */
	EXPECT(&c, {"app_name", "\"ldap\""}, {"user_name", "\"cn=root,dc=example\""},
	       {"ldap_base", "\"dc=example\""}, {"ldap_result", "49"},
	       {"ldap_operations", "8388617"}, {"app_requests", "3"}, {"app_answers", "3"},
	       {"app_errors", "1"}, {"app_rt_us", "1000"}, {"app_rt_max_us", "3000"});
	torture(&c);
}

/* --- RDP */

static void rdp(void **state)
{
	(void)state;
	static const struct message m[] = {
	    /* MS-RDPBCGR 4.1.1, with TLS and CredSSP asked for */
	    C("\x03\x00\x00\x2c\x27\xe0\x00\x00\x00\x00\x00"
	      "Cookie: mstshash=eltons\r\n\x01\x00\x08\x00\x03\x00\x00\x00"),
	    S("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x00\x08\x00\x02\x00\x00\x00"),
	};
	const struct conversation c = TCP_TALK(33890, m);
	EXPECT(&c, {"app_name", "\"rdp\""}, {"user_name", "\"eltons\""}, {"rdp_requested", "3"},
	       {"rdp_selected", "2"}, {"app_rt_us", "1000"});
	torture(&c);
}

/* ISO on TCP of another application (S7) is none. */
static void not_rdp(void **state)
{
	(void)state;
	static const struct message m[] = {
	    C("\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc1\x02\x01\x00\xc2\x02\x01\x02\xc0\x01"
	      "\x0a"),
	};
	const struct conversation c = TCP_TALK(102, m);
	EXPECT(&c, {"rdp_requested", NULL}, {"app_rt_us", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kerberos_udp), cmocka_unit_test(kerberos_tcp), cmocka_unit_test(ldap),
	    cmocka_unit_test(rdp),          cmocka_unit_test(not_rdp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
