/* SPDX-License-Identifier: Apache-2.0 */
/* The values that were published with the specification of Community ID, in both directions. */
#include "meter/community.h"
#include "meter/feed.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ip ip_of(const char *text)
{
	struct ip a;
	assert_int_equal(ip_parse(text, strlen(text), &a), ERR_OK);
	return a;
}

/* Of ICMP the ports are type and code. */
static void published(void **state)
{
	(void)state;
	static const struct {
		const char *src, *dst;
		uint8_t proto;
		uint16_t src_port, dst_port;
		const char *id;
	} cases[] = {
	    {"128.232.110.120", "66.35.250.204", 6, 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
	    {"66.35.250.204", "128.232.110.120", 6, 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
	    {"2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 6, 63943, 25,
	     "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
	    {"2607:f8b0:400c:c03::1a", "2001:470:e5bf:dead:4957:2174:e82c:4887", 6, 25, 63943,
	     "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
	    {"192.168.1.52", "8.8.8.8", 17, 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
	    {"8.8.8.8", "192.168.1.52", 17, 53, 54585, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
	    {"192.168.0.89", "192.168.0.1", 1, 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
	    {"192.168.0.1", "192.168.0.89", 1, 0, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
	    {"fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 58, 135, 0,
	     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
	    {"fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 58, 136, 0,
	     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
	    {"3ffe:507:0:1:260:97ff:fe07:69ea", "3ffe:507:0:1:200:86ff:fe05:80da", 58, 3, 0,
	     "1:NdobDX8PQNJbAyfkWxhtL2Pqp5w="},
	    {"10.1.24.4", "10.1.12.1", 46, 0, 0, "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4="},
	    {"192.168.170.8", "192.168.170.56", 132, 7, 80, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="},
	    {"192.168.170.56", "192.168.170.8", 132, 80, 7, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="},
	};
	struct crypto *c;
	assert_int_equal(crypto_new(&c), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool icmp = cases[i].proto == 1 || cases[i].proto == 58;
		const struct community_flow f = {.src = ip_of(cases[i].src),
						 .dst = ip_of(cases[i].dst),
						 .proto = cases[i].proto,
						 .src_port = icmp ? 0 : cases[i].src_port,
						 .dst_port = icmp ? 0 : cases[i].dst_port,
						 .icmp_type = icmp ? (uint8_t)cases[i].src_port : 0,
						 .icmp_code =
						     icmp ? (uint8_t)cases[i].dst_port : 0};
		char text[COMMUNITY_TEXT + 1] = {0};
		assert_true(community_id(c, &f, text));
		assert_string_equal(text, cases[i].id);
	}
	crypto_free(c);
}

static void of_flows(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, &(struct meter_opts){.community_id = true});
	feed_packet(&f, &(struct feed_packet){.src = "192.168.1.52",
					      .dst = "8.8.8.8",
					      .proto = 17,
					      .src_port = 54585,
					      .dst_port = 53,
					      .payload = 20});
	feed_flush(&f);
	assert_true(feed_has(&f, F_community_id, 0));
	struct span s = batch_span(f.records, F_community_id)[0];
	assert_int_equal(s.len, COMMUNITY_TEXT);
	assert_memory_equal(batch_bytes(f.records, s), "1:d/FP5EW3wiY1vCndhwleRRKHowQ=", s.len);
	feed_end(&f);
	feed_begin(&f, NULL);
	feed_packet(&f, &(struct feed_packet){.payload = 20});
	feed_flush(&f);
	assert_false(feed_has(&f, F_community_id, 0));
	feed_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(published),
	    cmocka_unit_test(of_flows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
