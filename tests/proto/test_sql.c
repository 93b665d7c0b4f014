/* SPDX-License-Identifier: Apache-2.0 */
/* Databases: conversations written down byte by byte from their protocols' manuals. */
#include "cases.h"

#define BYTES(s) (s), sizeof(s) - 1
#define CONVERSATION(port, messages)                                                               \
	{                                                                                          \
		.proto = 6, .client_port = 40000, .server_port = (port), .m = (messages),          \
		.n = sizeof(messages) / sizeof((messages)[0])                                      \
	}

/* --- MySQL: greeting of 8.0, login with a database, a query answered, one that fails */

static const char my_greeting[] = "\x4a\x00\x00\x00\x0a"
				  "8.0.36\0"
				  "\x01\x00\x00\x00"
				  "12345678\0"
				  "\xff\xff\xff\x02\x00\xff\xdf\x15"
				  "\0\0\0\0\0\0\0\0\0\0"
				  "123456789012\0"
				  "caching_sha2_password\0";
static const char my_login[] = "\x52\x00\x00\x01\x0d\xa2\x3a\x00\x00\x00\x00\x01\xff"
			       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
			       "shop\0"
			       "\x05"
			       "abcde"
			       "orders\0"
			       "caching_sha2_password\0"
			       "\x09padding!!";
static const char my_ok[] = "\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00";
static const char my_query[] = "\x09\x00\x00\x00\x03SELECT 1";
static const char my_close[] = "\x05\x00\x00\x00\x19\x01\x00\x00\x00"; /* not answered */
static const char my_result[] = "\x01\x00\x00\x01\x01";
static const char my_bad[] = "\x04\x00\x00\x00\x03"
			     "XYZ";
static const char my_error[] = "\x13\x00\x00\x01\xff\x28\x04#42000bad syntax";

static void mysql(void **state)
{
	(void)state;
	static const struct message m[] = {
	    {FROM_SERVER, BYTES(my_greeting), 0},  {FROM_CLIENT, BYTES(my_login), 0},
	    {FROM_SERVER, BYTES(my_ok), 0},        {FROM_CLIENT, BYTES(my_query), 0},
	    {FROM_SERVER, BYTES(my_result), 7000}, {FROM_CLIENT, BYTES(my_close), 0},
	    {FROM_CLIENT, BYTES(my_bad), 0},       {FROM_SERVER, BYTES(my_error), 2000},
	};
	const struct conversation c = CONVERSATION(33060, m);
	EXPECT(&c, {"app_name", "\"mysql\""}, {"mysql_protocol_version", "10"},
	       {"mysql_server_version", "\"8.0.36\""},
	       /* 0xffff low, 0xdfff high */ {"mysql_server_capabilities", "3758096383"},
	       {"mysql_client_capabilities", "3842573"}, {"mysql_user", "\"shop\""},
	       {"mysql_database", "\"orders\""}, {"mysql_auth_method", "\"caching_sha2_password\""},
	       {"mysql_authenticated", "1"}, {"mysql_command", "3"},
	       {"mysql_query", "\"SELECT 1\""}, {"mysql_error", "1064"}, {"app_requests", "2"},
	       {"app_answers", "2"}, {"app_errors", "1"}, {"app_rt_us", "7000"},
	       {"app_rt_min_us", "2000"}, {"app_rt_max_us", "7000"}, {"app_rt_sum_us", "9000"});
	torture(&c);
}

static void mysql_refused(void **state)
{
	(void)state;
	static const char denied[] = "\x20\x00\x00\x02\xff\x15\x04#28000Access denied for user x";
	static const struct message m[] = {
	    {FROM_SERVER, BYTES(my_greeting), 0},
	    {FROM_CLIENT, BYTES(my_login), 0},
	    {FROM_SERVER, BYTES(denied), 0},
	};
	const struct conversation c = CONVERSATION(3306, m);
	EXPECT(&c, {"mysql_authenticated", "0"}, {"mysql_error", "1045"}, {"mysql_query", NULL});
	torture(&c);
}

/* --- PostgreSQL */

