/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that exporters send to: UDP, and listening ones of TCP and TLS. `weir up` opens them
 * and hands them to weir-collect, so that datagrams queue in the kernel while the collector
 * restarts; a collector started alone opens its own with the same function.
 *
 * The contract is systemd's (sd_listen_fds(3)), so that a .socket unit can take the place of `weir
 * up`: descriptors from 3 on, LISTEN_FDS their number, LISTEN_PID the process they are for,
 * LISTEN_FDNAMES their names, separated by colons. A name is "udp-N": the socket belongs to receive
 * thread N; "tcp"; or "tls" (any other name: what the kind of socket says, UDP for thread 0, TCP).
 * Each UDP address has one socket per thread, in one SO_REUSEPORT group; IPv6 sockets are V6ONLY;
 * SO_RXQ_OVFL is on. */
#pragma once
#include "base/err.h"
#include "base/ip.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct conf;

/* As many as one message of a Unix socket can carry (SCM_MAX_FD is 253). */
enum { HANDOFF_FIRST = 3, HANDOFF_MAX = 250 };

struct handoff_socket {
	int fd;
	uint32_t thread; /* UDP: 0 to threads - 1 */
	uint8_t scheme;  /* enum conf_scheme */
	bool any_port;   /* the configuration left the port to the kernel */
	bool kept;       /* by handoff_open, from the one before */
	struct ip ip;    /* as bound; :: or 0.0.0.0 = any */
	uint16_t port;   /* as bound, never 0 */
};

struct handoff {
	struct handoff_socket v[HANDOFF_MAX];
	size_t n;
	uint32_t threads; /* receive threads: 1 + the highest of v */
	uint64_t buffer;  /* what the kernel granted each socket, bytes */
	int more;         /* of handoff_take: where later sets come from; 0 = nowhere */
};

/* Opens the sockets of collect.listen; TLS addresses only if there is a certificate. The
 * descriptors are close-on-exec and lie above those of the contract. before: sockets of the last
 * configuration, NULL = none; those whose address is still there go on in *ret, with as many
 * threads. */
must_check enum err handoff_open(const struct conf *c, const struct handoff *before,
				 struct handoff *ret, struct diag *reterr);
/* Whether handoff_open made anything new or left anything out. */
bool handoff_differs(const struct handoff *before, const struct handoff *now);
/* Closes what did not go on from `before` to `now`. */
void handoff_close_rest(struct handoff *before, const struct handoff *now);
/* Takes the sockets that were handed to this process; ERR_NOT_FOUND when there are none. Once per
 * process: it removes the variables. The sockets become close-on-exec and non-blocking as they were
 * made. */
must_check enum err handoff_take(struct handoff *ret, struct diag *reterr);
/* A running process gets another set: the one end sends it, the other takes the newest that has
 * come (the sockets in it are its own; false: none has). The channel is a Unix socket that keeps
 * the bounds of messages, handed on as the last descriptor under the name "more". */
must_check enum err handoff_channel(int *ret_ours, int *ret_theirs);
must_check enum err handoff_send(int channel, const struct handoff *h);
must_check bool handoff_receive(int channel, struct handoff *ret);
/* Closes all. */
void handoff_close(struct handoff *h);

/* Appends "udp-0:udp-1:tcp...". */
void handoff_names(const struct handoff *h, struct buf *out);
/* In a forked child: puts the sockets at HANDOFF_FIRST... Async-signal-safe. Returns false on
 * failure. */
bool handoff_place(const struct handoff *h);
/* `[{"proto":"udp","address":"0.0.0.0","port":2055},...]`, each address once. */
void handoff_json(const struct handoff *h, struct buf *out);
