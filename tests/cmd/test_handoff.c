/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/handoff.h"

#include "base/buf.h"
#include "conf/conf.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct conf *conf_of(const char *text)
{
	static struct conf_report report;
	const struct conf *c = NULL;
	assert_int_equal(conf_parse(text, strlen(text), NULL, &report, &c), ERR_OK);
	return c;
}

static int number(int fd, int level, int name)
{
	int v = -1;
	socklen_t n = sizeof(v);
	assert_int_equal(getsockopt(fd, level, name, &v, &n), 0);
	return v;
}

static void a_group_of_sockets_per_address(void **state)
{
	(void)state;
	const struct conf *c = conf_of("collect:\n  threads: 3\n  socket_buffer: 64KB\n  listen: "
				       "[udp://127.0.0.1:0, udp://127.0.0.1:0]\n");
	static struct handoff h;
	struct diag d;
	assert_int_equal(handoff_open(c, NULL, &h, &d), ERR_OK);
	assert_int_equal(h.n, 6);
	assert_int_equal(h.threads, 3);
	assert_true(h.buffer >= 65536);
	for (size_t i = 0; i < h.n; i++) {
		assert_int_equal(h.v[i].thread, i % 3);
		assert_int_equal(h.v[i].port, h.v[i / 3 * 3].port);
		assert_int_equal(number(h.v[i].fd, SOL_SOCKET, SO_REUSEPORT), 1);
		assert_int_equal(number(h.v[i].fd, SOL_SOCKET, SO_RXQ_OVFL), 1);
		assert_true(h.v[i].fd >= HANDOFF_FIRST + HANDOFF_MAX);
	}
	assert_int_not_equal(h.v[0].port, 0);
	assert_int_not_equal(h.v[0].port, h.v[3].port);
	struct buf out = {0}, expect = {0};
	handoff_json(&h, &out);
	buf_fmt(&expect,
		"[{\"proto\":\"udp\",\"address\":\"127.0.0.1\",\"port\":%u},"
		"{\"proto\":\"udp\",\"address\":\"127.0.0.1\",\"port\":%u}]",
		h.v[0].port, h.v[3].port);
	assert_string_equal(buf_cstr(&out), buf_cstr(&expect));
	buf_reset(&out);
	handoff_names(&h, &out);
	assert_string_equal(buf_cstr(&out), "udp-0:udp-1:udp-2:udp-0:udp-1:udp-2");
	buf_fini(&out);
	buf_fini(&expect);
	handoff_close(&h);
	conf_put(&c);
}

static bool among(const struct handoff *h, int fd)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].fd == fd)
			return true;
	return false;
}