static const char pg_startup[] = "\x00\x00\x00\x23\x00\x03\x00\x00user\0shop\0database\0orders\0\0";
static const char pg_md5[] = "R\x00\x00\x00\x0c\x00\x00\x00\x05salt";
static const char pg_password[] = "p\x00\x00\x00\x08md5\0";
static const char pg_ready[] = "R\x00\x00\x00\x08\x00\x00\x00\x00"
			       "S\x00\x00\x00\x19server_version\0"
			       "15.18\0"
			       "Z\x00\x00\x00\x05I";
static const char pg_query[] = "Q\x00\x00\x00\x0dSELECT 1\0";
static const char pg_rows[] = "T\x00\x00\x00\x06\x00\x00"
			      "D\x00\x00\x00\x06\x00\x00"
			      "C\x00\x00\x00\x0dSELECT 1\0"
			      "Z\x00\x00\x00\x05I";
static const char pg_bad[] = "Q\x00\x00\x00\x06X\0";
static const char pg_error[] = "E\x00\x00\x00\x1aSERROR\0VERROR\0C42601\0\0"
			       "Z\x00\x00\x00\x05I";
static const char pg_end[] = "X\x00\x00\x00\x04";

static void pgsql(void **state)
{
	(void)state;
	static const struct message m[] = {
	    {FROM_CLIENT, BYTES(pg_startup), 0},  {FROM_SERVER, BYTES(pg_md5), 0},
	    {FROM_CLIENT, BYTES(pg_password), 0}, {FROM_SERVER, BYTES(pg_ready), 0},
	    {FROM_CLIENT, BYTES(pg_query), 0},    {FROM_SERVER, BYTES(pg_rows), 3000},
	    {FROM_CLIENT, BYTES(pg_bad), 0},      {FROM_SERVER, BYTES(pg_error), 500},
	    {FROM_CLIENT, BYTES(pg_end), 0},
	};
	const struct conversation c = CONVERSATION(15432, m);
	EXPECT(
	    &c, {"app_name", "\"postgresql\""}, {"pgsql_protocol_version", "196608"},
	    {"pgsql_user", "\"shop\""}, {"pgsql_database", "\"orders\""},
	    {"pgsql_auth_method", "5"}, {"pgsql_server_version", "150018"},
	    {"pgsql_query", "\"SELECT 1\""}, {"pgsql_error", "\"42601\""},
	    {"pgsql_error_severity", "1"},
	    /* Q is bit 0, p is 8, X is 9 of "QPBEDSCFpXdcfH" */ {"pgsql_client_messages", "769"},
	    /* R 0, S 1, Z 3, T 4, D 5, C 6, E 7 of "RSKZTDCEN..." */
	    {"pgsql_server_messages", "251"}, {"app_requests", "2"}, {"app_errors", "1"},
	    {"app_rt_us", "3000"});
	torture(&c);
}

/* Two queries at once, and their answers, each up to where the server is ready again. */
static void pgsql_pipelined(void **state)
{
	(void)state;
	static const struct message m[] = {
	    {FROM_CLIENT, BYTES(pg_startup), 0}, {FROM_SERVER, BYTES(pg_ready), 0},
	    {FROM_CLIENT, BYTES(pg_query), 0},   {FROM_CLIENT, BYTES(pg_query), 0},
	    {FROM_SERVER, BYTES(pg_rows), 3000}, {FROM_SERVER, BYTES(pg_rows), 0},
	};
	const struct conversation c = CONVERSATION(5432, m);
	EXPECT(&c, {"app_requests", "2"}, {"app_answers", "2"}, {"app_rt_us", "4000"},
	       {"app_rt_sum_us", "8000"});
	torture(&c);
}

/* SSLRequest refused: it goes on in clear. */
static void pgsql_no_tls(void **state)
{
	(void)state;
	static const char ask[] = "\x00\x00\x00\x08\x04\xd2\x16\x2f";
	static const struct message m[] = {
	    {FROM_CLIENT, BYTES(ask), 0},
	    {FROM_SERVER, BYTES("N"), 0},
	    {FROM_CLIENT, BYTES(pg_startup), 0},
	    {FROM_SERVER, BYTES(pg_ready), 0},
	};
	const struct conversation c = CONVERSATION(5432, m);
	EXPECT(&c, {"app_name", "\"postgresql\""}, {"pgsql_user", "\"shop\""},
	       {"pgsql_auth_method", "0"});
	torture(&c);
}

