/* SPDX-License-Identifier: Apache-2.0 */
#include "input/session.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { SESSIONS = 3, PER_ADDRESS = 2, MESSAGE_MS = 1000, IDLE_MS = 60000, LOG_MAX = 64 };
static const uint64_t s_ns = 1000000000;

/* A listener on 127.0.0.1, its sessions, and what they said. */
struct kit {
	int listener;
	struct sockaddr_in at;
	struct stats stats;
	struct sessions *sessions;
	uint64_t now_ns;
	bool closed_to_all;
	/* One line per event: "SESSION:LENGTH" of a message, "SESSION." of an end. */
	char log[LOG_MAX * 16];
};

static void note(struct kit *k, const char *text)
{
	size_t used = strlen(k->log);
	snprintf(k->log + used, sizeof(k->log) - used, "%s ", text);
}

static bool admit(void *ctx, const struct ip *src)
{
	(void)src;
	return !((struct kit *)ctx)->closed_to_all;
}

static void message(void *ctx, const struct session_message *m)
{
	assert_int_equal(m->p[0] << 8 | m->p[1], 10);
	assert_int_equal(m->p[2] << 8 | m->p[3], m->n);
	assert_memory_equal(&m->src, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	char text[32];
	snprintf(text, sizeof(text), "%u:%u", m->session, m->n);
	note(ctx, text);
}

static void end(void *ctx, uint32_t session)
{
	char text[32];
	snprintf(text, sizeof(text), "%u.", session);
	note(ctx, text);
}

static void tls_failed(void *ctx, const struct ip *src, const char *why)
{
	(void)src;
	assert_non_null(why);
	note(ctx, "tls");
}

static struct kit *kit_new(bool tls)
{
	struct kit *k = calloc(1, sizeof(*k));
	assert_non_null(k);
	socklen_t n = sizeof(k->at);
	k->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	k->at =
	    (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(k->listener, (const struct sockaddr *)&k->at, n), 0);
	assert_int_equal(listen(k->listener, 16), 0);
	assert_int_equal(getsockname(k->listener, (struct sockaddr *)&k->at, &n), 0);
	const struct session_opts o = {.max_sessions = SESSIONS,
				       .max_per_address = PER_ADDRESS,
				       .message_ms = MESSAGE_MS,
				       .handshake_ms = MESSAGE_MS,
				       .idle_ms = IDLE_MS,
				       .stats = &k->stats,
				       .admit = admit,
				       .message = message,
				       .end = end,
				       .tls_failed = tls_failed,
				       .ctx = k};
	k->now_ns = s_ns;
	assert_int_equal(sessions_new(&o, &(struct session_listener){.fd = k->listener, .tls = tls},
				      1, &k->sessions),
			 ERR_OK);
	return k;
}

static void kit_free(struct kit *k)
{
	sessions_free(k->sessions);
	close(k->listener);
	free(k);
}

/* Serves until there is nothing more; what was sent over loopback is there at once. */
static void serve(struct kit *k)
{
	while (sessions_wait(k->sessions, 0))
		sessions_serve(k->sessions, k->now_ns);
	sessions_serve(k->sessions, k->now_ns);
}

static void pass(struct kit *k, uint64_t ms)
{
	k->now_ns += ms * 1000000;
	serve(k);
}

static int peer(struct kit *k)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&k->at, sizeof(k->at)), 0);
	serve(k);
	return fd;
}

