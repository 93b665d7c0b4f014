/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols of plants, by their specifications: Modbus Application Protocol 6 and 7, IEC
 * 60870-5-104 5, IEC 61850-8-1 (GOOSE), RFC 1006 with ISO 9506 (MMS) and S7, IEEE 1815 9.2 (DNP3;
 * its check sums from another implementation), ODVA CIP volume 2, OPC 10000-6 7.1, ASHRAE 135 annex
 * J (BACnet). */
#include "cases.h"

/* Asserts it on the port and tortures it there; other: it is known on any port. */
static void try(const struct message *m, size_t n, uint8_t proto, uint16_t port,
		const struct noted *want, bool other)
{
	struct conversation c = {proto, 40000, port, 0, m, n};
	assert_dissects(&c, want);
	torture(&c);
	c.server_port = 40001;
	if (other)
		assert_dissects(&c, want);
	else
		EXPECT(&c, {"app_name", NULL});
}

static void test_modbus(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\0\1\0\0\0\6\x11\3\0\x6b\0\3"),
	    {FROM_SERVER, "\0\1\0\0\0\3\x11\x83\2", 9, 700},
	    M(FROM_CLIENT, "\0\2\0\0\0\6\x11\6\0\x6b\0\3\0\3\0\0\0\6\x11\6\0\x6b\0\3")};
	static const struct noted want[] = {{"app_name", "\"modbus\""}, {"modbus_unit", "17"},
					    {"modbus_function", "3"},   {"modbus_exception", "2"},
					    {"app_requests", "3"},      {"app_errors", "1"},
					    {"app_rt_us", "700"},       END};
	struct conversation c = {6, 40000, 502, 0, m, ARRAY_LEN(m)};
	assert_dissects(&c, want);
	torture(&c);
	/* elsewhere only the commonest requests are believed */
	c.server_port = 5020;
	c.n = 1;
	EXPECT(&c, {"modbus_function", "3"});
	c.m = m + 1;
	EXPECT(&c, {"modbus_function", NULL});
}

static void test_iec104(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\x68\4\7\0\0\0"), M(FROM_SERVER, "\x68\4\x0b\0\0\0"),
	    M(FROM_CLIENT, "\x68\x0e\0\0\0\0\x64\1\6\0\1\2\0\0\0\x14\x68\4\1\0\2\0")};
	static const struct noted want[] = {
	    {"app_name", "\"iec104\""}, {"iec104_length", "14"},   {"iec104_format", "0"},
	    {"iec104_type", "100"},     {"iec104_objects", "1"},   {"iec104_cause", "6"},
	    {"iec104_originator", "0"}, {"iec104_address", "513"}, END};
	try(m, ARRAY_LEN(m), 6, 2404, want, true);
	static const struct message bad[] = {M(FROM_CLIENT, "\x68\4\x17\0\0\0")};
	assert_dissects(&(struct conversation){6, 40000, 2404, 0, bad, 1},
			NOTED({"iec104_format", NULL}));
}

static void test_goose(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT,
	      "\0\3\0\x34\0\0\0\0\x61\x2a\x80\x0c"
	      "D1/LLN0$GO$a\x81\1\x0a\x82\3ds1\x83\2g1\x84\x08\0\0\0\0\0\0\0\0\x85\1\5\x86\1\0")};
	static const struct conversation c = {.ethertype = 0x88b8, .m = m, .n = 1};
	EXPECT(&c, {"app_name", "\"goose\""}, {"goose_app_id", "3"},
	       {"goose_cb_ref", "\"D1/LLN0$GO$a\""}, {"goose_data_set", "\"ds1\""},
	       {"goose_id", "\"g1\""}, {"goose_st_num", "5"});
	torture(&c);
}

#define CONNECT   "\3\0\0\x0b\6\xe0\0\0\0\1\0"
#define CONNECTED "\3\0\0\x0b\6\xd0\0\1\0\2\0"
#define MMS(pdu)  "\3\0\0\x1b\2\xf0\x80\1\0\1\0\x61\x0e\x30\x0c\2\1\3\xa0\7" pdu

