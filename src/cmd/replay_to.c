/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/replay_to.h"

#include "base/rd.h"
#include "decode/frame.h"
#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_MAX = 256, TLS_WAIT_MS = 10000, IPFIX = 10 };
enum scheme { UDP, TCP, TLS };

static const char *const schemes[] = {[UDP] = "udp://", [TCP] = "tcp://", [TLS] = "tls://"};

struct replay_to {
	enum scheme scheme;
	char host[HOST_MAX];
	const char *port; /* borrowed from the argument */
	int fd;
	struct tls_context *context;
	struct tls *tls;
};

/* [SCHEME://]HOST:PORT, the host of an IPv6 address in brackets. */
static bool split(const char *to, struct replay_to *r)
{
	for (enum scheme s = UDP; s <= TLS; s++)
		if (strncmp(to, schemes[s], strlen(schemes[s])) == 0) {
			r->scheme = s;
			to += strlen(schemes[s]);
			break;
		}
	const char *colon = strrchr(to, ':');
	size_t n = colon ? (size_t)(colon - to) : 0;
	if (n >= 2 && to[0] == '[' && to[n - 1] == ']') {
		to++;
		n -= 2;
	}
	if (n == 0 || n >= HOST_MAX || memchr(to, '/', n) || !colon[1])
		return false;
	memcpy(r->host, to, n);
	r->host[n] = 0;
	r->port = colon + 1;
	return true;
}

static enum err connect_to(struct replay_to *r, struct diag *reterr)
{
	const struct addrinfo hints = {.ai_socktype = r->scheme == UDP ? SOCK_DGRAM : SOCK_STREAM};
	struct addrinfo *list;
	int bad = getaddrinfo(r->host, r->port, &hints, &list);
	if (bad)
		return diag_set(reterr, ERR_NOT_FOUND, 0, 0, "%s, port %s: %s", r->host, r->port,
				gai_strerror(bad));
	for (const struct addrinfo *a = list; a && r->fd < 0; a = a->ai_next) {
		r->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
		if (r->fd >= 0 && connect(r->fd, a->ai_addr, a->ai_addrlen) != 0) {
			int saved = errno;
			close(r->fd);
			r->fd = -1;
			errno = saved;
		}
	}
	enum err e = r->fd < 0 ? err_from_errno(errno) : ERR_OK;
	freeaddrinfo(list);
	return e ? diag_set(reterr, e, 0, 0, "%s, port %s: %s", r->host, r->port, err_text(e))
		 : ERR_OK;
}

/* Until TLS can go on. */
static enum err wait_for_tls(const struct replay_to *r)
{
	struct pollfd p = {.fd = r->fd, .events = tls_wants_write(r->tls) ? POLLOUT : POLLIN};
	int n = poll(&p, 1, TLS_WAIT_MS);
	return n > 0 ? ERR_OK : n == 0 ? ERR_TIMEOUT : err_from_errno(errno);
}

static enum err start_tls(struct replay_to *r, const char *ca, struct diag *reterr)
{
	const struct tls_files files = {.certificate = "", .key = "", .ca = ca ? ca : ""};
	enum err e = tls_client_context(&files, &r->context, reterr);
	if (e)
		return e;
	if (fcntl(r->fd, F_SETFL, O_NONBLOCK) || tls_connect(r->context, r->fd, r->host, &r->tls))
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	while ((e = tls_handshake(r->tls)) == ERR_BUSY && (e = wait_for_tls(r)) == ERR_OK)
		;
	if (!e)
		return ERR_OK;
	const char *why = *tls_failure(r->tls) ? tls_failure(r->tls) : err_text(e);
	return diag_set(reterr, e, 0, 0, "%s, port %s: TLS: %s", r->host, r->port, why);
}

enum err replay_to_open(const char *to, const char *ca, struct replay_to **ret, struct diag *reterr)
{
	struct replay_to *r = calloc(1, sizeof(*r));
	if (!r)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	r->fd = -1;
	enum err e = ERR_OK;
	if (!split(to, r))
		e = diag_set(reterr, ERR_SYNTAX, 0, 0,
			     "\"%s\" is not HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT", to);
	if (!e)
		e = connect_to(r, reterr);
	if (!e && r->scheme == TLS)
		e = start_tls(r, ca, reterr);
	if (e) {
		replay_to_close(r);
		return e;
	}
	*ret = r;
	return ERR_OK;
}

void replay_to_close(struct replay_to *r)
{
	if (!r)
		return;
	tls_free(r->tls);
	tls_context_free(r->context);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

bool replay_to_is_stream(const struct replay_to *r)
{
	return r->scheme != UDP;
}

static enum err send_datagram(const struct replay_to *r, const uint8_t *p, size_t n)
{
	/* A closed port answers a datagram with an error on the next: try once more. */
	ssize_t done = send(r->fd, p, n, 0);
	if (done < 0 && errno == ECONNREFUSED)
		done = send(r->fd, p, n, 0);
	return done < 0 ? ERR_REFUSED : ERR_OK;
}

static enum err send_stream(const struct replay_to *r, const uint8_t *p, size_t n)
{
	while (n) {
		size_t done = 0;
		enum err e = ERR_OK;
		if (r->tls) {
			e = tls_write(r->tls, p, n, &done);
			if (e == ERR_BUSY)
				e = wait_for_tls(r);
		} else {
			ssize_t k = send(r->fd, p, n, MSG_NOSIGNAL);
			if (k < 0 && errno != EINTR)
				e = err_from_errno(errno);
			done = k > 0 ? (size_t)k : 0;
		}
		if (e)
			return e;
		p += done;
		n -= done;
	}
	return ERR_OK;
}

enum err replay_to_send(struct replay_to *r, const uint8_t *p, size_t n)
{
	if (r->scheme == UDP)
		return send_datagram(r, p, n);
	enum err e = ERR_UNSUPPORTED;
	for (size_t len; (len = frame_message_len(p, n)) && load_be16(p) == IPFIX;) {
		e = send_stream(r, p, len);
		if (e)
			return e;
		p += len;
		n -= len;
	}
	return e;
}