static void say(struct kit *k, int fd, const void *p, size_t n)
{
	const uint8_t *at = p;
	while (n) {
		ssize_t done = send(fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (done > 0) {
			at += done;
			n -= (size_t)done;
		}
		serve(k);
	}
}

/* The header of a message of n bytes and zeros (RFC 7011 3.1). */
static uint8_t *message_of(uint16_t n)
{
	uint8_t *p = calloc(1, n);
	assert_non_null(p);
	p[1] = 10;
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
	return p;
}

static uint64_t stat(const struct kit *k, enum stat_id which)
{
	return stat_get(&k->stats, which);
}

/* The peer sees that its connection is over. */
static void assert_closed(int fd)
{
	uint8_t b;
	struct timeval soon = {.tv_sec = 5};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	assert_true(recv(fd, &b, 1, 0) <= 0);
	close(fd);
}

static void messages_are_cut_by_their_length(void **state)
{
	(void)state;
	struct kit *k = kit_new(false);
	uint8_t *a = message_of(16), *b = message_of(300), *c = message_of(65535);
	uint8_t two[316];
	memcpy(two, a, 16);
	memcpy(two + 16, b, 300);
	int fd = peer(k);
	say(k, fd, two, sizeof(two));
	for (size_t i = 0; i < sizeof(two); i++) /* byte by byte */
		say(k, fd, two + i, 1);
	say(k, fd, c, 65535);
	say(k, fd, two, 20); /* one and a quarter */
	say(k, fd, two + 20, 296);
	assert_string_equal(k->log, "1:16 1:300 1:16 1:300 1:65535 1:16 1:300 ");
	close(fd);
	serve(k);
	assert_non_null(strstr(k->log, "1:300 1. "));
	assert_int_equal(stat(k, ST_session_end_closed), 1);
	assert_int_equal(stat(k, ST_sessions_opened), 1);
	assert_int_equal(stat(k, ST_sessions_live), 0);
	assert_int_equal(stat(k, ST_datagrams_received), 0);
	kit_free(k);
	free(a);
	free(b);
	free(c);
}

static void what_is_no_ipfix_ends_the_session(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
	    {"GET / HTTP/1.0\r\n\r\n", 18},
	    {"\0\x09\0\x10", 4},     /* NetFlow v9 has no length */
	    {"\0\x0a\0\x0f", 4},     /* shorter than its header */
	    {"\0\x0a\0\0", 4},       /* of no length */
	    {"\x16\x03\x01\x02", 4}, /* a TLS client at the wrong port */
	};
	uint8_t *good = message_of(16);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kit *k = kit_new(false);
		int fd = peer(k);
		say(k, fd, good, 16);
		say(k, fd, bad[i].bytes, bad[i].n);
		assert_string_equal(k->log, "1:16 1. ");
		assert_closed(fd);
		assert_int_equal(stat(k, ST_session_end_stream), 1);
		assert_int_equal(stat(k, ST_reject_stream), 1);
		assert_int_equal(stat(k, ST_datagrams_received), 1);
		kit_free(k);
	}
	free(good);
}

static void stalled_and_silent_peers_are_let_go(void **state)
{
	(void)state;
	struct kit *k = kit_new(false);
	uint8_t *m = message_of(100);
	int slow = peer(k), quiet = peer(k);
	/* A byte now and then does not help: the time is that of the whole message. */
	say(k, slow, m, 10);
	pass(k, 600);
	say(k, slow, m + 10, 10);
	pass(k, 399);
	assert_string_equal(k->log, "");
	pass(k, 1000);
	assert_string_equal(k->log, "1. ");
	assert_int_equal(stat(k, ST_session_end_half_message), 1);
	assert_int_equal(stat(k, ST_reject_stream_cut), 1);
	assert_int_equal(stat(k, ST_datagrams_received), 1);
	assert_closed(slow);
	pass(k, 50000);
	say(k, quiet, m, 100);
	pass(k, IDLE_MS - 1000);
	assert_string_equal(k->log, "1. 2:100 ");
	pass(k, 1000);
	assert_string_equal(k->log, "1. 2:100 2. ");
	assert_int_equal(stat(k, ST_session_end_idle), 1);
	assert_closed(quiet);
	/* A message cut by the peer's end is counted. */
	int cut = peer(k);
	say(k, cut, m, 99);
	close(cut);
	serve(k);
	assert_int_equal(stat(k, ST_reject_stream_cut), 2);
	assert_int_equal(stat(k, ST_session_end_closed), 1);
	kit_free(k);
	free(m);
}

static void sessions_are_limited(void **state)
{
	(void)state;
	struct kit *k = kit_new(false);
	int a = peer(k), b = peer(k), c = peer(k);
	assert_int_equal(stat(k, ST_session_end_address_limit), 1);
	assert_closed(c);
	sessions_set_limits(k->sessions, 2, 9, IDLE_MS);
	assert_closed(peer(k));
	assert_int_equal(stat(k, ST_session_end_limit), 1);
	close(a);
	serve(k);
	k->closed_to_all = true;
	assert_closed(peer(k));
	assert_int_equal(stat(k, ST_session_end_denied), 1);
	k->closed_to_all = false;
	a = peer(k);
	assert_int_equal(stat(k, ST_sessions_live), 2);
	assert_int_equal(stat(k, ST_sessions_opened), 3);
	close(a);
	close(b);
	kit_free(k);
}

/* Without certificates nobody gets in; with garbage neither, and the time of a handshake is short.
 * Real TLS is for tests/scenario, with other programs at the other end. */
static void handshakes_fail(void **state)
{
	(void)state;
	struct kit *k = kit_new(true);
	assert_closed(peer(k));
	assert_int_equal(stat(k, ST_session_end_handshake), 1);
	assert_int_equal(stat(k, ST_sessions_live), 0);
	kit_free(k);
}

