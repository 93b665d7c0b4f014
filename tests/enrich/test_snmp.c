/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a real snmpd on a loopback port: names over v2c and v3, what happens with a wrong password
 * and with nobody there, and how the file of accesses is read. */
#include "base/buf.h"
#include "base/rd.h"
#include "enrich/names.h"
#include "enrich/names_sql.h"
#include "enrich/poller.h"
#include "enrich/snmp_access.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { TRIES = 100, TRY_US = 50000 };

static char dir[] = "/tmp/weir-snmp-XXXXXX";
static uint16_t port;
static pid_t snmpd;

static const struct ip loopback = {{[10] = 0xff, 0xff, 127, 0, 0, 1}};

static void write_file(const char *name, mode_t mode, const char *text)
{
	char path[64];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static uint16_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(s >= 0);
	assert_int_equal(bind(s, (struct sockaddr *)&a, n), 0);
	assert_int_equal(getsockname(s, (struct sockaddr *)&a, &n), 0);
	close(s);
	return ntohs(a.sin_port);
}

static int start(void **state)
{
	char text[512], conf[64], log[64], persist[80];
	(void)state;
	assert_non_null(mkdtemp(dir));
	port = free_port();
	snprintf(text, sizeof(text),
		 "agentaddress udp:127.0.0.1:%u\nrocommunity public 127.0.0.1\n"
		 "createUser weir SHA-256 \"authpass123\" AES \"privpass123\"\nrouser weir priv\n"
		 "sysName lab-router\nsysDescr A router of a test\n",
		 port);
	write_file("snmpd.conf", 0600, text);
	snprintf(conf, sizeof(conf), "%s/snmpd.conf", dir);
	snprintf(log, sizeof(log), "%s/log", dir);
	snprintf(persist, sizeof(persist), "--persistentDir=%s", dir);
	snmpd = fork();
	if (snmpd == 0) {
		execlp("snmpd", "snmpd", "-f", "-C", "-Lf", log, "-c", conf, persist, NULL);
		execl("/usr/sbin/snmpd", "snmpd", "-f", "-C", "-Lf", log, "-c", conf, persist,
		      NULL);
		_exit(127);
	}
	snmp_start();
	return snmpd < 0;
}

