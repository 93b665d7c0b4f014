/* SPDX-License-Identifier: Apache-2.0 */
/* Cassandra, AMQP and Kafka: frames laid out by hand from their specifications. */
#include "cases.h"

/* STARTUP with CQL_VERSION and DRIVER_NAME, a query on stream 1, an error (0x2200, invalid). */
static void cassandra(void **state)
{
	(void)state;
	static const struct message m[] = {
	    C("\x04\0\0\0\5\0\0\0\0"),
	    S("\x84\0\0\0\6\0\0\0\2\0\0"),
	    C("\x04\0\0\0\1\0\0\0\x2c\0\2\0\x0b"
	      "CQL_VERSION\0\5"
	      "3.0.0\0\x0b"
	      "DRIVER_NAME\0\7"
	      "drv/2.1"),
	    S("\x84\0\0\0\2\0\0\0\0"),
	    C("\x04\0\0\1\7\0\0\0\x0f\0\0\0\x08SELECT x\0\1\0"),
	    SAYS(FROM_SERVER, "\x84\0\0\1\0\0\0\0\x0a\0\0\x22\0\0\4oops", 4000),
	};
	const struct conversation c = TCP_TALK(19042, m);
	EXPECT(&c, {"app_name", "\"cassandra\""}, {"cql_query", "\"SELECT x\""},
	       {"app_client", "\"drv/2.1\""}, {"cql_error", "8704"}, {"cql_error_text", "\"oops\""},
	       {"app_requests", "3"}, {"app_errors", "1"}, {"app_rt_max_us", "4000"});
	torture(&c);
}

static void amqp(void **state)
{
	(void)state;
	static const struct message m[] = {
	    C("AMQP\0\0\x09\1"),
	    /* connection.start: 0.9, a table with product, mechanisms, locales */
	    S("\1\0\0\0\0\0\x31\0\x0a\0\x0a\0\x09\0\0\0\x15\7productS\0\0\0\x08RabbitMQ"
	      "\0\0\0\5PLAIN\0\0\0\5en_US\xce"),
	    /* start-ok */
	    C("\1\0\0\0\0\0\x35\0\x0a\0\x0b\0\0\0\x11\7productS\0\0\0\4pika\5PLAIN"
	      "\0\0\0\x0c\0guest\0secre\5en_US\xce"),
	    /* open "/shop" */
	    C("\1\0\0\0\0\0\x0c\0\x0a\0\x28\5/shop\0\0\xce"),
	    /* channel 1: close 404, then publish */
	    S("\1\0\1\0\0\0\x0e\0\x14\0\x28\1\x94\3xyz\0\0\0\0\xce"),
	    C("\1\0\1\0\0\0\x13\0\x3c\0\x28\0\0\6orders\4key1\0\xce"),
	};
	const struct conversation c = TCP_TALK(15672, m);
	EXPECT(&c, {"app_name", "\"amqp\""}, {"app_server", "\"RabbitMQ\""},
	       {"app_client", "\"pika\""}, {"user_name", "\"guest\""}, {"amqp_vhost", "\"/shop\""},
	       {"app_command", "\"publish orders key1\""}, {"app_errors", "1"});
	torture(&c);
}

/* ApiVersions 0, then Metadata 1 of client "app"; answers by correlation id. */
static void kafka(void **state)
{
	(void)state;
	static const struct message m[] = {
	    C("\0\0\0\x0d\0\x12\0\0\0\0\0\1\0\3app"),
	    S("\0\0\0\x0a\0\0\0\1\0\0\0\0\0\0"),
	    C("\0\0\0\x11\0\3\0\1\0\0\0\2\0\3app\0\0\0\0"),
	    SAYS(FROM_SERVER, "\0\0\0\x08\0\0\0\2\0\0\0\0", 3000),
	};
	const struct conversation c = TCP_TALK(19092, m);
	EXPECT(&c, {"app_name", "\"kafka\""}, {"app_client", "\"app\""},
	       {"app_command", "\"Metadata\""}, {"app_requests", "2"}, {"app_answers", "2"},
	       {"app_rt_us", "1000"}, {"app_rt_max_us", "3000"});
	torture(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cassandra),
	    cmocka_unit_test(amqp),
	    cmocka_unit_test(kafka),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
