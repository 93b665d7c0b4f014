/* SPDX-License-Identifier: Apache-2.0 */
#include "input/udp.h"

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
};

struct udp_rx {
	struct stats *stats;
	size_t n_fds, turn;
	struct pollfd poll[UDP_SOCKETS_MAX + 1]; /* the last one wakes */
	uint32_t dropped[UDP_SOCKETS_MAX];       /* as the kernel last said */
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

static void lay_out(struct udp_rx *rx, const int *fds, int wake)
{
	for (size_t i = 0; i < rx->n_fds; i++) {
		rx->poll[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
		rx->dropped[i] = kernel_drops(fds[i]);
	}
	rx->poll[rx->n_fds] = (struct pollfd){.fd = wake, .events = POLLIN};
	for (size_t i = 0; i < UDP_ROUND; i++) {
		rx->iov[i] = (struct iovec){rx->mem + i * STRIDE, DATAGRAM_MAX};
		rx->msg[i].msg_hdr = (struct msghdr){
		    .msg_iov = &rx->iov[i], .msg_iovlen = 1, .msg_name = &rx->from[i]};
	}
}

enum err udp_rx_new(const int *fds, size_t n_fds, struct stats *stats, struct udp_rx **ret)
{
	if (n_fds > UDP_SOCKETS_MAX)
		return ERR_LIMIT;
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
	rx->n_fds = n_fds;
	lay_out(rx, fds, wake);
	*ret = rx;
	return ERR_OK;
}

void udp_rx_free(struct udp_rx *rx)
{
	if (!rx)
		return;
	close(rx->poll[rx->n_fds].fd);
	munmap(rx->mem, ARENA);
	free(rx);
}

void udp_rx_wake(struct udp_rx *rx)
{
	(void)eventfd_write(rx->poll[rx->n_fds].fd, 1);
}

void udp_rx_count_drops(struct udp_rx *rx)
{
	for (size_t i = 0; i < rx->n_fds; i++) {
		uint32_t now = kernel_drops(rx->poll[i].fd);
		stat_add(rx->stats, ST_datagrams_kernel_drops, (uint32_t)(now - rx->dropped[i]));
		rx->dropped[i] = now;
	}
}

static size_t receive(struct udp_rx *rx, size_t socket)
{
	for (size_t i = 0; i < UDP_ROUND; i++)
		rx->msg[i].msg_hdr.msg_namelen = sizeof(rx->from[i]);
	int n = recvmmsg(rx->poll[socket].fd, rx->msg, UDP_ROUND, MSG_DONTWAIT, NULL);
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

size_t udp_rx_wait(struct udp_rx *rx, int timeout_ms, const struct udp_datagram **ret)
{
	*ret = rx->out;
	if (poll(rx->poll, rx->n_fds + 1, timeout_ms) <= 0)
		return 0;
	for (size_t k = 0; k < rx->n_fds; k++) {
		size_t i = (rx->turn + k) % rx->n_fds;
		size_t n = rx->poll[i].revents ? receive(rx, i) : 0;
		if (n) {
			rx->turn = i + 1;
			return n;
		}
	}
	return 0;
}
