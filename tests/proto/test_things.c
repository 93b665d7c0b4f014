/* SPDX-License-Identifier: Apache-2.0 */
/* MQTT (3.1.1 and 5, OASIS), CoAP (RFC 7252), DLMS (IEC 62056-46, -47, -5-3; the check sums of HDLC
 * come from another implementation). */
#include "cases.h"

static void test_mqtt(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\x10\x16\0\4MQTT\4\xc2\0\x3c\0\2c1\0\2me\0\2pw"),
	    M(FROM_SERVER, "\x20\2\0\5"), M(FROM_CLIENT, "\x31\7\0\3a/bhi\x82\x08\0\1\0\3x/y\0"),
	    M(FROM_CLIENT, "\xe0\0")};
	static const struct noted want[] = {
	    {"app_name", "\"mqtt\""},  {"mqtt_types", "16654"}, /* bits 1, 2, 3, 8, 14 */
	    {"mqtt_version", "4"},     {"mqtt_connect_flags", "194"}, {"mqtt_keep_alive", "60"},
	    {"mqtt_return_code", "5"}, {"mqtt_publish_flags", "1"},   {"mqtt_topics", "\"a/b\""},
	    {"mqtt_client", "\"c1\""}, {"mqtt_user", "\"me\""},       END};
	struct conversation c = {6, 40000, 1883, 0, m, ARRAY_LEN(m)};
	assert_dissects(&c, want);
	torture(&c);
	c.server_port = 18830;
	assert_dissects(&c, want);
	/* joined midway, only the port speaks for it */
	c.m = m + 2;
	c.n = 1;
	EXPECT(&c, {"app_name", NULL});
	c.server_port = 1883;
	EXPECT(&c, {"mqtt_topics", "\"a/b\""}, {"mqtt_version", NULL});
}

static void test_mqtt5(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\x10\x18\0\4MQTT\5\x84\0\x0a\0\0\1x\0\0\1t\0\1p\0\1u")};
	static const struct conversation c = {6, 40000, 1883, 0, m, 1};
	EXPECT(&c, {"mqtt_version", "5"}, {"mqtt_client", "\"x\""}, {"mqtt_user", "\"u\""});
	torture(&c);
}

static void test_coap(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\x42\1\x12\x34\xab\xcd\x34home\x84temp\x43u=c\x21\x32"),
	    M(FROM_SERVER, "\x62\x45\x12\x34\xab\xcd\xc1\x32\xff\x32\x30")};
	static const struct noted want[] = {
	    {"app_name", "\"coap\""},   {"coap_version", "1"},     {"coap_id", "4660"},
	    {"coap_code", "1"},         {"coap_options", "4"},     {"coap_type", "0"},
	    {"coap_accept", "50"},      {"coap_format", "50"},     {"coap_token_length", "2"},
	    {"coap_token", "\"abcd\""}, {"coap_host", "\"home\""}, {"coap_path", "\"/temp\""},
	    {"coap_query", "\"u=c\""},  {"coap_response", "69"},   END};
	struct conversation c = {17, 40000, 5683, 0, m, 2};
	assert_dissects(&c, want);
	torture(&c);
	c.server_port = 40001;
	assert_dissects(&c, want);
	/* a marker without payload, a token of nine bytes, class 1 */
	static const struct message bad[] = {M(FROM_CLIENT, "\x40\1\0\1\xff"),
					     M(FROM_CLIENT, "\x49\1\0\1\1\2\3\4\5\6\7\x08\x09"),
					     M(FROM_CLIENT, "\x40\x21\0\1")};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_dissects(&(struct conversation){17, 40000, 5683, 0, bad + i, 1},
				NOTED({"coap_code", NULL}));
}

/* Get 1.0.1.8.0.255, class 3, attribute 2. */
#define GET "\xc0\1\xc1\0\3\1\0\1\x08\0\xff\2\0"
static const struct noted got[] = {{"app_name", "\"dlms\""},
				   {"dlms_type", "192"},
				   {"dlms_subtype", "1"},
				   {"dlms_class", "3"},
				   {"dlms_obis", "\"1.0.1.8.0.255\""},
				   {"dlms_attribute", "2"},
				   END};

static void test_dlms_wrapper(void **state)
{
	(void)state;
	static const struct message m[] = {M(FROM_CLIENT, "\0\1\0\x10\0\1\0\x0d" GET),
					   M(FROM_SERVER, "\0\1\0\1\0\x10\0\x0a\xc4\1\xc1\0\x09\4"
							  "abcd")};
	for (int i = 0; i < 2; i++) {
		struct conversation c = {i ? 6 : 17, 40000, 4059, 0, m, 2};
		assert_dissects(&c, got);
		EXPECT(&c, {"dlms_data_type", "9"}, {"dlms_data_length", "4"});
		torture(&c);
	}
	static const struct message refused[] = {
	    M(FROM_SERVER, "\0\1\0\1\0\x10\0\5\xc4\1\xc1\1\3"),
	    M(FROM_SERVER, "\0\1\0\1\0\x10\0\4\xc7\1\xc1\x0b")};
	assert_dissects(&(struct conversation){17, 40000, 4059, 0, refused, 2},
			NOTED({"dlms_access_result", "3"}, {"dlms_action_result", "11"}));
}

static void test_dlms_hdlc(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\x7e\xa0\x19\x03\x21\x32\x6f\xd8\xe6\xe6\0" GET "\x32\x68\x7e"),
	    /* a broken frame, then a right one */
	    M(FROM_SERVER,
	      "\x7e\xa0\x15\x03\x21\x32\x5b\x4f\xe6\xe7\0\xc4\1\xc1\0\6\0\0\4\x58\x27\x59\x7e"
	      "\xa0\x15\x03\x21\x32\x5b\x4f\xe6\xe7\0\xc4\1\xc1\0\6\0\0\4\x57\x27\x59\x7e")};
	struct conversation c = {6, 40000, 4060, 0, m, 2}, udp = {17, 40000, 4061, 0, m, 2},
			    broken = {6, 40000, 4060, 0, m + 1, 1};
	assert_dissects(&c, got);
	EXPECT(&c, {"dlms_data_type", "6"}, {"dlms_data_length", NULL});
	assert_dissects(&udp, got);
	EXPECT(&broken, {"dlms_type", NULL});
	torture(&c);
	torture(&udp);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mqtt), cmocka_unit_test(test_mqtt5), cmocka_unit_test(test_coap),
	    cmocka_unit_test(test_dlms_wrapper), cmocka_unit_test(test_dlms_hdlc)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
