/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/handoff.h"

#include "base/buf.h"
#include "base/unit.h"
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const scheme_names[] = {
    [CONF_UDP] = "udp", [CONF_TCP] = "tcp", [CONF_TLS] = "tls"};

/* Any sockaddr, without casts between pointer types. */
union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t address_of(const struct ip *ip, uint16_t port, union address *out)
{
	*out = (union address){0};
	if (ip_is_v4(ip)) {
		out->in.sin_family = AF_INET;
		out->in.sin_port = htons(port);
		memcpy(&out->in.sin_addr, ip->b + 12, 4);
		return sizeof(out->in);
	}
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = htons(port);
	memcpy(&out->in6.sin6_addr, ip->b, 16);
	return sizeof(out->in6);
}

static bool option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* SO_RCVBUFFORCE passes net.core.rmem_max with CAP_NET_ADMIN; without it the kernel cuts to that
 * limit. */
static uint64_t set_buffer(int fd, uint64_t want)
{
	int got = 0, bytes = (int)MIN_OF(want, (uint64_t)INT32_MAX / 2);
	socklen_t n = sizeof(got);
	if (!option(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes))
		option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &n))
		return 0;
	return (uint64_t)got /
	       2; /* the kernel doubles what is asked for, and says so (socket(7)) */
}

/* Fills ip and port from what the kernel bound. */
static enum err read_bound(struct handoff_socket *s)
{
	union address a = {0};
	socklen_t n = sizeof(a);
	if (getsockname(s->fd, &a.sa, &n))
		return err_from_errno(errno);
	return ip_from_sockaddr(&a.sa, &s->ip, &s->port);
}