/* --- Redis */

static void redis(void **state)
{
	(void)state;
	static const struct message m[] = {
	    {FROM_CLIENT, BYTES("*3\r\n$3\r\nset\r\n$3\r\nkey\r\n$5\r\nvalue\r\n"), 0},
	    {FROM_SERVER, BYTES("+OK\r\n"), 200},
	    {FROM_CLIENT, BYTES("*2\r\n$6\r\nLRANGE\r\n$1\r\nx\r\n"), 0},
	    {FROM_SERVER, BYTES("*2\r\n$1\r\na\r\n*1\r\n:5\r\n"), 100},
	    {FROM_CLIENT, BYTES("*1\r\n$3\r\nFOO\r\n"), 0},
	    {FROM_SERVER, BYTES("-ERR unknown command\r\n"), 300},
	};
	const struct conversation c = CONVERSATION(16379, m);
	EXPECT(&c, {"app_name", "\"redis\""}, {"redis_command", "\"SET\""},
	       {"redis_error", "\"ERR unknown command\""}, {"app_requests", "3"},
	       {"app_answers", "3"}, {"app_errors", "1"}, {"app_rt_us", "200"},
	       {"app_rt_min_us", "100"}, {"app_rt_max_us", "300"});
	torture(&c);
}

/* --- MongoDB: OP_MSG { find: "items", $db: "shop" }, answered with ok: 1, then ok: 0 */

static const char mongo_find[] = "\x3e\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00"
				 "\0\0\0\0\0"
				 "\x29\x00\x00\x00"
				 "\x02"
				 "find\0"
				 "\x06\x00\x00\x00"
				 "items\0"
				 "\x02"
				 "$db\0"
				 "\x05\x00\x00\x00"
				 "shop\0"
				 "\x0a"
				 "hint\0"
				 "\0";
static const char mongo_ok[] = "\x26\x00\x00\x00\x01\x00\x00\x00\x07\x00\x00\x00\xdd\x07\x00\x00"
			       "\0\0\0\0\0"
			       "\x11\x00\x00\x00"
			       "\x01"
			       "ok\0"
			       "\0\0\0\0\0\0\xf0\x3f"
			       "\0";
static const char mongo_fail[] = "\x26\x00\x00\x00\x02\x00\x00\x00\x07\x00\x00\x00\xdd\x07\x00\x00"
				 "\0\0\0\0\0"
				 "\x11\x00\x00\x00"
				 "\x01"
				 "ok\0"
				 "\0\0\0\0\0\0\0\0"
				 "\0";

static void mongo(void **state)
{
	(void)state;
	static const struct message m[] = {
	    {FROM_CLIENT, BYTES(mongo_find), 0},
	    {FROM_SERVER, BYTES(mongo_ok), 4000},
	    {FROM_CLIENT, BYTES(mongo_find), 0},
	    {FROM_SERVER, BYTES(mongo_fail), 1000},
	};
	const struct conversation c = CONVERSATION(27117, m);
	EXPECT(&c, {"app_name", "\"mongodb\""}, {"mongo_command", "\"find\""},
	       {"mongo_collection", "\"items\""}, {"mongo_database", "\"shop\""},
	       {"app_requests", "2"}, {"app_errors", "1"}, {"app_rt_us", "4000"});
	torture(&c);
	/* { hello: 1, client: { application: { name: "shop" }, driver: { name: "PyMongo",
	 * version: "4.6" } }, $db: "admin" } */
	static const char hello[] =
	    "\x92\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00"
	    "\0\0\0\0\0"
	    "\x7d\0\0\0"
	    "\x10hello\0\1\0\0\0"
	    "\3client\0\x56\0\0\0"
	    "\3"
	    "application\0\x14\0\0\0\2name\0\5\0\0\0shop\0\0"
	    "\3"
	    "driver\0\x28\0\0\0\2name\0\x08\0\0\0PyMongo\0"
	    "\2version\0\4\0\0\0"
	    "4.6\0\0"
	    "\0"
	    "\2$db\0\6\0\0\0"
	    "admin\0\0";
	static const struct message first[] = {{FROM_CLIENT, BYTES(hello), 0},
					       {FROM_SERVER, BYTES(mongo_ok), 0}};
	const struct conversation h = CONVERSATION(27117, first);
	EXPECT(&h, {"mongo_command", "\"hello\""}, {"mongo_client", "\"PyMongo shop\""});
}

