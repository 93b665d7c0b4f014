/* SPDX-License-Identifier: Apache-2.0 */
/* Messages written by hand from RFC 1035 4.1, 6891 6.1, 6762 and 6763. */
#include "cases.h"

#define QUERY_A                                                                                    \
	"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"                                         \
	"\3WwW\7example\3com\0\x00\x01\x00\x01"                                                    \
	"\0\x00\x29\x04\xd0\x00\x00\x80\x00\x00\x00"
#define ANSWER_A                                                                                   \
	"\x12\x34\x81\x80\x00\x01\x00\x03\x00\x00\x00\x00"                                         \
	"\3WwW\7example\3com\0\x00\x01\x00\x01"                                                    \
	"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x07\4host\xc0\x10"                           \
	"\xc0\x2d\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04\xc0\x00\x02\x09"                         \
	"\xc0\x2d\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04\xc0\x00\x02\x0a"

static const struct message udp[] = {M(FROM_CLIENT, QUERY_A),
				     M(FROM_CLIENT, QUERY_A),
				     {FROM_SERVER, ANSWER_A, sizeof(ANSWER_A) - 1, 2500}};
static const struct conversation over_udp = {17, 40000, 53, 0, udp, ARRAY_LEN(udp)};
static const struct conversation any_port = {17, 40000, 5300, 0, udp, ARRAY_LEN(udp)};

static void test_udp(void **state)
{
	(void)state;
	static const struct noted want[] = {
	    {"app_name", "\"dns\""},
	    {"dns_id", "4660"},
	    {"dns_flags", "256"},
	    {"rev_dns_flags", "33152"},
	    {"dns_qname", "\"WwW.example.com\""},
	    {"dns_qtype", "1"},
	    {"dns_qclass", "1"},
	    {"dns_rcode", "0"},
	    {"dns_questions", "1"},
	    {"dns_answers", "3"},
	    {"dns_authorities", "0"},
	    {"dns_additionals", "0"},
	    {"dns_rr_name", "\"WwW.example.com\""},
	    {"dns_rr_type", "5"},
	    {"dns_rr_class", "1"},
	    {"dns_rr_ttl", "60"},
	    {"dns_rr_rdata_len", "7"},
	    {"dns_rr_data", "\"host.example.com\""},
	    {"dns_rr_rdata", "\"host.example.com\""},
	    {"dns_address", "\"192.0.2.9\""},
	    {"dns_edns_size", "1232"},
	    {"dns_do", "1"},
	    {"dns_queries", "2"},
	    {"dns_retransmissions", "1"},
	    {"dns_responses", "1"},
	    {"dns_errors", NULL},
	    {"dns_unanswered", NULL},
	    /* from the first of the two queries: 1000 + 2500 us */
	    {"dns_rt_us", "3500"},
	    {"dns_rt_max_us", "3500"},
	    {"dns_rt_sum_us", "3500"},
	    END,
	};
	assert_dissects(&over_udp, want);
	assert_dissects(&any_port, want);
	torture(&over_udp);
	torture(&any_port);
}

#define QUERY_MX                                                                                   \
	"\x00\x1b\xbe\xef\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\4mail\4test\0\x00\x0f\x00\x01"
#define ANSWER_MX                                                                                  \
	"\x00\x2e\xbe\xef\x81\x83\x00\x01\x00\x01\x00\x00\x00\x00\4mail\4test\0\x00\x0f\x00\x01"   \
	"\xc0\x0c\x00\x0f\x00\x01\x00\x00\x0e\x10\x00\x07\x00\x0a\2mx\xc0\x11"
#define NO_ANSWER                                                                                  \
	"\x00\x1b\xbe\xf0\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\4mai2\4test\0\x00\x0f\x00\x01"

static void test_tcp(void **state)
{
	(void)state;
	static const struct message m[] = {M(FROM_CLIENT, QUERY_MX), M(FROM_SERVER, ANSWER_MX),
					   M(FROM_CLIENT, NO_ANSWER)};
	static const struct conversation c = {6, 40000, 53, 0, m, ARRAY_LEN(m)};
	static const struct noted want[] = {
	    {"app_name", "\"dns\""},
	    {"dns_qname", "\"mail.test\""},
	    {"dns_qtype", "15"},
	    {"dns_rcode", "3"},
	    {"dns_rr_data", "\"10 mx.test\""},
	    {"dns_errors", "1"},
	    {"dns_rr_rdata_len", "7"},
	    {"dns_queries", "2"},
	    {"dns_unanswered", "1"},
	    {"dns_rt_us", "1000"},
	    {"dns_address", NULL},
	    {"dns_rr_rdata", "\"\\u0000\\nmx.test\""},
	    END,
	};
	assert_dissects(&c, want);
	torture(&c);
}

