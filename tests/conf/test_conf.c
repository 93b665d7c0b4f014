/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"
#include "conf/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct conf_report report;

static const struct conf *good(const char *text)
{
	const struct conf *c = NULL;
	if (conf_parse(text, strlen(text), NULL, &report, &c))
		fail_msg("%u:%u: %s", report.v[0].line, report.v[0].col, report.v[0].msg);
	return c;
}

static void defaults_are_those_of_the_table(void **state)
{
	(void)state;
	const struct conf *c = good("");
	assert_string_equal(c->dir, "/var/lib/weir");
	assert_int_equal(c->log_level, 3);
	assert_int_equal(c->collect_socket_buffer, 67108864);
	assert_int_equal(c->spool_segment_age, 1000);
	assert_int_equal(c->store_retention_flows, 2592000000);
	assert_false(c->store_tcp.on);
	assert_int_equal(c->serve_listen.port, 8080);
	static const uint8_t loopback[] = {127, 0, 0, 1};
	assert_memory_equal(c->serve_listen.ip.b + 12, loopback, 4);
	/* Ports 2055 and 4739 of any address, in IPv4 and, where there is one, IPv6. */
	assert_int_equal(c->collect_listen.n, 10);
	assert_int_equal(c->collect_listen.v[0].port, 2055);
	assert_int_equal(c->collect_listen.v[0].scheme, CONF_UDP);
	assert_int_equal(c->collect_listen.v[6].scheme, CONF_TCP);
	assert_int_equal(c->collect_listen.v[6].port, 4739);
	assert_int_equal(c->collect_listen.v[8].scheme, CONF_TLS);
	assert_int_equal(c->collect_listen.v[8].port, 4740);
	assert_int_equal(c->collect_allow.n, 0);
	assert_int_equal(c->collect_forward.n, 0);
	assert_true(ip_is_v4(&c->collect_listen.v[0].ip));
	assert_false(ip_is_v4(&c->collect_listen.v[1].ip));
	assert_true(c->collect_listen.v[1].optional);
	assert_int_equal(c->collect_listen.v[3].port, 4739);
	conf_put(&c);
	assert_null(c);
}

static void values_of_every_type(void **state)
{
	(void)state;
	const struct conf *c =
	    good("dir: /srv/weir\n"
		 "log: {level: debug, json: yes}\n"
		 "collect:\n"
		 "  listen: [\"udp://192.0.2.1:9995\", \"udp://[2001:db8::1]:0\"]\n"
		 "  threads: 3\n"
		 "spool.quota: 1TB\n"
		 "store:\n"
		 "  tcp: \"[::1]:8124\"\n"
		 "  retention_flows: 1w\n"
		 "serve:\n");
	assert_string_equal(c->dir, "/srv/weir");
	assert_int_equal(c->log_level, 4);
	assert_true(c->log_json);
	assert_int_equal(c->collect_listen.n, 2);
	assert_int_equal(c->collect_listen.v[0].port, 9995);
	assert_int_equal(c->collect_listen.v[1].port, 0);
	assert_false(c->collect_listen.v[1].optional);
	assert_int_equal(c->collect_threads, 3);
	assert_int_equal(conf_threads(c), 3);
	assert_true(c->spool_quota == 1099511627776);
	assert_true(c->store_tcp.on);
	assert_int_equal(c->store_tcp.ip.b[15], 1);
	assert_int_equal(c->store_retention_flows, 604800000);
	conf_put(&c);
}

struct wrong {
	const char *text;
	uint32_t line, col;
	const char *part; /* of the message */
};