static int stop(void **state)
{
	char command[80];
	(void)state;
	kill(snmpd, SIGTERM);
	waitpid(snmpd, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct poller *poller_with(const char *access, struct names *names)
{
	static char path[64];
	struct poller *p;
	snprintf(path, sizeof(path), "%s/access", dir);
	write_file("access", 0600, access);
	const struct poller_opts o = {.access_file = path,
				      .port = port,
				      .timeout_ms = 500,
				      .rate = 1000,
				      .every_ms = 3600000,
				      .names = names,
				      .stop_fd = -1};
	assert_int_equal(poller_new(&o, &p), ERR_OK);
	poller_see(p, &loopback);
	return p;
}

static bool says(struct poller *p, const char *text)
{
	struct buf b = {0};
	poller_json(p, &b);
	bool found = strstr(buf_cstr(&b), text) != NULL;
	buf_fini(&b);
	return found;
}

struct wanted {
	enum names_kind kind;
	uint64_t id;
	bool found;
	char text[64];
	uint64_t number;
};

static void look(void *ctx, const struct name_row *r)
{
	struct wanted *w = ctx;
	if (r->id != w->id)
		return;
	w->found = true;
	assert_true(ip_equal(&r->addr, &loopback));
	assert_int_equal(r->domain, 0);
	assert_int_equal(r->source, NAMES_SNMP);
	snprintf(w->text, sizeof(w->text), "%.*s", (int)r->text_n, r->text);
	w->number = r->number;
}

/* snmpd shows the interfaces of this machine: the kernel says what they are called. */
static void check_names(struct names *names)
{
	struct wanted name = {.kind = NAMES_EXPORTER}, lo = {.id = if_nametoindex("lo")};
	names_each(names, NAMES_EXPORTER, look, &name);
	assert_true(name.found);
	assert_string_equal(name.text, "lab-router");
	names_each(names, NAMES_INTERFACE, look, &lo);
	assert_true(lo.found);
	assert_string_equal(lo.text, "lo");
	assert_int_equal(lo.number, 10000000); /* what net-snmp says of a loopback */
}

static void test_v2c(void **state)
{
	struct names *names;
	(void)state;
	assert_int_equal(names_new(1000, &names), ERR_OK);
	struct poller *p = poller_with("127.0.0.0/8 v2c public\n", names);
	/* snmpd takes a moment to start: each turn asks again when the pause is over. */
	int64_t now = 1;
	for (int i = 0; i < TRIES && !says(p, "\"answering\":1"); i++, now += 200000000)
		poller_turn(p, now, 1700000000000);
	assert_true(says(p, "\"answering\":1"));
	check_names(names);
	/* Not due: nothing is asked, so nothing is told. */
	uint64_t before = names_changes(names, NAMES_INTERFACE);
	poller_turn(p, now - 200000000 + 1000, 1700000001000);
	assert_int_equal(names_changes(names, NAMES_INTERFACE), before);
	poller_free(&p);
	names_free(&names);
}

static void test_v3(void **state)
{
	struct names *names;
	(void)state;
	assert_int_equal(names_new(1000, &names), ERR_OK);
	struct poller *p =
	    poller_with("127.0.0.1 v3 weir SHA-256 authpass123 AES privpass123", names);
	poller_turn(p, 1, 1700000000000);
	assert_true(says(p, "\"answering\":1"));
	check_names(names);
	poller_free(&p);
	names_free(&names);
}

static void test_refused(void **state)
{
	static const struct {
		const char *access, *says;
	} cases[] = {
	    {"127.0.0.1 v3 weir SHA-256 wrongpass1 AES privpass123", "\"refused\":1"},
	    {"127.0.0.1 v3 nobody SHA-256 authpass123 AES privpass123", "\"refused\":1"},
	    {"127.0.0.1 v2c wrong", "\"silent\":1"}, /* RFC 3584: a wrong community: no answer */
	    {"0.0.0.0/0 v2c public\n127.0.0.0/8 off", "\"answering\":0"},
	    {"10.0.0.0/8 v2c public", "\"answering\":0"},
	    {"127.0.0.1 v2c", "line 1"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct names *names;
		struct names_counts n;
		assert_int_equal(names_new(1000, &names), ERR_OK);
		struct poller *p = poller_with(cases[i].access, names);
		poller_turn(p, 1, 1700000000000);
		if (!says(p, cases[i].says))
			fail_msg("%s: not %s", cases[i].access, cases[i].says);
		names_counts(names, &n);
		assert_int_equal(n.kept, 0);
		poller_free(&p);
		names_free(&names);
	}
}

/* A device that does not answer waits longer each time. */
static void test_pause(void **state)
{
	struct names *names;
	(void)state;
	assert_int_equal(names_new(1000, &names), ERR_OK);
	uint16_t kept = port;
	port = free_port();
	struct poller *p = poller_with("127.0.0.1 v2c public", names);
	port = kept;
	poller_turn(p, 1, 0);
	assert_true(says(p, "\"silent\":1"));
	assert_true(says(p, "no answer"));
	poller_free(&p);
	names_free(&names);
}

static void test_file(void **state)
{
	struct snmp_rules r;
	struct diag d = {0};
	char path[64];
	(void)state;
	static const char good[] = "# who is asked\n\n10.0.0.0/8 v2c \"two words\"  # here\n"
				   "10.1.0.0/16 off\n10.1.2.3 v3 u SHA authpass1\n"
				   "2001:db8::/32 v3 v MD5 authpass1 DES privpass1\n";
	assert_int_equal(snmp_rules_parse(good, strlen(good), &r, &d), ERR_OK);
	static const struct ip ten = {{[10] = 0xff, 0xff, 10, 9, 9, 9}},
			       off = {{[10] = 0xff, 0xff, 10, 1, 9, 9}},
			       v3 = {{[10] = 0xff, 0xff, 10, 1, 2, 3}},
			       six = {{0x20, 1, 0xd, 0xb8, [15] = 1}};
	assert_string_equal(snmp_rules_find(&r, &ten)->community, "two words");
	assert_null(snmp_rules_find(&r, &off));
	assert_string_equal(snmp_rules_find(&r, &v3)->user, "u");
	assert_null(snmp_rules_find(&r, &v3)->priv);
	assert_string_equal(snmp_rules_find(&r, &six)->priv_password, "privpass1");
	assert_null(snmp_rules_find(&r, &loopback));
	snmp_rules_fini(&r);
	static const char *const bad[] = {"10.0.0.0/8",
					  "10.0.0.0/33 off",
					  "10.0.0.1 v1 public",
					  "10.0.0.1 v3 u SHA short",
					  "10.0.0.1 v3 u ROT13 authpass1",
					  "10.0.0.1 v3 u SHA",
					  "10.0.0.1 v2c \"open",
					  "10.0.0.1 off now"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(snmp_rules_parse(bad[i], strlen(bad[i]), &r, &d), ERR_SYNTAX);
	write_file("open", 0644, "10.0.0.1 v2c secret\n");
	snprintf(path, sizeof(path), "%s/open", dir);
	assert_int_equal(snmp_rules_read(path, &r, &d), ERR_DENIED);
	assert_null(strstr(d.msg, "secret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_file),    cmocka_unit_test(test_v2c),   cmocka_unit_test(test_v3),
	    cmocka_unit_test(test_refused), cmocka_unit_test(test_pause),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