/* --- TDS: login, a batch that fails, a procedure */

static const char tds_login[] =
    "\x10\x01\x00\x76\x00\x00\x01\x00"
    "\x6e\x00\x00\x00\x04\x00\x00\x74\x00\x10\x00\x00\x07\x00\x00\x00\x01\x02\x03\x04\0\0\0\0"
    "\xe0\x03\x00\x00\0\0\0\0\x09\x04\x00\x00"
    /* pairs of offset and length: host user password app server - interface language database */
    "\x5e\x00\x02\x00\x62\x00\x02\x00\x66\x00\x00\x00\x66\x00\x01\x00\x68\x00\x01\x00"
    "\x00\x00\x00\x00\x6a\x00\x00\x00\x6a\x00\x00\x00\x6a\x00\x02\x00"
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "h\0"
    "1\0"
    "s\0"
    "a\0"
    "A\0"
    "S\0"
    "d\0"
    "b\0";
static const char tds_ack[] = "\x04\x01\x00\x26\x00\x00\x01\x00"
			      "\xe3\x03\x00\x01\x00\x00"
			      "\xad\x0e\x00\x01\x74\x00\x00\x04\x01S\0\x10\x00\x10\x58\0\0"
			      "\xfd\x00\x00\x00\x00\x00\x00";
static const char tds_batch[] = "\x01\x01\x00\x24\x00\x00\x01\x00"
				"\x16\x00\x00\x00\x12\x00\x00\x00\x02\x00\0\0\0\0\0\0\0\0\x01\0\0\0"
				"G\0"
				"O\0"
				"!\0";
static const char tds_error[] = "\x04\x01\x00\x1e\x00\x00\x01\x00"
				"\xaa\x06\x00\xd0\x00\x00\x00\x01\x10"
				"\xfd\x02\x00\x00\x00\0\0\0\0\0\0\0\0";
static const char tds_rpc[] = "\x03\x01\x00\x18\x00\x00\x01\x00"
			      "\x03\x00"
			      "s\0p\0x\0"
			      "\0\0\0\0\0\0\0\0";

/* MS-TDS 2.2.7.17: transaction manager request 5, begin. */
static void tds_transaction(void **state)
{
	(void)state;
	static const char begin[] = "\x0e\x01\x00\x22\x00\x00\x01\x00"
				    "\x16\0\0\0\x12\0\0\0\2\0\0\0\0\0\0\0\0\0\1\0\0\0"
				    "\5\0\1\0";
	static const struct message m[] = {{FROM_CLIENT, BYTES(tds_login), 0},
					   {FROM_SERVER, BYTES(tds_ack), 0},
					   {FROM_CLIENT, BYTES(begin), 0}};
	const struct conversation c = CONVERSATION(1433, m);
	EXPECT(&c, {"app_name", "\"tds\""}, {"tds_transaction", "5"});
}

static void tds(void **state)
{
	(void)state;
	static const struct message m[] = {
	    {FROM_CLIENT, BYTES(tds_login), 0}, {FROM_SERVER, BYTES(tds_ack), 1500},
	    {FROM_CLIENT, BYTES(tds_batch), 0}, {FROM_SERVER, BYTES(tds_error), 2500},
	    {FROM_CLIENT, BYTES(tds_rpc), 0},
	};
	const struct conversation c = CONVERSATION(1433, m);
	EXPECT(&c, {"app_name", "\"tds\""}, {"tds_request_type", "16"},
	       {"tds_version", "1946157060"}, /* 0x74000004 */ {"tds_client_version", "7"},
	       {"tds_server_version", "268439640"}, /* 16.0.4184 */ {"tds_host", "\"h1\""},
	       {"tds_user", "\"sa\""}, {"tds_app", "\"A\""}, {"tds_server", "\"S\""},
	       {"tds_database", "\"db\""}, {"tds_response_type", "4"}, {"tds_token", "227"},
	       {"tds_change", "1"}, {"tds_query", "\"GO!\""}, {"tds_error", "208"},
	       {"tds_rpc", "\"spx\""}, {"app_requests", "3"}, {"app_errors", "1"},
	       {"app_rt_us", "1500"});
	torture(&c);
}