/* The data of each type as text; all of them in one message would note only the first. */
static void test_data(void **state)
{
	(void)state;
#define ONE(type, data)                                                                            \
	"\0\1\x84\x00\0\0\0\1\0\0\0\0"                                                             \
	"\1x\0" type "\0\1\0\0\0\0" data
	static const struct {
		const char *p;
		size_t n;
		const char *text;
	} cases[] = {
#define CASE(type, data, text) {ONE(type, data), sizeof(ONE(type, data)) - 1, text}
	    CASE("\0\x1c", "\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", "\"2001:db8::1\""),
	    CASE("\0\x0c", "\0\x07\5a.b\\\x01\0", "\"a\\\\046b\\\\092\\\\001\""),
	    CASE("\0\x06", "\0\x1a\1m\0\1r\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5",
		 "\"m r 1 2 3 4 5\""),
	    CASE("\0\x21", "\0\x0b\0\1\0\2\x01\xbb\3srv\0", "\"1 2 443 srv\""),
	    CASE("\0\x10", "\0\x06\2ab\2cd", "\"ab cd\""),
	    CASE("\1\x01", "\0\x0b\0\5issueca.x", "\"0 issue ca.x\""),
	    CASE("\0\xfe", "\0\x02\xab\x01", "\"\\\\# 2 ab01\""),
	    /* an address of five bytes is none */
	    CASE("\0\x01", "\0\x03\1\2\3", "\"\""),
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct message m[] = {{FROM_SERVER, cases[i].p, cases[i].n, 0}};
		struct conversation c = {17, 40000, 53, 0, m, 1};
		EXPECT(&c, {"dns_rr_data", cases[i].text});
		torture(&c);
	}
	/* its bytes are all there, those that are zero at the end too: 10.1.0.0 */
	static const struct message zeros[] = {M(FROM_SERVER, ONE("\0\x01", "\0\4\x0a\1\0\0"))};
	EXPECT(&(struct conversation)TALK(17, 53, zeros),
	       {"dns_rr_rdata", "\"\\n\\u0001\\u0000\\u0000\""}, {"dns_rr_rdata_len", "4"});
}

static void test_not_dns(void **state)
{
	(void)state;
	/* a name that points at itself; questions without room; text; a query with answers */
	static const struct message m[] = {
	    M(FROM_CLIENT, "\x12\x34\x01\x00\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"),
	    M(FROM_CLIENT, "\x12\x34\x01\x00\0\x09\0\0\0\0\0\0\1a\0\0\1\0\1"),
	    M(FROM_CLIENT, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
	    M(FROM_CLIENT, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	};
	for (size_t i = 0; i < ARRAY_LEN(m); i++) {
		/* at the name server's port a pointer to itself is a broken query, and noted as one
		 */
		struct conversation c = {17, 40000, i == 0 ? 5300 : 53, 0, m + i, 1};
		EXPECT(&c, {"dns_id", NULL});
	}
}

#define MDNS_QUERY                                                                                 \
	"\0\0\0\0\0\2\0\0\0\0\0\0\5_http\4_tcp\5local\0\0\x0c\0\1\4_ipp\xc0\x12\0\x0c\0\1"
#define MDNS_ANSWER                                                                                \
	"\0\0\x84\0\0\0\0\2\0\0\0\1\4_ipp\4_tcp\5local\0\0\x0c\0\1\0\0\x11\x94\0\x08\5My "         \
	"P.\xc0\x0c"                                                                               \
	"\xc0\x27\0\x21\x80\1\0\0\0\x78\0\x08\0\0\0\0\2\x77\xc0\x16"                               \
	"\1p\xc0\x16\0\1\x80\1\0\0\0\x78\0\4\xc0\0\2\7"

static void test_mdns(void **state)
{
	(void)state;
	static const struct message m[] = {M(FROM_CLIENT, MDNS_QUERY)};
	static const struct conversation c = {17, 5353, 5353, 0, m, 1};
	static const struct noted want[] = {
	    {"app_name", "\"mdns\""},
	    {"dns_qname", "\"_http._tcp.local\""},
	    {"dns_questions", "2"},
	    {"dnssd_queries", "\"_http._tcp.local;_ipp._tcp.local;\""},
	    {"dnssd_responses", NULL},
	    {"dns_unanswered", NULL},
	    END,
	};
	assert_dissects(&c, want);
	torture(&c);
	/* PTR to an instance, whose SRV follows */
	static const struct message offer[] = {M(FROM_CLIENT, MDNS_ANSWER)};
	static const struct conversation offered = {17, 5353, 5353, 0, offer, 1};
	EXPECT(&offered, {"dnssd_queries", NULL},
	       {"dnssd_responses", "\"My P\\\\046._ipp._tcp.local;\""});
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_udp),  cmocka_unit_test(test_tcp),
	    cmocka_unit_test(test_data), cmocka_unit_test(test_not_dns),
	    cmocka_unit_test(test_mdns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
