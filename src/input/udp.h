/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams off UDP sockets in rounds of up to UDP_ROUND: one recvmmsg, memory allocated once. One
 * struct udp_rx per receive thread, over the sockets of that thread; opening and binding is the
 * business of cmd/. Counts datagrams.kernel_drops; what is received is counted when it is decoded.
 */
#pragma once
#include "base/err.h"
#include "base/ip.h"
#include "model/stats.h"

#include <stdint.h>

enum { UDP_ROUND = 64, UDP_SOCKETS_MAX = 64 };

struct udp_datagram {
	const uint8_t *p; /* borrowed until the next udp_rx_wait */
	uint32_t n;
	uint16_t port; /* of the sender */
	struct ip src;
};

struct udp_rx;
/* fds: bound UDP sockets; it reads them through descriptors of its own. stats: borrowed. */
must_check enum err udp_rx_new(const int *fds, size_t n_fds, struct stats *stats,
			       struct udp_rx **ret);
void udp_rx_free(struct udp_rx *rx);
/* From now on these sockets are read, on the thread that waits; those that were and are among them
 * go on with all that is in them, of the others what waits in them is read first. On failure
 * nothing changes, but that sockets which were about to leave are gone. */
must_check enum err udp_rx_set(struct udp_rx *rx, const int *fds, size_t n_fds);
/* Waits at most timeout_ms for datagrams and takes up to UDP_ROUND of them from one socket; sockets
 * take turns. Returns how many; 0 when the time is over, or there are none and udp_rx_wake was
 * called. */
size_t udp_rx_wait(struct udp_rx *rx, int timeout_ms, const struct udp_datagram **ret);
/* Counts what the kernel dropped since the last call because a socket's buffer was full (what
 * SO_RXQ_OVFL tells, but asked of the socket: so it shows also when no datagram follows). What was
 * dropped before udp_rx_new is not counted: sockets outlive their reader; sequence numbers show it.
 */
void udp_rx_count_drops(struct udp_rx *rx);
/* Ends the current wait and, from then on, every wait at which nothing has arrived: any thread, for
 * stopping. */
void udp_rx_wake(struct udp_rx *rx);