static void test_mms(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, CONNECT),
	    M(FROM_SERVER, CONNECTED),
	    M(FROM_CLIENT, "\3\0\0\x0f\2\xf0\x80\x0d\6\x28\xca\x22\2\1\0"),
	    M(FROM_CLIENT, MMS("\xa0\5\2\1\1\xa4\0")),
	    M(FROM_SERVER, MMS("\xa1\5\2\1\1\xa4\0")),
	    M(FROM_SERVER, MMS("\xa3\5\xa0\3\x80\1x"))};
	static const struct noted want[] = {{"app_name", "\"mms\""},  {"mms_type", "8"},
					    {"mms_request", "4"},     {"mms_response", "4"},
					    {"mms_unconfirmed", "0"}, {"app_requests", "1"},
					    {"app_rt_us", "1000"},    END};
	try(m, ARRAY_LEN(m), 6, 102, want, true);
}

static void test_s7(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, CONNECT), M(FROM_SERVER, CONNECTED),
	    M(FROM_CLIENT, "\3\0\0\x13\2\xf0\x80\x32\1\0\0\0\1\0\2\0\0\4\1"),
	    M(FROM_SERVER, "\3\0\0\x15\2\xf0\x80\x32\3\0\0\0\1\0\2\0\0\x85\0\4\1")};
	static const struct noted want[] = {{"app_name", "\"s7comm\""},
					    {"s7_type", "1"},
					    {"s7_function", "4"},
					    {"s7_error", "34048"},
					    {"app_requests", "1"},
					    {"app_errors", "1"},
					    END};
	try(m, ARRAY_LEN(m), 6, 102, want, true);
	static const struct message plus[] = {M(FROM_CLIENT, CONNECT), M(FROM_SERVER, CONNECTED),
					      M(FROM_CLIENT, "\3\0\0\x0d\2\xf0\x80\x72\1\0\2xx")};
	try(plus, 3, 6, 102, NOTED({"app_name", "\"s7comm-plus\""}), true);
}

static void test_dnp3(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\x05\x64\x0b\xc4\x0a\0\1\0\xac\xd1\xc0\xc0\1\x3c\2\6\x54\xe0")};
	static const struct noted want[] = {{"app_name", "\"dnp3\""},
					    {"dnp3_dst", "10"},
					    {"dnp3_src", "1"},
					    {"dnp3_function", "1"},
					    END};
	try(m, 1, 6, 20000, want, true);
	try(m, 1, 17, 20000, want, true);
	static const struct message bad[] = {
	    M(FROM_CLIENT, "\x05\x64\x0b\xc4\x0a\0\1\0\xac\xd0\xc0\xc0\1\x3c\2\6\x54\xe0")};
	assert_dissects(&(struct conversation){6, 40000, 20000, 0, bad, 1},
			NOTED({"dnp3_src", NULL}));
}

static void test_enip(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "\x6f\0\x16\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
			   "\0\0\0\0\x0a\0\2\0\0\0\0\0\xb2\0\6\0\x0e\2\x20\1\x24\1"),
	    M(FROM_SERVER, "\x6f\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")};
	static const struct noted want[] = {{"app_name", "\"enip\""},
					    {"enip_command", "111"},
					    {"enip_service", "14"},
					    {"enip_status", "1"},
					    END};
	try(m, 2, 6, 44818, want, true);
}

static void test_opcua(void **state)
{
	(void)state;
	static const struct message m[] = {
	    M(FROM_CLIENT, "HELF\x30\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\x10\0\0\0"
			   "opc.tcp://h:4840")};
	static const struct noted want[] = {
	    {"app_name", "\"opcua\""}, {"opcua_endpoint", "\"opc.tcp://h:4840\""}, END};
	try(m, 1, 6, 4840, want, true);
}

static void test_bacnet(void **state)
{
	(void)state;
	static const struct message who[] = {
	    M(FROM_CLIENT, "\x81\x0b\0\x0c\1\x20\xff\xff\0\xff\x10\x08")};
	static const struct message read[] = {
	    M(FROM_CLIENT, "\x81\x0a\0\x11\1\4\0\5\1\x0c\x0c\2\0\0\1\x19\x55")};
	try(who, 1, 17, 47808, NOTED({"bacnet_type", "1"}, {"bacnet_service", "8"}), true);
	try(read, 1, 17, 47808, NOTED({"bacnet_type", "0"}, {"bacnet_service", "12"}), true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_modbus), cmocka_unit_test(test_iec104),
	    cmocka_unit_test(test_goose),  cmocka_unit_test(test_mms),
	    cmocka_unit_test(test_s7),     cmocka_unit_test(test_dnp3),
	    cmocka_unit_test(test_enip),   cmocka_unit_test(test_opcua),
	    cmocka_unit_test(test_bacnet)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