static const struct wrong wrongs[] = {
    {"colect:\n  threads: 1\n", 1, 1, "no key \"colect\"; did you mean \"collect\"?"},
    {"collect:\n  thread: 1\n", 2, 3, "did you mean \"collect.threads\"?"},
    {"threads: 1\n", 1, 1, "did you mean \"collect.threads\"?"},
    {"banana: 1\n", 1, 1, "weir conf explain all"},
    {"collect:\n  threads: 65\n", 2, 12, "65 is not between 0 and 64"},
    {"collect:\n  threads: -1\n", 2, 12, "\"-1\" is not a whole number"},
    {"collect:\n  threads: [1]\n", 2, 12, "expected a whole number, found a list"},
    {"collect:\n  threads: {a: 1}\n", 2, 12, "found a section"},
    {"collect:\n  threads:\n", 2, 3, "has no value"},
    {"collect: 5\n", 1, 10, "expected a section of keys, found a value"},
    {"collect:\n  threads: 1\n  threads: 2\n", 3, 3, "given twice, first in line 2"},
    {"spool:\n  quota: 10 XB\n", 2, 10, "is not a size such as"},
    {"spool:\n  quota: 99999999999999999999\n", 2, 10, "is not between 64MB and 1024TB"},
    {"spool:\n  segment_age: 5 parsecs\n", 2, 16, "is not a duration such as"},
    {"log:\n  json: maybe\n", 2, 9, "is not true or false"},
    {"log:\n  level: loud\n", 2, 10, "is not one of err|warn|notice|info|debug"},
    {"dir: \"a\\tb\"\n", 1, 6, "control characters"},
    {"dir: \"a\\0b\"\n", 1, 6, "control characters"},
    {"dir: \"a\\x85b\"\n", 1, 6, "control characters"},
    {"dir: \"\"\n", 1, 6, "must not be empty"},
    {"serve:\n  listen: localhost\n", 2, 11, "is not ADDRESS:PORT"},
    {"serve:\n  listen: off\n", 2, 11, "is not ADDRESS:PORT"},
    {"serve:\n  listen: ::1:8080\n", 2, 11, "is not ADDRESS:PORT"},
    {"serve:\n  listen: 127.0.0.1:65536\n", 2, 11, "is not ADDRESS:PORT"},
    {"serve:\n  listen: \"*:8080\"\n", 2, 11, "0.0.0.0 is every IPv4 address"},
    {"collect:\n  listen:\n    - udp://*:2055\n    - sctp://*:2055\n", 4, 7,
     "is not a list of udp://, tcp:// or tls://"},
    {"collect:\n  certificate: c\n  listen:\n    - tcp://*:1\n    - tls://*:1\n", 5, 7,
     "is there already"},
    {"collect:\n  listen: [\"tls://*:1\"]\n", 2, 11, "tls:// needs collect.certificate"},
    {"collect:\n  key: k\n", 2, 8, "needs collect.certificate"},
    {"collect:\n  certificate: c\n  client_certificate: required\n", 3, 23,
     "required needs collect.client_ca"},
    {"collect:\n  allow: [10.0.0.0/33]\n", 2, 11, "is not a list of addresses and prefixes"},
    {"collect:\n  sampling: [10.0.0.0/8]\n", 2, 14, "is not a list of PREFIX=RATE"},
    {"collect:\n  sampling: [10.0.0.0/8=0]\n", 2, 14, "is not a list of PREFIX=RATE"},
    {"collect:\n  sampling: [\"10.0.0.0/8=!\"]\n", 2, 14, "is not a list of PREFIX=RATE"},
    {"collect:\n  allow: [example.org]\n", 2, 11, "is not a list of addresses and prefixes"},
    {"probe:\n  interfaces: [eth0, \"a b\"]\n", 2, 22, "is not a list of words"},
    {"probe:\n  interfaces: [\"\"]\n", 2, 16, "is not a list of words"},
    {"probe:\n  export: []\n", 2, 11, "0 entries; 1 to 16 are allowed"},
    {"collect:\n  forward: 192.0.2.1:2055\n", 2, 12, "is not a list of udp://HOST:PORT"},
    {"collect:\n  forward: udp://192.0.2.1\n", 2, 12, "is not a list of udp://HOST:PORT"},
    {"collect:\n  forward: udp://h:0\n", 2, 12, "is not a list of udp://HOST:PORT"},
    {"collect:\n  forward: udp://::1:5\n", 2, 12, "is not a list of udp://HOST:PORT"},
    {"collect:\n  forward: udp://h:5?\n", 2, 12, "is not a list of udp://HOST:PORT"},
    {"collect:\n  forward: udp://h:5?from=\n", 2, 12, "is not a list of udp://HOST:PORT"},
    {"collect:\n  forward: udp://h:5?source=drop\n", 2, 12, "is not a list of udp://"},
    {"collect:\n  listen:\n    - udp://*:2055\n    - udp://0.0.0.0:2055\n", 4, 7,
     "is there already"},
    {"collect:\n  listen: []\n", 2, 11, "0 entries; 1 to 16 are allowed"},
    {"collect:\n  listen: [[1]]\n", 2, 12, "found a list"},
    {"- 1\n", 1, 1, "expected sections of keys, found a list"},
    {"? [a]\n: 1\n", 1, 3, "a key must be a word"},
    {"log:\n  level: \"info\n", 3, 1, "found unexpected end of stream"},
    {"log:\n\tlevel: info\n", 2, 1, "cannot start any token"},
    {"---\nlog:\n---\nlog:\n", 4, 1, "a second document"},
    {"store:\n  cluster: main\n", 2, 12, "store.cluster: needs store.url"},
    {"store:\n  url: ftp://192.0.2.1\n", 2, 8, "must begin with http"},
    {"spool:\n  segment_bytes: 1GB\n  quota: 64MB\n", 2, 18, "larger than spool.quota"},
};

