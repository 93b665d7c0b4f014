/* SPDX-License-Identifier: Apache-2.0 */
/* A collector over TCP or TLS (RFC 7011 10.4): connects, shakes hands, writes message after
 * message. When the connection breaks, the message that was being written goes first in the next
 * session, in which templates and sequence numbers begin anew. */
#include "encode/collector.h"

#include "base/attr.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	RETRY_MS = 1000, /* doubled with each failure */
	RETRY_MAX_MS = 30000,
	UP_WITHIN_MS = 10000,      /* for connecting and shaking hands */
	UNACKNOWLEDGED_MS = 30000, /* then the kernel gives the connection up */
	WRITES = 64,               /* messages written before others have their turn */
	END_MS = 1000,             /* for the other side to end a session that we end */
};

void session_close(struct collector *c)
{
	tls_free(c->tls);
	c->tls = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (c->current)
		collector_untake(c, c->current);
	c->current = NULL;
	c->books.state = COLLECTOR_DOWN;
}

/* A socket that is closed with bytes unread (a server's TLS session tickets) is reset, and a reset
 * throws away what the other side has not read yet (RFC 2525 2.17). */
void session_end(struct collector *c)
{
	uint8_t unread[4096];
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	struct timespec t;
	bool up = c->fd >= 0 && c->target.transport != EXPORT_UDP && c->books.state == COLLECTOR_UP;
	int64_t left_ms = END_MS;
	if (up) {
		tls_free(c->tls);
		c->tls = NULL;
		up = shutdown(c->fd, SHUT_WR) == 0;
	}
	for (clock_gettime(CLOCK_MONOTONIC, &t); up && left_ms > 0;) {
		struct timespec now;
		if (poll(&p, 1, (int)left_ms) <= 0 || recv(c->fd, unread, sizeof(unread), 0) <= 0)
			break;
		clock_gettime(CLOCK_MONOTONIC, &now);
		left_ms =
		    END_MS - (now.tv_sec - t.tv_sec) * 1000 - (now.tv_nsec - t.tv_nsec) / 1000000;
	}
	session_close(c);
}

static void failed(struct collector *c, const char *why, int64_t mono_ms)
{
	bool was_up = c->books.state == COLLECTOR_UP;
	snprintf(c->books.error, sizeof(c->books.error), "%s", why);
	session_close(c);
	c->retry_ms =
	    was_up || !c->retry_ms ? RETRY_MS : MIN_OF(2 * c->retry_ms, (int64_t)RETRY_MAX_MS);
	c->retry_at = mono_ms + c->retry_ms;
}

static void start(struct collector *c, int64_t mono_ms)
{
	const int on = 1, patience = UNACKNOWLEDGED_MS;
	c->handshake_by = mono_ms + UP_WITHIN_MS;
	c->fd = socket(c->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0) {
		failed(c, strerror(errno), mono_ms);
		return;
	}
	(void)setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof(patience));
	c->books.state = COLLECTOR_CONNECTING;
	if (connect(c->fd, (struct sockaddr *)&c->addr, c->addr_n) && errno != EINPROGRESS)
		failed(c, strerror(errno), mono_ms);
}

static void came_up(struct collector *c)
{
	c->books.state = COLLECTOR_UP;
	c->books.error[0] = 0;
	c->books.sessions++;
	c->session++;
	c->sequence = 0;
	c->blocked = false;
	c->greet = true;
	c->retry_ms = 0;
	stat_add(c->stats, ST_export_sessions, 1);
}

static void shake_hands(struct collector *c, int64_t mono_ms)
{
	enum err e = tls_handshake(c->tls);
	if (!e)
		came_up(c);
	else if (e != ERR_BUSY)
		failed(c, tls_failure(c->tls), mono_ms);
}