static void listening_sockets_are_one_per_address(void **state)
{
	(void)state;
	const struct conf *c = conf_of("collect:\n  threads: 2\n  listen: [udp://127.0.0.1:0, "
				       "tcp://127.0.0.1:0, tls://127.0.0.1:0]\n  certificate: c\n");
	static struct handoff h;
	struct diag d;
	struct buf out = {0};
	assert_int_equal(handoff_open(c, NULL, &h, &d), ERR_OK);
	assert_int_equal(h.n, 4);
	assert_int_equal(h.threads, 2);
	for (size_t i = 2; i < 4; i++) {
		assert_int_equal(h.v[i].scheme, i == 2 ? CONF_TCP : CONF_TLS);
		assert_int_equal(number(h.v[i].fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	}
	handoff_names(&h, &out);
	assert_string_equal(buf_cstr(&out), "udp-0:udp-1:tcp:tls");
	buf_reset(&out);
	handoff_json(&h, &out);
	assert_non_null(strstr(buf_cstr(&out), "{\"proto\":\"tcp\",\"address\":\"127.0.0.1\""));
	assert_non_null(strstr(buf_cstr(&out), "{\"proto\":\"tls\",\"address\":\"127.0.0.1\""));
	buf_fini(&out);
	handoff_close(&h);
	conf_put(&c);
}

/* Addresses that stay keep their sockets and what waits in them. */
static void a_new_configuration_keeps_what_stays(void **state)
{
	(void)state;
	const struct conf *c = conf_of("collect:\n  threads: 2\n  listen: [udp://127.0.0.1:0, "
				       "udp://127.0.0.1:0, tcp://127.0.0.1:0]\n");
	const struct conf *less = conf_of("collect:\n  threads: 7\n  listen: [tcp://127.0.0.1:0, "
					  "\"tcp://[::1]:0\", udp://127.0.0.1:0]\n");
	static struct handoff h, now, same, bad;
	struct diag d;
	assert_int_equal(handoff_open(c, NULL, &h, &d), ERR_OK);
	assert_int_equal(h.n, 5);
	assert_int_equal(handoff_open(c, &h, &same, &d), ERR_OK);
	assert_int_equal(same.n, 5);
	assert_false(handoff_differs(&h, &same));
	assert_int_equal(handoff_open(less, &h, &now, &d), ERR_OK);
	assert_true(handoff_differs(&h, &now));
	assert_int_equal(now.n, 4); /* 2 of the UDP address that stays, the old TCP, the new TCP */
	assert_int_equal(now.threads, 2);
	assert_true(among(&now, h.v[0].fd) && among(&now, h.v[1].fd) && among(&now, h.v[4].fd));
	assert_false(among(&now, h.v[2].fd) || among(&now, h.v[3].fd));
	/* A configuration that cannot be opened leaves the old sockets alone. */
	char text[120];
	snprintf(text, sizeof(text),
		 "collect:\n  listen: [udp://127.0.0.1:0, udp://127.0.0.1:%u]\n", h.v[2].port);
	const struct conf *taken = conf_of(text);
	assert_int_equal(handoff_open(taken, &now, &bad, &d), ERR_EXISTS);
	assert_int_equal(number(now.v[0].fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
	int gone = h.v[2].fd;
	handoff_close_rest(&h, &now);
	assert_int_equal(fcntl(gone, F_GETFD), -1);
	handoff_close(&now);
	conf_put(&taken);
	conf_put(&less);
	conf_put(&c);
}

static void a_port_in_use_is_refused(void **state)
{
	(void)state;
	/* The other program shares its port, as a careless second collector would. */
	int one = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(in);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	assert_int_equal(bind(fd, (const struct sockaddr *)&in, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	char text[100];
	snprintf(text, sizeof(text), "collect:\n  listen: udp://127.0.0.1:%u\n",
		 ntohs(in.sin_port));
	const struct conf *c = conf_of(text);
	static struct handoff h;
	struct diag d;
	assert_int_equal(handoff_open(c, NULL, &h, &d), ERR_EXISTS);
	assert_non_null(strstr(d.msg, "another program has it"));
	close(fd);
	conf_put(&c);
}

/* In a child: takes what the parent opened, as weir-collect does. Exits with the number of what is
 * wrong. */
static int child(const struct handoff *given)
{
	static struct handoff h;
	struct diag d;
	struct buf names = {0};
	char pid[16], count[16];
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	snprintf(count, sizeof(count), "%zu", given->n);
	handoff_names(given, &names);
	if (!handoff_place(given) || handoff_take(&h, &d) != ERR_NOT_FOUND)
		return 1;
	setenv("LISTEN_FDS", count, 1);
	setenv("LISTEN_PID", "1", 1);
	if (handoff_take(&h, &d) != ERR_NOT_FOUND) /* for another process */
		return 2;
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDNAMES", buf_cstr(&names), 1);
	buf_fini(&names);
	if (handoff_take(&h, &d) || h.n != given->n || h.threads != given->threads)
		return 3;
	for (size_t i = 0; i < h.n; i++)
		if (h.v[i].fd != HANDOFF_FIRST + (int)i || h.v[i].thread != given->v[i].thread ||
		    h.v[i].scheme != given->v[i].scheme || h.v[i].port != given->v[i].port ||
		    !ip_equal(&h.v[i].ip, &given->v[i].ip))
			return 4;
	return handoff_take(&h, &d) == ERR_NOT_FOUND ? 0 : 5;
}

static void a_child_takes_them(void **state)
{
	(void)state;
	const struct conf *c =
	    conf_of("collect:\n  threads: 2\n  listen: [udp://*:0, tcp://*:0]\n");
	static struct handoff h;
	struct diag d;
	assert_int_equal(handoff_open(c, NULL, &h, &d), ERR_OK);
	assert_true(h.n == 6 || h.n == 3); /* with and without IPv6 */
	assert_int_equal(h.v[0].port, h.v[h.n / 3 * 2 - 1].port);
	assert_int_equal(h.v[h.n / 3 * 2].port, h.v[h.n - 1].port);
	pid_t pid = fork();
	if (pid == 0)
		_exit(child(&h));
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	handoff_close(&h);
	conf_put(&c);
}

/* The end that sends has closed its sockets when they are taken: they live in the message. */
static void another_set_goes_over_the_channel(void **state)
{
	(void)state;
	const struct conf *c = conf_of("collect:\n  threads: 2\n  listen: [udp://127.0.0.1:0, "
				       "tcp://127.0.0.1:0]\n");
	static struct handoff first, second, got;
	struct diag d;
	int ours, theirs;
	assert_int_equal(handoff_channel(&ours, &theirs), ERR_OK);
	assert_false(handoff_receive(theirs, &got));
	assert_int_equal(handoff_open(c, NULL, &first, &d), ERR_OK);
	assert_int_equal(handoff_open(c, NULL, &second, &d), ERR_OK);
	assert_int_equal(handoff_send(ours, &first), ERR_OK);
	assert_int_equal(handoff_send(ours, &second), ERR_OK);
	const uint16_t port = second.v[0].port, tcp = second.v[2].port;
	handoff_close(&first);
	handoff_close(&second);
	assert_true(handoff_receive(theirs, &got)); /* the newest */
	assert_int_equal(got.n, 3);
	assert_int_equal(got.threads, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(got.v[i].scheme, CONF_UDP);
		assert_int_equal(got.v[i].thread, i);
		assert_int_equal(got.v[i].port, port);
		assert_int_equal(number(got.v[i].fd, SOL_SOCKET, SO_RXQ_OVFL), 1);
		assert_int_equal(fcntl(got.v[i].fd, F_GETFD), FD_CLOEXEC);
	}
	assert_int_equal(got.v[2].scheme, CONF_TCP);
	assert_int_equal(got.v[2].port, tcp);
	assert_false(handoff_receive(theirs, &got));
	handoff_close(&got);
	assert_false(handoff_receive(0, &got));
	close(theirs);
	assert_int_equal(handoff_open(c, NULL, &first, &d), ERR_OK);
	assert_int_not_equal(handoff_send(ours, &first), ERR_OK); /* nobody is there */
	handoff_close(&first);
	close(ours);
	conf_put(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_group_of_sockets_per_address),
	    cmocka_unit_test(listening_sockets_are_one_per_address),
	    cmocka_unit_test(a_new_configuration_keeps_what_stays),
	    cmocka_unit_test(a_port_in_use_is_refused),
	    cmocka_unit_test(a_child_takes_them),
	    cmocka_unit_test(another_set_goes_over_the_channel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
