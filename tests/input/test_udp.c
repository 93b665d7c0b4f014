/* SPDX-License-Identifier: Apache-2.0 */
#include "input/udp.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct pair {
	int rx, tx;
	uint16_t tx_port;
};

static struct pair pair_open(int rcvbuf)
{
	struct pair p = {socket(AF_INET, SOCK_DGRAM, 0), socket(AF_INET, SOCK_DGRAM, 0), 0};
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	if (rcvbuf)
		assert_int_equal(setsockopt(p.rx, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf)),
				 0);
	assert_int_equal(bind(p.rx, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(p.rx, (struct sockaddr *)&a, &n), 0);
	assert_int_equal(connect(p.tx, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(p.tx, (struct sockaddr *)&a, &n), 0);
	p.tx_port = ntohs(a.sin_port);
	return p;
}

static void pair_close(struct pair p)
{
	close(p.rx);
	close(p.tx);
}

static void datagrams_come_whole_and_with_their_sender(void **state)
{
	(void)state;
	struct pair p = pair_open(0);
	struct stats s = {0};
	struct udp_rx *rx;
	const struct udp_datagram *d;
	static uint8_t big[65507]; /* the largest UDP payload over IPv4 */
	memset(big, 7, sizeof(big));
	assert_int_equal(udp_rx_new(&p.rx, 1, &s, &rx), ERR_OK);
	assert_int_equal(send(p.tx, "abc", 3, 0), 3);
	assert_int_equal(send(p.tx, "", 0, 0), 0);
	assert_int_equal(send(p.tx, big, sizeof(big), 0), sizeof(big));
	assert_int_equal(udp_rx_wait(rx, 1000, &d), 3);
	assert_int_equal(d[0].n, 3);
	assert_memory_equal(d[0].p, "abc", 3);
	assert_int_equal(d[1].n, 0);
	assert_int_equal(d[2].n, sizeof(big));
	assert_memory_equal(d[2].p, big, sizeof(big));
	assert_int_equal(d[0].port, p.tx_port);
	assert_memory_equal(&d[0].src, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	assert_int_equal(udp_rx_wait(rx, 0, &d), 0);
	udp_rx_free(rx);
	pair_close(p);
}

static void a_full_buffer_is_seen_as_kernel_drops(void **state)
{
	(void)state;
	enum { SENT = 1000 };
	struct pair p = pair_open(1);
	struct stats s = {0};
	struct udp_rx *rx;
	const struct udp_datagram *d;
	uint8_t one[1000] = {0};
	assert_int_equal(udp_rx_new(&p.rx, 1, &s, &rx), ERR_OK);
	for (int i = 0; i < SENT; i++)
		assert_int_equal(send(p.tx, one, sizeof(one), 0), sizeof(one));
	size_t received = 0;
	for (size_t n; (n = udp_rx_wait(rx, 0, &d)) > 0;)
		received += n;
	udp_rx_count_drops(rx);
	assert_true(stat_get(&s, ST_datagrams_kernel_drops) > 0);
	assert_int_equal(stat_get(&s, ST_datagrams_kernel_drops) + received, SENT);
	udp_rx_count_drops(rx);
	assert_int_equal(stat_get(&s, ST_datagrams_kernel_drops) + received, SENT);
	/* A successor on the same socket does not count them again. */
	udp_rx_free(rx);
	memset(&s, 0, sizeof(s));
	assert_int_equal(udp_rx_new(&p.rx, 1, &s, &rx), ERR_OK);
	udp_rx_count_drops(rx);
	assert_int_equal(stat_get(&s, ST_datagrams_kernel_drops), 0);
	udp_rx_free(rx);
	pair_close(p);
}

static void sockets_take_turns(void **state)
{
	(void)state;
	struct pair a = pair_open(0), b = pair_open(0);
	const int fds[] = {a.rx, b.rx};
	struct stats s = {0};
	struct udp_rx *rx;
	const struct udp_datagram *d;
	assert_int_equal(udp_rx_new(fds, 2, &s, &rx), ERR_OK);
	for (int i = 0; i < 2 * UDP_ROUND; i++) {
		assert_int_equal(send(a.tx, "a", 1, 0), 1);
		assert_int_equal(send(b.tx, "b", 1, 0), 1);
	}
	char order[4];
	for (int i = 0; i < 4; i++) {
		assert_int_equal(udp_rx_wait(rx, 1000, &d), UDP_ROUND);
		order[i] = (char)d[0].p[0];
	}
	assert_memory_equal(order, "abab", 4);
	udp_rx_free(rx);
	pair_close(a);
	pair_close(b);
}

static void wake_ends_waits_but_not_receiving(void **state)
{
	(void)state;
	struct pair p = pair_open(0);
	struct stats s = {0};
	struct udp_rx *rx;
	const struct udp_datagram *d;
	assert_int_equal(udp_rx_new(&p.rx, 1, &s, &rx), ERR_OK);
	assert_int_equal(send(p.tx, "abc", 3, 0), 3);
	udp_rx_wake(rx);
	assert_int_equal(udp_rx_wait(rx, -1, &d), 1);
	assert_int_equal(udp_rx_wait(rx, -1, &d), 0);
	udp_rx_free(rx);
	pair_close(p);
}

/* What stays is read on through whatever descriptor it has, what goes is read empty, and its
 * descriptors are gone then. */
static void another_set_of_sockets(void **state)
{
	(void)state;
	struct pair stays = pair_open(0), goes = pair_open(0), comes = pair_open(0);
	const int before[] = {stays.rx, goes.rx}, after[] = {comes.rx, dup(stays.rx)};
	struct stats s = {0};
	struct udp_rx *rx;
	const struct udp_datagram *d;
	assert_int_equal(udp_rx_new(before, 2, &s, &rx), ERR_OK);
	for (int i = 0; i < 2 * UDP_ROUND; i++) {
		assert_int_equal(send(stays.tx, "s", 1, 0), 1);
		assert_int_equal(send(goes.tx, "g", 1, 0), 1);
		assert_int_equal(send(comes.tx, "c", 1, 0), 1);
	}
	assert_int_equal(udp_rx_set(rx, after, 2), ERR_OK);
	close(after[1]);
	close(goes.rx);
	unsigned got[256] = {0};
	for (size_t n; (n = udp_rx_wait(rx, 0, &d)) > 0;)
		for (size_t i = 0; i < n; i++)
			got[d[i].p[0]]++;
	assert_int_equal(got['s'], 2 * UDP_ROUND);
	assert_int_equal(got['g'], 2 * UDP_ROUND);
	assert_int_equal(got['c'], 2 * UDP_ROUND);
	/* Nobody has it any more: a datagram there is refused. */
	assert_int_equal(send(goes.tx, "g", 1, 0), 1);
	assert_int_equal(send(goes.tx, "g", 1, 0), -1);
	assert_int_equal(send(stays.tx, "s", 1, 0), 1);
	assert_int_equal(udp_rx_wait(rx, 1000, &d), 1);
	assert_int_equal(udp_rx_set(rx, after, UDP_SOCKETS_MAX + 1), ERR_LIMIT);
	assert_int_equal(send(stays.tx, "s", 1, 0), 1);
	assert_int_equal(udp_rx_wait(rx, 1000, &d), 1);
	udp_rx_free(rx);
	pair_close(stays);
	close(goes.tx);
	pair_close(comes);
}

/* A socket that is never empty does not stay for ever. */
static void a_socket_that_leaves_has_an_end(void **state)
{
	(void)state;
	struct pair goes = pair_open(0);
	struct stats s = {0};
	struct udp_rx *rx;
	const struct udp_datagram *d;
	size_t got = 0, n;
	assert_int_equal(udp_rx_new(&goes.rx, 1, &s, &rx), ERR_OK);
	assert_int_equal(send(goes.tx, "g", 1, 0), 1);
	assert_int_equal(udp_rx_set(rx, NULL, 0), ERR_OK);
	while ((n = udp_rx_wait(rx, 0, &d)) > 0) {
		got += n;
		assert_int_equal(send(goes.tx, "g", 1, 0), 1);
	}
	assert_in_range(got, 100, 10000);
	udp_rx_free(rx);
	pair_close(goes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(datagrams_come_whole_and_with_their_sender),
	    cmocka_unit_test(a_full_buffer_is_seen_as_kernel_drops),
	    cmocka_unit_test(sockets_take_turns),
	    cmocka_unit_test(wake_ends_waits_but_not_receiving),
	    cmocka_unit_test(another_set_of_sockets),
	    cmocka_unit_test(a_socket_that_leaves_has_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