/* --- Oracle */

static const char tns_connect[] =
    "\x00\xaa\x00\x00\x01\x00\x00\x00\x01\x3a\x01\x2c\x00\x00\x20\x00\x7f\xff\x4f\x98\x00\x00\x00"
    "\x01"
    "\x00\x88\x00\x22\x00\x00\x00\x00\x00\x00"
    "(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=shop)(CID=(PROGRAM=sqlplus)(HOST=pc1)(USER=bob)))"
    "(ADDRESS=(PROTOCOL=tcp)(HOST=db1)(PORT=1521)))";
static const char tns_accept[] = "\x00\x0a\x00\x00\x02\x00\x00\x00\x01\x3a";
static const char tns_call[] = "\x00\x1c\x00\x00\x06\x00\x00\x00\x00\x00\x03\x5e\x05\x08"
			       "select 1 from\x01";
static const char tns_rows[] = "\x00\x0b\x00\x00\x06\x00\x00\x00\x00\x00\x10";
static const char tns_refuse[] = "\x00\x2b\x00\x00\x04\x00\x00\x00\x22\x00\x00\x1f"
				 "(DESCRIPTION=(TMP=)(ERR=12514))";

static void tns(void **state)
{
	(void)state;
	static const struct message m[] = {
	    {FROM_CLIENT, BYTES(tns_connect), 0},
	    {FROM_SERVER, BYTES(tns_accept), 0},
	    {FROM_CLIENT, BYTES(tns_call), 0},
	    {FROM_SERVER, BYTES(tns_rows), 6000},
	};
	const struct conversation c = CONVERSATION(15210, m);
	EXPECT(&c, {"app_name", "\"tns\""}, {"tns_version", "314"}, {"tns_service", "\"shop\""},
	       {"tns_program", "\"sqlplus\""}, {"tns_host", "\"pc1\""}, {"tns_user", "\"bob\""},
	       {"tns_query", "\"select 1 from\""}, {"app_rt_us", "6000"});
	torture(&c);
	static const struct message refused[] = {
	    {FROM_CLIENT, BYTES(tns_connect), 0},
	    {FROM_SERVER, BYTES(tns_refuse), 0},
	};
	const struct conversation d = CONVERSATION(1521, refused);
	EXPECT(&d, {"tns_refused", "12514"});
	torture(&d);
}

static void memcached(void **state)
{
	(void)state;
	static const struct message m[] = {
	    {FROM_CLIENT, BYTES("set a 0 60 7\r\nx\r\ny\r\nz\r\n"), 0},
	    {FROM_SERVER, BYTES("STORED\r\n"), 50},
	    {FROM_CLIENT, BYTES("get a\r\n"), 0},
	    {FROM_SERVER, BYTES("VALUE a 0 7\r\nx\r\ny\r\nz\r\nEND\r\n"), 60},
	    {FROM_CLIENT, BYTES("get a\r\nget a\r\n"), 0},
	    {FROM_SERVER, BYTES("END\r\nEND\r\n"), 20},
	    {FROM_CLIENT, BYTES("delete\r\n"), 0},
	    {FROM_SERVER, BYTES("ERROR\r\n"), 70},
	};
	const struct conversation c = CONVERSATION(11211, m);
	EXPECT(&c, {"memcached_command", "\"set\""}, {"app_requests", "5"}, {"app_errors", "1"},
	       {"app_rt_max_us", "70"});
	torture(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mysql),        cmocka_unit_test(mysql_refused),
	    cmocka_unit_test(pgsql),        cmocka_unit_test(pgsql_pipelined),
	    cmocka_unit_test(pgsql_no_tls), cmocka_unit_test(redis),
	    cmocka_unit_test(mongo),        cmocka_unit_test(tds_transaction),
	    cmocka_unit_test(tds),          cmocka_unit_test(tns),
	    cmocka_unit_test(memcached),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