static void each_error_has_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrongs); i++) {
		const struct wrong *w = &wrongs[i];
		const struct conf *c = NULL;
		assert_int_equal(conf_parse(w->text, strlen(w->text), NULL, &report, &c),
				 ERR_CONFIG);
		assert_null(c);
		if (report.n != 1 || report.v[0].line != w->line || report.v[0].col != w->col ||
		    !strstr(report.v[0].msg, w->part))
			fail_msg("%s: %zu errors, %u:%u: %s", w->text, report.n, report.v[0].line,
				 report.v[0].col, report.v[0].msg);
	}
}

static void the_shipped_file_holds_the_defaults(void **state)
{
	const struct conf *shipped = NULL, *c = good("");
	assert_int_equal(conf_load(*state, NULL, &report, &shipped), ERR_OK);
	for (size_t i = 0; i < CONF_KEY_MAX; i++) {
		struct buf a = {0}, b = {0};
		conf_key_print(shipped, &conf_keys[i], &a);
		conf_key_print(c, &conf_keys[i], &b);
		assert_string_equal(buf_cstr(&a), buf_cstr(&b));
		buf_fini(&a);
		buf_fini(&b);
	}
	conf_put(&shipped);
	conf_put(&c);
}

static void all_errors_in_one_run_in_order(void **state)
{
	(void)state;
	const char *text = "log:\n  level: loud\nfoo: 1\ncollect:\n  threads: x\n";
	const struct conf *c = NULL;
	assert_int_equal(conf_parse(text, strlen(text), NULL, &report, &c), ERR_CONFIG);
	assert_int_equal(report.n, 3);
	assert_int_equal(report.v[0].line, 2);
	assert_int_equal(report.v[1].line, 3);
	assert_int_equal(report.v[2].line, 5);
	struct buf out = {0};
	conf_report_print(&report, "weir.yaml", &out);
	assert_non_null(strstr(buf_cstr(&out),
			       "weir.yaml:5:12: collect.threads: \"x\" is not a whole number\n"));
	buf_fini(&out);
}

static void more_errors_than_fit_are_counted(void **state)
{
	(void)state;
	struct buf text = {0}, out = {0};
	for (int i = 0; i < CONF_ERRORS_MAX + 5; i++)
		buf_fmt(&text, "unknown_%d: 1\n", i);
	const struct conf *c = NULL;
	assert_int_equal(conf_parse(buf_cstr(&text), text.n, NULL, &report, &c), ERR_CONFIG);
	assert_int_equal(report.n, CONF_ERRORS_MAX);
	assert_int_equal(report.more, 5);
	conf_report_print(&report, "f", &out);
	assert_non_null(strstr(buf_cstr(&out), "f: and 5 more\n"));
	buf_fini(&out);
	buf_fini(&text);
}