static void a_successor_finds_the_connections_that_wait(void **state)
{
	(void)state;
	struct kit *k = kit_new(false);
	uint8_t *m = message_of(16);
	int old = peer(k);
	say(k, old, m, 16);
	sessions_stop_accepting(k->sessions);
	int young = peer(k);
	say(k, young, m, 16);
	assert_string_equal(k->log, "1:16 ");
	sessions_end_all(k->sessions);
	assert_string_equal(k->log, "1:16 1. ");
	assert_int_equal(stat(k, ST_session_end_stopped), 1);
	int taken = accept(k->listener, NULL, NULL);
	uint8_t got[16];
	assert_true(taken >= 0);
	assert_int_equal(recv(taken, got, 16, 0), 16);
	assert_memory_equal(got, m, 16);
	close(taken);
	close(young);
	close(old);
	kit_free(k);
	free(m);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Random messages in random pieces: what comes out is what went in, whatever the pieces; a random
 * byte in a header ends the session there and not before. */
static void pieces_do_not_matter(void **state)
{
	(void)state;
	uint32_t seed = 7;
	for (int round = 0; round < 200; round++) {
		struct kit *k = kit_new(false);
		static uint8_t stream[20 * 3000];
		char want[sizeof(k->log)] = "";
		size_t n = 0, messages = next_random(&seed) % 20;
		bool bad = round % 3 == 0;
		for (size_t i = 0; i < messages; i++) {
			uint16_t len = (uint16_t)(16 + next_random(&seed) % 2900);
			uint8_t *m = message_of(len);
			memcpy(stream + n, m, len);
			free(m);
			n += len;
			snprintf(want + strlen(want), sizeof(want) - strlen(want), "1:%u ", len);
		}
		if (bad)
			stream[n++] =
			    (uint8_t)(1 + next_random(&seed) % 255); /* no version is 256 or more */
		stream[n] = 0;
		int fd = peer(k);
		for (size_t at = 0; at < n;) {
			size_t piece = 1 + next_random(&seed) % 4000;
			piece = piece < n - at ? piece : n - at;
			say(k, fd, stream + at, piece);
			at += piece;
		}
		if (bad)
			say(k, fd, "", 1); /* the second byte of the version */
		else
			assert_int_equal(stat(k, ST_sessions_live), 1);
		close(fd);
		serve(k);
		snprintf(want + strlen(want), sizeof(want) - strlen(want), "1. ");
		assert_string_equal(k->log, want);
		assert_int_equal(stat(k, ST_reject_stream), bad);
		assert_int_equal(stat(k, ST_reject_stream_cut), 0);
		kit_free(k);
	}
}

/* Sessions live on; who waits at a listener that goes is taken; who comes later finds the new one.
 */
static void another_set_of_listeners(void **state)
{
	(void)state;
	struct kit *k = kit_new(false);
	int first = peer(k), old = k->listener;
	serve(k);
	int second = peer(k); /* not accepted yet */
	k->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	socklen_t n = sizeof(k->at);
	k->at.sin_port = 0;
	assert_int_equal(bind(k->listener, (const struct sockaddr *)&k->at, n), 0);
	assert_int_equal(listen(k->listener, 16), 0);
	struct sockaddr_in gone;
	assert_int_equal(getsockname(old, (struct sockaddr *)&gone, &n), 0);
	assert_int_equal(getsockname(k->listener, (struct sockaddr *)&k->at, &n), 0);
	assert_int_equal(sessions_set_listeners(k->sessions,
						&(struct session_listener){.fd = k->listener}, 1,
						k->now_ns),
			 ERR_OK);
	close(old);
	uint8_t *m = message_of(20);
	say(k, first, m, 20);
	say(k, second, m, 20);
	assert_string_equal(k->log, "1:20 2:20 ");
	close(first);
	serve(k);
	int third = peer(k);
	say(k, third, m, 20);
	assert_string_equal(k->log, "1:20 2:20 1. 3:20 ");
	int late = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(late, (const struct sockaddr *)&gone, n), -1);
	assert_int_equal(sessions_set_listeners(k->sessions, NULL, SESSION_LISTENERS_MAX + 1, 0),
			 ERR_LIMIT);
	free(m);
	close(late);
	close(second);
	close(third);
	kit_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_are_cut_by_their_length),
	    cmocka_unit_test(pieces_do_not_matter),
	    cmocka_unit_test(what_is_no_ipfix_ends_the_session),
	    cmocka_unit_test(stalled_and_silent_peers_are_let_go),
	    cmocka_unit_test(sessions_are_limited),
	    cmocka_unit_test(handshakes_fail),
	    cmocka_unit_test(a_successor_finds_the_connections_that_wait),
	    cmocka_unit_test(another_set_of_listeners),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
