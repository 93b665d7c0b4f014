/* SPDX-License-Identifier: Apache-2.0 */
#include "input/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DATAGRAM_MAX = 65536,
	/* Buffers lie one typical datagram further than a multiple of the page, so that the parts
	 * that are in use do not compete for the same lines of the cache. */
	STRIDE = DATAGRAM_MAX + 1536,
	ARENA = UDP_ROUND * STRIDE,
	PLACES_MAX = 2 * UDP_SOCKETS_MAX, /* those of a set, and those that leave */
	LEAVE_ROUNDS = 1024,
};

/* A socket that is read. */
struct place {
	int fd;           /* a descriptor of our own */
	uint64_t cookie;  /* the socket, whatever its descriptor */
	uint32_t dropped; /* as the kernel last said */
	uint32_t leaving; /* rounds until it is closed at the latest; 0 = it stays */
};

struct udp_rx {
	struct stats *stats;
	size_t n, turn;
	int wake;
	struct place place[PLACES_MAX];
	struct pollfd poll[PLACES_MAX + 1]; /* of the places, then wake */
	uint8_t *mem;
	struct mmsghdr msg[UDP_ROUND];
	struct iovec iov[UDP_ROUND];
	struct sockaddr_storage from[UDP_ROUND];
	struct udp_datagram out[UDP_ROUND];
};

static uint32_t kernel_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t n = sizeof(info);
	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &n) != 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t n = sizeof(cookie);
	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) ? 0 : cookie;
}

static void lay_out(struct udp_rx *rx)
{
	for (size_t i = 0; i < rx->n; i++)
		rx->poll[i] = (struct pollfd){.fd = rx->place[i].fd, .events = POLLIN};
	rx->poll[rx->n] = (struct pollfd){.fd = rx->wake, .events = POLLIN};
}

static void lay_out_buffers(struct udp_rx *rx)
{
	for (size_t i = 0; i < UDP_ROUND; i++) {
		rx->iov[i] = (struct iovec){rx->mem + i * STRIDE, DATAGRAM_MAX};
		rx->msg[i].msg_hdr = (struct msghdr){
		    .msg_iov = &rx->iov[i], .msg_iovlen = 1, .msg_name = &rx->from[i]};
	}
}

enum err udp_rx_new(const int *fds, size_t n_fds, struct stats *stats, struct udp_rx **ret)
{
	struct udp_rx *rx = calloc(1, sizeof(*rx));
	int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	void *mem = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!rx || wake < 0 || mem == MAP_FAILED) {
		if (mem != MAP_FAILED)
			munmap(mem, ARENA);
		if (wake >= 0)
			close(wake);
		free(rx);
		return ERR_NOMEM;
	}
	rx->mem = mem;
	rx->stats = stats;
	rx->wake = wake;
	lay_out_buffers(rx);
	enum err e = udp_rx_set(rx, fds, n_fds);
	if (e) {
		udp_rx_free(rx);
		return e;
	}
	*ret = rx;
	return ERR_OK;
}

void udp_rx_free(struct udp_rx *rx)
{
	if (!rx)
		return;
	for (size_t i = 0; i < rx->n; i++)
		close(rx->place[i].fd);
	close(rx->wake);
	munmap(rx->mem, ARENA);
	free(rx);
}

static void count_drops(struct udp_rx *rx, struct place *p)
{
	uint32_t now = kernel_drops(p->fd);
	stat_add(rx->stats, ST_datagrams_kernel_drops, (uint32_t)(now - p->dropped));
	p->dropped = now;
}

static void remove_place(struct udp_rx *rx, size_t i)
{
	count_drops(rx, &rx->place[i]);
	close(rx->place[i].fd);
	rx->place[i] = rx->place[--rx->n];
}

static bool is_among(const struct place *p, const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cookie_of(fds[i]) == p->cookie)
			return true;
	return false;
}

/* The place of the socket, a new one if need be. */
static enum err add_place(struct udp_rx *rx, int fd)
{
	uint64_t cookie = cookie_of(fd);
	for (size_t i = 0; i < rx->n; i++)
		if (rx->place[i].cookie == cookie) {
			rx->place[i].leaving = 0;
			return ERR_OK;
		}
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return err_from_errno(errno);
	rx->place[rx->n++] =
	    (struct place){.fd = own, .cookie = cookie, .dropped = kernel_drops(own)};
	return ERR_OK;
}

enum err udp_rx_set(struct udp_rx *rx, const int *fds, size_t n)
{
	enum err e = n > UDP_SOCKETS_MAX ? ERR_LIMIT : ERR_OK;
	/* Those of the set before the last one had their time. */
	for (size_t i = rx->n; i-- > 0;)
		if (rx->place[i].leaving)
			remove_place(rx, i);
	size_t before = rx->n;
	for (size_t i = 0; i < n && !e; i++)
		e = add_place(rx, fds[i]);
	while (e && rx->n > before)
		remove_place(rx, rx->n - 1);
	for (size_t i = 0; i < rx->n && !e; i++)
		if (!is_among(&rx->place[i], fds, n))
			rx->place[i].leaving = LEAVE_ROUNDS;
	lay_out(rx);
	return e;
}

void udp_rx_wake(struct udp_rx *rx)
{
	(void)eventfd_write(rx->wake, 1);
}

void udp_rx_count_drops(struct udp_rx *rx)
{
	for (size_t i = 0; i < rx->n; i++)
		count_drops(rx, &rx->place[i]);
}

static size_t receive(struct udp_rx *rx, size_t socket)
{
	for (size_t i = 0; i < UDP_ROUND; i++)
		rx->msg[i].msg_hdr.msg_namelen = sizeof(rx->from[i]);
	int n = recvmmsg(rx->place[socket].fd, rx->msg, UDP_ROUND, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return 0;
	for (size_t i = 0; i < (size_t)n; i++) {
		struct udp_datagram *d = &rx->out[i];
		d->p = rx->iov[i].iov_base;
		d->n = rx->msg[i].msg_len;
		if (ip_from_sockaddr((const struct sockaddr *)&rx->from[i], &d->src, &d->port) !=
		    ERR_OK) {
			d->src = (struct ip){0};
			d->port = 0;
		}
	}
	return (size_t)n;
}

/* Sockets that leave go when nothing waits in them, or others would have to wait for too long. */
static void let_go(struct udp_rx *rx)
{
	size_t before = rx->n;
	for (size_t i = rx->n; i-- > 0;)
		if (rx->place[i].leaving && (!rx->poll[i].revents || --rx->place[i].leaving == 0))
			remove_place(rx, i);
	if (rx->n != before)
		lay_out(rx);
}

static bool any_leaves(const struct udp_rx *rx)
{
	for (size_t i = 0; i < rx->n; i++)
		if (rx->place[i].leaving)
			return true;
	return false;
}

size_t udp_rx_wait(struct udp_rx *rx, int timeout_ms, const struct udp_datagram **ret)
{
	*ret = rx->out;
	if (any_leaves(rx) && poll(rx->poll, rx->n + 1, 0) >= 0)
		let_go(rx);
	if (poll(rx->poll, rx->n + 1, timeout_ms) <= 0)
		return 0;
	for (size_t k = 0; k < rx->n; k++) {
		size_t i = (rx->turn + k) % rx->n;
		size_t n = rx->poll[i].revents ? receive(rx, i) : 0;
		if (n) {
			rx->turn = i + 1;
			return n;
		}
	}
	return 0;
}