/* Options in the order of their making; false: errno says why. */
static bool prepare(struct handoff *h, const struct handoff_socket *s, sa_family_t family,
		    uint64_t buffer)
{
	bool udp = s->scheme == CONF_UDP;
	bool ok = udp ? option(s->fd, SOL_SOCKET, SO_REUSEPORT, 1) &&
			    option(s->fd, SOL_SOCKET, SO_RXQ_OVFL, 1)
		      : option(s->fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (ok && family == AF_INET6)
		ok = option(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (ok && udp)
		h->buffer = set_buffer(s->fd, buffer);
	return ok;
}

static enum err open_socket(const struct conf *c, const struct conf_addr *at, uint16_t port,
			    struct handoff *h)
{
	union address a;
	socklen_t n = address_of(&at->ip, port, &a);
	bool udp = at->scheme == CONF_UDP;
	struct handoff_socket *s = &h->v[h->n];
	*s = (struct handoff_socket){.scheme = at->scheme, .any_port = at->port == 0};
	int low = socket(a.sa.sa_family,
			 (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (low < 0)
		return err_from_errno(errno);
	s->fd = fcntl(low, F_DUPFD_CLOEXEC, HANDOFF_FIRST + HANDOFF_MAX);
	close(low);
	if (s->fd < 0)
		return err_from_errno(errno);
	h->n++;
	if (!prepare(h, s, a.sa.sa_family, c->collect_socket_buffer) || bind(s->fd, &a.sa, n) ||
	    (!udp && listen(s->fd, SOMAXCONN)))
		return err_from_errno(errno);
	return read_bound(s);
}

/* A second program on the same port would silently share the exporters' datagrams with us through
 * SO_REUSEPORT. */
static bool taken_by_other(const struct conf_addr *at)
{
	union address a;
	socklen_t n = address_of(&at->ip, at->port, &a);
	int fd = at->scheme == CONF_UDP ? socket(a.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	if (fd < 0)
		return false;
	if (a.sa.sa_family == AF_INET6)
		option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	bool taken = at->port && bind(fd, &a.sa, n) && errno == EADDRINUSE;
	close(fd);
	return taken;
}

/* Takes over the sockets of an address from the configuration before; false: it had none. */
static bool keep_address(const struct handoff *before, const struct conf_addr *at,
			 struct handoff *h)
{
	uint16_t port = at->port;
	size_t n = h->n;
	for (size_t i = 0; before && i < before->n && h->n < HANDOFF_MAX; i++) {
		const struct handoff_socket *s = &before->v[i];
		bool used = false;
		for (size_t k = 0; k < n; k++)
			used |= h->v[k].fd == s->fd;
		if (used || s->scheme != at->scheme || s->any_port != (at->port == 0) ||
		    !ip_equal(&s->ip, &at->ip) || (port && s->port != port))
			continue;
		port = s->port;
		h->v[h->n] = *s;
		h->v[h->n++].kept = true;
	}
	return h->n > n;
}

/* The sockets of one address: UDP one per thread, TCP and TLS one. port: what the IPv4 half of
 * "*:0" got, else as configured. */
static enum err open_address(const struct conf *c, const struct conf_addr *at, uint16_t port,
			     struct handoff *h)
{
	enum err e = taken_by_other(at) ? ERR_EXISTS : ERR_OK;
	uint32_t n = at->scheme == CONF_UDP ? h->threads : 1;
	for (uint32_t i = 0; !e && i < n; i++) {
		if (h->n == HANDOFF_MAX)
			return ERR_LIMIT;
		e = open_socket(c, at, port, h);
		if (!e) {
			h->v[h->n - 1].thread = i;
			port = h->v[h->n - 1].port; /* the others join the first */
		}
	}
	return e;
}

static bool kernel_has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ip any = {0};
	union address a;
	socklen_t n = address_of(&any, 0, &a);
	bool ok = fd >= 0 && bind(fd, &a.sa, n) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static enum err cannot_listen(const struct conf_addr *at, enum err e, struct diag *reterr)
{
	char text[IP_TEXT_MAX];
	ip_format(&at->ip, text);
	return diag_set(reterr, e, 0, 0, "cannot listen on %s %s port %u: %s",
			scheme_names[at->scheme], text, at->port,
			e == ERR_EXISTS ? "another program has it"
			: e == ERR_LIMIT
			    ? "more sockets than can be handed on; lower collect.threads"
			    : err_text(e));
}

static void close_new(struct handoff *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (!h->v[i].kept)
			close(h->v[i].fd);
	h->n = 0;
}

enum err handoff_open(const struct conf *c, const struct handoff *before, struct handoff *ret,
		      struct diag *reterr)
{
	const struct conf_addrs *l = &c->collect_listen;
	bool ipv6 = kernel_has_ipv6();
	*ret = (struct handoff){.threads = before ? before->threads : conf_threads(c),
				.buffer = before ? before->buffer : 0};
	for (size_t i = 0; i < l->n; i++) {
		const struct conf_addr *at = &l->v[i];
		if ((at->optional && !ipv6) ||
		    (at->scheme == CONF_TLS && !*c->collect_certificate) ||
		    keep_address(before, at, ret))
			continue;
		bool second = at->port == 0 && at->optional && ret->n;
		enum err e = open_address(c, at, second ? ret->v[ret->n - 1].port : at->port, ret);
		if (e) {
			close_new(ret);
			return cannot_listen(at, e, reterr);
		}
	}
	return ERR_OK;
}

static bool has(const struct handoff *h, int fd)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].fd == fd)
			return true;
	return false;
}

bool handoff_differs(const struct handoff *before, const struct handoff *now)
{
	for (size_t i = 0; i < before->n; i++)
		if (!has(now, before->v[i].fd))
			return true;
	return before->n != now->n;
}

void handoff_close_rest(struct handoff *before, const struct handoff *now)
{
	for (size_t i = 0; i < before->n; i++)
		if (!has(now, before->v[i].fd))
			close(before->v[i].fd);
	before->n = 0;
}

/* A decimal environment variable; false if it is not there or not a number. */
static bool env_number(const char *name, uint64_t *ret)
{
	const char *s = getenv(name);
	return s && unit_u64(s, strlen(s), ret) == ERR_OK;
}

static int option_of(int fd, int name)
{
	int value = -1;
	socklen_t n = sizeof(value);
	return getsockopt(fd, SOL_SOCKET, name, &value, &n) ? -1 : value;
}

/* What the name that p stands at says of its socket; p moves to the next. */
static void take_name(const char **p, struct handoff_socket *s)
{
	size_t n = strcspn(*p, ":");
	uint64_t thread = 0;
	if (option_of(s->fd, SO_TYPE) != SOCK_DGRAM)
		s->scheme = n == 3 && memcmp(*p, "tls", 3) == 0 ? CONF_TLS : CONF_TCP;
	else if (n > 4 && memcmp(*p, "udp-", 4) == 0 && !unit_u64(*p + 4, n - 4, &thread) &&
		 thread < HANDOFF_MAX)
		s->thread = (uint32_t)thread;
	*p += n + ((*p)[n] == ':');
}

/* A descriptor that came from another process, by its name. False: no bound socket. */
static bool add_handed(struct handoff *h, int fd, const char **names)
{
	struct handoff_socket s = {.fd = fd};
	take_name(names, &s);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (option_of(fd, SO_DOMAIN) == AF_UNIX) {
		h->more = fd;
		return true;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (h->n == HANDOFF_MAX || read_bound(&s))
		return false;
	h->threads = MAX_OF(h->threads, s.thread + 1);
	h->v[h->n++] = s;
	return true;
}

enum err handoff_take(struct handoff *ret, struct diag *reterr)
{
	uint64_t pid, n;
	const char *names = getenv("LISTEN_FDNAMES");
	if (!env_number("LISTEN_PID", &pid) || pid != (uint64_t)getpid() ||
	    !env_number("LISTEN_FDS", &n) || n == 0)
		return ERR_NOT_FOUND;
	if (n > HANDOFF_MAX + 1)
		return diag_set(reterr, ERR_LIMIT, 0, 0, "more than %d sockets were handed on",
				HANDOFF_MAX);
	struct handoff h = {.threads = 1};
	const char *p = names ? names : "";
	for (size_t i = 0; i < n; i++)
		if (!add_handed(&h, HANDOFF_FIRST + (int)i, &p))
			return diag_set(reterr, ERR_IO, 0, 0,
					"descriptor %d that was handed on is no bound socket",
					HANDOFF_FIRST + (int)i);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	*ret = h;
	return ERR_OK;
}

/* --- another set for a running process */

enum err handoff_channel(int *ret_ours, int *ret_theirs)
{
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd))
		return err_from_errno(errno);
	/* Above those that handoff_place writes over. */
	int high = fcntl(fd[1], F_DUPFD_CLOEXEC, HANDOFF_FIRST + HANDOFF_MAX + 1);
	enum err e = high < 0 ? err_from_errno(errno) : ERR_OK;
	close(fd[1]);
	if (e) {
		close(fd[0]);
		return e;
	}
	*ret_ours = fd[0];
	*ret_theirs = high;
	return ERR_OK;
}

union descriptors {
	struct cmsghdr align;
	uint8_t room[CMSG_SPACE(HANDOFF_MAX * sizeof(int))];
};

enum { NAMES_MAX = HANDOFF_MAX * 12 };

enum err handoff_send(int channel, const struct handoff *h)
{
	union descriptors d = {0};
	struct buf names = {0};
	handoff_names(h, &names);
	buf_u8(&names, 0);
	struct iovec text = {names.p, names.n};
	struct msghdr m = {.msg_iov = &text,
			   .msg_iovlen = 1,
			   .msg_control = d.room,
			   .msg_controllen = CMSG_SPACE(h->n * sizeof(int))};
	d.align.cmsg_level = SOL_SOCKET;
	d.align.cmsg_type = SCM_RIGHTS;
	d.align.cmsg_len = CMSG_LEN(h->n * sizeof(int));
	for (size_t i = 0; i < h->n; i++)
		memcpy(CMSG_DATA(&d.align) + i * sizeof(int), &h->v[i].fd, sizeof(int));
	enum err e = names.bad ? ERR_NOMEM : ERR_OK;
	if (!e && sendmsg(channel, &m, MSG_NOSIGNAL) < 0)
		e = err_from_errno(errno);
	buf_fini(&names);
	return e;
}

/* One message; false: there is none. What is in it and no set of bound sockets is left out. */
static bool receive_one(int channel, struct handoff *ret)
{
	union descriptors d = {0};
	char names[NAMES_MAX + 1];
	struct iovec text = {names, NAMES_MAX};
	struct msghdr m = {.msg_iov = &text,
			   .msg_iovlen = 1,
			   .msg_control = d.room,
			   .msg_controllen = sizeof(d.room)};
	ssize_t n = recvmsg(channel, &m, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (n <= 0)
		return false;
	const char *p = names;
	names[n] = 0;
	*ret = (struct handoff){.threads = 1};
	size_t fds =
	    c && c->cmsg_type == SCM_RIGHTS ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	for (size_t i = 0; i < fds; i++) {
		int fd;
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		if (!add_handed(ret, fd, &p))
			close(fd);
	}
	return true;
}

bool handoff_receive(int channel, struct handoff *ret)
{
	struct handoff newer;
	bool got = channel > 0 && receive_one(channel, ret);
	while (got && receive_one(channel, &newer)) {
		handoff_close(ret);
		*ret = newer;
	}
	return got;
}

void handoff_close(struct handoff *h)
{
	for (size_t i = 0; i < h->n; i++)
		close(h->v[i].fd);
	h->n = 0;
}

void handoff_names(const struct handoff *h, struct buf *out)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].scheme == CONF_UDP)
			buf_fmt(out, "%sudp-%u", i ? ":" : "", h->v[i].thread);
		else
			buf_fmt(out, "%s%s", i ? ":" : "", scheme_names[h->v[i].scheme]);
}

bool handoff_place(const struct handoff *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (dup2(h->v[i].fd, HANDOFF_FIRST + (int)i) < 0)
			return false;
	return true;
}

void handoff_json(const struct handoff *h, struct buf *out)
{
	buf_u8(out, '[');
	for (size_t i = 0; i < h->n; i++) {
		char text[IP_TEXT_MAX];
		bool seen = false;
		for (size_t j = 0; j < i && !seen; j++)
			seen = h->v[j].scheme == h->v[i].scheme && h->v[j].port == h->v[i].port &&
			       ip_equal(&h->v[j].ip, &h->v[i].ip);
		if (seen)
			continue;
		ip_format(&h->v[i].ip, text);
		buf_fmt(out, "%s{\"proto\":\"%s\",\"address\":\"%s\",\"port\":%u}", i ? "," : "",
			scheme_names[h->v[i].scheme], text, h->v[i].port);
	}
	buf_u8(out, ']');
}