static void connected(struct collector *c, short revents, int64_t mono_ms)
{
	int error = 0;
	socklen_t n = sizeof(error);
	if (!(revents & (POLLOUT | POLLERR | POLLHUP)))
		return;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n) || error) {
		failed(c, strerror(error ? error : errno), mono_ms);
		return;
	}
	if (c->target.transport == EXPORT_TCP) {
		came_up(c);
		return;
	}
	enum err e = tls_connect(c->tls_context, c->fd, c->target.host, &c->tls);
	if (e) {
		failed(c, err_text(e), mono_ms);
		return;
	}
	c->books.state = COLLECTOR_HANDSHAKE;
	shake_hands(c, mono_ms);
}

/* --- while it is up */

/* ERR_BUSY: not now. */
static enum err write_some(struct collector *c, size_t *ret_n)
{
	const uint8_t *p = c->out + c->out_at;
	size_t n = c->out_n - c->out_at;
	if (c->tls)
		return tls_write(c->tls, p, n, ret_n);
	ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EAGAIN ? ERR_BUSY : err_from_errno(errno);
	*ret_n = (size_t)sent;
	return ERR_OK;
}

static bool next_message(struct collector *c, int64_t mono_ms, int64_t export_ms)
{
	uint32_t sequence;
	struct message *m = collector_take(c, mono_ms, export_ms, &sequence);
	if (!m)
		return false;
	memcpy(c->out, m->bytes, m->n);
	message_sequence(c->target.protocol, c->out, sequence);
	c->current = m;
	c->out_n = m->n;
	c->out_at = 0;
	return true;
}

static void write_messages(struct collector *c, int64_t mono_ms, int64_t export_ms)
{
	c->blocked = false;
	for (int i = 0; i < WRITES && !c->blocked;) {
		if (!c->current && !next_message(c, mono_ms, export_ms))
			return;
		size_t n = 0;
		enum err e = write_some(c, &n);
		c->blocked = e == ERR_BUSY;
		if (e && e != ERR_BUSY) {
			failed(c, c->tls ? tls_failure(c->tls) : err_text(e), mono_ms);
			return;
		}
		c->out_at += n;
		if (c->out_at == c->out_n) {
			collector_sent(c, c->current);
			c->current = NULL;
			i++;
		}
	}
}

/* Collectors have nothing to say; what comes is the end. */
static void listen_to(struct collector *c, int64_t mono_ms)
{
	uint8_t bytes[256];
	size_t n = 0;
	enum err e = ERR_OK;
	if (c->tls) {
		e = tls_read(c->tls, bytes, sizeof(bytes), &n);
	} else {
		ssize_t got = recv(c->fd, bytes, sizeof(bytes), 0);
		e = got > 0 ? ERR_OK : got == 0 ? ERR_CLOSED : errno == EAGAIN ? ERR_BUSY : ERR_IO;
	}
	if (e && e != ERR_BUSY)
		failed(c, e == ERR_CLOSED || !c->tls ? err_text(e) : tls_failure(c->tls), mono_ms);
}

void session_step(struct collector *c, short revents, int64_t mono_ms, int64_t export_ms)
{
	switch (c->books.state) {
	case COLLECTOR_DOWN:
		if (mono_ms >= c->retry_at)
			start(c, mono_ms);
		break;
	case COLLECTOR_CONNECTING:
		connected(c, revents, mono_ms);
		break;
	case COLLECTOR_HANDSHAKE:
		shake_hands(c, mono_ms);
		break;
	case COLLECTOR_UP:
		if (revents & (POLLIN | POLLERR | POLLHUP))
			listen_to(c, mono_ms);
		break;
	}
	bool starting =
	    c->books.state == COLLECTOR_CONNECTING || c->books.state == COLLECTOR_HANDSHAKE;
	if (starting && mono_ms >= c->handshake_by)
		failed(c, err_text(ERR_TIMEOUT), mono_ms);
	if (c->books.state == COLLECTOR_UP && (!c->blocked || revents & POLLOUT))
		write_messages(c, mono_ms, export_ms);
}
