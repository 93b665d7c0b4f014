/* SPDX-License-Identifier: Apache-2.0 */
#include "input/forward.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "input/udp.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A receiver on a port of its own. */
static int receiver(uint16_t *ret_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static struct udp_datagram datagram(const char *from, const char *text)
{
	struct udp_datagram d = {
	    .p = (const uint8_t *)text, .n = (uint32_t)strlen(text), .port = 2055};
	assert_int_equal(ip_parse(from, strlen(from), &d.src), ERR_OK);
	return d;
}

/* What has arrived, separated by spaces; from: the address of the last one. */
static void assert_got(int fd, const char *want, struct sockaddr_in *from)
{
	char all[256] = "", one[64];
	socklen_t n = sizeof(*from);
	for (ssize_t got;
	     (got = recvfrom(fd, one, sizeof(one), 0, (struct sockaddr *)from, &n)) >= 0;) {
		size_t used = strlen(all);
		snprintf(all + used, sizeof(all) - used, "%.*s ", (int)got, one);
	}
	assert_string_equal(all, want);
}

struct kit {
	struct forward *f;
	struct forward_scratch *s;
	struct stats stats;
};

static void send3(struct kit *k)
{
	const struct udp_datagram d[] = {datagram("192.0.2.1", "one"), datagram("10.1.1.1", "two"),
					 datagram("2001:db8::1", "three")};
	const struct udp_datagram *p[] = {&d[0], &d[1], &d[2]};
	forward_send(k->f, k->s, p, 3, &k->stats);
}

static void each_destination_gets_what_it_wants(void **state)
{
	(void)state;
	struct kit k = {0};
	uint16_t all_port, some_port;
	int all = receiver(&all_port), some = receiver(&some_port);
	struct sockaddr_in from;
	struct conf_net nets[2];
	assert_int_equal(ip_parse_net("10.0.0.0/8", 10, &nets[0].ip, &nets[0].bits), ERR_OK);
	assert_int_equal(ip_parse_net("2001:db8::/32", 13, &nets[1].ip, &nets[1].bits), ERR_OK);
	const struct conf_forward v[] = {
	    {.host = "127.0.0.1", .port = all_port},
	    {.host = "127.0.0.1", .port = some_port, .from = {nets, 2}},
	    {.host = "bad..name", .port = 1}};
	assert_int_equal(forward_scratch_new(&k.s), ERR_OK);
	assert_int_equal(forward_new(&(struct conf_forwards){v, 3}, NULL, &k.f), ERR_OK);
	char error[FORWARD_ERROR_MAX];
	assert_int_equal(strncmp(forward_error(k.f, error), "udp://bad..name:1: ", 18), 0);
	send3(&k);
	assert_got(all, "one two three ", &from);
	assert_got(some, "two three ", &from);
	assert_int_equal(stat_get(&k.stats, ST_forward_sent), 5);
	assert_int_equal(stat_get(&k.stats, ST_forward_dropped), 3);
	/* The counters of a destination that stays go on. */
	struct forward *next;
	struct buf out = {0};
	assert_int_equal(forward_new(&(struct conf_forwards){v + 1, 1}, k.f, &next), ERR_OK);
	forward_free(k.f);
	k.f = next;
	send3(&k);
	assert_string_equal(forward_error(k.f, error), "");
	char want[100];
	snprintf(want, sizeof(want), "[{\"to\":\"udp://127.0.0.1:%u\",\"sent\":4,\"dropped\":0}]",
		 some_port);
	forward_json(k.f, &out);
	assert_string_equal(buf_cstr(&out), want);
	buf_fini(&out);
	forward_free(k.f);
	forward_scratch_free(k.s);
	close(all);
	close(some);
}

/* A port that nobody listens at answers with errors; none of them is ours. */
static void a_closed_port_does_no_harm(void **state)
{
	(void)state;
	struct kit k = {0};
	uint16_t port;
	close(receiver(&port));
	const struct conf_forward v = {.host = "127.0.0.1", .port = port};
	assert_int_equal(forward_scratch_new(&k.s), ERR_OK);
	assert_int_equal(forward_new(&(struct conf_forwards){&v, 1}, NULL, &k.f), ERR_OK);
	for (int i = 0; i < 10; i++)
		send3(&k);
	assert_int_equal(
	    stat_get(&k.stats, ST_forward_sent) + stat_get(&k.stats, ST_forward_dropped), 30);
	forward_free(k.f);
	forward_scratch_free(k.s);
}

/* As root: the receiver's kernel sees the exporter's address and port, and a right checksum. */
static void the_source_is_kept(void **state)
{
	(void)state;
	struct kit k = {0};
	uint16_t port;
	int fd = receiver(&port);
	const struct conf_forward v = {.host = "127.0.0.1", .port = port, .keep_source = true};
	char error[FORWARD_ERROR_MAX];
	assert_int_equal(forward_scratch_new(&k.s), ERR_OK);
	assert_int_equal(forward_new(&(struct conf_forwards){&v, 1}, NULL, &k.f), ERR_OK);
	if (*forward_error(k.f, error)) {
		assert_non_null(strstr(error, "source=keep needs CAP_NET_RAW"));
	} else {
		const struct udp_datagram d = datagram("127.1.2.3", "odd"),
					  six = datagram("::1", "no");
		const struct udp_datagram *p[] = {&d, &six};
		struct sockaddr_in from = {0};
		forward_send(k.f, k.s, p, 2, &k.stats);
		assert_got(fd, "odd ", &from);
		assert_int_equal(ntohl(from.sin_addr.s_addr), 0x7f010203);
		assert_int_equal(ntohs(from.sin_port), 2055);
		assert_int_equal(stat_get(&k.stats, ST_forward_sent), 1);
		assert_int_equal(stat_get(&k.stats, ST_forward_dropped), 1);
	}
	forward_free(k.f);
	forward_scratch_free(k.s);
	close(fd);
}

static void the_source_is_kept_over_ipv6(void **state)
{
	(void)state;
	struct kit k = {0};
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t n = sizeof(a);
	char error[FORWARD_ERROR_MAX], got[16];
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&a, n)) {
		close(fd);
		skip(); /* no IPv6 here */
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	const struct conf_forward v = {
	    .host = "::1", .port = ntohs(a.sin6_port), .keep_source = true};
	assert_int_equal(forward_scratch_new(&k.s), ERR_OK);
	assert_int_equal(forward_new(&(struct conf_forwards){&v, 1}, NULL, &k.f), ERR_OK);
	if (!*forward_error(k.f, error)) {
		const struct udp_datagram six = datagram("2001:db8::7", "six"),
					  four = datagram("192.0.2.1", "no");
		const struct udp_datagram *p[] = {&six, &four};
		forward_send(k.f, k.s, p, 2, &k.stats);
		assert_int_equal(recvfrom(fd, got, sizeof(got), 0, (struct sockaddr *)&a, &n), 3);
		assert_memory_equal(got, "six", 3);
		assert_memory_equal(&a.sin6_addr, &six.src, 16);
		assert_int_equal(ntohs(a.sin6_port), 2055);
		assert_int_equal(stat_get(&k.stats, ST_forward_dropped), 1);
	}
	forward_free(k.f);
	forward_scratch_free(k.s);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_destination_gets_what_it_wants),
	    cmocka_unit_test(a_closed_port_does_no_harm),
	    cmocka_unit_test(the_source_is_kept),
	    cmocka_unit_test(the_source_is_kept_over_ipv6),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