static void printed_values_read_back(void **state)
{
	(void)state;
	const struct conf *c =
	    good("collect:\n  listen: [\"udp://*:1\", \"tcp://[::1]:2\", \"tls://192.0.2.1:3\"]\n"
		 "  certificate: c.pem\n  allow: [192.0.2.7, 10.0.0.0/8, \"2001:db8::/32\"]\n"
		 "  forward: [\"udp://[::1]:9?from=10.0.0.0/8,2001:db8::1&source=keep\", "
		 "udp://collector.example:2055]\n"
		 "probe:\n  interfaces: [eth1, \"tap:eth2+eth3\"]\n"
		 "store:\n  tcp: 127.0.0.1:8124\n  url: \"\"\nlog:\n  level: err\n");
	struct buf out = {0};
	for (size_t i = 0; i < CONF_KEY_MAX; i++) {
		buf_fmt(&out, "%s: ", conf_keys[i].path);
		conf_key_print(c, &conf_keys[i], &out);
		buf_u8(&out, '\n');
	}
	const struct conf *again = good(buf_cstr(&out));
	assert_int_equal(again->collect_listen.n, 4);
	assert_memory_equal(again->collect_listen.v, c->collect_listen.v,
			    4 * sizeof(*c->collect_listen.v));
	assert_int_equal(again->log_level, 0);
	assert_int_equal(again->collect_allow.n, 3);
	assert_int_equal(again->collect_allow.v[0].bits, 128);
	assert_int_equal(again->collect_allow.v[1].bits, 104);
	assert_int_equal(again->collect_allow.v[2].bits, 32);
	const struct conf_forward *f = again->collect_forward.v;
	assert_int_equal(again->collect_forward.n, 2);
	assert_string_equal(f[0].host, "::1");
	assert_int_equal(f[0].port, 9);
	assert_true(f[0].keep_source);
	assert_int_equal(f[0].from.n, 2);
	assert_int_equal(f[0].from.v[1].bits, 128);
	assert_string_equal(f[1].host, "collector.example");
	assert_false(f[1].keep_source);
	assert_int_equal(f[1].from.n, 0);
	assert_int_equal(again->probe_interfaces.n, 2);
	assert_string_equal(again->probe_interfaces.v[0], "eth1");
	assert_string_equal(again->probe_interfaces.v[1], "tap:eth2+eth3");
	assert_int_equal(again->probe_export.n, 1);
	assert_string_equal(again->probe_export.v[0], "tcp://127.0.0.1:4739");
	assert_int_equal(again->store_tcp.port, 8124);
	assert_true(again->spool_quota == c->spool_quota);
	conf_put(&again);
	conf_put(&c);
	buf_fini(&out);
}

static void a_reference_keeps_it(void **state)
{
	(void)state;
	const struct conf *c = good("dir: /a\n"), *d = conf_get(c);
	conf_put(&c);
	assert_string_equal(d->dir, "/a");
	conf_put(&d);
	conf_put(&d);
}

static void files(void **state)
{
	(void)state;
	char dir[] = "/tmp/weir-conf-XXXXXX", path[64];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/f", dir);
	const struct conf *c = NULL;
	assert_int_equal(conf_load(path, NULL, &report, &c), ERR_CONFIG);
	assert_non_null(strstr(report.v[0].msg, "not found"));
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("log.level: err\n", f);
	fclose(f);
	assert_int_equal(conf_load(path, "state", &report, &c), ERR_OK);
	assert_int_equal(c->dir[0], '/');
	assert_non_null(strstr(c->dir, "/state"));
	conf_put(&c);
	struct buf secret = {0};
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(conf_read_secret(path, &secret), ERR_DENIED);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(conf_read_secret(path, &secret), ERR_OK);
	assert_string_equal(buf_cstr(&secret), "log.level: err");
	buf_fini(&secret);
	unlink(path);
	rmdir(dir);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_are_those_of_the_table),
	    cmocka_unit_test(values_of_every_type),
	    cmocka_unit_test(each_error_has_its_place),
	    cmocka_unit_test_prestate(the_shipped_file_holds_the_defaults,
				      argc > 1 ? argv[1] : NULL),
	    cmocka_unit_test(all_errors_in_one_run_in_order),
	    cmocka_unit_test(more_errors_than_fit_are_counted),
	    cmocka_unit_test(printed_values_read_back),
	    cmocka_unit_test(a_reference_keeps_it),
	    cmocka_unit_test(files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
